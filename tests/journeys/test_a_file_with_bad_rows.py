"""A file with bad rows: the good ones count, and each bad one says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from leads.importing.jobs import run_import_job
from leads.models import Dossier, ImportJob
from tests.journeys.conftest import Arrival

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
FILE = """dossier_id,status,created_at,source
7001,NEW,2026-01-05T09:00:00Z,website
7002,NEW,yesterday,website
seven,NEW,2026-01-05T09:00:00Z,website
7003,NEW,2026-01-06T09:00:00Z,portal
"""


def test_is_imported_and_its_rejects_are_read(arrives: Arrival, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(FILE)
    otto = arrives("staff")
    otto.goes("/ml-insights/data/")
    otto.sees("No leads yet")
    otto.looks()
    otto.finds('input[type="file"]').set_input_files(file)
    otto.presses("Import")
    otto.looks()
    run_import_job(ImportJob.objects.get())  # as the worker would
    otto.sees("Why rows were rejected")
    otto.looks()
    assert set(Dossier.objects.values_list("number", flat=True)) == {7001, 7003}
    with otto.page.expect_download() as download:
        otto.presses("Download the rejected rows (CSV)")
    assert "yesterday" in Path(download.value.path()).read_text()
    otto.goes("/ml-insights/data/")
    otto.looks()
    otto.goes(f"/admin/leads/importjob/{ImportJob.objects.get().pk}/change/")
    otto.sees("yesterday")
    otto.looks()
