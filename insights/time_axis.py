"""The axis of days under what is drawn over time, written as the viewer's language writes them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

MOST_STEPS = 5


def days_axis(moments: Collection[datetime]) -> dict[str, Any]:
    """Days to read the axis by, from the first moment to the last."""
    first, last = min(moments), max(moments)
    step = max((last - first) / MOST_STEPS, timedelta(days=1))
    shown = [first + at * step for at in range(MOST_STEPS + 1) if first + at * step <= last]
    return {
        "type": "date",
        "showgrid": False,
        "tickvals": [on_axis(at) for at in shown],
        "ticktext": [date_format(timezone.localtime(at), "j N") for at in shown],
    }


def on_axis(at: datetime) -> str:
    """A moment as Plotly places it, where the viewer is."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"
