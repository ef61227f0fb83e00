"""Our JSON is the framework's JSON."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext_lazy
from rest_framework.renderers import JSONRenderer

from common.rendering import QuickJSONRenderer

ODD = {
    "time": datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=timezone.utc),
    "span": timedelta(minutes=3),
    "decimal": Decimal("1.50"),
    "id": UUID(int=7),
    "lazy": gettext_lazy("text"),
    "word": "é “quoted”\n",
    "float": 0.1,
    "small": 1e-9,
    5: [None, True, {"deep": ()}],
}


def test_odd_values_are_written_as_the_framework_writes_them() -> None:
    assert json.loads(QuickJSONRenderer().render(ODD)) == json.loads(JSONRenderer().render(ODD))


def test_numbers_longer_than_64_bits_are_kept() -> None:
    assert json.loads(QuickJSONRenderer().render({"long": 10**30})) == {"long": 10**30}


def test_nothing_is_an_empty_body() -> None:
    assert QuickJSONRenderer().render(None) == b""
