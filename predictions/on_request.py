"""Single predictions: callers who wait at the same time are answered together.

What a request adds is small: most of the cost of scoring (statements, calls of the model) is hardly higher for several
leads than for one. So the busier a process is, the less a prediction costs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, TypeVar

from django.db import IntegrityError
from rest_framework_simplejwt.exceptions import InvalidToken

from common.scopes import Caller
from common.together import Together
from leads import snapshots
from leads.features import Feature
from models_registry.scorers import Chosen
from predictions import answers, monitoring
from predictions.scoring import Fresh, problems_with, score_features, score_leads
from predictions.terms import Asked, leads_of, scorer_for

Json = dict[str, Any]
What = TypeVar("What")
Call = tuple[What, str | None]
"""What a caller asks for, and the number of its token, which is looked up now (None: it shows none of ours)."""
MOST = 32
"""So many are answered together at most: the first of them waits for the last."""


class Unfit(ValueError):
    """The active version cannot take a caller's features; `problems` says why, by feature."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("the features are not the version's")
        self.problems = problems


def of_lead(caller: Caller, number: int) -> Json | None:
    """A new prediction of that lead of the caller's organisation, stored; None where it has none of that number.

    Raises InvalidToken (401) where the caller's token is revoked.
    """
    call = number, caller.token
    try:
        return _given(LEADS.ask(caller.org_id, call))
    except IntegrityError:  # the lead was forgotten while it was scored: another look says whether it is there
        return _given(LEADS.ask(caller.org_id, call))


def of_features(caller: Caller, row: Mapping[str, Any]) -> Json:
    """A new prediction from a caller's features, stored. Raises Unfit, and InvalidToken as above."""
    return _given(FEATURES.ask(caller.org_id, (row, caller.token)))


def _given(answer: What | Exception) -> What:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _leads(org_id: str, calls: Sequence[Call[int]]) -> list[Json | Exception | None]:
    monitoring.TOGETHER.observe(len(calls))
    answered: list[Json | Exception | None] = [None] * len(calls)
    for round_, places in enumerate(_rounds([number for number, _ in calls])):
        found: Sequence[Json | Exception | None]
        try:
            found = _each_once(org_id, [calls[place] for place in places])
        except Exception as error:
            if round_ == 0:
                raise
            found = [error] * len(places)  # of their own: what was stored for others before is not to be done again
        for place, answer in zip(places, found, strict=True):
            answered[place] = answer
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


def _each_once(org_id: str, calls: Sequence[Call[int]]) -> list[Json | InvalidToken | None]:
    numbers, tokens = zip(*calls, strict=True)
    asked, refusals = leads_of(org_id, numbers, tokens)
    closed = set(compress(numbers, refusals))
    found = _scored(org_id, [each for each in asked if each.dossier.number not in closed])
    return [refusal or found.get(number) for number, refusal in zip(numbers, refusals, strict=True)]


def _scored(org_id: str, asked: Sequence[Asked]) -> dict[int, Json]:
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


def _rows(org_id: str, calls: Sequence[Call[Mapping[str, Any]]]) -> list[Json | Unfit | InvalidToken]:
    monitoring.TOGETHER.observe(len(calls))
    rows, tokens = zip(*calls, strict=True)
    chosen, refusals = scorer_for(org_id, tokens)
    features = {feature.name: feature for feature in chosen.scorer.features}
    wrong = [refusal or _unfit(features, row) for row, refusal in zip(rows, refusals, strict=True)]
    sound = [row for row, error in zip(rows, wrong, strict=True) if error is None]
    answered = iter(_sound(org_id, chosen, sound) if sound else ())
    return [error or next(answered) for error in wrong]


def _unfit(features: Mapping[str, Feature], row: Mapping[str, Any]) -> Unfit | None:
    problems = problems_with(features, row)
    return Unfit(problems) if problems else None


def _sound(org_id: str, chosen: Chosen, rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    told: list[Json] = []
    made = score_features(
        org_id=org_id, chosen=chosen, rows=rows, meanwhile=lambda made: told.extend(answers.given_with_reasons(made))
    )
    return _numbered(told, made)


LEADS: Together[str, Call[int], Json | Exception | None] = Together(_leads, most=MOST)
FEATURES: Together[str, Call[Mapping[str, Any]], Json | Unfit | InvalidToken] = Together(_rows, most=MOST)
