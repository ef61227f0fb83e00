"""Two versions side by side in the admin, and archiving one for good."""

import pytest
from django.test import Client

from common.audit import AuditEntry
from common.jobs import JobStatus
from common.tests.people import a_person, staff
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.cards import METRICS, a_training_run, a_version

pytestmark = pytest.mark.django_db
VERSIONS = "/admin/models_registry/modelversion/"
OLD, NEW = "20260101000000", "20260201000000"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def compared(one: str, other: str) -> str:
    return f"{VERSIONS}compare/?one={one}&other={other}"


def archiving(version: ModelVersion) -> str:
    return f"{VERSIONS}{version.pk}/archive/"


def test_two_chosen_versions_are_shown_side_by_side_with_the_difference() -> None:
    old = a_version(OLD, metrics=METRICS | {"roc_auc": 0.7, "log_loss": 0.4}, notes="the spring one")
    new = a_version(NEW, metrics=METRICS | {"roc_auc": 0.75, "log_loss": 0.45})
    chosen = {"action": "compare_chosen", "_selected_action": [new.pk, old.pk]}
    answer = staff().post(VERSIONS, chosen, follow=True)
    assert answer.redirect_chain[0][0] == compared(OLD, NEW)
    page = answer.content.decode()
    for words in ("+0.050", "+0.050 <span", "the spring one", "appointments_count", "70.0%"):
        assert words in page
    lines = {line.measure.key: (line.difference, line.verdict) for line in answer.context["lines"]}
    assert lines["roc_auc"] == ("+0.050", "better")
    assert lines["log_loss"] == ("+0.050", "worse")
    assert lines["brier"] == ("0.000", "the same")
    assert lines["pr_auc"] == ("", "")


@pytest.mark.parametrize("address", [compared(OLD, NEW), "{new}activate/"])
def test_a_difference_that_chance_explains_is_called_neither_better_nor_worse(address: str) -> None:
    a_version(OLD, is_active=True, metrics=METRICS | {"roc_auc": 0.7, "intervals": {"roc_auc": [0.65, 0.76]}})
    new = a_version(NEW, metrics=METRICS | {"roc_auc": 0.75, "intervals": {"roc_auc": [0.7, 0.8]}})
    answer = staff().get(address.format(new=f"{VERSIONS}{new.pk}/"))
    lines = {line.measure.key: (line.difference, line.verdict) for line in answer.context["lines"]}
    assert lines["roc_auc"] == ("+0.050", "within chance")
    assert '<span class="word">within chance</span>' in answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_other_than_two_are_not_compared(count: int) -> None:
    rows = [a_version(f"2026010{day}000000") for day in range(1, 4)]
    chosen = {"action": "compare_chosen", "_selected_action": [row.pk for row in rows[:count]]}
    assert "Choose two versions" in staff().post(VERSIONS, chosen, follow=True).content.decode()


def test_what_the_gate_said_of_the_two_is_shown() -> None:
    a_version(OLD)
    new = a_version(NEW)
    told = {"version": new, "status": JobStatus.SUCCEEDED, "verdict": "Activated: better by far."}
    a_training_run(**told, evidence={"champion": OLD})
    assert "better by far" in text(staff(), compared(OLD, NEW))


def test_what_is_not_there_or_another_organisations_is_not_compared() -> None:
    a_version(OLD)
    a_version(NEW, org_id="other")
    client = staff()
    for address in (compared(OLD, NEW), compared(OLD, ""), compared(OLD, "\x00"), f"{VERSIONS}compare/"):
        assert client.get(address).status_code == 404
    assert a_person(is_staff=True).get(compared(OLD, OLD)).status_code == 403


def test_the_confirmation_shows_the_difference() -> None:
    old = a_version(OLD, metrics=METRICS | {"roc_auc": 0.7})
    a_version(NEW, is_active=True)
    page = text(staff(), f"{VERSIONS}{old.pk}/activate/")
    assert "-0.043 <span" in page
    assert "worse" in page


def test_archiving_asks_first_then_drops_the_artefact_and_leaves_a_row() -> None:
    version, client = a_version(OLD, notes="kept"), staff()
    assert archiving(version) in text(client, f"{VERSIONS}{version.pk}/change/")
    assert "never score again" in text(client, archiving(version))
    assert ModelArtefact.objects.filter(version=version).exists()
    client.post(archiving(version), {"reason": "learnt from bad data"})
    version.refresh_from_db()
    assert (version.archived, version.notes) == (True, "kept")
    assert not ModelArtefact.objects.filter(version=version).exists()
    row = AuditEntry.objects.get()
    assert (row.act, row.by, row.subject, row.reason) == ("model.archive", "staff-default", OLD, "learnt from bad data")
    client.post(archiving(version))
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("use", ["is_active", "is_shadow"])
def test_what_scores_is_not_archived(use: str) -> None:
    version, client = a_version(OLD, **{use: True}), staff()
    assert archiving(version) not in text(client, f"{VERSIONS}{version.pk}/change/")
    assert "let another one do so first" in client.post(archiving(version), follow=True).content.decode()
    version.refresh_from_db()
    assert not version.archived


def test_archiving_has_a_permission_of_its_own() -> None:
    version = a_version(OLD)
    trainer = a_person(
        "models_registry.view_modelversion", "models_registry.activate_modelversion", name="trainer", is_staff=True
    )
    assert archiving(version) not in text(trainer, f"{VERSIONS}{version.pk}/change/")
    assert trainer.get(archiving(version)).status_code == trainer.post(archiving(version)).status_code == 403
    assert staff("other").post(archiving(version)).status_code == 404
    version.refresh_from_db()
    assert not version.archived
