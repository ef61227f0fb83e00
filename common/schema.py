"""The OpenAPI schema's house style: errors of the contract, and each operation's scope."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from drf_standardized_errors.openapi import AutoSchema
from rest_framework import serializers

from common.models import KEY_LENGTH
from common.scopes import scope_needed

WRITING = ("POST", "PUT", "PATCH")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": KEY_LENGTH, "pattern": "^[ -~¡-¬®-ÿ]+$"},
    OpenApiParameter.HEADER,
    description="A text of the caller's own choice for this one act: sent again, it is done once and answered alike.",
)
"""Its characters are those that can be printed, of the ones a header can have."""


class OneErrorOut(serializers.Serializer[Any]):
    """What is wrong, for a program (code), for a person (detail), and with which field (attr)."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorOut(serializers.Serializer[Any]):
    """The one shape of every error."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = OneErrorOut(many=True)  # type: ignore[assignment]


def refuse_the_unknown(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says of every body what holds for it: a field that is not known is an error."""
    for name, shape in result["components"]["schemas"].items():
        if name.endswith("Request") and "properties" in shape:
            shape.setdefault("additionalProperties", False)
    return result


class ContractSchema(AutoSchema):
    """Says of each operation which scope it needs, and which errors it can answer."""

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring of the handler and the scope."""
        text = super().get_description() or ""
        scope = scope_needed(self.view, self.method)
        return f"{text}\n\nScope: `{scope}`." if scope else text

    def get_override_parameters(self) -> list[OpenApiParameter]:  # type: ignore[override]
        """The header that can be sent with whatever is done once for a key (`common.idempotency`)."""
        takes_a_key = getattr(getattr(self.view, self.method.lower(), None), "takes_a_key", False)
        return [IDEMPOTENCY_KEY] if takes_a_key else []

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The operation, with `x-scope` for programs that read the schema."""
        operation = super().get_operation(*args, **kwargs)
        scope = scope_needed(self.view, self.method)
        if operation is not None and scope:
            operation["x-scope"] = scope
        return operation

    def _should_add_error_response(self, responses: dict[str, Any], status_code: str) -> bool:
        if status_code in ("409", "413") and self.method not in WRITING:
            return False
        return bool(super()._should_add_error_response(responses, status_code))

    def _should_add_http401_error_response(self) -> bool:
        return True
