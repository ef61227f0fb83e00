"""Fields take what their JSON type says, and nothing that could be read as it."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from rest_framework import serializers

from common.serializers import (
    FiniteFloatField,
    MomentField,
    StrictSerializer,
    TextField,
    TrueOrFalseField,
    WholeNumberField,
    iso,
)


class Shape(StrictSerializer):
    text = TextField(required=False)
    number = FiniteFloatField(required=False)
    whole = WholeNumberField(required=False)
    truth = TrueOrFalseField(required=False)
    moment = MomentField(required=False)


@pytest.mark.parametrize(
    "body",
    [
        {"text": 5},
        {"number": "5"},
        {"number": True},
        {"number": 10**400},
        {"whole": "5"},
        {"whole": 5.5},
        {"whole": True},
        {"whole": 1e300},
        {"truth": 1},
        {"truth": "true"},
        {"moment": 5},
        {"moment": "yesterday"},
        {"moment": "0001-01-01T00:00:00+14:00"},
        {"moment": "9999-12-31T23:59:59-14:00"},
        {"other": 1},
        [],
        "text",
        None,
    ],
)
def test_a_wrong_type_is_refused(body: Any) -> None:
    assert not Shape(data=body).is_valid()


def test_an_unknown_field_is_named() -> None:
    shape = Shape(data={"nonsense": 1})
    assert not shape.is_valid()
    assert "nonsense" in shape.errors


def test_a_moment_without_an_offset_is_utc() -> None:
    shape = Shape(data={"moment": "2026-10-01T09:00:00"})
    assert shape.is_valid()
    assert shape.validated_data["moment"] == datetime(2026, 10, 1, 9, tzinfo=timezone.utc)


def test_moments_are_shown_in_utc_with_a_z() -> None:
    assert iso(datetime(2026, 10, 1, 11, tzinfo=timezone(timedelta(hours=2)))) == "2026-10-01T09:00:00Z"
    assert iso(None) is None


def test_the_field_refuses_none_unless_told() -> None:
    with pytest.raises(serializers.ValidationError):
        MomentField().run_validation(None)
