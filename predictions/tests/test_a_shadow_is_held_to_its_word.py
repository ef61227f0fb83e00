"""A shadow's figures are of the leads that it scored, each once, beside what was given for the very same ones."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from common.tests.people import a_person
from leads.models import Dossier, Organisation
from leads.tests.cast import DAY
from models_registry.activation import activate
from models_registry.models import Alarm
from models_registry.shadowing import set_shadow
from models_registry.tests.artefacts import kept
from predictions.living import NOT_YET, living_of
from predictions.measurement import measure
from predictions.models import Prediction, Quality, ShadowPrediction
from predictions.shadow_quality import shadow_of
from predictions.tests.mature import an_active_version
from predictions.tests.test_a_model_keeps_its_word import MATURE, NOW, VERSION, a_judged_lead

pytestmark = pytest.mark.django_db
SHADOW = "20260201000000"


def shadowed(lead: Dossier, probability: float, *, at: datetime | None = None, **fields: Any) -> ShadowPrediction:
    """What the shadow said beside the lead's first prediction; at another time, beside a copy of it."""
    given = Prediction.objects.filter(dossier=lead).earliest("predicted_at")
    if at is not None:
        given.pk, given.predicted_at, given.as_of = None, at, at
        given.save(force_insert=True)
    values = {"org_id": lead.org_id, "model_version": SHADOW} | fields
    return ShadowPrediction.objects.create(
        dossier=lead,
        prediction_id=given.pk,
        probability=probability,
        predicted_at=given.predicted_at,
        as_of=given.as_of,
        **values,
    )


def figures(days: int = 30, org_id: str = "default") -> dict[str, Any]:
    return shadow_of(Organisation.get(org_id), SHADOW, days=days, at=NOW)


def test_it_is_judged_on_its_own_leads_and_what_was_given_on_the_same() -> None:
    for number in range(40):
        lead = a_judged_lead(0.5 + number / 1000, number % 2 == 0)
        if number < 20:
            shadowed(lead, 0.9 if number % 2 == 0 else 0.1)
    found = figures()
    assert (found["leads"], found["converted"], found["roc_auc"]) == (20, 10, 1.0)
    assert found["log_loss"] < 0.2 < found["given"]["log_loss"]
    assert (found["given"]["leads"], found["given"]["expected"]) == (20, pytest.approx(0.5095))
    assert found["given"]["roc_auc"] < 0.5


def test_a_lead_that_is_scored_every_day_weighs_no_more_than_another() -> None:
    often, once = a_judged_lead(0.4, False), a_judged_lead(0.4, True)
    shadowed(often, 0.2)
    for day in range(1, 4):
        shadowed(often, 0.9, at=MATURE + day * DAY)
    shadowed(once, 0.6)
    assert figures()["leads"] == 2
    assert figures()["expected"] == pytest.approx(0.4)


def test_only_what_has_matured_of_this_version_and_organisation_counts() -> None:
    young = a_judged_lead(0.4, True)
    shadowed(young, 0.6, at=NOW - 10 * DAY)
    shadowed(a_judged_lead(0.4, True), 0.6, model_version=VERSION)
    shadowed(a_judged_lead(0.4, True), 0.6, org_id="other")
    assert figures()["leads"] == 0
    assert figures()["given"]["reasons"]["roc_auc"] == "no_mature_predictions"


def a_measured_shadow() -> None:
    an_active_version()
    kept(SHADOW, seed=2)
    set_shadow(org_id="default", version=SHADOW, by="tester", at=timezone.now())
    at = timezone.now() - timedelta(days=70)
    for number in range(60):
        shadowed(a_judged_lead(0.3, number % 2 == 0, at), 0.95)
    measure(org_id="default", at=timezone.now())


def test_the_answer_has_it_beside_the_active_version() -> None:
    a_measured_shadow()
    caller = a_person("models_registry.view_modelversion", name="reader")
    told = caller.get("/api/ml/model/quality").json()
    assert told["version"] == VERSION
    assert told["shadow"]["version"] == SHADOW
    month, *_ = told["shadow"]["realised"]
    assert (month["window_days"], month["leads"], month["given"]["leads"]) == (30, 60, 60)
    assert month["expected"] == pytest.approx(0.95)
    assert month["given"]["expected"] == pytest.approx(0.3)


def test_a_shadow_that_misses_alarms_nobody_for_it_answers_nobody() -> None:
    a_measured_shadow()
    assert Quality.objects.get(version=SHADOW, window_days=90).figures["calibration_p"] < 1e-6
    words = " ".join(Alarm.objects.values_list("words", flat=True))
    assert "95%" not in words


def test_a_shadow_that_becomes_active_has_not_been_measured_as_such() -> None:
    a_measured_shadow()
    activate(org_id="default", version=SHADOW, by="tester", at=timezone.now())
    told = living_of("default").quality_json(Organisation.get("default"))
    assert (told["version"], told["reason"], told["realised"], told["shadow"]) == (SHADOW, NOT_YET, [], None)


def test_without_a_shadow_there_is_nothing_beside() -> None:
    an_active_version()
    measure(org_id="default", at=timezone.now())
    living = living_of("default")
    assert (living.shadow, living.shadowed) == (None, [])
    assert living.quality_json(Organisation.get("default"))["shadow"] is None
