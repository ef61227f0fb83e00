"""Fields and serializers of the contract: strict about what comes in, UTC with Z in what goes out."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any, ClassVar

from django.http import QueryDict
from rest_framework import serializers

EARLIEST = datetime(1900, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(2200, 1, 1, tzinfo=timezone.utc)
MAX_ID = 2**63 - 1
LONGEST_TEXT = 10_000
"""Of what a person writes: a reason, a note, a description."""


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know, and anything but an object.

    Whose a body is may be said at every door that knows who calls (`says_whose`): that it is the caller's, the parser
    has seen, and of an address `ContractView.query`.
    """

    says_whose: ClassVar[bool] = True

    def to_internal_value(self, data: Any) -> Any:
        """The validated values. Raises ValidationError naming each unknown field."""
        if isinstance(data, QueryDict) and not data:
            data = {}  # a form without a field, in which a box that is not ticked would say no
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields and not self._says_whose(name, data)]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: [serializers.ErrorDetail("This field is not known.", code="unknown_field")]
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)

    def _says_whose(self, name: str, data: dict[str, Any]) -> bool:
        return name == "org_id" and self.says_whose and self.root is self and isinstance(data[name], str)


class MomentField(serializers.DateTimeField):
    """An instant, UTC where no offset is given, between the years 1900 and 2200; shown with Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=timezone.utc, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        """The aware datetime. Raises ValidationError also for instants that no clock here can hold."""
        if not isinstance(value, (str, datetime)):
            self.fail("invalid", format="ISO 8601")
        try:
            moment = super().to_internal_value(value)
            inside = EARLIEST <= moment <= LATEST
        except (OverflowError, ValueError):
            inside = False
        if not inside:
            raise serializers.ValidationError("must lie between the years 1900 and 2200.")
        return moment

    def to_representation(self, value: datetime | None) -> str | None:  # type: ignore[override]
        """ISO 8601 in UTC with Z."""
        return iso(value)


class FiniteFloatField(serializers.FloatField):
    """A number that is a JSON number: no text, no truth value, no infinity."""

    def to_internal_value(self, data: Any) -> float:
        """The number. Raises ValidationError for anything else."""
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            self.fail("invalid")
        try:
            value = float(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class WholeNumberField(serializers.IntegerField):
    """A whole number that is a JSON number: no text that could be read as one."""

    def to_internal_value(self, data: Any) -> int:
        """The number. Raises ValidationError for anything else."""
        if isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TrueOrFalseField(serializers.BooleanField):
    """A JSON truth value and nothing that looks like one."""

    def to_internal_value(self, data: Any) -> bool:
        """The truth value. Raises ValidationError for anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """A JSON text, not a number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z, to the microsecond where there are any."""
    return None if moment is None else moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
