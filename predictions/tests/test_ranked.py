"""The ranked list passes over nobody, whichever way it is paged and narrowed, and a page is one statement."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from leads.models import Dossier, LeadScore
from leads.orders import ORDERS
from leads.tests.cast import DAY, HOUR, MONDAY, a_lead, a_message, a_past, an_outcome
from models_registry.models import ModelVersion
from models_registry.tests.cast import a_version
from predictions.bulk import score_in_bulk
from predictions.explaining import listed_reasons
from predictions.models import Prediction
from predictions.ranked import Listed, Ranking
from predictions.reasons import reasons_of
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db


def some_leads(*probabilities: float, is_decided: bool = False, **fields: Any) -> list[Dossier]:
    leads = [a_scored_lead(probability, **fields) for probability in probabilities]
    for lead in leads if is_decided else []:
        an_outcome(lead, True, MONDAY)
    return leads


def pages_of(ranking: Ranking, order: str = "probability", side: str = "next", address: str = "/?limit=3") -> list[Any]:
    found, last = [], None
    while address:
        last = ORDERS[order].page(Request(APIRequestFactory().get(address)), ranking)
        found.append([row.dossier_id for row in last.rows])
        address = getattr(last, side) or ""
    if side == "next" and last is not None and last.previous:
        return [*found, *pages_of(ranking, order, "previous", last.previous)]
    return found


def expected(order: str = "probability", **conditions: Any) -> list[int]:
    scores = LeadScore.objects.of("default").filter(**{f"{order}__isnull": False}, **conditions)
    return list(scores.order_by(f"-{order}", "dossier_id").values_list("dossier_id", flat=True))


@pytest.mark.parametrize("is_prepared", [True, False])
@pytest.mark.parametrize("with_decided", [True, False])
def test_a_page_is_one_statement_forth_and_back_though_leads_tie(
    with_decided: bool, is_prepared: bool, django_assert_num_queries: Any
) -> None:
    some_leads(0.5, 0.5, 0.2, 0.9, 0.5)
    some_leads(0.5, 0.3, 0.5, is_decided=True)
    some_leads(0.5, org_id="other")
    listed = expected() if with_decided else expected(is_decided=False)
    forth = [listed[at : at + 3] for at in range(0, len(listed), 3)]
    with override_settings(DATABASE_PREPARED=is_prepared), django_assert_num_queries(2 * len(forth) - 1):
        pages = pages_of(Ranking("default", {}, with_decided=with_decided))
    assert pages == forth + forth[-2::-1]


@pytest.mark.parametrize("with_decided", [True, False])
def test_the_pages_of_the_usual_length_are_planned_once_and_the_same(with_decided: bool) -> None:
    some_leads(*(at % 7 / 10 for at in range(52)))
    some_leads(*(at % 7 / 10 for at in range(50)), is_decided=True)
    ranking = Ranking("default", {}, with_decided=with_decided)
    listed = expected() if with_decided else expected(is_decided=False)
    forth = [listed[at : at + 50] for at in range(0, len(listed), 50)]
    assert pages_of(ranking, address="/") == forth + forth[-2::-1]
    assert pages_of(ranking, address="/") == forth + forth[-2::-1]


def test_by_expected_value_those_without_one_are_not_listed() -> None:
    some_leads(0.5, 0.4)
    for at, lead in enumerate(some_leads(0.1, 0.2, 0.3, 0.4)):
        LeadScore.objects.filter(dossier=lead).update(expected_value=100.0 * (at // 2))
    listed = expected("expected_value")
    assert len(listed) == 4
    assert pages_of(Ranking("default", {}), "expected_value") == [listed[:3], listed[3:], listed[:3]]


@pytest.mark.parametrize(
    ("condition", "value", "told"),
    [
        ("action", "URGENT", {"action": "URGENT"}),
        ("min_probability", 0.45, {"probability__gte": 0.45}),
        ("min_confidence", 0.7, {"confidence__gte": 0.7}),
        ("status", "CALLED", {"dossier__status": "CALLED"}),
        ("source", "50 % off", {"dossier__source": "50 % off"}),
        ("region", "L'Aquila", {"dossier__region": "L'Aquila"}),
        ("owner", "Zoë", {"dossier__owner": "Zoë"}),
    ],
)
def test_it_is_narrowed_by_each_condition_on_each_page(condition: str, value: Any, told: dict[str, Any]) -> None:
    whose = {"status": "CALLED", "source": "50 % off", "region": "L'Aquila", "owner": "Zoë"}
    some_leads(0.2, 0.4, action="URGENT", **whose)
    some_leads(0.5, 0.5, 0.6, 0.7, action="URGENT", **whose)
    LeadScore.objects.filter(probability__in=[0.4, 0.6]).update(confidence=0.1)
    some_leads(0.3, 0.5)
    listed = expected(**told)
    assert 3 < len(listed) <= 6
    pages = pages_of(Ranking("default", {condition: value}))
    assert pages == [listed[at : at + 3] for at in range(0, len(listed), 3)] + [listed[:3]]
    assert pages_of(Ranking("default", {condition: value, "owner": "nobody"})) == [[]]


def test_a_lead_is_told_with_its_score_and_the_vector_behind_it() -> None:
    (lead,) = some_leads(0.7, source="portal", owner="Ada", expected_value=12.5)
    (row,) = rows_of()
    score = LeadScore.objects.get()
    assert (row.number, row.source, row.owner, row.created_at) == (lead.number, "portal", "Ada", lead.created_at)
    assert (row.probability, row.expected_value, row.scored_at) == (0.7, 12.5, score.scored_at)
    assert row.stored_vector == Prediction.objects.get().vector
    Prediction.objects.all().delete()
    (row,) = rows_of()
    assert (row.number, row.stored_vector, row.packed) == (lead.number, None, None)
    assert listed_reasons("default", [row]) == [[]]


def rows_of() -> list[Listed]:
    return ORDERS["probability"].page(Request(APIRequestFactory().get("/")), Ranking("default", {})).rows


@pytest.mark.parametrize("by_model", [True, False])
def test_the_reasons_of_a_list_are_the_first_that_the_vectors_tell(by_model: bool) -> None:
    if by_model:
        a_past()
        a_version()
    for days, source in ((3, "website"), (9, None), (30, "new one")):
        lead = a_lead(timezone.now() - days * DAY, source=source, amount=1_000.0 * days if days > 3 else None)
        for hours in range(days):
            a_message(lead, timezone.now() - hours * HOUR)
    assert score_in_bulk(org_id="default", leads=Dossier.objects.filter(outcomes=None))
    told = listed_reasons("default", rows_of())
    vectors = [Prediction.objects.get(pk=row.prediction_id).vector for row in rows_of()]
    assert [[(each.feature, each.part) for each in reasons or []] for reasons in told] == [
        [(each.feature, each.part) for each in reasons_of(vector, most=2)] for vector in vectors
    ]
    assert any(reasons for reasons in told)


def test_where_the_model_is_no_longer_kept_a_list_tells_that_there_are_none() -> None:
    a_past()
    a_version()
    a_lead(timezone.now() - 3 * DAY)
    score_in_bulk(org_id="default", leads=Dossier.objects.filter(outcomes=None))
    ModelVersion.objects.update(is_active=False, archived_at=timezone.now())
    told = listed_reasons("default", rows_of())
    assert told
    assert set(map(str, told)) == {"None"}
