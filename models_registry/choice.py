"""A person's choice of the version that scores: what it would change, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from common.audit import AuditEntry
from common.errors import Conflict
from models_registry import ledger
from models_registry.activation import activate, roll_back
from models_registry.models import ModelVersion, TrainingRun

ACTIVATIONS = ("model.activate", "model.rollback")


class Refused(PermissionError):
    """The gate has not passed this version: its activation takes the permission `override_gate` and a reason."""


class ChangedMeanwhile(Conflict):
    """409: another version became active since the person looked."""

    default_code = "changed_meanwhile"
    default_detail = "Another version became active since you opened the page: look again before you decide."


@dataclass(frozen=True)
class Choice:
    """`chosen` instead of `active`; `passed` is false where the gate has not passed it and nobody ever activated it.

    So it is of a version from another installation: the gate here has never seen it.
    """

    chosen: ModelVersion
    active: ModelVersion | None
    passed: bool
    verdict: str

    @property
    def is_rollback(self) -> bool:
        """Whether it goes back to an earlier version."""
        return self.active is not None and self.chosen.version < self.active.version


def choice_of(*, org_id: str, version: str) -> Choice:
    """What choosing that version means now. Raises ModelVersion.DoesNotExist."""
    chosen = ModelVersion.objects.of(org_id).get(version=version)
    active = ModelVersion.objects.of(org_id).active().first()
    run = TrainingRun.objects.of(org_id).filter(version=chosen).order_by("-created_at").first()
    passed = (run is not None and run.activated) or _was_active(chosen)
    return Choice(chosen, active, passed=passed, verdict=run.verdict if run else "")


def _was_active(version: ModelVersion) -> bool:
    entries = AuditEntry.objects.of(version.org_id).filter(act__in=ACTIVATIONS, after=version.version)
    return version.is_active or entries.exists()


@transaction.atomic
def choose(*, org_id: str, version: str, instead_of: str, by: str, reason: str, may_override: bool) -> ModelVersion:
    """Makes the version active, as a rollback where it is an earlier one.

    `instead_of` is the active version that the person saw ("" for none). Raises ModelVersion.DoesNotExist, Archived,
    ChangedMeanwhile, or Refused where the gate has not passed it and permission or reason are lacking.
    """
    # The lock that activation takes: what the person saw is compared with what no one else can change meanwhile.
    ledger.lock(org_id)
    choice = choice_of(org_id=org_id, version=version)
    if (choice.active.version if choice.active else "") not in (instead_of, version):
        raise ChangedMeanwhile()
    if not choice.passed and not (may_override and reason.strip()):
        raise Refused(version)
    make = roll_back if choice.is_rollback else activate
    return make(org_id=org_id, version=version, by=by, reason=reason.strip())
