"""Stored predictions of a lead, read together with the lead and its outcome by prepared statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.joined import Joined, part
from common.pagination import Queried, Stretch
from experiments.models import Experiment
from leads.models import Dossier, LeadScore, Outcome
from leads.orders import with_leads
from predictions.models import VECTOR, Prediction

WHOSE = part("d", Dossier, "org_id", "number")
OUTCOME = part("u", Outcome, "converted", "occurred_at", "revenue")
SAID = part("p", Prediction, *(field.attname for field in Prediction._meta.concrete_fields))
EXPERIMENT = part("e", Experiment, "name")

OF_LEAD = """
FROM dossier d LEFT JOIN lead_outcome u ON u.dossier_id = d.id AND u.superseded_at IS NULL {said}
WHERE d.org_id = %(org_id)s AND d.number = %(number)s
"""
# From the lead's current score on: no month before it is looked into.
NEWEST = """
LEFT JOIN lead_score s ON s.dossier_id = d.id
LEFT JOIN LATERAL (
    SELECT * FROM ml_prediction
    WHERE dossier_id = d.id AND predicted_at >= coalesce(s.scored_at, '-infinity')
    ORDER BY predicted_at DESC, id DESC LIMIT 1) AS p ON true
LEFT JOIN ab_test_experiment e ON e.id = p.experiment_id
"""
FIRST = """
FROM (SELECT * FROM ml_prediction WHERE dossier_id = %(lead)s ORDER BY predicted_at DESC, id DESC LIMIT %(most)s) AS p
LEFT JOIN ab_test_experiment e ON e.id = p.experiment_id ORDER BY p.predicted_at DESC, p.id DESC
"""
BRIEFLY = part("p", Prediction, "model_version", "probability_low", "probability_high", *VECTOR)
# Key by key, each in the month that its moment names: of a list of keys PostgreSQL would look into all months.
BEHIND = """
FROM unnest(%(keys)s, %(moments)s) AS score (prediction_id, scored_at)
CROSS JOIN LATERAL (
    SELECT * FROM ml_prediction
    WHERE id = score.prediction_id AND predicted_at = score.scored_at AND org_id = %(org_id)s LIMIT 1) AS p
"""
WHICH = {"org_id": "varchar", "number": "bigint"}
LEAD_THEN = Joined((WHOSE, OUTCOME), OF_LEAD.format(said=""), WHICH)
NEWEST_OF_LEAD = Joined((WHOSE, OUTCOME, SAID, EXPERIMENT), OF_LEAD.format(said=NEWEST), WHICH)
BEHIND_SCORES = Joined((BRIEFLY,), BEHIND, {"org_id": "varchar", "keys": "bigint[]", "moments": "timestamptz[]"})
FIRST_OF_LEAD = Joined((SAID, EXPERIMENT), FIRST, {"lead": "bigint", "most": "bigint"})


@dataclass(frozen=True)
class Before:
    """A lead, its current outcome, and the newest prediction of it where that was asked for and there is one."""

    dossier: Dossier
    outcome: Outcome | None
    newest: Prediction | None = None


def fate_of(org_id: str, number: int) -> Before | None:
    """The organisation's lead of that number with its outcome; None where it has none. One statement."""
    for dossier, outcome in LEAD_THEN.rows({"org_id": org_id, "number": number}):
        return Before(dossier, outcome)
    return None


def newest_of(org_id: str, number: int) -> Before | None:
    """The same with the newest prediction of the lead, and its experiment. One statement."""
    for dossier, outcome, said, experiment in NEWEST_OF_LEAD.rows({"org_id": org_id, "number": number}):
        return Before(dossier, outcome, said and _whole(said, experiment))
    return None


def listed(org_id: str, scores: Sequence[LeadScore]) -> tuple[list[LeadScore], dict[int | None, Prediction]]:
    """The organisation's current scores, each with its lead; and, by their keys, the predictions behind them.

    Of a prediction only what lists show is read. Leads that were forgotten meanwhile are left out. Two statements;
    where lines are free, PostgreSQL runs both at the same time.
    """
    made = [(score.prediction_id, score.scored_at) for score in scores if score.prediction_id is not None]
    query = {"org_id": org_id, "keys": [key for key, _ in made], "moments": [moment for _, moment in made]}
    shown: list[LeadScore] = []
    behind = BEHIND_SCORES.rows(query, meanwhile=lambda: shown.extend(with_leads(scores)))
    found: dict[int | None, Prediction] = {prediction.pk: prediction for (prediction,) in behind}
    return shown, found


@dataclass(frozen=True)
class History:
    """A lead's predictions for `Keyset.page`, newest first: the first page is one statement that is planned once."""

    dossier: Dossier

    def read(self, stretch: Stretch) -> list[Prediction]:
        """The predictions of a stretch. One statement."""
        if stretch.beyond is None:
            found = FIRST_OF_LEAD.rows({"lead": self.dossier.pk, "most": stretch.most})
            return [_whole(said, experiment) for said, experiment in found]
        return Queried(Prediction.objects.filter(dossier=self.dossier).select_related("experiment")).read(stretch)


def _whole(said: Prediction, experiment: Experiment | None) -> Prediction:
    said.experiment = experiment
    return said
