"""Scoring a lead: the model where one is active, the rules else; stored with its reasons, which add up."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import LeadScore
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, a_past, a_property, an_appointment
from models_registry.tests.cast import a_version
from predictions.models import Prediction
from predictions.scoring import score_leads

pytestmark = pytest.mark.django_db


def a_worked_lead() -> Any:
    lead = a_lead(source_score=40)
    a_property(lead)
    for days, way in ((1, "INBOUND"), (2, "OUTBOUND"), (3, "INBOUND")):
        a_message(lead, MONDAY + days * DAY, way)
    an_appointment(lead, MONDAY + 4 * DAY)
    return lead


def assert_adds_up(prediction: Prediction) -> None:
    total = prediction.base_probability + sum(part["contribution"] for part in prediction.contributions)
    assert total == pytest.approx(prediction.conversion_probability, abs=1e-9)
    sizes = [abs(part["contribution"]) for part in prediction.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert prediction.probability_low <= prediction.conversion_probability <= prediction.probability_high


def test_without_a_model_the_rules_score() -> None:
    prediction = score_leads(org_id="default", dossiers=[a_worked_lead()])[0].prediction
    assert (prediction.method, prediction.model_version) == ("RULE_BASED", None)
    assert_adds_up(prediction)
    assert len(prediction.contributions) == 11


def test_with_a_model_the_active_version_scores_and_its_reasons_add_up() -> None:
    a_past()
    version, lead = a_version(), a_worked_lead()
    prediction = score_leads(org_id="default", dossiers=[lead])[0].prediction
    assert (prediction.method, prediction.model_version) == ("ML", version.version)
    assert_adds_up(prediction)
    values = {part["feature"]: part["value"] for part in prediction.contributions}
    assert (values["inbound_messages_count"], values["appointments_count"], values["property_price"]) == (2, 1, 250_000)


def test_the_prediction_and_the_current_score_are_stored_together() -> None:
    lead = a_worked_lead()
    first, second = (score_leads(org_id="default", dossiers=[lead])[0].prediction for _ in range(2))
    assert list(Prediction.objects.of_dossier(lead)) == [second, first]
    score = LeadScore.objects.get(dossier=lead)
    assert score.prediction_id == second.pk
    assert score.expected_value == pytest.approx(second.conversion_probability * 250_000)


def test_many_are_answered_in_their_order_and_as_each_alone() -> None:
    a_past()
    a_version()
    leads = [a_worked_lead(), a_lead(), a_lead(region="Ain")]
    together = score_leads(org_id="default", dossiers=leads)
    assert [scored.prediction.dossier for scored in together] == leads
    alone = [score_leads(org_id="default", dossiers=[lead])[0].prediction.conversion_probability for lead in leads]
    assert [scored.prediction.conversion_probability for scored in together] == pytest.approx(alone, abs=1e-3)


def test_the_number_of_statements_does_not_grow_with_the_leads() -> None:
    a_past()
    a_version()
    for _ in range(2):  # the first of a day counts how other leads stand
        score_leads(org_id="default", dossiers=[a_lead()])
    counts = []
    for size in (1, 100):
        leads = [a_lead() for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            score_leads(org_id="default", dossiers=leads)
        counts.append(len(queries))
    assert counts[0] == counts[1]
