"""A version goes from one installation to another signed, and nothing else comes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.audit import AuditEntry
from common.tests import people
from models_registry.activation import activate
from models_registry.models import ModelVersion
from models_registry.sealed import NotSealed, private_key, public_name, seal, unseal
from models_registry.tests.artefacts import content, kept
from models_registry.transfer import CannotExport, CannotImport, export_version, import_version, own_name

NAME = "20260101000000"
THEIRS = private_key("another installation's secret")
TOLD: dict[str, Any] = {
    "version": NAME,
    "algorithm": "random_forest",
    "created_at": "2026-01-01T00:00:00Z",
    "metrics": {},
    "features": [],
    "importance": [],
    "card": {},
    "calibration": {},
    "notes": "",
}


def taken_in(data: bytes, org_id: str = "other") -> ModelVersion:
    return import_version(org_id=org_id, data=data, by="tester", at=timezone.now())


@pytest.mark.django_db
def test_what_is_imported_is_what_was_exported_and_not_active(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept(NAME, notes="good", metrics={"roc_auc": 0.8})
    file = tmp_path / "model.sealed"
    call_command("export_model", NAME, to=file)
    assert capsys.readouterr().out.strip() == own_name()
    call_command("import_model", str(file), org="other")
    after = ModelVersion.objects.of("other").get()
    assert (after.digest, after.notes, after.metrics) == (before.digest, "good", {"roc_auc": 0.8})
    assert not after.is_active
    assert after.card["imported_from"]["version"] == NAME
    assert list(AuditEntry.objects.values_list("org_id", "act")) == [
        ("default", "model.export"),
        ("other", "model.import"),
    ]
    activate(org_id="other", version=after.version, by="tester", at=timezone.now())  # it rehearses


@pytest.mark.django_db
def test_another_installation_is_trusted_by_its_key(settings: Any) -> None:
    data = seal(TOLD, content(), THEIRS)
    with pytest.raises(CannotImport, match="not trusted"):
        taken_in(data)
    settings.MODEL_TRUSTED_KEYS = [public_name(THEIRS)]
    assert taken_in(data).card["imported_from"]["signer"] == public_name(THEIRS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "artefact", "words"),
    [
        ({}, b"\x80\x04.", "not a readable artefact"),
        ({}, content()[:-1], "refused"),
        ({"version": "../../../etc"}, content(), "no name of ours"),
        ({"algorithm": "<script>"}, content(), "no name of ours"),
        ({"metrics": []}, content(), "metrics"),
        ({"card": "x"}, content(), "card"),
    ],
)
def test_even_from_those_we_trust_only_what_is_sound_comes_in(
    changed: dict[str, Any], artefact: bytes, words: str, settings: Any
) -> None:
    settings.MODEL_TRUSTED_KEYS = [public_name(THEIRS)]
    with pytest.raises(CannotImport, match=words):
        taken_in(seal(TOLD | changed, artefact, THEIRS))
    assert not ModelVersion.objects.exists()


@given(st.data())
def test_no_changed_byte_is_taken_in(data: st.DataObject) -> None:
    sealed, trusted = seal(TOLD, b"artefact", THEIRS), {public_name(THEIRS)}
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotSealed):
        unseal(bytes(changed), trusted=trusted)
    with pytest.raises(NotSealed):
        unseal(sealed[:at], trusted=trusted)
    assert unseal(sealed, trusted=trusted).artefact == b"artefact"


@given(st.binary(max_size=400))
def test_what_is_no_sealed_model_is_refused(data: bytes) -> None:
    for each in (data, b"leadqual-sealed-model 1\n" + data):
        with pytest.raises(NotSealed):
            unseal(each, trusted={public_name(THEIRS)})


def test_a_signature_of_something_else_does_not_fit() -> None:
    first, key, _, text, artefact = seal(TOLD, b"a", THEIRS).split(b"\n", 4)
    other = seal({**TOLD, "notes": "x"}, b"a", THEIRS).split(b"\n", 4)[2]
    assert json.loads(text)["notes"] == ""
    with pytest.raises(NotSealed, match="signature"):
        unseal(b"\n".join((first, key, other, text, artefact)), trusted={public_name(THEIRS)})


@pytest.mark.django_db
def test_what_is_damaged_or_not_there_is_not_exported() -> None:
    version = kept(NAME)
    version.artefact.content = b"nonsense"
    version.artefact.save()
    for name, words in ((NAME, "damaged"), ("20990101000000", "no version")):
        with pytest.raises(CannotExport) as refused:
            export_version(org_id="default", version=name, by="tester", at=timezone.now())
        assert words in str(refused.value.detail)
    with pytest.raises(CommandError):
        call_command("export_model", NAME)


@pytest.mark.django_db
def test_an_export_that_could_not_be_written_is_not_on_record(tmp_path: Path) -> None:
    kept(NAME)
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("export_model", NAME, to=tmp_path / "nowhere" / "model.sealed")
    assert not AuditEntry.objects.filter(act="model.export").exists()


@pytest.mark.django_db
def test_the_admin_hands_it_out_and_writes_down_to_whom(settings: Any) -> None:
    row, staff = kept(NAME), people.staff()
    address = f"/admin/models_registry/modelversion/{row.pk}/export/"
    assert staff.get(address).status_code == 405
    answer = staff.post(address)
    assert unseal(answer.content, trusted={own_name()}).artefact == content()
    assert AuditEntry.objects.get(act="model.export").by == "staff-default"
    assert people.staff(org_id="theirs").post(address).status_code == 404
