"""The ready mappings on the real data: what goes in is what is known of these data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Count

from leads.models import Appointment, Dossier, Event, LeadAttribute, LeadStatusChange, Message, Organisation, Outcome
from leads.tests.told import SHARED, bring_in, everything, utc

pytestmark = pytest.mark.django_db
BANK = Path(settings.BASE_DIR) / "examples" / "bank_marketing" / "bank-additional-full.csv.gz"
LOANS, X = SHARED / "loan_applications", SHARED / "x_education"
needs_loans = pytest.mark.skipif(not LOANS.is_dir(), reason="../shared/data/loan_applications is not here")
needs_x = pytest.mark.skipif(not X.is_dir(), reason="../shared/data/x_education is not here")


def availability(name: str) -> dict[str, int]:
    rows = LeadAttribute.objects.filter(name=name).values_list("availability").annotate(Count("id"))
    return dict(rows)


@pytest.mark.slow
def test_bank_marketing_is_41188_leads_in_the_order_of_time() -> None:
    summary, rejects = bring_in("bank_marketing", leads=[BANK], org_id="bank")
    assert (summary.files[0].created, rejects) == (41_188, [])
    assert Counter(Outcome.objects.values_list("converted", flat=True)) == {True: 4_640, False: 36_548}
    assert Dossier.objects.get(number=1).created_at == utc("2008-05-01T00:00:00")
    last = Dossier.objects.get(number=41_188).created_at
    assert utc("2010-11-01T00:00:00") < last < Organisation.get("bank").now() < utc("2010-11-30T23:59:59")
    assert availability("duration") == {"contact": 41_188}
    assert availability("age") == {"creation": 41_188}
    assert availability("pdays") == {"creation": 1_515}
    assert LeadAttribute.objects.get(dossier__number=1, name="cons.price.idx").value == 93.994


@pytest.mark.slow
@needs_loans
def test_loan_applications_are_as_their_page_says() -> None:
    files = {"leads": [LOANS / "cases.csv.gz"], "events": [LOANS / "events.csv.gz"], "org_id": "loans"}
    summary, rejects = bring_in("loan_applications", **files)
    assert ([counts.created for counts in summary.files], rejects) == ([13_087, 262_200], [])
    assert Counter(Message.objects.values_list("direction", flat=True)) == {
        "OUTBOUND": 7_030 + 22_976 + 11_407,
        "INBOUND": 3_454,
    }
    assert Appointment.objects.count() == 7_895
    assert Counter(Outcome.objects.values_list("converted", flat=True)) == {True: 2_246, False: 7_635 + 2_807}
    echoes = set(Event.objects.filter(is_outcome_echo=True).values_list("kind", flat=True))
    assert echoes == {
        "A_APPROVED",
        "A_REGISTERED",
        "A_ACTIVATED",
        "A_DECLINED",
        "A_CANCELLED",
        "O_ACCEPTED",
        "O_DECLINED",
        "O_CANCELLED",
    }
    assert not Event.objects.filter(is_outcome_echo=False, kind__in=echoes).exists()
    assert Dossier.objects.get(number=173_688).amount == 20_000
    assert Organisation.get("loans").now() == utc("2012-03-14T15:04:54.681")
    assert LeadStatusChange.objects.count() == 13_087 + 12_688
    before = everything()
    bring_in("loan_applications", **files)
    assert everything() == before


@needs_x
def test_x_education_lets_no_model_see_what_was_written_afterwards() -> None:
    summary, rejects = bring_in("x_education", leads=[X / "leads.csv.gz"], org_id="x")
    assert (summary.files[0].created, rejects) == (9_240, [])
    assert Counter(Outcome.objects.values_list("converted", flat=True)) == {True: 3_561, False: 5_679}
    later = set(LeadAttribute.objects.filter(availability__in=["contact", "outcome"]).values_list("name", flat=True))
    assert later == {
        "Tags",
        "Lead Quality",
        "Lead Profile",
        "Last Activity",
        "Last Notable Activity",
        "Asymmetrique Activity Index",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Index",
        "Asymmetrique Profile Score",
    }
    assert not LeadAttribute.objects.filter(value="Select").exists()
    assert not Dossier.objects.filter(property__city="Select").exists()
    order = Dossier.objects.order_by("created_at").values_list("number", flat=True)
    assert list(order) == sorted(order)


@needs_x
def test_a_proposed_mapping_suspects_what_is_known_to_be_written_afterwards() -> None:
    from leads.importing.files import Source
    from leads.importing.mapping_toml import read_mapping
    from leads.importing.proposal import propose

    mapping = read_mapping(propose(Source(X / "leads.csv.gz", "leads.csv.gz")))
    assert mapping.leads is not None
    suspects = {attribute.name for attribute in mapping.leads.attributes if attribute.known == "unknown"}
    assert {"Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"} <= suspects
    assert (mapping.leads.id, mapping.placeholders) == ("Lead Number", frozenset({"Select"}))
