"""The scores of a lead over time, with what happened between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from insights import words
from insights.drawing import ACCENT, DOWN, INK, LINE, SOFT, UP, Figure, layout_of, plot_of
from insights.pages.timeline import Happening
from insights.time_axis import days_axis, on_axis
from predictions.models import Prediction

HEIGHT = 300
TONES = {"inbound": UP, "appointment": ACCENT, "outbound": SOFT, "won": UP, "lost": DOWN}
SYMBOLS = {"inbound": "circle", "appointment": "star", "outbound": "circle-open", "won": "diamond", "lost": "x"}
NEW_MODEL = "square-open"
FLOOR = -0.08
"""Where happenings stand: below the axis of probabilities."""


def history_figure(scores: Sequence[Prediction], happened: Sequence[Happening]) -> Figure:
    """The probabilities with their intervals, oldest first; below them messages, appointments and new models."""
    first = scores[0].predicted_at
    marked = sorted(
        [each for each in happened if each.at >= first] + list(_new_models(scores)), key=lambda each: each.at
    )
    traces = [_band(scores), _line(scores), *([_marks(marked)] if marked else [])]
    axis = {"gridcolor": LINE, "linecolor": LINE, "tickfont": {"color": SOFT}, "zeroline": False}
    layout = layout_of(
        0,
        height=HEIGHT,
        margin={"l": 44, "r": 16, "t": 12, "b": 36},
        xaxis=axis | days_axis([*(row.predicted_at for row in scores), *(each.at for each in marked)]),
        yaxis=axis | {"range": [-0.14, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"},
        hovermode="closest",
    )
    head = (_("When"), _("Probability"), _("What happened"))
    return Figure(
        "history", _("The scores so far, and what happened"), plot_of(traces, layout), head, _rows(scores, marked)
    )


def _new_models(scores: Sequence[Prediction]) -> Iterator[Happening]:
    for before, after in pairwise(scores):
        if before.model_version != after.model_version:
            name = after.model_version or _("the rules")
            yield Happening(after.predicted_at, _("New model: %s") % name, "model")


def _band(scores: Sequence[Prediction]) -> Any:
    moments = [on_axis(row.predicted_at) for row in scores]
    return go.Scatter(
        x=moments + moments[::-1],
        y=[row.probability_high for row in scores] + [row.probability_low for row in reversed(scores)],
        fill="toself",
        fillcolor="var(--accent-faint)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )


def _line(scores: Sequence[Prediction]) -> Any:
    return go.Scatter(
        x=[on_axis(row.predicted_at) for row in scores],
        y=[row.conversion_probability for row in scores],
        mode="lines+markers",
        line={"color": ACCENT, "width": 2.5},
        marker={"size": 7, "color": ACCENT},
        text=[words.percent(row.conversion_probability) for row in scores],
        hovertemplate="%{x|%Y-%m-%d %H:%M}: %{text}<extra></extra>",
    )


def _marks(marked: Sequence[Happening]) -> Any:
    return go.Scatter(
        x=[on_axis(each.at) for each in marked],
        y=[FLOOR] * len(marked),
        mode="markers",
        marker={
            "size": 11,
            "symbol": [
                SYMBOLS.get(each.tone, NEW_MODEL if each.tone == "model" else "line-ns-open") for each in marked
            ],
            "color": [TONES.get(each.tone, INK) for each in marked],
            "line": {"color": [TONES.get(each.tone, INK) for each in marked], "width": 1.5},
        },
        text=[each.what for each in marked],
        hovertemplate="%{x|%Y-%m-%d %H:%M}: %{text}<extra></extra>",
    )


def _rows(scores: Sequence[Prediction], marked: Sequence[Happening]) -> tuple[tuple[str, ...], ...]:
    said = [(row.predicted_at, words.percent(row.conversion_probability), "") for row in scores]
    rows = said + [(each.at, "", each.what) for each in marked]
    return tuple((_when(at), probability, what) for at, probability, what in sorted(rows, reverse=True))


def _when(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j N Y, H:i")
