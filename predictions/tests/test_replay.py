"""Stored vectors are rebuilt from the tables as of their moments, bit for bit."""

from datetime import datetime, timezone
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from leads.models import Dossier, Message
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, an_attribute, an_outcome
from models_registry.tests.cast import a_version
from predictions.replay import replay
from predictions.scoring import score_leads
from predictions.tests.scored import a_prediction

pytestmark = pytest.mark.django_db


def test_the_demonstrations_vectors_are_rebuilt_bit_for_bit() -> None:
    call_command("demo_data", leads=300, verbosity=0, stdout=StringIO())
    leads = list(Dossier.objects.open())
    score_leads(org_id="default", dossiers=leads)
    a_version()
    score_leads(org_id="default", dossiers=leads)
    for lead in leads[:20]:
        a_message(lead, datetime.now(timezone.utc))
        an_attribute(lead, "budget", 1, datetime.now(timezone.utc))
        an_outcome(lead, True, datetime.now(timezone.utc))
    score_leads(org_id="default", dossiers=leads)
    found = replay("default", 1000)
    assert len(leads) > 40
    assert (found.identical, found.rows, found.differing) == (3 * len(leads), 3 * len(leads), {})


def test_what_is_recorded_afterwards_of_the_time_before_changes_nothing() -> None:
    lead = a_lead()
    a_prediction(lead, MONDAY + 3 * DAY)
    a_message(lead, MONDAY + DAY, recorded_at=MONDAY + 4 * DAY)
    assert replay("default", 10).identical == 1


def test_a_history_rewritten_by_hand_is_found_and_the_features_are_named() -> None:
    for days in (1, 2):
        lead = a_lead()
        a_message(lead, MONDAY)
        a_prediction(lead, MONDAY + days * DAY)
    Message.objects.filter(dossier=lead).delete()
    found = replay("default", 10)
    assert found.words == "1 of 2 rows identical"
    assert found.differing == {"inbound_messages_count": 1, "engagement_rate": 1}


def test_a_sample_is_spread_over_all_that_was_stored() -> None:
    lead = a_lead()
    for days in range(1, 10):
        a_prediction(lead, MONDAY + days * DAY)
    assert replay("default", 3).rows == 3
    assert replay("default", 100).rows == 9
    assert replay("default", 10**24).rows == 9  # all, in as many steps as there are
    assert replay("nobody", 10**24).rows == 0


def test_another_organisations_predictions_are_not_replayed() -> None:
    a_prediction(a_lead(org_id="other"), MONDAY + DAY)
    assert replay("default", 10).words == "0 of 0 rows identical"


def test_the_command_says_how_many_are_identical() -> None:
    lead = a_lead()
    a_message(lead, MONDAY)
    a_prediction(lead, MONDAY + DAY)
    said = StringIO()
    call_command("replay_predictions", sample=5, stdout=said)
    Message.objects.all().delete()
    call_command("replay_predictions", sample=5, stdout=said)
    assert "1 of 1 rows identical.\n0 of 1 rows identical." in said.getvalue()
    assert "inbound_messages_count: 1 not as stored" in said.getvalue()


def test_the_command_refuses_an_empty_sample() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("replay_predictions", sample=0)


def test_the_command_does_not_call_nothing_identical() -> None:
    a_prediction(a_lead(), MONDAY + DAY)
    with pytest.raises(CommandError, match="No prediction of a lead is stored in defualt"):
        call_command("replay_predictions", org="defualt")
