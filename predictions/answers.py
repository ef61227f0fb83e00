"""Predictions as the contract shows them: with the arm they were made in, and what became of the lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.serializers import iso
from leads.models import Dossier, Outcome
from leads.tables.outcome import score_json
from predictions.bulk import Made
from predictions.change import Change
from predictions.explaining import listed_reasons, reasons_by, reasons_for
from predictions.models import Prediction
from predictions.ranked import Listed
from predictions.reasons import Reason
from predictions.scoring import Given, Scored
from predictions.vectors import largest_first, rows_of
from predictions.whatif import Supposed

UNEXPLAINED = {"contributions_reason": "model_not_available"}


def fresh(scored: Sequence[Scored], outcomes: Iterable[Outcome | None]) -> list[dict[str, Any]]:
    """Predictions just made, and what has become of their leads."""
    answers = [
        each.prediction.to_json(
            experiment=each.assignment.to_json(), outcome=None if outcome is None else outcome.to_json()
        )
        for each, outcome in zip(scored, outcomes, strict=True)
    ]
    return _all_with_reasons(answers, reasons_by(scored))


def stored(dossier: Dossier, rows: Sequence[Prediction], outcome: Outcome | None) -> list[dict[str, Any]]:
    """Stored predictions of one lead, and what has become of it."""
    became = None if outcome is None else outcome.to_json()
    for row in rows:
        row.dossier = dossier
    # The reasons come first: they open the packed vectors.
    return with_reasons((row.to_json(experiment=_experiment(row), outcome=became) for row in rows), rows)


def with_reasons(answers: Iterable[dict[str, Any]], rows: Sequence[Prediction]) -> list[dict[str, Any]]:
    """The answers of these predictions of one organisation, each contribution with its reason in words or null.

    Where contributions cannot be made any more there are none, and the code says so.
    """
    told = reasons_for(rows[0].org_id, rows) if rows else []
    return [
        _with_reasons(answer, reasons) | (UNEXPLAINED if row.is_unexplained else {})
        for answer, row, reasons in zip(answers, rows, told, strict=True)
    ]


def _all_with_reasons(answers: Iterable[dict[str, Any]], told: Iterable[Iterable[Reason]]) -> list[dict[str, Any]]:
    return [_with_reasons(answer, reasons) for answer, reasons in zip(answers, told, strict=True)]


def _with_reasons(answer: dict[str, Any], reasons: Iterable[Reason]) -> dict[str, Any]:
    texts = {reason.feature: reason.text for reason in reasons}
    parts = [part | {"reason": texts.get(part["feature"])} for part in answer["feature_contributions"]]
    return answer | {"feature_contributions": parts}


def _experiment(row: Prediction) -> dict[str, Any] | None:
    if row.experiment is None:
        return None
    return {"id": row.experiment.pk, "name": row.experiment.name, "variant": row.variant}


def given(made: Given) -> dict[str, Any]:
    """A prediction from features in the body."""
    return {"id": made.prediction.pk} | made.prediction.core_json() | {"imputed_features": made.imputed}


def given_with_reasons(made: Sequence[Given]) -> list[dict[str, Any]]:
    """The same with their reasons, which a batch goes without."""
    return _all_with_reasons(map(given, made), reasons_by(made))


def supposed(what: Supposed) -> dict[str, Any]:
    """A lead as it would be, and how far that is from what it is."""
    number, before, after = what.before.dossier.number if what.before.dossier else None, what.before, what.after
    return (
        {"dossier_id": number}
        | with_reasons([after.core_json()], [after])[0]
        | {
            "changes": what.changes,
            "followed": what.followed,
            "present_probability": before.conversion_probability,
            "difference": after.conversion_probability - before.conversion_probability,
        }
    )


def change(dossier: Dossier, found: Change) -> dict[str, Any]:
    """Why a lead's score moved."""
    return {
        "dossier_id": dossier.number,
        "org_id": dossier.org_id,
        "from": _compared(found.start),
        "to": _compared(found.end),
        "difference": found.difference,
        "words": found.words,
        "parts": [part.to_json() for part in found.parts],
    }


def _compared(row: Prediction) -> dict[str, Any]:
    return {
        "id": row.pk,
        "conversion_probability": row.conversion_probability,
        "model_version": row.model_version,
        "method": row.method,
        "predicted_at": iso(row.predicted_at),
    }


def ranked(org_id: str, rows: Sequence[Listed]) -> list[dict[str, Any]]:
    """Leads of the list with the two strongest reasons."""
    told = listed_reasons(org_id, rows)
    return [_ranked_row(row, reasons or []) for row, reasons in zip(rows, told, strict=True)]


def given_in_bulk(made: Made, keys: Iterable[int]) -> list[dict[str, Any]]:
    """Predictions from features in the body, with their contributions where these were asked for."""
    scores, chosen, names = made.scores, made.chosen, [feature.name for feature in made.chosen.scorer.features]
    shared = {
        "org_id": made.org_id,
        "model_version": chosen.version,
        "method": chosen.method,
        "base_probability": scores.base,
        "predicted_at": iso(made.at),
    }
    columns = (scores.probability, scores.low, scores.high, scores.confidence, made.actions)
    figures = zip(keys, _named(scores.imputed, names), *(column.tolist() for column in columns), strict=True)
    bare = [
        shared
        | {
            "id": key,
            "prediction": int(probability >= 0.5),
            "conversion_probability": probability,
            "probability_interval": [low, high],
            "confidence": confidence,
            "recommended_action": action,
            "imputed_features": imputed,
        }
        for key, imputed, probability, low, high, confidence, action in figures
    ]
    if not len(scores.contributions):
        return bare
    explained = zip(bare, _contributions(made, names), strict=True)
    return [answer | {"feature_contributions": parts} for answer, parts in explained]


def _contributions(made: Made, names: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Each row's, as `Prediction.contributions` has them."""
    # Straight from the arrays: rows of small lists in between would cost more than the contributions themselves.
    order, parts = largest_first(made.scores.contributions).tolist(), made.scores.contributions.tolist()
    for values, own, largest in zip(rows_of(names, made.columns), parts, order, strict=True):
        yield [{"feature": names[at], "value": values[at], "contribution": own[at]} for at in largest]


def _named(marked: NDArray[np.bool_], names: Sequence[str]) -> list[list[str]]:
    """The names that each row marks, (n, names); of the many rows that mark the same ones they are picked once."""
    patterns, at = np.unique(np.packbits(marked, axis=1), axis=0, return_inverse=True)
    picked = [
        [name for name, is_marked in zip(names, row, strict=False) if is_marked]
        for row in np.unpackbits(patterns, axis=1).tolist()
    ]
    return [picked[pattern] for pattern in at.ravel().tolist()]


def _ranked_row(row: Listed, reasons: Iterable[Reason]) -> dict[str, Any]:
    return {
        "dossier_id": row.number,
        "status": row.status,
        "source": row.source,
        "region": row.region,
        "owner": row.owner,
        "created_at": iso(row.created_at),
        **score_json(row),
        "reasons": [reason.text for reason in reasons],
    }
