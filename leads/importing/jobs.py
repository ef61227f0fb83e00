"""An import as a job to follow: uploaded over HTTP and done by a worker, or noted by the command that did it."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from common.heartbeat import beating
from common.jobs import OPEN_STATUSES, JobLost, JobStatus
from common.serializers import iso
from leads.importing.files import FileProblem, Source
from leads.importing.mapping import MappingProblem
from leads.importing.mapping_toml import read_mapping
from leads.importing.rejects import Rejects
from leads.importing.run import EVENTS, LEADS, FileSummary, ImportSummary, import_files
from leads.importing.values import RowProblem
from leads.models import ImportJob

IMPORT_TASK = "leads.tasks.import_file"
# What a compressed upload may grow to, in uploads of the largest size.
MAX_UNPACKED = 20
NAME_LENGTH = 255
log = structlog.get_logger(__name__)


def start_import(*, org_id: str, upload: File[bytes], filename: str, content: str, mapping: str, by: str) -> ImportJob:
    """A queued job over an uploaded file. Raises MappingProblem where the mapping cannot be used."""
    if getattr(read_mapping(mapping), content) is None:
        raise MappingProblem(f"the mapping has no table [{content}]")
    retire_dead(at=timezone.now())
    job = ImportJob(org_id=org_id, filename=filename[:NAME_LENGTH], content=content, mapping=mapping, started_by=by)
    job.file.save(f"{uuid.uuid4().hex}.upload", upload, save=False)
    job.save()
    transaction.on_commit(lambda: _queue(job))
    return job


def retire_dead(*, at: datetime) -> int:
    """Fails the imports whose worker has gone, and forgets their files; how many there were."""
    retired: int = ImportJob.objects.retire_dead(at=at)
    for job in ImportJob.objects.exclude(file="").exclude(status__in=OPEN_STATUSES):
        _forget_file(job)
    return retired


def _queue(job: ImportJob) -> None:
    try:
        current_app.send_task(IMPORT_TASK, [str(job.pk)])
    except BrokerError:
        job.fail("The workers could not be reached; send the file again.")
        _forget_file(job)
        raise


def run_import_job(job: ImportJob) -> None:
    """Imports the job's file, reporting as it goes. What was taken stays."""
    if not job.claim():
        return
    rejects, summary = Rejects(), ImportSummary()
    try:
        with beating(job):
            _import(job, rejects, summary)
    except JobLost:
        log.info("import_lost", job=str(job.pk))
    except (MappingProblem, FileProblem, RowProblem) as problem:
        job.fail(str(problem), **_counts(summary, rejects))
    except Exception:
        job.fail(
            "The import stopped on an error of ours, which has been logged; what it took stays.",
            **_counts(summary, rejects),
        )
        raise
    else:
        words = [summary.files[0].in_words(), *summary.notes]
        job.succeed(stage="done", messages=[*job.messages, *map(_message, words)], **_counts(summary, rejects))
    finally:
        _forget_file(job)


def _import(job: ImportJob, rejects: Rejects, summary: ImportSummary) -> None:
    limit = settings.IMPORT_MAX_BYTES * MAX_UNPACKED
    sources = [Source(Path(job.file.path), job.filename, limit)]
    import_files(
        org_id=job.org_id,
        mapping=read_mapping(job.mapping),
        leads=sources if job.content == LEADS else (),
        events=sources if job.content == EVENTS else (),
        by=job.started_by,
        rejects=rejects,
        progress=lambda stage, done, total: job.report(stage, done / max(total, 1)),
        summary=summary,
    )


def _message(text: str) -> dict[str, str | None]:
    return {"at": iso(timezone.now()), "stage": "done", "text": text}


def _counts(summary: ImportSummary, rejects: Rejects) -> dict[str, Any]:
    """What became of the rows of the job's file; none yet where it was refused as a whole."""
    told = {"rejected": rejects.count, "rejects": rejects.first}
    return told | {name: sum(getattr(file, name) for file in summary.files) for name in ("rows", "accepted")}


def _forget_file(job: ImportJob) -> None:
    job.file.delete(save=False)
    ImportJob.objects.filter(pk=job.pk).update(file="")


def note_import(*, org_id: str, counts: FileSummary, mapping: str, rejects: list[dict[str, Any]], by: str) -> ImportJob:
    """Notes an import that the command has done, so that it stands beside the uploaded ones."""
    now = timezone.now()
    return ImportJob.objects.create(
        org_id=org_id,
        filename=counts.name[:NAME_LENGTH],
        content=counts.content,
        mapping=mapping,
        started_by=by,
        status=JobStatus.SUCCEEDED,
        stage="done",
        progress=1.0,
        messages=[_message(counts.in_words())],
        started_at=now,
        finished_at=now,
        rows=counts.rows,
        accepted=counts.accepted,
        rejected=counts.rejected,
        rejects=rejects,
    )
