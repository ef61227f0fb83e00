"""Predictions as the contract shows them: with the arm they were made in, and what became of the lead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from leads.models import Dossier, Outcome
from predictions.models import Prediction
from predictions.scoring import Given, Scored
from predictions.whatif import Supposed


def fresh(scored: Scored) -> dict[str, Any]:
    """A prediction just made."""
    dossier = scored.prediction.dossier
    return scored.prediction.to_json(experiment=scored.assignment.to_json(), outcome=outcome_of(dossier))


def outcome_of(dossier: Dossier | None) -> dict[str, Any] | None:
    """The lead's current outcome; null while it is undecided."""
    row = Outcome.objects.current().filter(dossier=dossier).first()
    return row.to_json() if row else None


def stored(dossier: Dossier, rows: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Stored predictions of one lead."""
    outcome = outcome_of(dossier)
    for row in rows:
        row.dossier = dossier
    return [row.to_json(experiment=_experiment(row), outcome=outcome) for row in rows]


def _experiment(row: Prediction) -> dict[str, Any] | None:
    if row.experiment is None:
        return None
    return {"id": row.experiment.pk, "name": row.experiment.name, "variant": row.variant}


def given(made: Given) -> dict[str, Any]:
    """A prediction from features in the body."""
    return {"id": made.prediction.pk} | made.prediction.core_json() | {"imputed_features": made.imputed}


def supposed(what: Supposed) -> dict[str, Any]:
    """A lead as it would be, and the probability that it has."""
    number = what.before.dossier.number if what.before.dossier else None
    return (
        {"dossier_id": number}
        | what.after.core_json()
        | {"changes": what.changes, "present_probability": what.before.conversion_probability}
    )


def without_contributions(answers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same answers, shorter."""
    return [{name: value for name, value in each.items() if name != "feature_contributions"} for each in answers]
