"""Whether a new version may score: both models on the same newest leads, by paired tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from leads import snapshots
from leads.catalogue import columns_of
from leads.features import LabelledRows
from leads.models import Organisation
from models_registry import artefacts
from models_registry.activation import activate
from models_registry.learning.comparison import compare
from models_registry.learning.fit import Learned
from models_registry.models import ModelVersion


@dataclass(frozen=True)
class Verdict:
    """Whether to activate, why in words, and the numbers behind it."""

    activate: bool
    words: str
    evidence: dict[str, Any] = field(default_factory=dict)


def judge(org: Organisation, rows: LabelledRows, learned: Learned, *, at: datetime) -> Verdict:
    """The gate's verdict on a version just learnt from `rows`."""
    auc = learned.metrics.get("roc_auc")
    if auc is not None and auc > settings.ML_LEAKAGE_ROC_AUC:
        return Verdict(
            False,
            (
                f"Not activated: a forward ROC-AUC of {auc:.3f} is too good to be true. Look for an attribute that is "
                "filled after the outcome; a person may activate the version with a reason."
            ),
            {"roc_auc": auc, "limit": settings.ML_LEAKAGE_ROC_AUC},
        )
    champion = ModelVersion.objects.of(org.org_id).active().first()
    if champion is None:
        return Verdict(True, "Activated: no version was active before.")
    return _against(org, champion, rows, learned, at=at)


def _against(
    org: Organisation, champion: ModelVersion, rows: LabelledRows, learned: Learned, *, at: datetime
) -> Verdict:
    newest = rows.take(learned.holdout.rows)
    try:
        model = artefacts.load(champion)
    except artefacts.DamagedArtefact:
        return Verdict(True, f"Activated: the artefact of the active version {champion.version} is damaged.")
    moments = [moment.replace(tzinfo=at.tzinfo) for moment in newest.moment.tolist()]
    columns = columns_of(snapshots.take(org, newest.dossier.tolist(), moments), model.features)
    old = model.score(columns, contributions=False).probability
    comparison = compare(
        champion=old,
        challenger=learned.holdout.probability,
        converted=newest.converted,
        weight=newest.weight,
        dossier=newest.dossier,
        seed=settings.ML_SEED,
    )
    evidence = comparison.to_json() | {"champion": champion.version}
    if comparison.better:
        return Verdict(True, f"Activated: {comparison.words}", evidence)
    too_old = at - champion.created_at > timedelta(days=settings.ML_CHAMPION_MAX_AGE_DAYS)
    if comparison.not_worse and too_old:
        return Verdict(
            True,
            f"Activated: the active version is older than {settings.ML_CHAMPION_MAX_AGE_DAYS} days and the new "
            f"one is not worse. {comparison.words}",
            evidence,
        )
    return Verdict(False, f"Not activated: {comparison.words}", evidence)


def activate_by(by: str, version: ModelVersion, verdict: Verdict, *, at: datetime) -> None:
    """Activates what the gate has passed, with its evidence in the row."""
    activate(
        org_id=version.org_id,
        version=version.version,
        by=by,
        at=at,
        reason=verdict.words,
        evidence=verdict.evidence,
        act="activate",
    )
