"""A person who asks to be forgotten is: nowhere in the database stands a word of theirs, and it is on record."""

from __future__ import annotations

import time
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.audit import AuditEntry
from common.models import IdempotencyKey
from experiments import exposures
from experiments.lifecycle import stop_experiment
from experiments.models import Experiment, Exposure
from experiments.tests.cast import an_experiment, exposed
from leads.catalogue import FIXED
from leads.models import Dossier, ImportJob
from leads.tests.cast import DAY, MONDAY, a_lead, a_message, an_outcome
from models_registry.tests.artefacts import kept
from predictions import scoring
from predictions.api import views
from predictions.forgetting import forget_lead, keep_to_retention
from predictions.models import Prediction, PredictionBatch, ScoreJob
from predictions.overriding import override, take_back
from predictions.packing import packed
from predictions.tests.scored import a_scored_lead
from tests.cast import Caller, assert_error

pytestmark = pytest.mark.django_db
ROOMS = ("common", "leads", "models_registry", "experiments", "predictions", "insights")
LISTS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "access" / "personal_data.toml").read_text(encoding="utf-8")
)
NUMBER, WORD = 987_654_321, "Lovelace"
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=timezone.utc)
TOLD: dict[str, Any] = {
    "status": f"NEW {WORD}",
    "created_at": "2026-06-01T09:00:00Z",
    "source": WORD,
    "owner": WORD,
    "region": WORD,
    "amount": 1815.25,
    "property": {"price": 250000, "city": WORD},
    "attributes": {WORD: 1, "name": f"Ada {WORD}"},
}
OUTCOME = {"converted": True, "revenue": 1815.25}
EVENTS = [
    {"kind": kind, "occurred_at": "2026-06-02T09:00:00Z", "external_id": f"{WORD}{at}", "properties": {"from": WORD}}
    for at, kind in enumerate(["message", "appointment", WORD])
]


FIGURES = r"1815\.25", r"(?<![0-9])0\.1815"
"""What was told and thought of the lead, and not a time at 10.1815 seconds."""


def everywhere(pattern: str) -> set[str]:
    """The tables in which such a text stands, in whatever column."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS each WHERE each::text ~ %s', [pattern])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def an_import(crm: Caller) -> Any:
    form = {"file": SimpleUploadedFile(f"{WORD}.csv", b"dossier_id\n7\n"), "content": "events"}
    headers = crm.headers | {"Idempotency-Key": "import"}
    return crm.client.post("/api/ml/leads/import", form, headers=headers)


def a_known_person() -> None:
    """All that can be told of somebody has been told, corrected, scored and rejected."""
    crm = Caller()
    address = f"/api/ml/leads/{NUMBER}"
    assert crm.put(address, TOLD).status_code == 201
    assert crm.put(address, TOLD | {"source": f"{WORD} again", "property": None}).status_code == 200
    assert crm.post(f"{address}/events", EVENTS).status_code in (200, 201)
    predict = f"/api/ml/predict/{NUMBER}"
    assert crm.post(predict, **{"Idempotency-Key": "once"}).status_code == 200
    assert crm.post(f"{predict}/outcome", OUTCOME, **{"Idempotency-Key": "outcome"}).status_code == 200
    job = crm.post("/api/ml/score-jobs", {"dossier_ids": [7, NUMBER, 8, NUMBER]}, **{"Idempotency-Key": "job"})
    assert job.status_code == 202
    assert an_import(crm).status_code == 202
    for made in ImportJob.objects.all():
        made.file.delete()
        made.fail("It has ended.")
    name = f"{WORD}.csv"
    read = {"at": NOW.isoformat(), "stage": "done", "text": f"{name}: 3 leads read (3 new), at once."}
    ImportJob.objects.create(
        status="SUCCEEDED", filename=name, rejects=[{"line": 1, "row": WORD}], messages=[read], finished_at=NOW
    )
    ImportJob.objects.create(
        status="FAILED", filename=name, error=f"{name} has no column 'dossier_id'", messages=[], finished_at=NOW
    )
    experiment = Experiment.objects.create(name="x", control_method="ML", treatment_method="RULE_BASED")
    lead = Dossier.objects.get(number=NUMBER)
    for reason in (f"{WORD} told me", f"{WORD} told me more"):
        override(org_id="default", dossier=lead, probability=0.1815, reason=reason, by="sales", at=NOW)
    take_back(dossier=lead, by="sales", at=NOW)
    Exposure.objects.create(experiment=experiment, dossier=lead, variant="control", first_at=NOW)


def test_every_field_is_on_a_list() -> None:
    for model in (model for room in ROOMS for model in apps.get_app_config(room).get_models()):
        lists = LISTS.get(model._meta.label_lower, {})
        fields = sorted(field.name for field in model._meta.concrete_fields)
        listed = sorted([*lists.get("keep", []), *lists.get("scrub", [])])
        assert listed == fields, f"{model._meta.label_lower}: say in tests/access/personal_data.toml what is kept"


def test_nothing_of_a_forgotten_person_is_left_but_the_record() -> None:
    a_known_person()
    before = everywhere(WORD)
    assert all(map(everywhere, FIGURES))
    assert {"dossier", "lead_attribute", "lead_change", "lead_override", "message_entity", "lead_import_job"} <= before
    call_command("forget_lead", str(NUMBER), reason="asked")
    assert everywhere(WORD) == set()
    assert set().union(*map(everywhere, FIGURES)) == set()
    assert everywhere(str(NUMBER)) == {"audit_entry"}
    entry = AuditEntry.objects.get(act="lead.forget")
    assert (entry.subject, entry.by, entry.reason) == (str(NUMBER), "command", "asked")
    assert entry.evidence["erased"]["Message"] == 1
    assert not Exposure.objects.exists()


def test_what_came_of_an_import_is_still_told_without_its_files_name() -> None:
    a_known_person()
    call_command("forget_lead", str(NUMBER))
    read, failed = ImportJob.objects.filter(finished_at=NOW).order_by("-status")
    assert read.messages[0]["text"] == "…: 3 leads read (3 new), at once."
    assert failed.error == "… has no column 'dossier_id'"


def test_what_was_answered_of_a_forgotten_person_is_not_told_again() -> None:
    a_known_person()
    call_command("forget_lead", str(NUMBER))
    crm = Caller()
    assert_error(crm.post(f"/api/ml/predict/{NUMBER}/outcome", OUTCOME, **{"Idempotency-Key": "outcome"}), 404)
    again = an_import(crm)  # it was of others, too, and is not done twice
    assert (again.status_code, again.json()["filename"]) == (202, "")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ScoreJob.objects.get().criteria == {"dossier_ids": [7, 8]}


def test_the_figures_stay() -> None:
    lead = a_scored_lead(0.6, number=NUMBER)
    assert forget_lead(org_id="default", number=NUMBER, by="tester", at=NOW)
    left = Prediction.objects.get()
    assert (left.conversion_probability, left.recommended_action) == (0.6, "MEDIUM_PRIORITY")
    assert (left.dossier, left.vector) == (None, [])
    assert not Dossier.objects.filter(pk=lead.pk).exists()


def test_a_word_of_theirs_goes_from_what_bulk_scoring_keeps_for_many_and_the_others_keep_their_own() -> None:
    features = [each.feature for each in FIXED if each.feature.name in ("source", "appointments_count")]
    sources = {NUMBER: WORD, 1: "portal", 2: "website", 3: "website"}
    columns = {
        "source": np.array(list(sources.values()), dtype=object),
        "appointments_count": np.array([1.0, 2.0, 3.0, 4.0]),
    }
    rows, words = packed(features, columns)
    batch = PredictionBatch.objects.create(
        made_at=NOW, features=[feature.to_json() for feature in features], words=words
    )
    for number, row in zip(sources, rows, strict=True):
        a_scored_lead(number=number)
        Prediction.objects.filter(dossier__number=number).update(
            stored_vector=None, packed=row.tobytes(), batch_id=batch.pk, predicted_at=batch.made_at
        )
    with CaptureQueriesContext(connection) as queries:
        call_command("forget_lead", str(NUMBER))
    told = [each["sql"] for each in queries if 'FROM "ml_prediction" WHERE' in each["sql"]]
    assert len(told) == 3  # its batches, their rows, and what hangs on the lead: each by an index
    assert all('"dossier_id"' in sql or '"predicted_at" =' in sql for sql in told)
    assert everywhere(WORD) == set()
    call_command("forget_lead", "3")
    left = Prediction.objects.exclude(dossier=None).order_by("dossier__number")
    assert [each.inputs["source"] for each in left] == ["portal", "website"]


def test_others_are_left_alone() -> None:
    for number, org_id in ((NUMBER, "theirs"), (NUMBER * 10, "default"), (NUMBER, "default")):
        a_scored_lead(number=number, org_id=org_id)
        told = {"org_id": org_id, "caller": "crm", "fingerprint": "f"}
        answers = [
            f'{{"dossier_id":{number},"x":0}}',
            f'{{"dossier_ids":[1,{number}]}}',
            f'{{"dossier_ids":[{number}]}}',
        ]
        for answer in answers:
            IdempotencyKey.objects.create(key=f"{number} {answer}", answer=answer, **told)
        IdempotencyKey.objects.create(key=f"{number}", answer="{}", dossier_number=number, **told)
    assert forget_lead(org_id="default", number=NUMBER, by="tester", at=NOW)
    left = Dossier.objects.order_by("org_id").values_list("org_id", "number")
    assert list(left) == [("default", NUMBER * 10), ("theirs", NUMBER)]
    assert IdempotencyKey.objects.count() == 2 * 4


def test_who_is_not_known_cannot_be_forgotten() -> None:
    with pytest.raises(CommandError, match="no lead"):
        call_command("forget_lead", "7")
    assert not AuditEntry.objects.exists()


def test_whom_nothing_was_heard_of_for_long_enough_is_forgotten_every_night(settings: Any) -> None:
    settings.LEAD_KEEP_DAYS = 365
    silent, written, decided = (a_lead(MONDAY) for _ in range(3))
    Dossier.objects.update(updated_at=MONDAY)
    young = a_lead(MONDAY + 300 * DAY)
    now = MONDAY + 400 * DAY
    a_message(written, now - 10 * DAY)
    an_outcome(decided, True, now - 10 * DAY)
    assert keep_to_retention(at=now) == 1
    assert set(Dossier.objects.all()) == {written, decided, young}
    assert AuditEntry.objects.get().subject == str(silent.number)
    settings.LEAD_KEEP_DAYS = 0
    assert keep_to_retention(at=now + timedelta(days=9_999)) == 0


def test_silent_leads_of_an_experiment_stay_until_it_has_ended(settings: Any) -> None:
    settings.LEAD_KEEP_DAYS = 365
    experiment = an_experiment()
    lead, asked = exposed(experiment, "control", 2, days_ago=400)
    Dossier.objects.update(updated_at=lead.created_at)
    assert keep_to_retention(at=datetime.now(timezone.utc)) == 0
    assert forget_lead(org_id="default", number=asked.number, by="tester", at=NOW)
    stop_experiment(org_id="default", experiment_id=experiment.pk, by="tester", at=datetime.now(timezone.utc))
    assert keep_to_retention(at=datetime.now(timezone.utc)) == 1


def test_rejected_rows_are_kept_for_a_month() -> None:
    for days in (29, 31):
        ImportJob.objects.create(status="SUCCEEDED", rejects=[{"row": WORD}], finished_at=NOW - timedelta(days=days))
    keep_to_retention(at=NOW)
    assert [bool(job.rejects) for job in ImportJob.objects.order_by("-finished_at")] == [True, False]


@pytest.mark.parametrize(("headers", "status"), [({}, 404), ({"Idempotency-Key": "k"}, 409)])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_is_forgotten_while_a_prediction_is_made_gets_none(
    headers: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, store = a_lead().number, scoring.store

    def forget() -> None:
        forget_lead(org_id="default", number=number, by="tester", at=NOW)
        connection.close()

    def meanwhile(*rows: Any, **how: Any) -> None:
        monkeypatch.setattr(scoring, "store", store)
        with ThreadPoolExecutor(1) as another:
            another.submit(forget).result()
        store(*rows, **how)

    monkeypatch.setattr(scoring, "store", meanwhile)
    assert_error(Caller().post(f"/api/ml/predict/{number}", **headers), status)
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("post", "outcome", OUTCOME),
        ("post", "what-if", {"changes": {"appointments_count": 4}}),
        ("get", "change", None),
    ],
)
def test_who_is_forgotten_just_after_the_lead_was_found_is_not_found(
    method: str, what: str, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm, number, find = Caller(), a_scored_lead().number, views.dossier_or_404

    def found_and_forgotten(org_id: str, number: int) -> Dossier:
        lead = find(org_id, number)
        assert forget_lead(org_id=org_id, number=number, by="tester", at=NOW)
        return lead

    monkeypatch.setattr(views, "dossier_or_404", found_and_forgotten)
    address = f"/api/ml/predict/{number}/{what}"
    assert_error(crm.get(address) if method == "get" else crm.post(address, body), 404)


@pytest.mark.parametrize("beside", [None, "shadow", "experiment"])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_prediction_that_is_just_being_stored_is_forgotten_too(
    beside: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored beside it refers to the lead, whose row is looked at as the transaction ends: neither may wait
    for the other then."""
    number, crm, record = a_lead().number, Caller(), exposures.record
    if beside == "shadow":
        kept("20260101000000", is_shadow=True)
    if beside == "experiment":
        an_experiment()
    crm.post(f"/api/ml/predict/{number}")
    if beside == "experiment":
        Exposure.objects.all().delete()  # so that it comes in anew

    def forget() -> bool:
        try:
            return forget_lead(org_id="default", number=number, by="tester", at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as another:

        def stored(seen: Any) -> int:
            rows = record(seen)
            begun.append(another.submit(forget))
            time.sleep(0.5)  # by now it waits for the transaction around this
            return rows

        begun: list[Future[bool]] = []
        monkeypatch.setattr(exposures, "record", stored)
        assert crm.post(f"/api/ml/predict/{number}", **{"Idempotency-Key": "k"}).status_code == 200
        assert begun[0].result()
    assert not Dossier.objects.exists()
    assert list(Prediction.objects.values_list("dossier", "stored_vector")) == [(None, [])] * 2
