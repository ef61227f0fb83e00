"""Two versions drawn over each other. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from common.language import gettext as _
from insights.drawing import ACCENT, LEGEND, LINE, ROW_HEIGHT, SOFT, Figure, layout_of, plot_of
from insights.figures import MOST_FEATURES, distinct, names_axis, polar_axes
from models_registry.card_sayings import share, three
from models_registry.measures import FIVE, value_of
from predictions.reasons import label_of

Shares = Sequence[Mapping[str, Any]]


def importance_of_two(before: Shares, after: Shares, names: tuple[str, str]) -> Figure:
    """Each feature's share in both, the weightiest first; a version that does not read a feature has no bar."""
    told = [{each["feature"]: float(each["importance"]) for each in shares} for shares in (before, after)]
    largest = {name: max(each.get(name, 0.0) for each in told) for each in told for name in each}
    features = sorted(largest, key=lambda name: -largest[name])[:MOST_FEATURES]
    labels = [label_of(name) for name in features]
    bars = [
        go.Bar(
            x=[each.get(name) for name in features],
            y=distinct(labels),
            name=name_of_version,
            orientation="h",
            marker_color=colour,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
        for each, name_of_version, colour in zip(told, names, (SOFT, ACCENT), strict=True)
    ]
    layout = layout_of(
        0,
        height=60 + 1.4 * ROW_HEIGHT * len(features),
        barmode="group",
        bargap=0.3,
        showlegend=True,
        legend=LEGEND | {"traceorder": "normal"},
        xaxis={
            "tickformat": ".0%",
            "nticks": 5,
            "gridcolor": LINE,
            "tickfont": {"color": SOFT},
            "rangemode": "tozero",
            "zeroline": False,
        },
        yaxis=names_axis(),
        margin={"l": 10, "r": 24, "t": 30, "b": 30},
    )
    rows = tuple(
        (label, *(share(each.get(name)) for each in told)) for name, label in zip(features, labels, strict=True)
    )
    return Figure("importance", _("What moves the scores most"), plot_of(bars, layout), (_("Feature"), *names), rows)


def radar_of_two(before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str]) -> Figure:
    """The five measures of both on axes from 0 to 1; one that either lacks is left out."""
    known = [
        (measure.name, (value_of(before, measure), value_of(after, measure)))
        for measure in FIVE
        if value_of(before, measure) is not None and value_of(after, measure) is not None
    ]
    axes = [name for name, _values in known]
    areas = [_area(axes, [values[side] for _name, values in known], names[side], side) for side in (0, 1)]
    layout = layout_of(
        0,
        polar=polar_axes(),
        height=370,
        showlegend=True,
        legend=LEGEND | {"y": 1.12},
        margin={"l": 70, "r": 70, "t": 66, "b": 30},
    )
    rows = tuple((name, *(three(value) for value in values)) for name, values in known)
    return Figure("radar", _("How good they are"), plot_of(areas, layout), (_("Measure"), *names), rows)


def _area(axes: Sequence[str], values: Sequence[float | None], name: str, side: int) -> go.Scatterpolar:
    return go.Scatterpolar(
        r=[*values, *values[:1]],
        theta=[*axes, *axes[:1]],
        name=name,
        fill="toself" if side else "none",
        line={"color": (SOFT, ACCENT)[side], "width": 2, "dash": ("dot", "solid")[side]},
        fillcolor="var(--accent-faint)",
        marker={"size": 6},
        mode="lines+markers",
        hovertemplate="%{theta}: %{r:.3f}<extra></extra>",
    )
