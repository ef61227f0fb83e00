"""A date and a time to fill in, each with a name that is read out."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.widgets import AdminSplitDateTime
from django.db import models


class Moment(AdminSplitDateTime):
    """Django's own writes the names beside the fields, and ties them to nothing."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, ("Date", "Time"), strict=True):
            widget.attrs["aria-label"] = name


NAMED_MOMENTS: Any = {models.DateTimeField: {"widget": Moment}}
"""For a ModelAdmin's `formfield_overrides`."""
