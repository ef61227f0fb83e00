"""What is live, changed from the version's page: by those who may, each change with its rows."""

import pytest
from django.test import Client

from common.audit import AuditEntry
from common.tests.people import a_person, staff
from models_registry.models import ModelActivation, ModelVersion
from models_registry.tests.artefacts import kept
from models_registry.thresholds import installation
from predictions.tests.mature import a_mature_past, an_active_version

pytestmark = pytest.mark.django_db
VERSIONS = "/admin/models_registry/modelversion/"
RECALIBRATE = "/admin/predictions/prediction/recalibrate/"


def page(client: Client, version: ModelVersion) -> str:
    response = client.get(f"{VERSIONS}{version.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def press(client: Client, version: ModelVersion, act: str, **fields: object) -> str:
    response = client.post(f"{VERSIONS}{version.pk}/live/{act}/", fields, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_recalibrate_now_and_back_again() -> None:
    version, client = an_active_version(), staff()
    asked = {"version": version.version, "reason": "spring"}
    assert "Recalibrate now" in page(client, version)
    assert "Restore the calibration before" not in page(client, version)
    assert client.post(RECALIBRATE, {"version": "\0"}).status_code == 404
    assert "0 leads have a known outcome" in client.post(RECALIBRATE, asked, follow=True).content.decode()
    a_mature_past(version, shift=1.2)
    answer = client.post(RECALIBRATE, asked, follow=True).content.decode()
    assert "by a new calibration from now on" in answer
    assert "Restore the calibration before" in answer
    press(client, version, "restore")
    rows = ModelActivation.objects.order_by("number").values_list("act", "by", "reason")
    assert list(rows)[1:] == [("recalibrate", "staff-default", "spring"), ("restore", "staff-default", "")]


def test_thresholds_are_set_refused_and_given_back() -> None:
    version, client = an_active_version(), staff()
    own = installation() | {"high_probability": 0.65}
    assert "hold from now on" in press(client, version, "thresholds", reason="few agents", **own)
    assert AuditEntry.objects.get(act="model.thresholds").reason == "few agents"
    assert "must not be below" in press(client, version, "thresholds", **own | {"medium_probability": 0.9})
    assert "must be a number" in press(client, version, "thresholds", **own | {"medium_probability": "high"})
    version.refresh_from_db()
    assert version.thresholds == own
    press(client, version, "thresholds", installation="1")
    version.refresh_from_db()
    assert version.thresholds is None


def test_a_shadow_begins_and_ends() -> None:
    active, other, client = an_active_version(), kept("20260201000000", seed=2), staff()
    assert "Let it score as a shadow" in page(client, other)
    assert "End the shadow" in press(client, other, "shadow")
    assert "Let it score as a shadow" in press(client, other, "unshadow")
    assert "no shadow of itself" in press(client, active, "shadow")
    assert not ModelVersion.objects.shadow().exists()


def test_what_belongs_to_the_active_version_is_refused_on_another() -> None:
    an_active_version()
    other, client = kept("20260201000000", seed=2), staff()
    before = list(ModelActivation.objects.values_list("act", flat=True))
    for act in ("thresholds", "restore"):
        assert "not the active one" in press(client, other, act, **installation())
    answer = client.post(RECALIBRATE, {"version": other.version}, follow=True)
    assert "not the active one" in answer.content.decode()
    assert answer.redirect_chain[-1][0] == f"{VERSIONS}{other.pk}/change/"
    assert list(ModelActivation.objects.values_list("act", flat=True)) == before
    assert not AuditEntry.objects.exclude(act="model.activate").exists()


def test_a_shadow_is_ended_from_its_own_page_only() -> None:
    an_active_version()
    shadow, other, client = kept("20260201000000", seed=2, is_shadow=True), kept("20260301000000", seed=3), staff()
    assert "not the shadow" in press(client, other, "unshadow")
    assert ModelVersion.objects.shadow().get() == shadow


def test_looking_does_not_permit_changing() -> None:
    version = an_active_version()
    reader = a_person("models_registry.view_modelversion", "predictions.view_prediction", is_staff=True)
    assert "Recalibrate now" not in page(reader, version)
    for address in (RECALIBRATE, f"{VERSIONS}{version.pk}/live/shadow/", f"{VERSIONS}{version.pk}/live/thresholds/"):
        assert reader.post(address).status_code == 403
    assert staff().get(RECALIBRATE).status_code == 405
    stranger = staff("other")
    assert stranger.post(f"{VERSIONS}{version.pk}/live/shadow/").status_code == 404
    assert stranger.post(RECALIBRATE).status_code == 404
