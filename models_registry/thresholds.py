"""From which probability and confidence on an action is recommended: the installation's, or a version's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from common import audit
from models_registry import ledger
from models_registry.models import Act, ModelVersion

NAMES = ("high_probability", "high_confidence", "medium_probability", "medium_confidence", "nurture_probability")


class Disordered(ValueError):
    """Not thresholds: `problems` says what is wrong, by name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name} {problem}" for name, problem in problems.items()))


def installation() -> dict[str, float]:
    """The settings'."""
    return {
        "high_probability": settings.ACTION_HIGH_PROBABILITY,
        "high_confidence": settings.ACTION_HIGH_CONFIDENCE,
        "medium_probability": settings.ACTION_MEDIUM_PROBABILITY,
        "medium_confidence": settings.ACTION_MEDIUM_CONFIDENCE,
        "nurture_probability": settings.ACTION_NURTURE_PROBABILITY,
    }


def of(version: ModelVersion) -> dict[str, float]:
    """Those that hold while this version scores."""
    return dict(version.thresholds) if version.thresholds else installation()


def problems_with(thresholds: Mapping[str, float]) -> dict[str, str]:
    """What is wrong with them, by name; empty where nothing is."""
    problems = {name: "is missing." for name in NAMES if name not in thresholds}
    problems |= {name: "is not a threshold." for name in thresholds if name not in NAMES}
    problems |= {name: "must be from 0 to 1." for name in NAMES if not 0 <= thresholds.get(name, 0) <= 1}
    if problems:
        return problems
    for high, low in (
        ("high_probability", "medium_probability"),
        ("medium_probability", "nurture_probability"),
        ("high_confidence", "medium_confidence"),
    ):
        if thresholds[high] < thresholds[low]:
            problems[high] = f"must not be below {low}."
    return problems


@transaction.atomic
def set_thresholds(
    *,
    org_id: str,
    thresholds: Mapping[str, float] | None,
    by: str,
    at: datetime | None = None,
    reason: str = "",
    version: str | None = None,
) -> ModelVersion:
    """Gives the active version, which must be `version` if that is told, thresholds of its own, or the settings' again.

    None means the settings'. The same as hold already change nothing and write no row. `at` is given to tell of the
    past alone. Raises Disordered, AnotherIsActive, or ModelVersion.DoesNotExist where no version is active.
    """
    if thresholds is not None and (problems := problems_with(thresholds)):
        raise Disordered(problems)
    active = ledger.lock_active(org_id, version=version)
    before = of(active)
    active.thresholds = None if thresholds is None else {name: float(thresholds[name]) for name in NAMES}
    if of(active) == before:
        return active
    active.save(update_fields=["thresholds"])
    row = ledger.append(active, thresholds=of(active), act=Act.THRESHOLDS, by=by, at=at, reason=reason)
    audit.record(
        org_id=org_id,
        act="model.thresholds",
        subject=active.version,
        by=by,
        at=row.at,
        reason=reason,
        evidence={"before": before, "after": of(active)},
    )
    return active
