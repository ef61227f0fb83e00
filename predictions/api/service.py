"""The doors of the model service, under `/api/v1/`: features in the body, for callers that hold their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import TooLarge
from common.idempotency import idempotent
from common.throttling import BatchItemLimit, PredictionLimit, RequestLimit
from common.views import ContractView, LookingUpLater
from leads.features import Feature
from models_registry.scorers import Chosen
from predictions import answers, monitoring, on_request
from predictions.api import examples
from predictions.api import serializers as shapes
from predictions.bulk import score_features_in_bulk
from predictions.scoring import problems_with
from predictions.terms import scorer_of

WRITE = "predictions:write"
EXAMPLE = {
    "lead_source_score": 40,
    "response_time_minutes": 12,
    "inbound_messages_count": 3,
    "outbound_messages_count": 2,
    "appointments_count": 1,
    "has_property": 1,
    "property_price": 250000,
    "property_has_photos": 1,
    "engagement_rate": 1.5,
    "days_since_creation": 9,
    "market_activity_score": 50,
}


class PredictFeatures(LookingUpLater):
    """One vector."""

    required_scope = WRITE
    throttle_classes = [RequestLimit, PredictionLimit]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks, and whether they may; those who have been let in wait a moment for it."""
        with on_request.FEATURES.coming():
            super().initial(request, *args, **kwargs)

    @extend_schema(
        request=shapes.FeaturesIn,
        responses=shapes.ServicePredictionOut,
        tags=["model service"],
        examples=[
            OpenApiExample("The eleven", {"org_id": "default", "features": EXAMPLE}, request_only=True),
            OpenApiExample("Scored", examples.SERVICE_PREDICTION, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Scores a feature vector. Missing features are imputed as in training, and named in the answer."""
        body = shapes.FeaturesIn(data=request.data)
        body.is_valid(raise_exception=True)
        with monitoring.watched():
            try:
                return Response(on_request.of_features(self.caller, body.validated_data["features"]))
            except on_request.Unfit as error:
                raise ValidationError({"features": error.problems}) from None


def _by_name(features: tuple[Feature, ...]) -> dict[str, Feature]:
    return {feature.name: feature for feature in features}


class PredictBatch(ContractView):
    """Many vectors."""

    required_scope = WRITE
    throttle_classes = [RequestLimit, BatchItemLimit]

    @extend_schema(
        request=shapes.BatchIn,
        responses=shapes.BatchOut,
        tags=["model service"],
        parameters=[
            OpenApiParameter("contributions", bool, description="`false` leaves the contributions out of the answer.")
        ],
        examples=[
            OpenApiExample("Two", {"org_id": "default", "batch": [{"features": EXAMPLE}] * 2}, request_only=True),
            OpenApiExample("One of them scored", examples.BATCH, response_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Scores up to 10,000 vectors, answered in the order sent; a bad item leaves the others scored."""
        if isinstance(request.data, dict) and _too_many(request.data.get("batch")):
            raise TooLarge(f"A batch holds at most {settings.BATCH_MAX_ITEMS} items.")
        body = shapes.BatchIn(data=request.data)
        body.is_valid(raise_exception=True)
        with_reasons = _wants_reasons(request)
        with monitoring.counted_errors():
            results = self._score(body.validated_data["batch"], with_reasons=with_reasons)
        monitoring.BATCH_SIZE.labels("batch").observe(len(results))
        failed = sum("errors" in result for result in results)
        return Response({"results": results, "scored": len(results) - failed, "failed": failed})

    def _score(self, items: list[Any], *, with_reasons: bool) -> list[dict[str, Any]]:
        chosen = scorer_of(self.caller.org_id)
        features = _by_name(chosen.scorer.features)
        errors = {} if _all_sound(features, items) else _errors(features, items)
        good = [at for at in range(len(items)) if at not in errors]
        answered = self._answers(chosen, [items[at]["features"] for at in good], with_reasons) if good else []
        results = {at: {"index": at} | each for at, each in zip(good, answered, strict=True)}
        results |= {at: {"index": at, "errors": found} for at, found in errors.items()}
        return [results[at] for at in range(len(items))]

    def _answers(self, chosen: Chosen, rows: list[Any], with_reasons: bool) -> list[dict[str, Any]]:
        made, keys = score_features_in_bulk(
            org_id=self.caller.org_id, chosen=chosen, rows=rows, contributions=with_reasons
        )
        return answers.given_in_bulk(made, keys.tolist())


def _wants_reasons(request: Request) -> bool:
    """Whether contributions are asked for. Raises ValidationError for anything but `true` and `false`."""
    text = request.query_params.get("contributions", "true").lower()
    if text not in ("true", "false"):
        raise ValidationError({"contributions": "must be true or false."})
    return text == "true"


def _too_many(batch: Any) -> bool:
    return isinstance(batch, list) and len(batch) > settings.BATCH_MAX_ITEMS


def _all_sound(features: Mapping[str, Feature], items: list[Any]) -> bool:
    """Whether nothing is wrong with any item: looked at a feature at a time, as most batches are sound."""
    try:
        rows = [item["features"] for item in items if len(item) == 1]
        return (
            len(rows) == len(items)
            and all(row.keys() <= features.keys() for row in rows)
            and all(feature.suits([row.get(name) for row in rows]) for name, feature in features.items())
        )
    except (TypeError, KeyError, AttributeError):  # an item, or its features, is no object
        return False


def _errors(features: Mapping[str, Feature], items: list[Any]) -> dict[int, list[dict[str, Any]]]:
    return {at: found for at, item in enumerate(items) if (found := _item_errors(features, item))}


def _item_errors(features: Mapping[str, Feature], item: Any) -> list[dict[str, Any]]:
    if not isinstance(item, dict) or not isinstance(item.get("features"), dict):
        return [_error("invalid", 'must be an object that holds "features".', "features")]
    unknown = [_error("unknown_field", "This field is not known.", name) for name in item if name != "features"]
    problems = problems_with(features, item["features"])
    return unknown + [_error("invalid", text, f"features.{name}") for name, text in problems.items()]


def _error(code: str, detail: str, attr: str) -> dict[str, Any]:
    return {"code": code, "detail": detail, "attr": attr}
