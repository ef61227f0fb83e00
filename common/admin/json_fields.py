"""A field to write JSON into, which refuses what the database could not keep."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.forms.fields import InvalidJSONInput
from rest_framework.exceptions import ParseError

from common.parsers import check_storable


class StorableJSON(forms.JSONField):
    """JSON can write down texts that PostgreSQL does not have: NUL, and half of a surrogate pair."""

    def to_python(self, value: Any) -> Any:
        """What was written. Raises ValidationError where it is no JSON, or cannot be kept."""
        told = super().to_python(value)
        try:
            check_storable(told)
        except ParseError as problem:
            raise forms.ValidationError(str(problem.detail)) from problem
        return told

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What a refused form shows: what no page can say stays as it was written."""
        told = super().bound_data(data, initial)
        try:
            check_storable(told)
        except ParseError:
            return InvalidJSONInput(data)
        return told


STORABLE_JSON: Any = {models.JSONField: {"form_class": StorableJSON}}
"""For a ModelAdmin's `formfield_overrides`."""
