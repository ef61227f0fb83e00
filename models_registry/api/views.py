"""The doors of this room, under `/api/ml/model/` and, alike, under the service's `/api/v1/model/`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.idempotency import idempotent
from common.views import ContractView
from models_registry.activation import roll_back
from models_registry.api import examples
from models_registry.api import serializers as shapes
from models_registry.info import NoActiveModel, active_version, card_of
from models_registry.models import ModelVersion, TrainingRun, Trigger
from models_registry.training import TooFewRecords, start_training

READ, WRITE = "models:read", "models:write"


class Info(ContractView):
    """The active version."""

    required_scope = READ

    @extend_schema(
        responses=shapes.InfoOut,
        tags=["models"],
        examples=[OpenApiExample("The active one", examples.INFO, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """The active version: algorithm, features, metrics, thresholds, when and from what it was trained."""
        return Response(shapes.InfoOut(card_of(_active(self.caller.org_id))).data)


class Importance(ContractView):
    """What moves the scores."""

    required_scope = READ

    @extend_schema(
        responses=shapes.ImportanceOut(many=True),
        tags=["models"],
        examples=[OpenApiExample("The first", examples.IMPORTANCE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Each feature's share of what moves the active version's scores, largest first, summing to 1."""
        return Response(_active(self.caller.org_id).importance)


def _active(org_id: str) -> ModelVersion:
    try:
        return active_version(org_id)
    except NoActiveModel as error:
        raise NotFound("No model is active: the rules score. Train one first.") from error


class Train(ContractView):
    """Asking for a new version."""

    required_scope = WRITE

    @extend_schema(
        request=shapes.TrainIn,
        responses={202: shapes.RunStartedOut},
        tags=["models"],
        examples=[
            OpenApiExample("Train", {"algorithm": "auto", "notes": "after the spring campaign"}, request_only=True),
            OpenApiExample("Queued", examples.RUN_STARTED, response_only=True, status_codes=["202"]),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Starts training in the background. 409 where a run is under way, 400 where there is too little to learn."""
        body = shapes.TrainIn(data=self.body)
        body.is_valid(raise_exception=True)
        try:
            run = start_training(
                org_id=self.caller.org_id, by=self.caller.name, trigger=Trigger.API, **body.validated_data
            )
        except TooFewRecords as error:
            raise ValidationError(str(error), code="too_few_records") from error
        url = f"{request.path.rstrip('/')}/{run.pk}"
        return Response({"run_id": str(run.pk), "status": run.status, "status_url": url}, status=202)


class Run(ContractView):
    """Following a run."""

    required_scope = READ

    @extend_schema(
        responses=shapes.RunOut, tags=["models"], examples=[OpenApiExample("Done", examples.RUN, response_only=True)]
    )
    def get(self, request: Request, run_id: Any) -> Response:
        """The run's status, stage, progress and messages, and at its end the version or the reason."""
        run = TrainingRun.objects.of(self.caller.org_id).select_related("version").filter(pk=run_id).first()
        if run is None:
            raise NotFound("There is no such training run.")
        return Response(shapes.RunOut(run.to_json()).data)


class Versions(ContractView):
    """All versions."""

    required_scope = READ

    @extend_schema(
        responses=shapes.VersionOut(many=True),
        tags=["models"],
        examples=[OpenApiExample("One version", examples.VERSION, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Every version, newest first, the archived ones too."""
        versions = ModelVersion.objects.of(self.caller.org_id).newest_first()
        return Response(shapes.VersionOut([version.to_json() for version in versions], many=True).data)


class VersionNotes(ContractView):
    """A version's notes."""

    required_scope = WRITE

    @extend_schema(
        request=shapes.NotesIn,
        responses=shapes.VersionOut,
        tags=["models"],
        examples=[
            OpenApiExample("A note", {"notes": "after the spring campaign"}, request_only=True),
            OpenApiExample("As noted", examples.VERSION, response_only=True),
        ],
    )
    def patch(self, request: Request, version: str) -> Response:
        """Replaces the notes of a version."""
        body = shapes.NotesIn(data=request.data)
        body.is_valid(raise_exception=True)
        row = ModelVersion.objects.of(self.caller.org_id).filter(version=version).first()
        if row is None:
            raise NotFound("There is no such version.")
        row.notes = body.validated_data["notes"]
        row.save(update_fields=["notes"])
        return Response(shapes.VersionOut(row.to_json()).data)


class Rollback(ContractView):
    """Making another version the active one."""

    required_scope = WRITE

    @extend_schema(
        request=None,
        responses=shapes.VersionOut,
        tags=["models"],
        examples=[OpenApiExample("Active again", examples.VERSION, response_only=True)],
    )
    @idempotent
    def post(self, request: Request, version: str) -> Response:
        """Makes that version the active one; once this has answered, no prediction begun later uses another."""
        self.take_no_body()
        return _rolled_back(self, version)


class ServiceRollback(ContractView):
    """The same, with the version in the body."""

    required_scope = WRITE

    @extend_schema(
        request=shapes.RollbackIn,
        responses=shapes.VersionOut,
        tags=["models"],
        examples=[
            OpenApiExample("Which", {"version": examples.VERSION["version"]}, request_only=True),
            OpenApiExample("Active again", examples.VERSION, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Makes that version the active one; once this has answered, no prediction begun later uses another."""
        body = shapes.RollbackIn(data=request.data)
        body.is_valid(raise_exception=True)
        return _rolled_back(self, body.validated_data["version"])


def _rolled_back(view: ContractView, version: str) -> Response:
    caller = view.caller
    try:
        row = roll_back(org_id=caller.org_id, version=version, by=caller.name, reason="asked for over the API")
    except ModelVersion.DoesNotExist as error:
        raise NotFound("There is no such version.") from error
    return Response(shapes.VersionOut(row.to_json()).data)
