"""A lead's current score says whether the lead is decided, however its outcome came and went."""

from __future__ import annotations

import threading
from importlib import import_module
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from leads.models import Dossier, LeadScore, Organisation, Outcome
from leads.outcomes import record_outcome, rederive
from leads.tests.cast import DAY, MONDAY, a_lead, an_outcome
from leads.tests.told import a_record, tell, the_lead

pytestmark = pytest.mark.django_db
backfill = import_module("leads.migrations.0008_lists_of_open_leads")
TRIGGERS = ("insert", "update", "delete")


def a_score(lead: Dossier, probability: float = 0.5) -> LeadScore:
    return LeadScore.objects.create(dossier=lead, org_id=lead.org_id, probability=probability)


def decided() -> list[int]:
    return list(
        LeadScore.objects.filter(is_decided=True).order_by("dossier__number").values_list("dossier__number", flat=True)
    )


def record(lead: Dossier, converted: bool = True, **fields: Any) -> Outcome:
    told = {"occurred_at": MONDAY + DAY, "revenue": None, "by": "ann", "at": MONDAY + 2 * DAY} | fields
    return record_outcome(org_id=lead.org_id, dossier=lead, converted=converted, **told)


def test_an_outcome_decides_its_lead_and_no_other() -> None:
    one, other = a_lead(number=1), a_lead(number=2)
    a_score(one)
    a_score(other)
    record(one)
    assert decided() == [1]


def test_a_lead_that_is_decided_before_it_is_scored_is_decided_once_it_is() -> None:
    record(a_lead(number=1))
    assert decided() == [1]
    assert LeadScore.objects.get().probability is None


def test_a_corrected_outcome_leaves_its_lead_decided() -> None:
    lead = a_lead(number=1)
    a_score(lead)
    record(lead)
    record(lead, converted=False, at=MONDAY + 3 * DAY)
    assert decided() == [1]


def test_a_lead_that_leaves_its_last_status_is_open_again() -> None:
    tell(a_record(1, status="WON"), a_record(2, status="WON"))
    tell(a_record(1, status="CONTACTED"), at=MONDAY + DAY)
    assert decided() == [2]


def test_changed_words_decide_and_open_leads() -> None:
    tell(*(a_record(number, status=status) for number, status in enumerate(["WON", "SIGNED", "NEW"], 1)))
    Organisation.objects.create(org_id="default", won_statuses=["SIGNED"], lost_statuses=[])
    rederive("default")
    assert decided() == [2]


def test_an_outcome_that_is_gone_or_was_another_leads_leaves_no_mark() -> None:
    gone, moved = a_lead(number=1), a_lead(number=2)
    an_outcome(gone, True, MONDAY).delete()
    outcome = an_outcome(moved, True, MONDAY)
    outcome.dossier = a_lead(number=3)
    outcome.save()
    assert decided() == [3]


def test_an_outcome_that_was_superseded_long_ago_decides_nothing() -> None:
    an_outcome(a_lead(number=1), True, MONDAY, superseded_at=MONDAY + DAY)
    assert decided() == []


def test_a_forgotten_lead_leaves_no_score_behind() -> None:
    lead = a_lead(number=1)
    an_outcome(lead, True, MONDAY)
    lead.delete()
    assert not LeadScore.objects.exists()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_the_marks_are_those_that_the_outcomes_say(seed: int) -> None:
    chance = Random(seed)
    for step in range(60):
        number, at = chance.randrange(1, 8), MONDAY + step * DAY
        act = chance.choice(["tell", "record", "score", "forget", "take back"])
        lead = Dossier.objects.filter(number=number).first()
        if act == "tell" or lead is None:
            tell(a_record(number, status=chance.choice(["NEW", "WON", "LOST"])), at=at)
        elif act == "record":
            record(lead, chance.random() < 0.5, occurred_at=at, at=at)
        elif act == "score":
            LeadScore.objects.update_or_create(dossier=lead, defaults={"probability": chance.random()})
        elif act == "forget":
            lead.delete()
        else:
            Outcome.objects.filter(dossier=lead).delete()
    known = Outcome.objects.current().order_by("dossier__number").values_list("dossier__number", flat=True)
    assert decided() == list(known)


def test_leads_that_were_decided_before_there_were_marks_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "AT_ONCE", 2)
    with connection.cursor() as cursor:
        for act in TRIGGERS:
            cursor.execute(f"ALTER TABLE lead_outcome DISABLE TRIGGER lead_outcome_marks_scores_on_{act}")
    for number in range(1, 6):
        lead = a_lead(number=number)
        an_outcome(lead, True, MONDAY, superseded_at=MONDAY + DAY if number == 3 else None)
        if number % 2:
            a_score(lead)
    a_score(a_lead(number=6))
    for _ in range(2):  # an attempt that was interrupted goes on
        backfill.mark(apps, connection.schema_editor())
        assert decided() == [1, 2, 4, 5]
    assert LeadScore.objects.of_open_leads().count() == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_a_first_score_and_an_outcome_at_once_neither_overlooks_the_other() -> None:
    tell(a_record())
    lead = the_lead()

    def decide() -> None:
        record(lead)
        connection.close()

    deciding = threading.Thread(target=decide)
    with transaction.atomic():
        a_score(lead)
        deciding.start()
        deciding.join(0.3)  # it waits for the score, or has yet to come
    deciding.join()
    score = LeadScore.objects.get()
    assert (score.probability, score.is_decided) == (0.5, True)
