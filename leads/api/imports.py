"""The doors for files of leads and events, under `/api/ml/leads/import`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.bodies import FORM_BYTES, takes_files
from common.errors import TooLarge
from common.idempotency import idempotent
from common.parsers import check_org
from common.views import ContractView
from leads.api import answers, examples
from leads.api import serializers as shapes
from leads.importing.jobs import start_import
from leads.importing.mapping import MappingProblem
from leads.importing.rejects import as_csv
from leads.models import ImportJob

WRITE = "leads:write"


class AnyAnswer(DefaultContentNegotiation):
    """Answers in the form it has, whatever the caller would prefer: CSV for rejects, JSON for errors."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer."""
        return renderers[0], renderers[0].media_type


class BoundedMultiPartParser(MultiPartParser):
    """Refuses a form of too many parts, or with two of one name, of which the first would pass unnoticed.

    What is too long has been refused before (`common.bodies`).
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The form. Raises ParseError (400) for one with too many parts, and ValidationError naming what stands twice.

        Raises PermissionDenied (403) where it names another organisation than the caller's.
        """
        try:
            form = super().parse(stream, media_type, parser_context)
        except SuspiciousOperation as error:
            raise ParseError("The form has too many parts, or one that cannot be read.") from error
        check_org(form.data, parser_context)
        times = Counter(name for part in (form.data, form.files) for name, sent in part.lists() for _ in sent)
        if twice := {name: "may be sent once: import one file after the other." for name in times if times[name] > 1}:
            raise ValidationError(twice)
        return form


@takes_files
class Imports(ContractView):
    """Importing a file."""

    required_scope = WRITE
    parser_classes = [BoundedMultiPartParser]

    @property
    def most_bytes(self) -> int:
        """Of a file and the form around it."""
        return int(settings.IMPORT_MAX_BYTES) + FORM_BYTES

    @extend_schema(
        request={"multipart/form-data": shapes.ImportIn},
        responses={202: shapes.ImportOut},
        tags=["leads"],
        operation_id="leads_import",
        examples=[
            OpenApiExample(
                "A file",
                {"file": "leads.csv", "mapping": "", "content": "leads"},
                request_only=True,
                media_type="multipart/form-data",
            ),
            OpenApiExample("Queued", examples.IMPORT_QUEUED, response_only=True, status_codes=["202"]),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Takes a file of leads or events, and imports it in the background; `status_url` says how far it is."""
        body = shapes.ImportIn(data=request.data)
        body.is_valid(raise_exception=True)
        upload, told = body.validated_data["file"], body.validated_data
        if upload.size > settings.IMPORT_MAX_BYTES:
            raise TooLarge(f"A file may have at most {settings.IMPORT_MAX_BYTES:,} bytes.")
        try:
            job = start_import(
                org_id=self.caller.org_id,
                upload=upload,
                filename=upload.name or "",
                content=told["content"],
                mapping=told["mapping"],
                by=self.caller.name,
            )
        except MappingProblem as problem:
            raise ValidationError({"mapping": str(problem)}) from problem
        return Response(answers.import_job(job, f"{request.path}/{job.pk}"), status=202)


class OneImport(ContractView):
    """Following an import."""

    required_scope = WRITE

    @extend_schema(
        responses=shapes.ImportOut,
        tags=["leads"],
        operation_id="leads_import_status",
        examples=[OpenApiExample("Done", examples.IMPORT, response_only=True)],
    )
    def get(self, request: Request, job_id: Any) -> Response:
        """How far the import is, how many rows it took, and why it failed, if it did."""
        return Response(answers.import_job(job_or_404(self.caller.org_id, job_id), request.path))


class ImportRejects(ContractView):
    """What an import could not take."""

    required_scope = WRITE
    content_negotiation_class = AnyAnswer

    @extend_schema(
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "file, line, reason, row")},
        tags=["leads"],
        operation_id="leads_import_rejects",
        examples=[OpenApiExample("One", examples.REJECTS, response_only=True, media_type="text/csv")],
    )
    def get(self, request: Request, job_id: Any) -> Any:
        """The first 1,000 rejected rows as CSV, each with its line number and the reason."""
        job = job_or_404(self.caller.org_id, job_id)
        answer = HttpResponse(as_csv(job.rejects), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="rejects-{job.pk}.csv"'
        return answer


def job_or_404(org_id: str, job_id: Any) -> ImportJob:
    """The organisation's import of that id. Raises NotFound, also for another organisation's."""
    job: ImportJob | None = ImportJob.objects.of(org_id).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such import.")
    return job
