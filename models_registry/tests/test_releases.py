"""An attribute that looks like a leak is released by a person who may, with a reason, and taken back likewise."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from common.audit import AuditEntry
from common.tests.people import a_person, staff
from leads.models import LeadAttribute, Outcome
from leads.tests.cast import MONDAY, a_past
from models_registry.models import ModelVersion, ReleasedAttribute
from models_registry.phrases import PHRASES
from models_registry.releases import NoReason, release_suspect, withdraw_release
from models_registry.tests.cards import a_version as a_card
from models_registry.tests.cast import a_run, a_version

pytestmark = pytest.mark.django_db
VERSIONS, RELEASES = "/admin/models_registry/modelversion/", "/admin/models_registry/releasedattribute/"
TAGS = {
    "feature": "attributes.Tags",
    "availability": "unknown",
    "auc_alone": 0.92,
    "auc_with": 0.98,
    "auc_without": 0.9,
    "verdict": "suspect",
    "words": "Tags looks like a leak: alone it ranks with a ROC-AUC of 0.92.",
}


def released(attribute: str = "Tags", **fields: object) -> ReleasedAttribute:
    values = {"org_id": "default", "by": "chief", "at": MONDAY, "reason": "filled at creation"} | fields
    return release_suspect(attribute=attribute, **values)  # type: ignore[arg-type]


def a_suspect_version() -> ModelVersion:
    return a_card(card={"leakage": [TAGS]})


def card(client: Client, version: ModelVersion) -> str:
    return client.get(f"{VERSIONS}{version.pk}/change/").content.decode()


def test_a_release_names_who_when_and_why_and_leaves_an_audit_row() -> None:
    released()
    row = AuditEntry.objects.get()
    assert (row.act, row.subject, row.by, row.reason) == ("leakage.release", "Tags", "chief", "filled at creation")
    assert ReleasedAttribute.objects.features("default") == {"attributes.Tags"}
    assert ReleasedAttribute.objects.features("other") == frozenset()


def test_without_a_reason_nothing_is_released() -> None:
    with pytest.raises(NoReason):
        released(reason="  ")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleasedAttribute.objects.create(attribute="Tags", by="chief", at=MONDAY, reason="")
    assert not AuditEntry.objects.exists()


def test_a_second_release_changes_nothing() -> None:
    first, second = released(), released(by="another", reason="me too")
    assert (first, second.by) == (second, "chief")
    assert AuditEntry.objects.count() == 1


def test_a_withdrawn_release_is_gone_and_the_audit_remembers_both() -> None:
    released()
    assert withdraw_release(org_id="default", attribute="Tags", by="chief", at=MONDAY)
    assert not withdraw_release(org_id="default", attribute="Tags", by="chief", at=MONDAY)
    assert not ReleasedAttribute.objects.exists()
    acts = AuditEntry.objects.order_by("id").values_list("act", flat=True)
    assert list(acts) == ["leakage.release", "leakage.withdraw"]


def test_the_versions_page_shows_suspects_and_releases_after_a_confirmation() -> None:
    version, client = a_suspect_version(), staff()
    assert "Tags looks like a leak" in card(client, version)
    address = f"{RELEASES}release/{version.pk}/"
    assert "Keep it out" in client.get(address, {"attribute": "Tags"}).content.decode()
    assert client.post(address, {"attribute": "Tags", "reason": ""}).status_code == 400
    assert not ReleasedAttribute.objects.exists()
    client.post(address, {"attribute": "Tags", "reason": "the form asks for it"})
    assert ReleasedAttribute.objects.get().by == "staff-default"
    assert "<td>released</td>" in card(client, version)


def test_only_what_a_version_suspects_can_be_released_there() -> None:
    version = a_suspect_version()
    address = f"{RELEASES}release/{version.pk}/"
    assert staff().post(address, {"attribute": "budget", "reason": "why not"}).status_code == 404
    assert staff("other").post(address, {"attribute": "Tags", "reason": "why not"}).status_code == 404


def test_looking_does_not_permit_releasing_or_withdrawing() -> None:
    version, release = a_suspect_version(), released("Colour")
    reader = a_person("models_registry.view_modelversion", "models_registry.view_releasedattribute", is_staff=True)
    assert "kept out" in card(reader, version)
    assert reader.post(f"{RELEASES}release/{version.pk}/", {"attribute": "Tags", "reason": "x"}).status_code == 403
    assert reader.post(f"{RELEASES}{release.pk}/withdraw/").status_code == 403
    assert "Withdraw" not in reader.get(f"{RELEASES}{release.pk}/change/").content.decode()


def test_the_list_of_releases_withdraws() -> None:
    release, client = released(), staff()
    assert "filled at creation" in client.get(RELEASES).content.decode()
    assert "Withdraw the release" in client.get(f"{RELEASES}{release.pk}/change/").content.decode()
    assert client.get(f"{RELEASES}{release.pk}/withdraw/").status_code == 405
    client.post(f"{RELEASES}{release.pk}/withdraw/")
    assert not ReleasedAttribute.objects.exists()


def a_past_with_a_leak() -> None:
    a_past(480)
    outcomes = Outcome.objects.select_related("dossier")
    LeadAttribute.objects.bulk_create(
        LeadAttribute(
            dossier=outcome.dossier,
            name="verdict",
            value="good" if outcome.converted else "bad",
            known_from=outcome.dossier.created_at - timedelta(seconds=1),
            availability="unknown",
        )
        for outcome in outcomes
    )


def test_training_keeps_a_suspect_out_until_it_is_released() -> None:
    a_past_with_a_leak()
    run = a_run()
    assert run.version is not None
    kept_out = run.version
    assert "attributes.verdict" not in [each["name"] for each in kept_out.features]
    found = next(each for each in kept_out.card["leakage"] if each["feature"] == "attributes.verdict")
    assert (found["verdict"], found["availability"]) == ("suspect", "unknown")
    assert found["auc_alone"] > 0.9
    assert any("verdict looks like a leak" in line["text"] for line in run.messages)
    assert kept_out.metrics["roc_auc"] < 0.95
    released("verdict")
    used = a_version()
    assert "attributes.verdict" in [each["name"] for each in used.features]
    found = next(each for each in used.card["leakage"] if each["feature"] == "attributes.verdict")
    assert found["verdict"] == "released"
    assert used.metrics["roc_auc"] > 0.95


def test_how_labels_are_made_is_the_runs_and_stands_on_the_card() -> None:
    a_past()
    assert a_version().card["labels"] == "censored"
    plain = a_run(labels="decided")
    assert plain.version is not None
    assert (plain.labels, plain.version.card["labels"]) == ("decided", "decided")
    assert not plain.activated
    assert PHRASES.knows(plain.verdict)
    assert "for comparison" in plain.checks.get(name="labels").words
