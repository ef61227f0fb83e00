"""Living figures and drift over HTTP: as stored, as the schema announces, and with a reason where there is nothing."""

from datetime import datetime, timezone

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadqual.living_metrics import REALISED
from leads.catalogue import SHARE
from leads.tests.cast import DAY, a_past
from models_registry.tests.cards import a_version as a_card
from models_registry.tests.cast import a_version
from predictions.living import living_of, newest_living
from predictions.measurement import measure
from predictions.models import Quality
from predictions.tests.test_a_model_keeps_its_word import a_judged_lead
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
QUALITY, DRIFT = "/api/ml/model/quality", "/api/ml/model/drift"


@pytest.fixture
def crm() -> Caller:
    return Caller()


def test_without_a_model_there_is_a_reason_and_no_figure(crm: Caller) -> None:
    for address in (QUALITY, DRIFT):
        answer = crm.get(address)
        assert answer.status_code == 200
        assert (answer.json()["version"], answer.json()["reason"]) == (None, "no_active_model")


def test_the_last_measurement_is_answered(crm: Caller) -> None:
    a_past()
    version, now = a_version(), datetime.now(timezone.utc)
    assert crm.get(QUALITY).json()["reason"] == "not_measured_yet"
    for number in range(30):
        lead = a_judged_lead(0.3, number < 9, at=now - 65 * DAY, number=number + 1)
        lead.predictions.update(model_version=version.version)
    measure(org_id="default", at=now)
    answer = crm.get(QUALITY).json()
    assert (answer["version"], answer["reason"], answer["horizon_days"]) == (version.version, None, 60)
    assert [window["window_days"] for window in answer["realised"]] == [30, 90, 365]
    assert answer["realised"][0]["bands"][0]["converted"] == 9
    assert answer["rehearsed"]["leads"] > 0
    assert answer["estimated"]["reasons"] == {"all": "no_pending_predictions"}
    drift = crm.get(DRIFT).json()["drift"]
    # How leads fare lately moves every day, and is no drift.
    measured = {each["name"] for each in version.features if each["unit"] != SHARE}
    assert {each["feature"] for each in drift["features"]} == measured
    assert {each["verdict"] for each in drift["features"]} <= {"steady", "slight", "moved"}


def test_the_figures_are_in_the_metrics_from_the_stored_rows() -> None:
    a_past(300)
    version, now = a_version(), datetime.now(timezone.utc)
    for number in range(30):
        lead = a_judged_lead(0.3 + number / 1000, number < 9, at=now - 65 * DAY, number=number + 1)
        lead.predictions.update(model_version=version.version)
    measure(org_id="default", at=now)
    text = Client().get("/metrics").content.decode()
    labels = f'org="default",version="{version.version}"'
    realised = Quality.objects.get(version=version.version, kind="REALISED", window_days=90).figures
    for gauge, (figure, _words) in REALISED.items():
        assert f"{gauge}{{{labels}}} {realised[figure]}" in text
    assert f"ml_score_drift_psi{{{labels}}}" in text
    assert f'ml_feature_drift_psi{{feature="source",{labels}}}' in text
    assert f"ml_model_estimated_roc_auc{{{labels}}}" not in text  # nothing is pending
    assert 0 < text.count("ml_feature_drift_psi{") <= 20


def test_another_organisation_sees_its_own_and_a_scope_is_needed(crm: Caller) -> None:
    a_past()
    a_version()
    measure(org_id="default", at=datetime.now(timezone.utc))
    assert Caller("other").get(QUALITY).json()["reason"] == "no_active_model"
    assert_error(Caller(scopes=("predictions:read",)).get(DRIFT), 403)


def test_reading_takes_two_statements_however_many_organisations_there_are() -> None:
    now = datetime.now(timezone.utc)
    for org_id in ("default", "other"):
        version = a_card(org_id=org_id, is_active=True)
        for at in (now - DAY, now):
            Quality.objects.create(org_id=org_id, version=version.version, kind="DRIFT", at=at)
    with CaptureQueriesContext(connection) as queries:
        assert living_of("default").measured_at == now
        assert [living.measured_at for living in newest_living(at=now)] == [now, now]
    assert len(queries) == 4


def test_figures_of_long_ago_are_not_exposed_as_the_present_ones() -> None:
    now = datetime.now(timezone.utc)
    Quality.objects.create(version=a_card(is_active=True).version, kind="DRIFT", at=now - 3 * DAY)
    assert newest_living(at=now) == []
