"""Predictions for callers who wait for them: those who wait at the same time are answered together.

A request's own part is small; most of what scoring costs (statements, calls of the model) is hardly more for several
leads than for one. So the busier a process is, the less a prediction costs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from common.together import Together
from leads import snapshots
from models_registry.scorers import Chosen
from predictions import answers, monitoring
from predictions.scoring import Fresh, problems_with, score_features, score_leads
from predictions.terms import leads_of, scorer_of

Json = dict[str, Any]
MOST = 32
"""So many are answered together at most: the first of them waits for the last."""


class Unfit(ValueError):
    """A caller's features are none that the active version can take: `problems` by feature."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("the features are not the version's")
        self.problems = problems


def of_lead(org_id: str, number: int) -> Json | None:
    """A new prediction of the organisation's lead of that number, stored; None where it has none."""
    return LEADS.ask(org_id, number)


def of_features(org_id: str, row: Mapping[str, Any]) -> Json:
    """A new prediction from a caller's features, stored. Raises Unfit."""
    answer = FEATURES.ask(org_id, row)
    if isinstance(answer, Unfit):
        raise answer
    return answer


def _leads(org_id: str, numbers: Sequence[int]) -> list[Json | None]:
    monitoring.TOGETHER.observe(len(numbers))
    answered: list[Json | None] = [None] * len(numbers)
    for places in _rounds(numbers):
        found = _each_once(org_id, [numbers[place] for place in places])
        for place in places:
            answered[place] = found.get(numbers[place])
    return answered


def _rounds(numbers: Sequence[int]) -> list[list[int]]:
    """The places of the numbers, so that in no round a number stands twice: the same lead twice is two predictions."""
    rounds: list[list[int]] = []
    met: Counter[int] = Counter()
    for place, number in enumerate(numbers):
        if met[number] == len(rounds):
            rounds.append([])
        rounds[met[number]].append(place)
        met[number] += 1
    return rounds


def _each_once(org_id: str, numbers: Sequence[int]) -> dict[int, Json]:
    asked = leads_of(org_id, numbers)
    if not asked:
        return {}
    told, terms = list[Json](), asked[0].terms
    scored = score_leads(
        org_id=org_id,
        dossiers=[each.dossier for each in asked],
        terms=terms,
        read=snapshots.told(terms.org, [(each.dossier.pk, each.moment, each.seen) for each in asked]),
        meanwhile=lambda made: told.extend(answers.fresh(made, [each.outcome for each in asked])),
    )
    return {each.dossier.number: answer for each, answer in zip(asked, _numbered(told, scored), strict=True)}


def _numbered(told: list[Json], made: Sequence[Fresh]) -> list[Json]:
    """The answers that were put together while the predictions were stored, with the numbers that those got."""
    for answer, each in zip(told, made, strict=True):
        answer["id"] = each.prediction.pk
    return told


def _rows(org_id: str, rows: Sequence[Mapping[str, Any]]) -> list[Json | Unfit]:
    monitoring.TOGETHER.observe(len(rows))
    chosen = scorer_of(org_id)
    features = {feature.name: feature for feature in chosen.scorer.features}
    problems = [problems_with(features, row) for row in rows]
    sound = [row for row, found in zip(rows, problems, strict=True) if not found]
    answered = iter(_sound(org_id, chosen, sound) if sound else ())
    return [Unfit(found) if found else next(answered) for found in problems]


def _sound(org_id: str, chosen: Chosen, rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    told: list[Json] = []
    made = score_features(
        org_id=org_id, chosen=chosen, rows=rows, meanwhile=lambda made: told.extend(answers.given_with_reasons(made))
    )
    return _numbered(told, made)


LEADS: Together[str, int, Json | None] = Together(_leads, most=MOST)
FEATURES: Together[str, Mapping[str, Any], Json | Unfit] = Together(_rows, most=MOST)
