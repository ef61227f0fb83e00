# leadqual: `make run` serves it, `make test` proves it. Both do all set-up. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
# The lock names every package there is: nothing is left to resolve, so a release made meanwhile changes nothing.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
DEPLOYED := DJANGO_HTTPS=1 DJANGO_ALLOWED_HOSTS=leadqual.example

.PHONY: help backup restore profile run test suite test-all faults soak lint audit bench bench-models bench-experiments screenshots clean-data setup setup-dev messages lock
help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

run: .venv/installed  ## set up everything and serve on http://localhost:8000 (PORT=8123 picks the port)
	@exec $(BIN)/python -m leadqual.run

test: .venv/installed-dev  ## set up everything and run every check that is quick
	@$(MAKE) --no-print-directory --jobs=2 lint suite COVERED="$(COVERED)"  # side by side: mypy fills one core for a minute

suite: .venv/installed-dev
	$(BIN)/python -m pytest -n auto -m "not slow" $(COVERED)

test-all: COVERED := --cov --cov-report=term:skip-covered --cov-fail-under=88  # half as long again, so not in `test`
test-all: test  ## what `test` does, then what takes long: real data whole, journeys, faults
	$(BIN)/python -m pytest -n auto -m slow

faults: .venv/installed-dev  ## kill one part after the other under load (TIMES=100; about 20 s a kill)
	$(BIN)/python -m tests.faults --times $${TIMES:-100}

soak: .venv/installed-dev  ## everything at once for half an hour: memory flat, nothing leaks, nothing fails (MINUTES=30)
	$(BIN)/python -m benchmarks.soak --minutes $${MINUTES:-30}

bench-models: .venv/installed-dev  ## every algorithm on real data and on known truth, measured on what came later (an hour)
	$(BIN)/python -m benchmarks.models

bench: .venv/installed-dev  ## requests beside other servers that it installs, imports, kernels, bulk, pages, intervals; an hour, on a quiet machine
	$(BIN)/python -m leadqual.embedded start
	$(BIN)/python -m benchmarks.requests
	$(BIN)/python -m benchmarks.importing --rounds 3 --copies 1
	$(BIN)/python -m benchmarks.kernels
	$(BIN)/python -m benchmarks.bulk
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.intervals --leads 300 3000 --seeds 3
	$(BIN)/python -m leadqual.embedded stop

profile: .venv/installed-dev  ## where the time of a request and of a chunk of a score job goes
	$(BIN)/python -m benchmarks.profile request
	$(BIN)/python -m benchmarks.profile chunk

bench-experiments: .venv/installed-dev  ## simulate experiments with known truth, and time the metrics of a million leads
	$(BIN)/python -m benchmarks.experiments

screenshots: .venv/installed-dev  ## pictures of every page in both themes into var/screenshots, and the README's anew (needs Chromium)
	$(BIN)/python -m tests.journeys.screenshots

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING

messages: .venv/installed-dev  ## find the pages' sentences for translation, and compile what is translated (needs GNU gettext)
	$(BIN)/python manage.py makemessages --locale fr --no-obsolete --add-location file --ignore .venv --ignore 'benchmarks/*' --ignore '*/tests/*'
	$(BIN)/python manage.py compilemessages --locale fr --ignore .venv

audit: .venv/installed-dev  ## ask the public vulnerability databases about every pinned package (needs a network)
	$(BIN)/uv tool run pip-audit --requirement requirements.txt --require-hashes --disable-pip

setup: .venv/installed  ## only install what running needs
setup-dev: .venv/installed-dev  ## only install what testing needs

backup: .venv/installed  ## write everything into a new folder, while it runs (FOLDER=/path; else var/backups/NOW)
	@$(BIN)/python -m leadqual.backups make "$${FOLDER:-var/backups/$$(date -u +%Y%m%dT%H%M%SZ)}"

restore: .venv/installed  ## make an empty database from a backup: FOLDER=/path (REPLACE=1 forgets what it holds)
	@$(BIN)/python -m leadqual.backups restore "$${FOLDER:?say which: make restore FOLDER=/path}" $${REPLACE:+--replace}

clean-data:  ## forget all data, secrets and accounts in var/ (YES=1 does not ask)
	@if [ "$${YES:-}" != 1 ]; then read -r -p "Delete all data, secrets and accounts in var/ (backups stay)? Write yes: " answer; [ "$$answer" = yes ]; fi
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m leadqual.embedded clean; else \
	    echo "Nothing was deleted: \`make setup\` first, which knows what in var/ is data and what are backups." >&2; exit 1; fi
	@echo "Forgotten."

lock: .venv/installed-dev  ## renew requirements.txt and requirements-dev.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --quiet --upgrade -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --quiet --upgrade -c requirements.txt -o requirements-dev.txt

.venv/bin/python:
	@python="$(or $(PYTHON),$$(sh ops/choose_python.sh))"; \
	if [ -z "$$python" ] || ! "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
	    echo "leadqual needs Python 3.11. Install it, or name it: make run PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
	"$$python" -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing what leadqual needs (once; a minute or two) ..."
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt | .venv/bin/python
	@echo "Installing what leadqual and its tests need (once; a minute or two) ..."
	$(INSTALL) -r requirements-dev.txt
	@touch .venv/installed $@
