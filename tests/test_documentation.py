"""What exists is documented."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.test import Client

from leads.catalogue import FIXED
from tests.cast import Caller

ROOMS = {"common", "leads", "models_registry", "experiments", "predictions", "insights", "leadqual"}
INTERNAL = {"DJANGO_SETTINGS_MODULE", "NUMBA_CACHE_DIR", "MAKELEVEL", "PATH", "LEADQUAL_LIFELINE"}
ROOT = Path(settings.BASE_DIR)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "leadqual").glob("*.py"))
    names = set(re.findall(r'env(?:iron)?(?:\.\w+)?[\(\[]"([A-Z][A-Z_]+)"|environ\.get\("([A-Z_]+)"', sources))
    flat = {name for pair in names for name in pair if name}
    assert len(flat) > 20
    missing = sorted(name for name in flat - INTERNAL if f"`{name}`" not in page("settings.md"))
    assert not missing


def test_every_command_is_documented() -> None:
    ours = [name for name, room in get_commands().items() if room in ROOMS]
    assert len(ours) >= 5
    assert not [name for name in ours if f"`{name}`" not in page("commands.md")]


def test_every_feature_is_documented_with_its_unit() -> None:
    text = page("features.md")
    for definition in FIXED:
        assert f"| `{definition.feature.name}` | {definition.feature.unit} |" in text


@pytest.mark.django_db
def test_every_metric_of_ours_is_documented() -> None:
    exposed = Client().get("/metrics").content.decode()
    names = set(re.findall(r"^# HELP (ml_\w+)", exposed, re.MULTILINE))
    assert names
    assert not [name for name in names if f"`{name}`" not in page("operations.md")]


def test_the_commands_of_the_readme_exist_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", readme)) <= targets
    assert set(re.findall(r"manage\.py (\w+)", readme)) <= set(get_commands())
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    figure = r"\d[\d.]*(?: m?s)?"
    rows = re.findall(rf"^\| .*? \| ({figure}) \|(?: ({figure}):)?", readme, re.MULTILINE)
    told = [each for row in rows for each in row if each]
    assert len(told) >= 9
    benchmarks = page("benchmarks.md")
    assert not [each for each in told if not re.search(rf"(?<![\d.]){re.escape(each)}(?!\.?\d)", benchmarks)]


@pytest.mark.django_db
def test_the_first_lead_of_the_readme_is_taken() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    path, body = re.findall(r"curl -X PUT localhost:8000(\S+) .*? -d '(.*?)'", readme, re.DOTALL)[0]
    assert Caller().put(path, body).status_code == 201


@pytest.mark.django_db
def test_a_score_job_is_started_again_as_the_run_book_says() -> None:
    crm, told = Caller(), page("runbook.md")
    assert "with what the job's answer shows as `filter`" in told
    asked = [{"source": "web", "dossier_ids": [1]}, *map(json.loads, re.findall(r"`(\{.*?\})`", told))]
    assert len(asked) == 3
    for body in asked:
        first = crm.post("/api/ml/score-jobs", body)
        again = crm.post("/api/ml/score-jobs", first.json()["filter"])
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.json()["filter"] == body


def test_every_link_in_the_pages_leads_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")]:
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                there = path.parent / target if target else path
                assert there.exists(), f"{path.name} points to {target}"
                assert not anchor or anchor in anchors_of(there), f"{path.name} points to {target}#{anchor}"


def anchors_of(page: Path) -> set[str]:
    """What a link may name after `#`: the page's headings, as GitHub and GitLab write them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
