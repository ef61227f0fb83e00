"""What is checked of a version before it may be active by itself. A person may override, with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from leads.cohorts import Labels
from leads.features import LabelledRows
from models_registry.artefacts import digest_of, unknown_features
from models_registry.learning.artefact import BadArtefact, read, write
from models_registry.learning.band import band_of
from models_registry.learning.behaviour import when_answering_more
from models_registry.learning.fit import Learned
from models_registry.models import Policy, TrainingCheck, TrainingRun

KEPT_AWAY = ("suspect", "later")
"""Verdicts of the leakage guard whose features no model may use."""
FOR_COMPARISON = (
    "It learnt from the plain labels, and was measured on them: quick decisions are left over there. Such a version is "
    "for comparison; a person may activate it with a reason."
)


@dataclass(frozen=True)
class Check:
    """One check: whether it passed, why in words, and the figures behind it."""

    name: str
    passed: bool
    words: str
    evidence: dict[str, Any] = field(default_factory=dict)


def validate(org_id: str, rows: LabelledRows, learned: Learned) -> tuple[Check, ...]:
    """All checks of a version just learnt from `rows`, but the gate's comparison with the active one."""
    newest = rows.take(learned.holdout.rows)
    checks = [schema(learned), leakage(learned), calibration(newest, learned)]
    if Policy.get(org_id).behaviour_check:
        checks.append(behaviour(newest, learned))
    if rows.labelling.get("labels") == Labels.DECIDED:
        checks.append(Check("labels", False, FOR_COMPARISON))
    return tuple(checks)


def schema(learned: Learned) -> Check:
    """Whether every feature is one of the catalogue, and the bytes read back as the model that was written."""
    if unknown := unknown_features(learned.model):
        return Check("schema", False, f"Not in the catalogue: {', '.join(unknown)}.", {"unknown": unknown})
    content = write(learned.model)
    try:
        again = write(read(content))
    except BadArtefact as error:
        return Check("schema", False, f"The artefact cannot be read back: {error}.")
    if again != content:
        return Check("schema", False, "The artefact that is read back is not the one that was written.")
    words = f"{len(learned.model.features)} features of the catalogue; the artefact reads back with its golden rows."
    return Check("schema", True, words, {"digest": digest_of(content)})


def leakage(learned: Learned) -> Check:
    """Whether it is not too good to be true, and reads nothing that the guard has found written after the outcome."""
    auc, limit = learned.metrics.get("roc_auc"), settings.ML_LEAKAGE_ROC_AUC
    evidence = {"roc_auc": auc, "limit": limit}
    if auc is not None and auc > limit:
        words = (
            f"A forward ROC-AUC of {auc:.3f} is too good to be true. Look for an attribute that is filled after the "
            "outcome; a person may activate the version with a reason."
        )
        return Check("leakage", False, words, evidence)
    read_by_it = {each["feature"] for each in learned.importance if each["importance"] > 0}
    found = [each for each in learned.card.get("leakage", ()) if each.get("verdict") in KEPT_AWAY]
    leaking = sorted(each["feature"] for each in found if each["feature"] in read_by_it)
    if leaking:
        words = f"It reads what looks written after the outcome: {', '.join(leaking)}."
        return Check("leakage", False, words, evidence | {"leaking": leaking})
    return Check("leakage", True, "Nothing that it reads looks written after the outcome.", evidence)


def calibration(newest: LabelledRows, learned: Learned) -> Check:
    """Whether its calibration error on newer leads is what chance explains, or at least below the setting."""
    band = band_of(learned.holdout.probability, newest.converted, newest.weight, newest.dossier, seed=settings.ML_SEED)
    limit = settings.ML_CALIBRATION_ERROR
    passed = band.error <= max(band.error_high, limit)
    words = (
        f"Calibration error {band.error:.3f} on newer leads; chance explains {band.error_high:.3f}, and {limit:g} is "
        "let pass."
    )
    return Check("calibration", passed, words, band.to_json() | {"limit": limit})


def behaviour(newest: LabelledRows, learned: Learned) -> Check:
    """Whether the probability does not fall, on average over newer leads, when a lead answers more."""
    answering = when_answering_more(learned.model, newest.columns, newest.weight)
    change = {str(more): value for more, value in answering.change.items()}
    return Check("behaviour", answering.sane, answering.words, {"change": change})


def keep(run: TrainingRun, checks: Iterable[Check]) -> None:
    """Stores the checks with the run, inside the caller's transaction."""
    TrainingCheck.objects.bulk_create(
        TrainingCheck(run=run, position=position, **vars(check)) for position, check in enumerate(checks)
    )
