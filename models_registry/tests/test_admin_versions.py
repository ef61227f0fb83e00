"""Versions in the admin: read the card, write notes, and change what scores after a look at both."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, admin, sales, staff
from models_registry.models import ModelVersion
from models_registry.tests.cards import METRICS, a_training_run, a_version

pytestmark = pytest.mark.django_db
VERSIONS = "/admin/models_registry/modelversion/"
OLD, NEW = "20260101000000", "20260201000000"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def active() -> str:
    return ModelVersion.objects.active().get().version


def of(version: ModelVersion, *parts: str) -> str:
    return VERSIONS + "/".join((str(version.pk), *parts)) + "/"


def test_the_list_shows_the_figures() -> None:
    a_version(OLD, notes="n" * 100, metrics=METRICS | {"calibration_error": 0.021})
    page = text(staff(), VERSIONS)
    for words in (OLD, "0.743", "0.410", "0.021", "n" * 59 + "…"):
        assert words in page


def test_the_card_shows_measures_features_importance_and_provenance() -> None:
    version = a_version(OLD, card={"seed": 7, "training": {"leads": 1203}, "shuffled_metrics": {"roc_auc": 0.888}})
    page = text(staff(), of(version, "change"))
    for words in ("0.5 is a coin toss", "0.888", "appointments_count", "70.0%", "training: leads", "1203"):
        assert words in page


def test_only_the_notes_are_written() -> None:
    version = a_version(OLD)
    client = staff()
    client.post(of(version, "change"), {"notes": "the spring one", "version": "20990101000000", "is_active": "on"})
    version.refresh_from_db()
    assert (version.notes, version.version, version.is_active) == ("the spring one", OLD, False)


def test_notes_leave_alone_what_an_act_may_change_at_the_same_moment() -> None:
    version, client = a_version(OLD, is_active=True), staff()
    with CaptureQueriesContext(connection) as said:
        client.post(of(version, "change"), {"notes": "the spring one"})
    [update] = [each["sql"] for each in said if each["sql"].startswith(f'UPDATE "{ModelVersion._meta.db_table}"')]
    assert update.partition(" WHERE ")[0].endswith(""" SET "notes" = 'the spring one'""")


def test_nobody_adds_or_deletes_a_version() -> None:
    version = a_version(OLD)
    client = admin()
    assert client.get(f"{VERSIONS}add/").status_code == 403
    assert client.post(of(version, "delete"), {"post": "yes"}).status_code == 403


def test_activation_shows_both_versions_side_by_side_and_asks() -> None:
    old = a_version(OLD, metrics={"roc_auc": 0.612})
    a_version(NEW, is_active=True)
    client = staff()
    assert "Roll back to this version" in text(client, of(old, "change"))
    page = text(client, of(old, "activate"))
    assert "0.612" in page
    assert "0.743" in page
    assert active() == NEW


def test_a_confirmed_rollback_leaves_the_same_row_as_the_api() -> None:
    old = a_version(OLD)
    a_version(NEW, is_active=True)
    staff().post(of(old, "activate"), {"instead_of": NEW, "reason": "worse calls"})
    assert active() == OLD
    row = AuditEntry.objects.get()
    assert (row.act, row.by, row.before, row.after) == ("model.rollback", "staff-default", NEW, OLD)
    assert row.reason == "worse calls"


def test_a_version_that_the_gate_refused_takes_a_permission_and_a_reason() -> None:
    a_version(OLD, is_active=True)
    new = a_version(NEW)
    a_training_run(version=new, status=JobStatus.SUCCEEDED, verdict="Not activated: worse.")
    trainer = a_person(
        "models_registry.view_modelversion", "models_registry.activate_modelversion", name="trainer", is_staff=True
    )
    assert trainer.post(of(new, "activate"), {"instead_of": OLD, "reason": "please"}).status_code == 403
    chief = staff()
    assert "Not activated: worse." in text(chief, of(new, "activate"))
    assert chief.post(of(new, "activate"), {"instead_of": OLD, "reason": ""}).status_code == 400
    assert active() == OLD
    chief.post(of(new, "activate"), {"instead_of": OLD, "reason": "signed by the board"})
    assert active() == NEW


def test_a_version_that_no_gate_has_judged_takes_them_too_until_it_was_active_here() -> None:
    old, new = a_version(OLD), a_version(NEW, card={"imported_from": {"version": NEW}})
    trainer = a_person(
        "models_registry.view_modelversion", "models_registry.activate_modelversion", name="trainer", is_staff=True
    )
    assert trainer.post(of(new, "activate"), {"instead_of": "", "reason": "please"}).status_code == 403
    chief = staff()
    assert chief.post(of(new, "activate"), {"instead_of": "", "reason": ""}).status_code == 400
    for version, before in ((new, ""), (old, NEW)):
        chief.post(of(version, "activate"), {"instead_of": before, "reason": "signed by the board"})
    assert active() == OLD
    trainer.post(of(new, "activate"), {"instead_of": OLD, "reason": ""})
    assert active() == NEW


def test_a_version_that_the_gate_passed_takes_neither() -> None:
    a_version(OLD, is_active=True)
    new = a_version(NEW)
    a_training_run(version=new, status=JobStatus.SUCCEEDED, verdict="Activated: better.", activated=True)
    trainer = a_person("models_registry.view_modelversion", "models_registry.activate_modelversion", is_staff=True)
    trainer.post(of(new, "activate"), {"instead_of": OLD, "reason": ""})
    assert active() == NEW


def test_who_looked_at_an_old_page_looks_again() -> None:
    old = a_version(OLD)
    a_version(NEW, is_active=True)
    assert staff().post(of(old, "activate"), {"instead_of": ""}).status_code == 409
    assert active() == NEW


def test_looking_does_not_permit_activating() -> None:
    old = a_version(OLD)
    a_version(NEW, is_active=True)
    reader = a_person("models_registry.view_modelversion", is_staff=True)
    assert "Roll back to this version" not in text(reader, of(old, "change"))
    assert reader.get(of(old, "activate")).status_code == 403
    assert reader.post(of(old, "activate"), {"instead_of": NEW}).status_code == 403
    assert active() == NEW


def test_a_salesperson_is_not_let_into_the_admin() -> None:
    old = a_version(OLD)
    client = sales()
    for address in (VERSIONS, of(old, "change"), of(old, "activate")):
        assert client.get(address).status_code == 302
        assert client.post(address).status_code == 302


def test_another_organisations_version_is_not_there() -> None:
    old = a_version(OLD, org_id="other")
    client = staff()
    assert OLD not in text(client, VERSIONS)
    assert client.get(of(old, "activate")).status_code == 404
    assert client.post(of(old, "activate"), {"instead_of": ""}).status_code == 404


def test_the_card_can_be_kept_as_a_file() -> None:
    version = a_version(OLD, notes="the spring one")
    answer = staff().get(of(version, "card"))
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert "- Notes: the spring one" in answer.content.decode()
    assert a_person(is_staff=True).get(of(version, "card")).status_code == 403
    assert staff("other").get(of(version, "card")).status_code == 404
