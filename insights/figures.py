"""What moves scores, drawn: importance, radar, and the waterfall of one lead. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from common.language import gettext as _
from insights.drawing import ACCENT, CLEAR, DOWN, INK, LINE, ROW_HEIGHT, SOFT, UP, Figure, layout_of, plot_of
from leads.features import Kind
from models_registry.card_sayings import share, three
from models_registry.measures import FIVE, value_of
from predictions.quantities import percent, signed_points
from predictions.reasons import label_of, shown

LABEL_LENGTH = 42
MOST_FEATURES = 10
INVISIBLE = "\u200b"


def importance(shares: Sequence[Mapping[str, Any]]) -> Figure:
    """Bars of the features that move the scores most: `shares` holds {"feature", "importance"}, largest first."""
    top = list(shares)[:MOST_FEATURES]
    names = [label_of(each["feature"]) for each in top]
    values = [float(each["importance"]) for each in top]
    bars = go.Bar(
        x=values,
        y=distinct(names),
        orientation="h",
        marker_color=ACCENT,
        textposition="outside",
        cliponaxis=False,
        text=[percent(value) for value in values],
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    axis = {"visible": False, "range": [0, 1.2 * max(values, default=1.0)]}
    margin = {"l": 10, "r": 24, "t": 8, "b": 8}
    layout = layout_of(len(top), xaxis=axis, yaxis=names_axis(), margin=margin, height=16 + ROW_HEIGHT * len(top))
    rows = tuple((name, share(value)) for name, value in zip(names, values, strict=True))
    head = (_("Feature"), _("Share"))
    return Figure("importance", _("What moves the scores most"), plot_of(bars, layout), head, rows)


def radar(metrics: Mapping[str, Any]) -> Figure:
    """The five metrics of a version on axes from 0 to 1; one that was not measured is left out."""
    known = [(measure, value) for measure in FIVE if (value := value_of(metrics, measure)) is not None]
    names, values = [measure.name for measure, _ in known], [value for _, value in known]
    area = go.Scatterpolar(
        r=values + values[:1],
        theta=names + names[:1],
        fill="toself",
        line={"color": ACCENT, "width": 2},
        fillcolor="var(--accent-faint)",
        marker={"size": 6},
        mode="lines+markers",
        hovertemplate="%{theta}: %{r:.3f}<extra></extra>",
    )
    layout = layout_of(0, polar=polar_axes(), height=330, margin={"l": 70, "r": 70, "t": 36, "b": 30})
    rows = tuple((measure.name, three(value), measure.meaning) for measure, value in known)
    head = (_("Measure"), _("Value"), _("Meaning"))
    return Figure("radar", _("How good it is, on leads that came later"), plot_of(area, layout), head, rows)


def polar_axes() -> dict[str, Any]:
    """Axes from 0 to 1, the first one upwards."""
    lines = {"gridcolor": LINE, "linecolor": LINE}
    radial = {"range": [0, 1], "dtick": 0.25, "tickfont": {"color": SOFT, "size": 11}, "angle": 90, "tickangle": 90}
    angular = {"rotation": 90, "direction": "clockwise"}
    return {"bgcolor": CLEAR, "radialaxis": radial | lines, "angularaxis": angular | lines}


@dataclass(frozen=True)
class Step:
    """One step of a waterfall: its name, by how much it moves the probability, and where that leads."""

    name: str
    part: float
    reached: float


def steps_of(
    base: float, vector: Sequence[Sequence[Any]], *, most: int = 8, kinds: Mapping[str, Kind] | None = None
) -> list[Step]:
    """From the base through the strongest features and all others together: the last step reaches the probability."""
    strong, rest = list(vector)[:most], list(vector)[most:]
    parts = [(_named(name, value, kinds), float(part)) for name, value, part in strong]
    if rest:
        parts.append((_("%d others") % len(rest), sum(float(part) for _, _, part in rest)))
    steps, reached = [], base
    for name, part in parts:
        reached += part
        steps.append(Step(name, part, reached))
    return steps


def waterfall(
    base: float,
    vector: Sequence[Sequence[Any]],
    probability: float,
    *,
    kinds: Mapping[str, Kind] | None = None,
    base_name: str = "Average lead",
) -> Figure:
    """How a lead's probability came to be: `vector` holds [feature, value, part], largest part first."""
    steps = steps_of(base, vector, kinds=kinds)
    this = _("This lead")
    names = [base_name, *(step.name for step in steps), this]
    bars = go.Waterfall(
        orientation="h",
        measure=["absolute", *["relative"] * len(steps), "total"],
        y=distinct(names),
        x=[base, *(step.part for step in steps), probability],
        textposition="outside",
        cliponaxis=False,
        text=[percent(base), *(signed_points(step.part) for step in steps), percent(probability)],
        increasing_marker_color=UP,
        decreasing_marker_color=DOWN,
        totals_marker_color=ACCENT,
        connector={"line": {"color": LINE, "width": 1}},
        hoverinfo="y+text",
    )
    layout = layout_of(len(names), xaxis=_probability_axis(base, steps), yaxis=names_axis())
    return Figure(
        "waterfall",
        _("How the probability came to be"),
        plot_of(bars, layout),
        (_("Step"), _("Points"), _("Probability")),
        (
            (base_name, "", percent(base)),
            *((step.name, signed_points(step.part), percent(step.reached)) for step in steps),
            (this, "", percent(probability)),
        ),
    )


def _probability_axis(base: float, steps: Sequence[Step]) -> dict[str, Any]:
    highest = max([base, *(step.reached for step in steps)])
    lowest = min([0.0, *(step.reached for step in steps)])
    room = 0.18 * (highest - lowest)
    return {
        "range": [lowest - (room if lowest < 0 else 0), highest + room],
        "tickformat": ".0%",
        "nticks": 6,
        "gridcolor": LINE,
        "zerolinecolor": LINE,
        "tickfont": {"color": SOFT},
    }


def _named(name: str, value: Any, kinds: Mapping[str, Kind] | None) -> str:
    return _("%(name)s: %(what)s") % {"name": label_of(name), "what": shown(name, value, (kinds or {}).get(name))}


def distinct(names: Sequence[str]) -> list[str]:
    """Short names, each once: Plotly would lay bars of one name over each other."""
    found: list[str] = []
    for name in names:
        short = name if len(name) <= LABEL_LENGTH else f"{name[: LABEL_LENGTH - 1]}…"
        while short in found:
            short += INVISIBLE
        found.append(short)
    return found


def names_axis() -> dict[str, Any]:
    """The axis of names, the first one on top."""
    return {
        "autorange": "reversed",
        "automargin": True,
        "tickfont": {"color": INK},
        "ticksuffix": "  ",
        "showgrid": False,
        "zeroline": False,
    }


def marks_on(x: Sequence[float | None], names: Sequence[str]) -> go.Scatter:
    """A stroke across each of the lying bars of these names; none where there is no number."""
    return go.Scatter(
        x=x,
        y=names,
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "line-ns-open", "size": 18, "color": INK, "line": {"width": 3}},
    )
