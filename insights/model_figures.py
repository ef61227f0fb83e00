"""How good a version is, drawn from its card: calibration, lift, curves, and growth with data. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from common.language import gettext as _
from common.language import number
from insights.drawing import ACCENT, INK, LINE, ROW_HEIGHT, SOFT, Figure, layout_of, plot_of
from insights.figures import distinct, marks_on, names_axis
from models_registry.card_sayings import between, counted, share, three, told
from models_registry.measures import LOG_LOSS, PRECISION, RECALL, ROC_AUC
from predictions.quantities import percent

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
        hovertemplate=_("said %(said)s, converted %(came)s") % {"said": "%{x:.0%}", "came": "%{y:.0%}"}
        + "<extra></extra>",
    )
    end = max([0.1, *said, *(each["interval"][1] for each in points)])
    layout = _plane(_("said"), _("converted"), x=end * 1.03, y=end * 1.03)
    rows = tuple(
        (share(each["predicted"]), share(each["observed"]), between(each["interval"], share), counted(each["leads"]))
        for each in points
    )
    head = (_("Said"), _("Converted"), _("Interval (95 %)"), _("Leads"))
    return Figure("calibration", _("What was said, and what came"), plot_of([DIAGONAL, dots], layout), head, rows)


def lift(points: Points, base: float) -> Figure:
    """How many of each tenth converted, likeliest first, against the mean."""
    names = [f"{each['tenth']}" for each in points]
    rates = [float(each["rate"]) for each in points]
    bars = go.Bar(
        x=names,
        y=rates,
        marker_color=ACCENT,
        text=[percent(rate) for rate in rates],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )
    mean = go.Scatter(
        x=names, y=[base] * len(names), mode="lines", line={"color": SOFT, "dash": "dot"}, hoverinfo="skip"
    )
    layout = _plane(_("tenth of the leads, likeliest first"), _("converted"), y=1.15 * max([0.01, *rates]))
    layout.xaxis.update(type="category", range=None, tickformat=None, nticks=None, dtick=1)
    rows = tuple(
        (
            f"{each['tenth']}",
            counted(each["leads"]),
            share(each["rate"]),
            number(f"{each['lift']:.2f}"),
            share(each["gain"]),
        )
        for each in points
    )
    head = (_("Tenth"), _("Leads"), _("Converted"), _("Times the mean"), _("Conversions so far"))
    return Figure("lift", _("How many of each tenth converted"), plot_of([bars, mean], layout), head, rows)


def roc(points: Points) -> Figure:
    """ROC curve: of those that convert so many called, for so many of the others."""
    called, won = ([float(each[name]) for each in points] for name in ("false_positive_rate", "true_positive_rate"))
    layout = _plane(_("of the others, called"), _("of those that convert, called"), x=1.0, y=1.0)
    rows = tuple(
        (three(each["threshold"]), share(each["true_positive_rate"]), share(each["false_positive_rate"]))
        for each in points
    )
    head = (_("From"), _("Of those that convert"), _("Of the others"))
    title = _("Who is called, from each threshold on")
    return Figure("roc", title, plot_of([DIAGONAL, _curve(called, won)], layout), head, rows)


def precision_recall(points: Points) -> Figure:
    """Precision against recall."""
    recall, precision = ([float(each[name]) for each in points] for name in ("recall", "precision"))
    layout = _plane(_("recall: of those that convert, called"), _("precision: of the called, convert"), x=1.0, y=1.0)
    rows = tuple((three(each["threshold"]), share(each["recall"]), share(each["precision"])) for each in points)
    head = (_("From"), RECALL.name, PRECISION.name)
    return Figure("precision-recall", _("Precision and recall"), plot_of(_curve(recall, precision), layout), head, rows)


def learning_curve(points: Points) -> Figure:
    """ROC-AUC by the number of leads learnt from, which doubles from step to step."""
    known = [each for each in points if each["roc_auc"] is not None]
    leads, auc = [int(each["leads"]) for each in known], [float(each["roc_auc"]) for each in known]
    line = _curve(leads, auc)
    line.update(mode="lines+markers", marker={"size": 8}, hovertemplate="%{x:,}: %{y:.3f}<extra></extra>")
    layout = _plane(_("leads learnt from"), ROC_AUC.name)
    layout.xaxis.update(type="log", tickvals=leads, ticktext=[counted(each) for each in leads], tickformat=None)
    lowest, highest = min([0.5, *auc]), max([0.6, *auc])
    layout.yaxis.update(range=[lowest - 0.02, min(highest + 0.04, 1.02)], tickformat=".2f")
    rows = tuple((counted(each["leads"]), three(each["roc_auc"]), three(each["log_loss"])) for each in points)
    head = (_("Leads learnt from"), ROC_AUC.name, LOG_LOSS.name)
    return Figure("learning-curve", _("How it grew with data"), plot_of(line, layout), head, rows)


def groups(points: Points, name: str, key: str, title: str) -> Figure:
    """For some of the leads each, the share that converted as a bar and what was said as a mark.

    `name` is what a group is called by in the card ("source", "age"), and what the table calls it. One that was not
    measured stands in the table alone, with why.
    """
    measured = [each for each in points if each["base_rate"] is not None]
    names = distinct([told(each[name]) for each in measured])
    came, said = ([float(each[part]) for each in measured] for part in ("base_rate", "predicted"))
    bars = go.Bar(
        x=came,
        y=names,
        orientation="h",
        marker_color=ACCENT,
        text=[percent(each) for each in came],
        textposition="none",
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    layout = layout_of(
        len(names),
        xaxis={"range": [0, 1.12 * max([0.05, *came, *said])], "tickformat": ".0%", "gridcolor": LINE, "nticks": 5}
        | {"tickfont": {"color": SOFT}, "zeroline": False},
        yaxis=names_axis(),
        margin={"l": 10, "r": 16, "t": 8, "b": 32},
        height=48 + ROW_HEIGHT * len(names),
    )
    rows = tuple(
        (
            told(each[name]),
            counted(each["dossiers"]),
            share(each["base_rate"]),
            share(each["predicted"]),
            three(each["roc_auc"]),
            told(each["reason"]),
        )
        for each in points
    )
    head = (title, _("Leads"), _("Converted"), _("Said"), ROC_AUC.name, _("Why not"))
    return Figure(key, title, plot_of([bars, marks_on(said, names)], layout), head, rows)


def _curve(x: Sequence[float], y: Sequence[float]) -> go.Scatter:
    hover = "%{x:.0%}, %{y:.0%}<extra></extra>"
    return go.Scatter(x=x, y=y, mode="lines", line={"color": ACCENT, "width": 2}, hovertemplate=hover)


def _plane(x_title: str, y_title: str, *, x: float | None = None, y: float | None = None) -> go.Layout:
    """Two axes in percent, from 0 to `x` and `y` (None: as far as the numbers go)."""
    common = {"gridcolor": LINE, "zerolinecolor": LINE, "tickfont": {"color": SOFT}, "tickformat": ".0%", "nticks": 6}
    across, up = (
        common | {"title": {"text": title, "font": {"color": INK, "size": 12}, "standoff": 8}, "automargin": True}
        for title in (x_title, y_title)
    )
    across |= {"range": [0, x]} if x is not None else {}
    up |= {"range": [0, y]} if y is not None else {}
    margin = {"l": 56, "r": 16, "t": 12, "b": 48}
    return layout_of(0, xaxis=across, yaxis=up, height=HEIGHT, margin=margin)
