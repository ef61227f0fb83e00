"""How far leads have moved from those of training, and which of their fields are empty. It asks no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from common.language import gettext as _
from insights.drawing import ACCENT, LINE, ROW_HEIGHT, SOFT, Figure, layout_of, plot_of
from insights.figures import distinct, marks_on, names_axis
from insights.missing import Missing
from models_registry.card_sayings import share, three

MOST_SHIFTS, MOST_FIELDS, TITLE_HEIGHT = 12, 15, 20


def shifts(psis: Sequence[tuple[str, Mapping[str, float]]]) -> Figure:
    """The population stability index of each (name, {"psi", "critical"}), largest first, with what chance reaches."""
    top = sorted(psis, key=lambda each: -each[1]["psi"])[:MOST_SHIFTS]
    names, values = distinct([name for name, _psi in top]), [float(each["psi"]) for _name, each in top]
    chance = [float(each["critical"]) for _name, each in top]
    bars = go.Bar(
        x=values, y=names, orientation="h", marker_color=ACCENT, hovertemplate="%{y}: %{x:.3f}<extra></extra>"
    )
    layout = layout_of(0, **_lying(len(top), max([0.05, *values, *chance]), ".2f"))
    layout.xaxis.update(title={"text": _("PSI"), "font": {"size": 12}})
    layout.update(height=layout.height + TITLE_HEIGHT, margin={"b": layout.margin.b + TITLE_HEIGHT})
    rows = tuple((name, three(psi), three(limit)) for (name, _psi), psi, limit in zip(top, values, chance, strict=True))
    head = (_("Feature"), _("PSI"), _("Chance reaches"))
    return Figure("shifts", _("How far each has moved"), plot_of([bars, marks_on(chance, names)], layout), head, rows)


def missing(fields: Sequence[Missing], label: Callable[[str], str]) -> Figure:
    """For each field the share of the newest leads without it, with a mark where it was before.

    The table also has what is always there, or was never filled.
    """
    top = [each for each in fields if (each.now or each.before) and not each.is_unused][:MOST_FIELDS]
    names, shares = distinct([label(each.feature) for each in top]), [each.now for each in top]
    bars = go.Bar(
        x=shares, y=names, orientation="h", marker_color=ACCENT, hovertemplate="%{y}: %{x:.0%}<extra></extra>"
    )
    before = [each.before for each in top]
    layout = layout_of(0, **_lying(len(top), max([0.05, *shares, *(each or 0.0 for each in before)]), ".0%"))
    rows = tuple(
        (
            label(each.feature),
            share(each.now),
            share(each.before),
            _("emptier than before") if each.is_emptier else _("never filled") if each.is_unused else "",
        )
        for each in fields
    )
    head = (_("Field"), _("Missing, newest leads"), _("Missing, before"), _("Note"))
    return Figure("missing", _("Which fields are empty"), plot_of([bars, marks_on(before, names)], layout), head, rows)


def _lying(rows: int, most: float, numbers: str) -> dict[str, Any]:
    """The axes of lying bars up to `most`, with their height."""
    across = {"range": [0, 1.1 * most], "tickformat": numbers, "gridcolor": LINE, "tickfont": {"color": SOFT}}
    return {
        "xaxis": across | {"nticks": 5, "zeroline": False},
        "yaxis": names_axis(),
        "margin": {"l": 10, "r": 16, "t": 8, "b": 32},
        "height": 48 + ROW_HEIGHT * rows,
    }
