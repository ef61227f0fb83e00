"""Callers who wait at the same time are answered together, and each as it would have been alone."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.exceptions import InvalidToken

from common.scopes import Caller
from common.service_tokens import issue, revoke
from experiments.models import Exposure
from experiments.tests.cast import an_experiment
from leads.models import LeadScore, Organisation
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, a_past, an_outcome
from models_registry.tests.cast import a_version
from predictions import on_request
from predictions.models import Prediction

pytestmark = pytest.mark.django_db
OF_ITS_OWN = ("id", "predicted_at")
CALLER = Caller("tester", "default", frozenset())


@pytest.fixture
def model() -> None:
    a_past()
    a_version()
    # So that no lead grows older meanwhile.
    Organisation.objects.update_or_create(org_id="default", defaults={"observed_until": MONDAY + 10 * DAY})


def some_leads() -> list[int]:
    leads = [a_lead(), a_lead(region="Ain"), a_lead(source_score=90)]
    a_message(leads[0], MONDAY + DAY)
    an_outcome(leads[1], True, MONDAY + 3 * DAY)
    return [lead.number for lead in leads]


def told(numbers: Sequence[int], tokens: Iterable[str | None] = repeat(None)) -> list[Any]:
    """What those are answered who ask for these leads at the same time, by these tokens."""
    return list(on_request.LEADS._work("default", list(zip(numbers, tokens, strict=False))))


def what_was_said(answer: Any) -> Any:
    """Without what is another each time; numbers to nine digits, as sums over several rows may round otherwise."""
    if isinstance(answer, dict):
        return {name: what_was_said(value) for name, value in answer.items() if name not in OF_ITS_OWN}
    if isinstance(answer, list):
        return [what_was_said(value) for value in answer]
    return round(answer, 9) if isinstance(answer, float) else answer


def test_together_each_is_answered_as_alone(model: None) -> None:
    numbers = some_leads()
    together = told(numbers[::-1])[::-1]
    for number, answer in zip(numbers, together, strict=True):
        assert answer is not None
        alone = on_request.of_lead(CALLER, number)
        assert what_was_said(alone) == what_was_said(answer)
        assert answer["dossier_id"] == number
    assert [answer and answer["outcome"] is not None for answer in together] == [False, True, False]


def test_all_of_them_are_stored_and_become_the_current_scores_in_one_statement_each(model: None) -> None:
    numbers = some_leads()
    for _ in range(2):  # the model, and how other leads stand that day, are read once a process
        told(numbers)
    with CaptureQueriesContext(connection) as queries:
        together = told(numbers)
    assert len(queries) == 2  # the leads with the terms and what is known of them, and to store
    for answer in together:
        assert answer is not None
        assert LeadScore.objects.get(dossier__number=answer["dossier_id"]).prediction_id == answer["id"]


def test_a_lead_that_is_asked_for_twice_has_two_predictions_of_which_one_is_current(model: None) -> None:
    one, other, _ = some_leads()
    together = told([one, other, one])
    keys = [answer["id"] for answer in together if answer]
    assert len(set(keys)) == 3
    assert Prediction.objects.filter(dossier__number=one).count() == 2
    assert LeadScore.objects.get(dossier__number=one).prediction_id in (keys[0], keys[2])


def test_what_was_stored_for_others_is_not_done_again_where_the_second_time_fails(
    model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, _ = some_leads()
    score, asked = on_request._scored, list[int]()

    def fails_the_second_time(org_id: str, leads: Any) -> Any:
        asked.append(len(leads))
        if len(asked) == 2:
            raise OperationalError("deadlock detected")
        return score(org_id, leads)

    monkeypatch.setattr(on_request, "_scored", fails_the_second_time)
    first, second, third = told([one, other, one])
    assert (first["dossier_id"], second["dossier_id"], type(third)) == (one, other, OperationalError)
    assert (asked, Prediction.objects.count()) == ([2, 1], 2)


def test_a_lead_that_there_is_not_is_none_and_nobody_elses_matter(model: None) -> None:
    a_lead(org_id="other", number=77)
    one, other, _ = some_leads()
    together = told([one, 77, other])
    assert [answer and answer["dossier_id"] for answer in together] == [one, None, other]
    assert told([77, 78]) == [None, None]


def test_who_shows_a_revoked_token_is_refused_whatever_it_asks_for_and_others_are_answered(model: None) -> None:
    one, other, third = some_leads()
    good, revoked = (issue(name=name, org_id="default", scopes=[], days=1, by="tester").row for name in "ab")
    revoke(revoked, by="tester")
    numbers, tokens = [one, one, other, 78, third, 78], [good, revoked, revoked, revoked, None, good]
    answers = told(numbers, [token and str(token.pk) for token in tokens])
    assert [isinstance(answer, InvalidToken) for answer in answers] == [False, True, True, True, False, False]
    assert [answer and answer["dossier_id"] for answer in (answers[0], *answers[4:])] == [one, third, None]
    assert sorted(Prediction.objects.values_list("dossier__number", flat=True)) == sorted([one, third])
    closed, features = str(revoked.pk), {"appointments_count": 2}
    of_features = on_request.FEATURES._work("default", [(features, closed), ({"no_such": 1}, closed), (features, None)])
    assert [isinstance(answer, InvalidToken) for answer in of_features] == [True, True, False]
    assert Prediction.objects.count() == 3


def test_in_an_experiment_each_is_in_its_arm_and_written_down_once(model: None) -> None:
    an_experiment()
    numbers = [a_lead().number for _ in range(20)]
    together = told(numbers)
    arms = {answer["dossier_id"]: answer["experiment"]["variant"] for answer in together if answer}
    assert set(arms.values()) == {"control", "treatment"}
    assert {row.dossier.number: row.variant for row in Exposure.objects.select_related("dossier")} == arms
    methods = {answer["experiment"]["variant"]: answer["method"] for answer in together if answer}
    assert methods == {"control": "RULE_BASED", "treatment": "ML"}
    for number in numbers[:3]:
        alone = on_request.of_lead(CALLER, number)
        assert alone is not None
        assert alone["experiment"]["variant"] == arms[number]


def test_callers_features_are_answered_together_and_what_is_wrong_with_one_is_said_of_it(model: None) -> None:
    rows: list[dict[str, Any]] = [{"appointments_count": 2}, {"no_such": 1}, {"region": "Ain"}, {"region": 3}]
    first, unknown, second, wrong = on_request.FEATURES._work("default", [(row, None) for row in rows])
    assert isinstance(unknown, on_request.Unfit)
    assert isinstance(wrong, on_request.Unfit)
    assert (list(unknown.problems), list(wrong.problems)) == (["no_such"], ["region"])
    for row, answer in ((rows[0], first), (rows[2], second)):
        assert what_was_said(on_request.of_features(CALLER, row)) == what_was_said(answer)
    with pytest.raises(on_request.Unfit):
        on_request.of_features(CALLER, rows[1])
