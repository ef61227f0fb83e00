"""What all figures have in common: one style, and beside each drawing a table of its numbers. Pure: no Django.

Colours are custom properties of the style sheet (`var(--up)`): `static/js/figures.js` puts in what they mean in the
viewer's theme, light or dark, so that pages and figures have one palette.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from common.language import number

INK, SOFT, LINE, UP, DOWN, ACCENT = (f"var(--{name})" for name in ("ink", "ink-soft", "line", "up", "down", "accent"))
ROW_HEIGHT, MARGINS = 34, 70
CLEAR = "rgba(0,0,0,0)"
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": INK}}
"""A line above the drawing."""


@dataclass(frozen=True)
class Figure:
    """A drawing with its table: `plot` is Plotly's `data`, `layout` and `config`; `title` says what it shows."""

    key: str
    title: str
    plot: Mapping[str, Any]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def layout_of(rows: int, **more: Any) -> go.Layout:
    """What all figures have in common; the height follows from the rows."""
    common = {
        "template": "none",
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "font": {"color": INK, "size": 13, "family": "var(--font)"},
        "margin": {"l": 10, "r": 24, "t": 8, "b": 32},
        "height": MARGINS + ROW_HEIGHT * rows,
        "bargap": 0.35,
        "dragmode": False,
        "separators": number(".") + number(","),
        "hoverlabel": {"bgcolor": "var(--raised)", "bordercolor": LINE, "font": {"color": INK}},
    }
    return go.Layout(**(common | more))


def plot_of(traces: Any, layout: go.Layout) -> dict[str, Any]:
    """A trace, or a list of them, with its layout, as plain data."""
    figure = go.Figure(traces, layout).to_plotly_json()
    return {
        "data": [_listed(trace) for trace in figure["data"]],
        "layout": figure["layout"],
        "config": {"displayModeBar": False, "responsive": True, "scrollZoom": False},
    }


def _listed(part: Any) -> Any:
    # Plotly keeps lists as tuples or arrays; the page's JSON has lists.
    if isinstance(part, dict):
        return {name: _listed(value) for name, value in part.items()}
    if hasattr(part, "tolist"):
        return part.tolist()
    return list(part) if isinstance(part, tuple) else part
