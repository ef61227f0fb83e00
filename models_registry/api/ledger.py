"""The door to the ledger of what is live."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.pagination import Keyset
from common.serializers import MomentField
from common.views import ContractView
from models_registry.api.serializers import ThresholdsOut
from models_registry.models import Act, ModelActivation

NEWEST = Keyset("number", int)
EXAMPLE = {
    "next": None,
    "previous": None,
    "results": [
        {
            "number": 1,
            "version": "20240115143022",
            "digest": "9f" * 32,
            "calibration": None,
            "thresholds": {
                "high_probability": 0.7,
                "high_confidence": 0.8,
                "medium_probability": 0.5,
                "medium_confidence": 0.7,
                "nurture_probability": 0.3,
            },
            "act": "activate",
            "by": "schedule",
            "at": "2024-01-15T14:31:07Z",
            "reason": "Activated: no version was active before.",
            "evidence": {},
            "previous_hash": "00" * 32,
            "hash": "5c" * 32,
        }
    ],
}


class CalibrationOut(serializers.Serializer[Any]):
    """The numbers of a beta calibration."""

    a = serializers.FloatField()
    b = serializers.FloatField()
    c = serializers.FloatField()
    clip = serializers.FloatField()


class LiveStateOut(serializers.Serializer[Any]):
    """What has been live from a moment on, and how it came to be."""

    number = serializers.IntegerField(help_text="The organisation's rows, counted from 1.")
    version = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the artefact.")
    calibration = CalibrationOut(allow_null=True, help_text="Null: the artefact's own.")
    thresholds = ThresholdsOut()
    act = serializers.ChoiceField(Act.values)
    by = serializers.CharField()
    at = MomentField()
    reason = serializers.CharField()
    evidence = serializers.DictField()
    previous_hash = serializers.CharField()
    hash = serializers.CharField(help_text="SHA-256 over the previous hash and this row.")


class LedgerPage(serializers.Serializer[Any]):
    """A page of the ledger."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LiveStateOut(many=True)


class Ledger(ContractView):
    """What was live, and when."""

    required_scope = "models:read"

    @extend_schema(
        responses=LedgerPage,
        parameters=[
            OpenApiParameter("at", str, description="Only the row that was live at this ISO time, if any was."),
            OpenApiParameter("limit", int, description="Rows a page, 1 to 1000 (default 50)."),
            OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
        ],
        examples=[OpenApiExample("The first row", EXAMPLE, response_only=True)],
        tags=["models"],
    )
    def get(self, request: Request) -> Response:
        """Every change of version, calibration and thresholds, newest first, each row chained to the one before."""
        if "at" in request.query_params:
            live = ModelActivation.objects.live_at(self.caller.org_id, _moment(request.query_params["at"]))
            return Response({"next": None, "previous": None, "results": [live.to_json()] if live else []})
        page = NEWEST.page(request, ModelActivation.objects.of(self.caller.org_id))
        return Response(page.answer([row.to_json() for row in page.rows]))


def _moment(text: str) -> Any:
    try:
        return MomentField().run_validation(text)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"at": error.detail}) from error
