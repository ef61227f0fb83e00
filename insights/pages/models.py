"""The model that scores now, the versions before it, and the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass

from insights.pages.card import Card, card_of
from leads.models import Organisation
from models_registry.measures import FIVE, LOG_LOSS, ROC_AUC, Measure, value_of
from models_registry.models import ModelVersion, TrainingRun

MOST_VERSIONS, MOST_RUNS = 50, 10


@dataclass(frozen=True)
class VersionRow:
    """One line of the version history; `verb` is the button's word, empty where there is nothing to press."""

    version: ModelVersion
    measures: list[tuple[Measure, float | None]]
    verb: str


@dataclass(frozen=True)
class ModelsPage:
    """What the page shows."""

    card: Card | None
    versions: list[VersionRow]
    runs: list[TrainingRun]
    open_run: TrainingRun | None


SHOWN_IN_LIST = (ROC_AUC, LOG_LOSS, *(measure for measure in FIVE if measure.key in ("precision", "recall")))


def models_page(org: Organisation) -> ModelsPage:
    """All of it, in a fixed number of statements."""
    kept = ModelVersion.objects.of(org.org_id)
    versions, active = list(kept.newest_first()[:MOST_VERSIONS]), kept.active().first()
    runs = list(TrainingRun.objects.of(org.org_id).select_related("version").order_by("-created_at")[:MOST_RUNS])
    return ModelsPage(
        card=card_of(active) if active else None,
        versions=[_row(row, active) for row in versions],
        runs=runs,
        open_run=next((run for run in runs if run.is_open), None),
    )


def _row(version: ModelVersion, active: ModelVersion | None) -> VersionRow:
    verb = "" if version.is_active or version.archived else verb_of(version, active)
    return VersionRow(version, [(measure, value_of(version.metrics, measure)) for measure in SHOWN_IN_LIST], verb)


def verb_of(version: ModelVersion, active: ModelVersion | None) -> str:
    """What making it active is called."""
    return "Roll back" if active is not None and version.version < active.version else "Activate"
