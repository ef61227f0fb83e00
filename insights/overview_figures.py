"""The figures for those who lead a team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from insights import words
from insights.answering import Answered
from insights.decided import Became
from insights.drawing import ACCENT, INK, LINE, SOFT, UP, Figure, layout_of, plot_of
from insights.figures import distinct, names_axis
from insights.live import Live

HEIGHT = 300
ROOM = 1.15
"""So much higher than the highest bar is the axis: for the words on top."""


def became(rows: Sequence[tuple[words.Action, Became]]) -> Figure:
    """For each action the share that converted, and what was expected of it."""
    names, rates = [str(action.label) for action, _ in rows], [each.rate for _, each in rows]
    expected = [each.expected / each.decided for _, each in rows]
    bars = go.Bar(
        x=names,
        y=rates,
        marker_color=UP,
        text=[words.percent(rate) for rate in rates],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}: %{text}<extra></extra>",
    )
    marks = go.Scatter(
        x=names,
        y=expected,
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 40, "color": INK, "line": {"width": 3}},
        text=[words.percent(each) for each in expected],
        hovertemplate="%{x}: %{text}<extra></extra>",
    )
    head = (_("Recommended"), _("Decided"), _("Converted"), _("Share"), _("Expected"))
    table = tuple(
        (
            str(action.label),
            words.plain(each.decided),
            words.plain(each.converted),
            words.percent(each.rate),
            words.percent(each.expected / each.decided),
        )
        for action, each in rows
    )
    title = _("What became of leads, by what was recommended")
    return Figure("became", title, plot_of([bars, marks], _layout(max([*rates, *expected]))), head, table)


def by_band(bands: Sequence[Mapping[str, Any]]) -> Figure:
    """For each band of probability what happened, with its interval, and what was said."""
    names = distinct([words.percent(band["said"]) for band in bands])
    rates = [band["rate"] for band in bands]
    bars = go.Bar(
        x=names,
        y=rates,
        marker_color=ACCENT,
        text=[words.percent(rate) for rate in rates],
        textposition="none",
        hovertemplate="%{x}: %{text}<extra></extra>",
        error_y={
            "type": "data",
            "symmetric": False,
            "color": SOFT,
            "thickness": 1.5,
            "width": 4,
            "array": [band["high"] - band["rate"] for band in bands],
            "arrayminus": [band["rate"] - band["low"] for band in bands],
        },
    )
    marks = go.Scatter(
        x=names,
        y=[band["said"] for band in bands],
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "line-ew-open", "size": 18, "color": INK, "line": {"width": 3}},
    )
    head = (_("We said"), _("Leads"), _("Converted"), _("Share"), _("Between"))
    table = tuple(
        (
            words.percent(band["said"]),
            words.plain(band["leads"]),
            words.plain(band["converted"]),
            words.percent(band["rate"]),
            _("%(low)s to %(high)s") % {"low": words.percent(band["low"]), "high": words.percent(band["high"])},
        )
        for band in bands
    )
    layout = _layout(max(max(band["high"], band["said"]) for band in bands))
    layout.xaxis.update(title={"text": _("we said"), "font": {"color": SOFT, "size": 12}}, type="category", tickangle=0)
    return Figure("bands", _("What we said, and what happened"), plot_of([bars, marks], layout), head, table)


def answered(rows: Sequence[Answered]) -> Figure:
    """For each band of probability the median time to the first answer, in hours."""
    names = [words.band(each.low, each.high) for each in rows]
    hours = [(each.minutes or 0) / 60 for each in rows]
    said = [_("nobody answered") if each.minutes is None else words.span(each.minutes) for each in rows]
    bars = go.Bar(
        x=hours,
        y=names,
        orientation="h",
        marker_color=ACCENT,
        text=said,
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    layout = layout_of(
        len(rows),
        xaxis={"visible": False, "range": [0, 1.5 * max(hours, default=1) or 1]},
        yaxis=names_axis(),
        margin={"l": 10, "r": 24, "t": 8, "b": 8},
    )
    head = (_("Likely to convert"), _("Leads"), _("Answered"), _("Half within"))
    table = tuple(
        (name, words.plain(each.leads), words.percent(each.answered / each.leads), text)
        for name, each, text in zip(names, rows, said, strict=True)
    )
    return Figure("answered", _("Time to the first answer"), plot_of(bars, layout), head, table)


def volume(live: Live) -> Figure:
    """Predictions of the last hour, in steps of five minutes."""
    times = [time_format(timezone.localtime(at), "H:i") for at, _ in live.volume]
    counts = [count for _, count in live.volume]
    bars = go.Bar(x=times, y=counts, marker_color=ACCENT, hovertemplate="%{x}: %{y}<extra></extra>")
    layout = layout_of(
        0,
        height=180,
        margin={"l": 44, "r": 12, "t": 8, "b": 28},
        xaxis={"type": "category", "tickfont": {"color": SOFT}, "nticks": 6, "showgrid": False, "tickangle": 0},
        yaxis={"gridcolor": LINE, "tickfont": {"color": SOFT}, "rangemode": "tozero", "nticks": 4},
    )
    table = tuple((at, words.plain(count)) for at, count in zip(times, counts, strict=True))
    head = (_("From"), _("Predictions"))
    return Figure("volume", _("Predictions of the last hour"), plot_of(bars, layout), head, table)


def _layout(highest: float) -> go.Layout:
    axis = {"tickfont": {"color": SOFT}, "zeroline": False}
    return layout_of(
        0,
        height=HEIGHT,
        margin={"l": 48, "r": 12, "t": 16, "b": 52},
        xaxis=axis | {"showgrid": False, "tickfont": {"color": INK}},
        yaxis=axis | {"tickformat": ".0%", "gridcolor": LINE, "range": [0, min(ROOM * max(highest, 0.05), ROOM)]},
    )
