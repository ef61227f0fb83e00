"""The figures of the page that says whether the model keeps its word. No database."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go
from django.utils.formats import date_format

from common.language import gettext as _
from insights.drawing import ACCENT, LEGEND, LINE, SOFT, Figure, layout_of, plot_of
from insights.words import percent, plain
from models_registry.card_sayings import three
from models_registry.measures import LOG_LOSS, ROC_AUC

HEIGHT, LEAST_SIZE, MOST_SIZE = 340, 8, 26
Band = Mapping[str, Any]


def said_and_happened(bands: Sequence[Band]) -> Figure:
    """Each band of probability as a point with its interval, against the line on which every word is kept."""
    most = max((band["leads"] for band in bands), default=1)
    points = go.Scatter(
        x=[band["said"] for band in bands],
        y=[band["rate"] for band in bands],
        mode="markers",
        marker={"color": ACCENT, "size": [_size(band["leads"], most) for band in bands], "line": {"width": 0}},
        error_y=_interval(bands),
        text=[sentence(band) for band in bands],
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )
    kept = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "width": 1, "dash": "dot"}, hoverinfo="skip"
    )
    far = min(1.0, 1.08 * max([0.2, *(max(band["said"], band["high"]) for band in bands)]))
    layout = layout_of(
        0,
        height=HEIGHT,
        xaxis=_shares(_("We said"), far),
        yaxis=_shares(_("It happened"), far),
        margin={"l": 62, "r": 16, "t": 12, "b": 52},
    )
    head = (_("We said"), _("Leads"), _("Converted"), _("Happened"), _("Between"), _("As said"))
    return Figure("said", _("What we said, and what happened"), plot_of([kept, points], layout), head, _rows(bands))


def sentence(band: Band) -> str:
    """ "We said 30%: 28 of 100 converted (20 to 37)"."""
    return _("We said %(said)s: %(converted)s of %(leads)s converted (%(between)s)") % {
        "said": percent(band["said"]),
        "converted": plain(band["converted"]),
        "leads": plain(band["leads"]),
        "between": between(band),
    }


def between(band: Band) -> str:
    """The interval of a rate, in percent: "20 to 37"."""
    return _("%(low)s to %(high)s") % {"low": f"{100 * band['low']:.0f}", "high": f"{100 * band['high']:.0f}"}


def _rows(bands: Sequence[Band]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            percent(band["said"]),
            plain(band["leads"]),
            plain(band["converted"]),
            percent(band["rate"]),
            _("%s%%") % between(band),
            verdict(band),
        )
        for band in bands
    )


def verdict(band: Band) -> str:
    """Whether what happened is what was said, within what chance does."""
    if band["holds"]:
        return _("as said")
    return _("more than we said") if band["rate"] > band["said"] else _("fewer than we said")


def over_time(series: Mapping[str, Any]) -> Figure:
    """What happened, with its interval, and what was said, by the week or month in which it was said."""
    points, step = series["points"], series["step"]
    names = [_named(point["from"], step) for point in points]
    happened = go.Scatter(
        x=names,
        y=[point["rate"] for point in points],
        name=_("Happened"),
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        error_y=_interval(points),
        hovertemplate="%{x}: %{y:.0%}<extra></extra>",
    )
    said = go.Scatter(
        x=names,
        y=[point["expected"] for point in points],
        name=_("Said"),
        mode="lines+markers",
        line={"color": SOFT, "width": 2, "dash": "dot"},
        marker={"size": 5},
        hovertemplate="%{x}: %{y:.0%}<extra></extra>",
    )
    layout = layout_of(
        0,
        height=HEIGHT,
        showlegend=True,
        legend=LEGEND,
        xaxis={"type": "category", "nticks": 8, "gridcolor": LINE, "tickfont": {"color": SOFT}, "tickangle": 0},
        yaxis={"tickformat": ".0%", "rangemode": "tozero", "nticks": 6, "gridcolor": LINE, "zerolinecolor": LINE}
        | {"tickfont": {"color": SOFT}},
        margin={"l": 52, "r": 16, "t": 34, "b": 36},
    )
    title, begins = _by(step)
    head = (begins, _("Leads"), _("Said"), _("Happened"), _("Between"), ROC_AUC.name, LOG_LOSS.name)
    rows = tuple((name, *_figures(point)) for name, point in zip(names, points, strict=True))
    return Figure("over-time", title, plot_of([happened, said], layout), head, rows)


def _by(step: str) -> tuple[str, str]:
    if step == "month":
        return _("What we said and what happened, by month"), _("Month")
    return _("What we said and what happened, by week"), _("Week")


def _figures(point: Mapping[str, Any]) -> tuple[str, ...]:
    said, happened, reach = percent(point["expected"]), percent(point["rate"]), _("%s%%") % between(point)
    return plain(point["leads"]), said, happened, reach, three(point["roc_auc"]), three(point["log_loss"])


def _named(day: str, step: str) -> str:
    begins = date.fromisoformat(day)
    return date_format(begins, "N Y" if step == "month" else "j N")


def _interval(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [point["high"] - point["rate"] for point in points],
        "arrayminus": [point["rate"] - point["low"] for point in points],
        "color": ACCENT,
        "thickness": 1.5,
        "width": 4,
    }


def _size(leads: int, most: int) -> float:
    return round(LEAST_SIZE + (MOST_SIZE - LEAST_SIZE) * math.sqrt(leads / most), 1)


def _shares(title: str, far: float) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"color": SOFT}},
        "range": [-0.04 * far, far],
        "tickformat": ".0%",
        "nticks": 6,
        "gridcolor": LINE,
        "zerolinecolor": LINE,
        "tickfont": {"color": SOFT},
    }
