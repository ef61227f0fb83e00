"""The model that scores now, the versions before it, and the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from insights.pages.card import Card, card_of
from insights.pages.drift import Drift, drift_of
from insights.versions import versions_to_show
from leads.models import Organisation
from models_registry.measures import LOG_LOSS, PRECISION, RECALL, ROC_AUC, Measure, value_of
from models_registry.models import ModelVersion, TrainingCheck, TrainingRun
from predictions.living import living_of

MOST_RUNS = 10
LATELY = timedelta(hours=1)
SHOWN_IN_LIST = (ROC_AUC, LOG_LOSS, PRECISION, RECALL)
ROLL_BACK, ACTIVATE = gettext_lazy("Roll back"), gettext_lazy("Activate")


@dataclass(frozen=True)
class VersionRow:
    """One line of the version history; `verb` is the button's word, empty where there is nothing to press."""

    version: ModelVersion
    measures: list[tuple[Measure, float | None]]
    verb: str | Promise


@dataclass(frozen=True)
class RunRow:
    """A training run with its checks, in their order."""

    run: TrainingRun
    checks: list[TrainingCheck]

    @property
    def passed(self) -> int:
        """How many checks it has passed."""
        return sum(check.passed for check in self.checks)


@dataclass(frozen=True)
class ModelsPage:
    """What the page shows."""

    card: Card | None
    drift: Drift | None
    versions: list[VersionRow]
    runs: list[RunRow]
    open_run: TrainingRun | None
    ended_run: TrainingRun | None
    """The newest run where it has ended lately: whoever waited for it is told what came of it."""


@dataclass(frozen=True)
class VersionPage:
    """One version, the runs that made it, and the one that scores now."""

    card: Card
    runs: list[RunRow]
    active: ModelVersion | None
    verb: str | Promise


def models_page(org: Organisation) -> ModelsPage:
    """All of it, in a fixed number of statements."""
    versions = list(versions_to_show(org.org_id))
    active = next((row for row in versions if row.is_active), None)
    runs = runs_of(org.org_id)
    return ModelsPage(
        card=card_of(active) if active else None,
        drift=drift_of(living_of(org.org_id).drift) if active else None,
        versions=[_row(row, active) for row in versions],
        runs=runs,
        open_run=next((row.run for row in runs if row.run.is_open), None),
        ended_run=next((row.run for row in runs[:1] if _has_ended_lately(row.run)), None),
    )


def _has_ended_lately(run: TrainingRun) -> bool:
    return run.finished_at is not None and run.finished_at > timezone.now() - LATELY


def version_page(org: Organisation, version: ModelVersion) -> VersionPage:
    """The same of one version."""
    active = ModelVersion.objects.of(org.org_id).active().only("version").first()
    return VersionPage(card_of(version), runs_of(org.org_id, version), active, _verb_for(version, active))


def runs_of(org_id: str, version: ModelVersion | None = None) -> list[RunRow]:
    """The newest training runs, of one version where it is told. Two statements."""
    runs = TrainingRun.objects.of(org_id).select_related("version").order_by("-created_at")
    if version is not None:
        runs = runs.filter(version=version)
    checks = Prefetch("checks", queryset=TrainingCheck.objects.order_by("position"))
    return [RunRow(run, list(run.checks.all())) for run in runs.prefetch_related(checks)[:MOST_RUNS]]


def _row(version: ModelVersion, active: ModelVersion | None) -> VersionRow:
    measures = [(measure, value_of(version.metrics, measure)) for measure in SHOWN_IN_LIST]
    return VersionRow(version, measures, _verb_for(version, active))


def _verb_for(version: ModelVersion, active: ModelVersion | None) -> str | Promise:
    return "" if version.is_active or version.archived else verb_of(version, active)


def verb_of(version: ModelVersion, active: ModelVersion | None) -> str | Promise:
    """What making it active is called."""
    return ROLL_BACK if active is not None and version.version < active.version else ACTIVATE
