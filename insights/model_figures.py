"""How good a version is, drawn from its card: calibration, lift, curves, and growth with data. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from insights.drawing import ACCENT, INK, LINE, SOFT, Figure, layout_of, plot_of
from models_registry.card_sections import between, share, three

Points = Sequence[Mapping[str, Any]]
HEIGHT = 320
DIAGONAL = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "dash": "dot"}, hoverinfo="skip")


def calibration(points: Points) -> Figure:
    """What was said against what came, with Wilson intervals: points on the dotted line hold their word."""
    said, came = ([float(each[name]) for each in points] for name in ("predicted", "observed"))
    dots = go.Scatter(
        x=said,
        y=came,
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={"size": 8, "color": ACCENT},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [each["interval"][1] - each["observed"] for each in points],
            "arrayminus": [each["observed"] - each["interval"][0] for each in points],
            "color": SOFT,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="said %{x:.0%}, converted %{y:.0%}<extra></extra>",
    )
    end = max([0.1, *said, *(each["interval"][1] for each in points)])
    layout = _plane("said", "converted", x=end * 1.03, y=end * 1.03)
    rows = tuple(
        (share(each["predicted"]), share(each["observed"]), between(each["interval"], share), f"{each['leads']:,.0f}")
        for each in points
    )
    head = ("Said", "Converted", "95 % interval", "Leads")
    return Figure("calibration", "What was said, and what came", plot_of([DIAGONAL, dots], layout), head, rows)


def lift(points: Points, base: float) -> Figure:
    """How many of each tenth converted, likeliest first, against the mean."""
    names = [f"{each['tenth']}" for each in points]
    rates = [float(each["rate"]) for each in points]
    bars = go.Bar(
        x=names,
        y=rates,
        marker_color=ACCENT,
        text=[f"{rate:.0%}" for rate in rates],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="tenth %{x}: %{y:.1%}<extra></extra>",
    )
    mean = go.Scatter(
        x=names, y=[base] * len(names), mode="lines", line={"color": SOFT, "dash": "dot"}, hoverinfo="skip"
    )
    layout = _plane("tenth of the leads, likeliest first", "converted", y=1.15 * max([0.01, *rates]))
    layout.xaxis.update(type="category", range=None, tickformat=None, nticks=None, dtick=1)
    rows = tuple(
        (f"{each['tenth']}", f"{each['leads']:,.0f}", share(each["rate"]), f"{each['lift']:.2f}", share(each["gain"]))
        for each in points
    )
    head = ("Tenth", "Leads", "Converted", "Times the mean", "Conversions so far")
    return Figure("lift", "How many of each tenth converted", plot_of([bars, mean], layout), head, rows)


def roc(points: Points) -> Figure:
    """ROC curve: of those that convert so many called, for so many of the others."""
    called, won = ([float(each[name]) for each in points] for name in ("false_positive_rate", "true_positive_rate"))
    layout = _plane("of the others, called", "of those that convert, called", x=1.0, y=1.0)
    rows = tuple(
        (three(each["threshold"]), share(each["true_positive_rate"]), share(each["false_positive_rate"]))
        for each in points
    )
    head = ("From", "Of those that convert", "Of the others")
    return Figure(
        "roc", "Who is called, from each threshold on", plot_of([DIAGONAL, _curve(called, won)], layout), head, rows
    )


def precision_recall(points: Points) -> Figure:
    """Precision against recall."""
    recall, precision = ([float(each[name]) for each in points] for name in ("recall", "precision"))
    layout = _plane("recall: of those that convert, called", "precision: of the called, convert", x=1.0, y=1.0)
    rows = tuple((three(each["threshold"]), share(each["recall"]), share(each["precision"])) for each in points)
    head = ("From", "Recall", "Precision")
    return Figure("precision-recall", "Precision and recall", plot_of(_curve(recall, precision), layout), head, rows)


def learning_curve(points: Points) -> Figure:
    """ROC-AUC by the number of leads learnt from, which doubles from step to step."""
    known = [each for each in points if each["roc_auc"] is not None]
    leads, auc = [int(each["leads"]) for each in known], [float(each["roc_auc"]) for each in known]
    line = _curve(leads, auc)
    line.update(mode="lines+markers", marker={"size": 8}, hovertemplate="%{x:,} leads: %{y:.3f}<extra></extra>")
    layout = _plane("leads learnt from", "ROC-AUC")
    layout.xaxis.update(type="log", tickvals=leads, ticktext=[f"{each:,}" for each in leads], tickformat=None)
    lowest, highest = min([0.5, *auc]), max([0.6, *auc])
    layout.yaxis.update(range=[lowest - 0.02, min(highest + 0.04, 1.02)], tickformat=".2f")
    rows = tuple((f"{each['leads']:,}", three(each["roc_auc"]), three(each["log_loss"])) for each in points)
    head = ("Leads learnt from", "ROC-AUC", "Log loss")
    return Figure("learning-curve", "How it grew with data", plot_of(line, layout), head, rows)


def _curve(x: Sequence[float], y: Sequence[float]) -> go.Scatter:
    hover = "%{x:.0%}, %{y:.0%}<extra></extra>"
    return go.Scatter(x=x, y=y, mode="lines", line={"color": ACCENT, "width": 2}, hovertemplate=hover)


def _plane(x_title: str, y_title: str, *, x: float | None = None, y: float | None = None) -> go.Layout:
    """Two axes in percent, from 0 to `x` and `y` (None: as far as the numbers go)."""
    common = {"gridcolor": LINE, "zerolinecolor": LINE, "tickfont": {"color": SOFT}, "tickformat": ".0%", "nticks": 6}
    across, up = (
        common | {"title": {"text": title, "font": {"color": INK, "size": 12}}, "automargin": True}
        for title in (x_title, y_title)
    )
    across |= {"range": [0, x]} if x is not None else {}
    up |= {"range": [0, y]} if y is not None else {}
    margin = {"l": 56, "r": 16, "t": 12, "b": 48}
    return layout_of(0, xaxis=across, yaxis=up, height=HEIGHT, margin=margin)
