"""An experiment, drawn: rates with their intervals, the lift as it was day by day, conversions as they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import plotly.graph_objects as go
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from experiments.analysis import Look
from experiments.statistics import proportions
from experiments.statistics.proportions import Counts
from experiments.statistics.survival import Curve
from insights import words
from insights.drawing import ACCENT, DOWN, INK, LEGEND, LINE, SOFT, UP, Figure, layout_of, plot_of
from insights.experiment_words import bounds, share, signed
from insights.figures import names_axis
from insights.time_axis import days_axis, on_axis

HEIGHT = 300
COLOURS = (SOFT, ACCENT, UP, DOWN)
"""Of control and of the treatments in their order; a fifth arm begins anew, with a broken line."""
FURTHEST_DOWN, LEAST_UP, MOST_UP = -1.0, 0.5, 1.5
"""The axis of lifts ends there, however wide the band: in the first days it has hardly an end."""
AXIS = {"gridcolor": LINE, "linecolor": LINE, "tickfont": {"color": SOFT}, "zeroline": False}


@dataclass(frozen=True)
class Arm:
    """How an arm is called, and the leads of it that are drawn."""

    name: str
    counts: Counts


def colour(number: int) -> str:
    """Of the arm of this number."""
    return COLOURS[number % len(COLOURS)]


def rates(arms: Sequence[Arm]) -> Figure:
    """A bar for each arm's conversion rate, with Wilson's interval."""
    known = [proportions.rate(arm.counts) for arm in arms]
    values = [each.value or 0.0 for each in known]
    highs, lows = [each.high or 0.0 for each in known], [each.low or 0.0 for each in known]
    names = [arm.name for arm in arms]
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=[colour(number) for number in range(len(arms))],
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "color": INK,
            "thickness": 2,
            "width": 7,
            "array": [high - value for high, value in zip(highs, values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
        },
    )
    said = go.Scatter(
        x=highs,
        y=names,
        mode="text",
        text=[f"  {share(each.value)}" for each in known],
        textposition="middle right",
        textfont={"color": INK, "size": 15},
        hoverinfo="skip",
        cliponaxis=False,
    )
    far = 1.25 * max([0.02, *highs])
    layout = layout_of(
        len(arms),
        height=60 + 96 * len(arms),
        xaxis=AXIS | {"range": [0, far], "tickformat": ".0%" if far > 0.06 else ".1%", "nticks": 6},
        yaxis=names_axis(),
    )
    head = (_("Method"), _("Leads"), _("Converted"), _("Share"), _("Between"))
    rows = tuple(
        (
            arm.name,
            words.plain(arm.counts.leads),
            words.plain(arm.counts.conversions),
            share(each.value),
            "–" if each.value is None else bounds(each, share),
        )
        for arm, each in zip(arms, known, strict=True)
    )
    return Figure("rates", _("Conversion rates"), plot_of([bars, said], layout), head, rows)


def lift_over_time(looks: Sequence[Look], names: dict[str, str]) -> Figure | None:
    """Each treatment's lift with the band that holds at every look; None before there are two days to draw.

    `names` are those of the treatments, in their order.
    """
    drawn = {variant: [each for each in looks if each.variant == variant and _is_known(each)] for variant in names}
    if max(map(len, drawn.values()), default=0) < 2:
        return None
    known = [each for rows in drawn.values() for each in rows]
    top = _top(known)
    traces: list[Any] = []
    for number, (variant, seen) in enumerate(drawn.items(), start=1):
        traces += [_band(seen, number, top), _line(seen, number, names[variant])]
    layout = layout_of(
        0,
        height=HEIGHT,
        margin={"l": 56, "r": 16, "t": 30 if len(names) > 1 else 12, "b": 36},
        showlegend=len(names) > 1,
        legend=LEGEND,
        xaxis=AXIS | days_axis([each.at for each in known]),
        yaxis=AXIS | {"range": [max(FURTHEST_DOWN, _bottom(known)), top], "tickformat": "+.0%", "nticks": 6},
        shapes=[
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"color": INK, "width": 1}}
        ],
    )
    head = (_("Day"), _("Method"), _("Leads"), _("Lift"), _("Between"))
    latest_first = sorted(known, key=lambda each: each.at, reverse=True)
    rows = tuple(_row(each, names[each.variant]) for each in latest_first)
    return Figure("lift", _("The lift, day by day"), plot_of(traces, layout), head, rows)


def _row(look: Look, name: str) -> tuple[str, ...]:
    lift = look.found.lift
    return _day(look.at), name, words.plain(look.leads), signed(lift.value or 0.0), bounds(lift, signed)


def _is_known(look: Look) -> bool:
    return look.found.lift.value is not None


def _top(known: Sequence[Look]) -> float:
    """As high as the band of the later looks reaches, within bounds; the first ones may go beyond the axis."""
    late = [each.found.lift for each in known[len(known) // 3 :]]
    values = 1.1 * max(lift.value or 0.0 for lift in late)
    return min(
        max(LEAST_UP, values, *(MOST_UP if lift.high is None else lift.high for lift in late)), max(MOST_UP, values)
    )


def _bottom(known: Sequence[Look]) -> float:
    return min(-0.2, *(FURTHEST_DOWN if each.found.lift.low is None else each.found.lift.low for each in known))


def _band(looks: Sequence[Look], number: int, top: float) -> Any:
    days = [on_axis(each.at) for each in looks]
    highs = [top if (high := each.found.lift.high) is None else min(high, top) for each in looks]
    lows = [FURTHEST_DOWN if (low := each.found.lift.low) is None else low for each in looks]
    return _between(days, lows, highs, number)


def _between(along: list[Any], lows: list[float], highs: list[float], number: int) -> Any:
    """The area between two lines, in the faint colour of an arm."""
    return go.Scatter(
        x=along + along[::-1],
        y=highs + lows[::-1],
        fill="toself",
        fillcolor=_faint(number),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _faint(number: int) -> str:
    return "var(--accent-faint)" if number == 1 else "var(--ink-faint)"


def _line(looks: Sequence[Look], number: int, name: str) -> Any:
    return go.Scatter(
        x=[on_axis(each.at) for each in looks],
        y=[each.found.lift.value for each in looks],
        name=name,
        mode="lines",
        line=_stroke(number),
        hovertemplate="%{x|%Y-%m-%d}: %{y:+.0%}<extra></extra>",
    )


def _stroke(number: int) -> dict[str, Any]:
    return {"color": colour(number), "width": 2.5, "dash": "dash" if number >= len(COLOURS) else "solid"}


def curves(found: Sequence[tuple[str, Curve]]) -> Figure | None:
    """How many had converted by each day since their first scoring, Kaplan and Meier's; None while nobody has."""
    watched = [(name, curve, int((curve.at_risk > 0).sum())) for name, curve in found]
    if not any(curve.converted[:days].any() for _name, curve, days in watched):
        return None
    traces: list[Any] = []
    for number, (name, curve, days) in enumerate(watched):
        traces += [_reach(curve, days, number), _steps(name, curve, days, number)]
    layout = layout_of(
        0,
        height=HEIGHT,
        margin={"l": 52, "r": 16, "t": 34, "b": 48},
        showlegend=True,
        legend=LEGEND,
        xaxis=AXIS
        | {"showgrid": False, "nticks": 7, "rangemode": "tozero"}
        | {"title": {"text": _("days since the first scoring"), "font": {"color": SOFT, "size": 12}}},
        yaxis=AXIS | {"tickformat": ".0%", "rangemode": "tozero", "nticks": 6},
    )
    head = (_("Day"), *(name for name, _curve, _days in watched))
    longest = max(days for _name, _curve, days in watched)
    rows = tuple(
        (str(day), *(share(float(curve.converted[day - 1])) if day <= days else "–" for _name, curve, days in watched))
        for day in range(1, longest + 1)
    )
    return Figure("curves", _("Conversions as they come in"), plot_of(traces, layout), head, rows)


def _reach(curve: Curve, days: int, number: int) -> Any:
    low, high = (bound[:days].tolist() for bound in curve.bounds())
    return _between(list(range(1, days + 1)), low, high, number)


def _steps(name: str, curve: Curve, days: int, number: int) -> Any:
    return go.Scatter(
        x=list(range(days + 1)),
        y=[0.0, *curve.converted[:days].tolist()],
        name=name,
        mode="lines",
        line=_stroke(number) | {"shape": "hv"},
        hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j N Y")
