"""Forgetting a person: everything that was told of a lead is erased, the statistics stay, and that it was done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from common import audit
from common.jobs import OPEN_STATUSES
from common.models import IdempotencyKey
from experiments.models import Experiment, Exposure
from leads.features import Feature
from leads.models import Appointment, Dossier, Event, ImportJob, LeadScore, Message, Outcome
from predictions.models import Prediction, PredictionBatch, ScoreJob
from predictions.packing import words_of

BY_RETENTION = "retention"
AT_ONCE = 200
ROWS_AT_ONCE = 500
NAMED = r'"dossier_ids?":(\[[\d,]*)?\m%d\M'
"""How a number stands in an answer: alone, or among those that a score job was asked for."""
HAPPENED = (Message, Appointment, Event, Outcome)


@transaction.atomic
def forget_lead(*, org_id: str, number: int, by: str, at: datetime, reason: str = "") -> bool:
    """Erases the lead with all that hangs on it; False where there is none of that number.

    Predictions stay as figures, without the lead and its values. Rows that imports rejected may be the person's, and so
    go too. The audit row keeps the CRM's number, by which it can be shown that it was done.
    """
    lead = _locked(org_id, number)
    if lead is None:
        return False
    predictions = _keep_figures(lead)
    _, erased = lead.delete()
    _forget_answers(org_id, number)
    _forget_in_filters(org_id, number)
    drop_rejects(ImportJob.objects.of(org_id))
    evidence = {"erased": {label.split(".")[-1]: rows for label, rows in erased.items()}, "predictions": predictions}
    audit.record(org_id=org_id, act="lead.forget", subject=str(number), by=by, at=at, reason=reason, evidence=evidence)
    return True


def _locked(org_id: str, number: int) -> Dossier | None:
    """The lead, locked; None where there is none.

    Whoever is just storing a prediction of it is waited for, and what they store is then seen; who comes later finds no
    lead any more. They lock the lead's score first, and on commit the lead's own row, to which their rows refer. So its
    row is first locked in a way that lets them do so, then its score, and only then fully: otherwise each would wait
    for the other.
    """
    lead = Dossier.objects.of(org_id).select_for_update(no_key=True).filter(number=number).first()
    if lead is not None:
        list(LeadScore.objects.select_for_update().filter(dossier=lead))
        list(Dossier.objects.select_for_update().filter(pk=lead.pk))
    return lead


def _forget_answers(org_id: str, number: int) -> None:
    """Deletes what was kept for an Idempotency-Key of the lead or with its number; from imports' takes the file's name.

    An import was of others, too, and is not to be done again because its answer has gone.
    """
    keys = IdempotencyKey.objects.of(org_id)
    keys.filter(Q(dossier_number=number) | Q(answer__regex=NAMED % number)).delete()
    for key in keys.select_for_update().filter(answer__contains='"rejects_url":'):
        key.answer = json.dumps(json.loads(key.answer) | {"filename": ""})
        key.save(update_fields=["answer"])


def _forget_in_filters(org_id: str, number: int) -> None:
    """Takes the number out of the score jobs that were asked for by it."""
    for job in ScoreJob.objects.of(org_id).select_for_update().filter(criteria__dossier_ids__contains=number):
        job.criteria["dossier_ids"] = [each for each in job.criteria["dossier_ids"] if each != number]
        job.save(update_fields=["criteria"])


def _keep_figures(lead: Dossier) -> int:
    """Takes the lead and its values out of its predictions; how many there are."""
    predictions = Prediction.objects.filter(dossier=lead)
    packed: dict[int, list[bytes]] = {}
    for batch_id, row in predictions.filter(packed__isnull=False).values_list("batch_id", "packed"):
        packed.setdefault(batch_id or 0, []).append(bytes(row or b""))
    count = predictions.update(dossier=None, stored_vector=[], packed=None)
    # In the order of keys, so that two who forget leads of the same batches at once cannot deadlock.
    for batch in PredictionBatch.objects.select_for_update().filter(pk__in=packed).order_by("pk"):
        _blank_words_of_nobody(batch, packed[batch.pk])
    return count


def _blank_words_of_nobody(batch: PredictionBatch, gone: Sequence[bytes]) -> None:
    """Those words of the rows that have gone which no row of the batch holds any more; the others keep their numbers.

    Most words are soon met in another row: the batch is read no farther than that.
    """
    features = [Feature.from_json(each) for each in batch.features]
    words = words_of(features, gone)
    # By ml_prediction_org_at: all of a batch were made at one moment, and no index tells of which batch a row is.
    made = Prediction.objects.of(batch.org_id).filter(predicted_at=batch.made_at, batch_id=batch.pk)
    left = made.filter(packed__isnull=False).values_list("packed", flat=True)
    for row in left.iterator(chunk_size=ROWS_AT_ONCE):
        if not words:
            return
        words -= words_of(features, [bytes(row or b"")])
    if words:
        batch.words = ["" if number in words else word for number, word in enumerate(batch.words)]
        batch.save(update_fields=["words"])


def drop_rejects(jobs: QuerySet[ImportJob]) -> None:
    """Deletes the rejected rows, and the files' names, of imports that have ended."""
    ended = jobs.exclude(status__in=OPEN_STATUSES)
    ended.exclude(rejects=[]).update(rejects=[])
    for job in ended.exclude(filename="").defer("mapping"):
        job.forget_filename()


def keep_to_retention(*, at: datetime) -> int:
    """Forgets the leads of which nothing was heard for LEAD_KEEP_DAYS, and old rejected rows; how many leads."""
    drop_rejects(ImportJob.objects.filter(finished_at__lt=at - timedelta(days=settings.REJECTS_KEEP_DAYS)))
    if not settings.LEAD_KEEP_DAYS:
        return 0
    forgotten = 0
    while chunk := _silent_since(at - timedelta(days=settings.LEAD_KEEP_DAYS)):
        for org_id, number in chunk:
            forgotten += forget_lead(org_id=org_id, number=number, by=BY_RETENTION, at=at)
    return forgotten


def _silent_since(moment: datetime) -> Sequence[tuple[str, int]]:
    """Leads in an experiment that is alive stay until its end: those lost in it would be the silent ones."""
    silent = Dossier.objects.filter(created_at__lt=moment, updated_at__lt=moment)
    counted = Exposure.objects.filter(dossier=OuterRef("pk"), experiment__in=Experiment.objects.alive())
    silent = silent.filter(~Exists(counted))
    for table in HAPPENED:
        silent = silent.filter(~Exists(table._default_manager.filter(dossier=OuterRef("pk"), recorded_at__gte=moment)))
    return list(silent.values_list("org_id", "number")[:AT_ONCE])
