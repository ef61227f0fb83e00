"""Lists of leads are read in the order of an index, and pass over nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from leads.models import LeadScore
from leads.orders import ORDERS, with_leads
from leads.tests.cast import MONDAY, a_lead, an_outcome
from leads.vocabulary import words_of

pytestmark = pytest.mark.django_db


def some_leads(leads: int, *, is_decided: bool = False, above: float = 0.0) -> None:
    for at in range(leads):
        lead = a_lead()
        LeadScore.objects.create(dossier=lead, probability=above + at / 100, expected_value=10.0 * at)
        if is_decided:
            an_outcome(lead, True, MONDAY)


def plans_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(plan for child in node.get("Plans", []) for plan in plans_of(child))]


@pytest.mark.parametrize("order", ORDERS)
def test_the_list_of_open_leads_passes_over_no_decided_one(order: str) -> None:
    some_leads(20, is_decided=True, above=0.5)
    some_leads(8)
    rows = LeadScore.objects.of("default").of_open_leads().order_by(*ORDERS[order].order)[:5]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        plans = plans_of(json.loads(rows.explain(format="json", analyze=True))[0]["Plan"])
    assert [plan["Node Type"] for plan in plans] == ["Limit", "Index Scan"]
    assert "is_decided" in plans[1]["Index Cond"]
    assert (plans[1]["Actual Rows"], plans[1].get("Rows Removed by Filter", 0)) == (5, 0)


def pages_of(rows: Any, side: str, address: str = "/?limit=3") -> list[list[int]]:
    found = []
    while address:
        page = ORDERS["probability"].page(Request(APIRequestFactory().get(address)), rows)
        found.append([row.dossier_id for row in page.rows])
        address = getattr(page, side) or ""
        last = page
    return found if side == "previous" else [*found, *pages_of(rows, "previous", last.previous or "")]


def test_a_page_is_one_statement_though_leads_tie(django_assert_num_queries: Any) -> None:
    for above in (0.5, 0.5, 0.4, 0.5):
        some_leads(1, above=above)
    scores = LeadScore.objects.of("default")
    expected = list(scores.order_by("-probability", "dossier_id").values_list("dossier_id", flat=True))
    with django_assert_num_queries(2 + 1):
        pages = pages_of(scores, "next")
    assert pages == [expected[:3], expected[3:], expected[:3]]


def test_a_lead_that_was_forgotten_meanwhile_is_left_out() -> None:
    some_leads(2)
    scores = list(LeadScore.objects.order_by("pk"))
    scores[0].dossier.delete()
    assert [score.dossier_id for score in with_leads(scores)] == [scores[1].dossier_id]


def test_the_words_of_leads_are_each_told_once_in_their_order_and_are_ones_own() -> None:
    for source, region, org_id in (
        ("portal", "Nord", "default"),
        ("fair", "", "default"),
        ("portal", None, "default"),
        ("élan", "Sud", "default"),
        ("phone", "Ouest", "other"),
    ):
        a_lead(source=source, region=region, org_id=org_id)
    assert words_of("default", ["source", "region"]) == {
        "source": ["fair", "portal", "élan"],
        "region": ["Nord", "Sud"],
    }
    assert words_of("default", ["source"], most=2) == {"source": ["fair", "portal"]}
    assert words_of("nobody", ["owner"]) == {"owner": []}
