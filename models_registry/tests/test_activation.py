"""Which version is active, who made it so, and which are kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.audit import AuditEntry
from common.one_by_one import SomeFailed
from models_registry import ledger
from models_registry.activation import Archived, activate, roll_back
from models_registry.archiving import archive_old
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.artefacts import kept

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def active() -> list[str]:
    return list(ModelVersion.objects.active().values_list("version", flat=True))


def test_a_rollback_changes_the_active_version_and_leaves_a_row() -> None:
    kept("20260101000000")
    kept("20260201000000", is_active=True)
    roll_back(org_id="default", version="20260101000000", by="staff", at=NOW, reason="too many calls wasted")
    assert active() == ["20260101000000"]
    row = AuditEntry.objects.get()
    assert (row.act, row.by, row.before, row.after, row.reason) == (
        "model.rollback",
        "staff",
        "20260201000000",
        "20260101000000",
        "too many calls wasted",
    )


def test_activating_the_active_version_changes_nothing() -> None:
    kept("20260101000000", is_active=True)
    activate(org_id="default", version="20260101000000", by="staff", at=NOW)
    assert not AuditEntry.objects.exists()


def test_the_database_refuses_two_active_versions() -> None:
    kept("20260101000000", is_active=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        kept("20260201000000", is_active=True)


def test_another_organisations_version_cannot_be_activated() -> None:
    kept("20260101000000", org_id="other")
    with pytest.raises(ModelVersion.DoesNotExist):
        activate(org_id="default", version="20260101000000", by="staff", at=NOW)


def test_an_archived_version_cannot_be_activated() -> None:
    kept("20260101000000", archived_at=NOW)
    with pytest.raises(Archived):
        activate(org_id="default", version="20260101000000", by="staff", at=NOW)


def test_the_newest_five_earlier_versions_and_the_active_one_are_kept_however_old() -> None:
    old = NOW - timedelta(days=400)
    for month in range(1, 9):
        kept(f"2025{month:02}01000000", created_at=old, is_active=month == 1)
    assert archive_old(at=NOW) == 2
    archived = ModelVersion.objects.filter(archived_at__isnull=False)
    assert sorted(row.version for row in archived) == ["20250201000000", "20250301000000"]
    assert not ModelArtefact.objects.filter(version__in=archived).exists()
    assert active() == ["20250101000000"]


def test_a_young_version_is_not_archived() -> None:
    for day in range(1, 10):
        kept(f"202601{day:02}000000", created_at=NOW - timedelta(days=30))
    assert archive_old(at=NOW) == 0


def test_an_organisation_whose_versions_cannot_be_archived_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ML_KEEP_VERSIONS = 0
    for org_id in ("a", "b"):
        kept("20250101000000", org_id=org_id, created_at=NOW - timedelta(days=400))
    lock = ledger.lock

    def amiss(org_id: str) -> Any:
        if org_id == "a":
            raise ZeroDivisionError
        return lock(org_id)

    monkeypatch.setattr(ledger, "lock", amiss)
    with pytest.raises(SomeFailed, match="a"):
        archive_old(at=NOW)
    assert ModelVersion.objects.get(archived_at__isnull=False).org_id == "b"


def test_the_version_that_scored_until_yesterday_is_kept_however_old_and_however_many_came_after(settings: Any) -> None:
    settings.ML_KEEP_VERSIONS = 2
    old = NOW - timedelta(days=400)
    for month in range(1, 7):
        kept(f"2025{month:02}01000000", created_at=old)
    for month, days in ((1, 390), (2, 300), (3, 250), (4, 1)):
        activate(org_id="default", version=f"2025{month:02}01000000", by="staff", at=NOW - timedelta(days=days))
    assert archive_old(at=NOW) == 3
    left = ModelVersion.objects.filter(archived_at__isnull=True).order_by("version")
    assert [row.version[4:6] for row in left] == ["02", "03", "04"]  # not 01, which scored before, nor 05 and 06
    settings.ML_KEEP_VERSIONS = 0
    assert archive_old(at=NOW) == 1  # 02 gave way to 03 250 days ago, 03 to 04 yesterday
    assert sorted(row.version[4:6] for row in left.all()) == ["03", "04"]


def test_two_versions_of_one_second_take_the_next_free_one() -> None:
    at = NOW.replace(second=59)
    name = f"{at:%Y%m%d%H%M%S}"
    kept(name)
    assert ModelVersion.objects.next_free_name("default", at=at) == f"{at + timedelta(seconds=1):%Y%m%d%H%M%S}"
