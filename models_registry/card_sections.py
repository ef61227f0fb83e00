"""A version's card as sections with tables, for every door that shows it. Pure: no Django.

Cards are plain data that outlive the code that wrote them: what an older one does not hold is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop, number
from models_registry.card_sayings import (
    UNKNOWN,
    between,
    counted,
    growth_words,
    share,
    shuffled_words,
    signed,
    three,
    told,
)
from models_registry.measures import (
    BRIER,
    CALIBRATION_ERROR,
    LOG_LOSS,
    MEASURES,
    PR_AUC,
    PRECISION,
    RECALL,
    ROC_AUC,
    interval_of,
    value_of,
)

THRESHOLD_NAMES = {"half": "0.5", "f1_best": gettext_noop("best F1"), "cost_best": gettext_noop("least cost")}
BASELINE_NAMES = {"rules": gettext_noop("The rules"), "naive_bayes": gettext_noop("Naive Bayes on exact values")}
COMPARED = (ROC_AUC, PR_AUC, LOG_LOSS, BRIER, CALIBRATION_ERROR)
Version = Mapping[str, Any]
"""A version as `models_registry.info.card_of` gives it."""
Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One subject of the card: what it says in words, and its table."""

    title: str
    words: str
    head: Row
    rows: tuple[Row, ...]


def sections_of(version: Version) -> list[Section]:
    """The sections that the card has something for, the main one first."""
    return [section for make in SECTIONS if (section := make(version)).rows]


def figures(version: Version) -> Section:
    """Every measure forward with its interval, and shuffled."""
    metrics, shuffled = version["metrics"], version["card"].get("shuffled_metrics") or {}
    rows = tuple(
        (each.name, three(value), between(interval_of(metrics, each)), three(value_of(shuffled, each)), each.meaning)
        for each in MEASURES
        if (value := value_of(metrics, each)) is not None or each.key in metrics
    )
    words = " ".join((_measured_on(metrics), _("Shuffled: the same learner, split at random.")))
    reasons = " ".join(map(told, dict.fromkeys((metrics.get("reasons") or {}).values())))
    head = (_("Measure"), _("Forward"), _("Interval (95 %)"), _("Shuffled"), _("Meaning"))
    said = f"{words} {shuffled_words(metrics, shuffled)} {reasons}".strip()
    return Section(_("How good it is"), said, head, rows)


def _measured_on(metrics: Mapping[str, Any]) -> str:
    if "dossiers" not in metrics:
        return _("Measured forward in time, on leads created after those it learnt from; with intervals (95 %).")
    return _(
        "Measured forward in time, on %(leads)s leads (%(converted)s converted) created after those it learnt from; "
        "with intervals over leads (95 %%)."
    ) % {"leads": counted(metrics["dossiers"]), "converted": counted(metrics.get("positives", 0))}


def against(version: Version) -> Section:
    """The baselines on the same leads."""
    found = version["card"].get("baselines") or {}
    rows = [(_("This version"), *(three(value_of(version["metrics"], each)) for each in COMPARED), UNKNOWN, UNKNOWN)]
    rows += [
        (_(BASELINE_NAMES.get(name, name)), *(three(value_of(each, measure)) for measure in COMPARED), *_gains(each))
        for name, each in found.items()
    ]
    head = (_("By"), *(measure.name for measure in COMPARED), _("ROC-AUC better by"), _("Log loss better by"))
    words = _("What simpler means reach on the same leads, and by how much this version is better (95 %, paired).")
    return Section(_("Against simpler means"), words, head, tuple(rows) if found else ())


def _gains(baseline: Mapping[str, Any]) -> tuple[str, str]:
    difference = baseline.get("difference") or {}
    return _gain(difference.get("roc_auc")), _gain(difference.get("log_loss"))


def _gain(gain: Mapping[str, Any] | None) -> str:
    return UNKNOWN if gain is None else f"{signed(gain['gain'])} ({between(gain['interval'], signed)})"


def thresholds(version: Version) -> Section:
    """Decisions at three thresholds, with the confusion matrix."""
    found = version["card"].get("thresholds") or []
    matrix = ("true_positive", "false_positive", "false_negative", "true_negative")
    rows = tuple(
        (
            _(THRESHOLD_NAMES.get(each["name"], each["name"])),
            three(each["threshold"]),
            share(each["called"]),
            *(three(each[name]) for name in ("precision", "recall", "f1")),
            *(counted(each["confusion_matrix"][name]) for name in matrix),
            three(each["cost"]),
        )
        for each in found
    )
    quality = (_("Threshold"), _("From"), _("Called likely"), PRECISION.name, RECALL.name, _("F1"))
    called = (_("Rightly called"), _("Called in vain"), _("Missed"), _("Rightly left"), _("Cost a lead"))
    words = _(
        "The last two were chosen on the older leads, by scores of learners that had not seen them, and are measured "
        "here on the newest. A missed conversion costs %s calls in vain. The counts are of weighted leads (who was "
        "undecided for long was looked at more often, and counts for more), so they do not add up to the "
        "number of leads."
    ) % (number(f"{found[0]['cost_ratio']:g}") if found else "")
    return Section(_("Thresholds"), words, (*quality, *called), rows)


def calibration(version: Version) -> Section:
    """What was said and what came."""
    rows = tuple(
        (share(each["predicted"]), share(each["observed"]), between(each["interval"], share), counted(each["leads"]))
        for each in _curve(version, "calibration")
    )
    words = _("Leads in ten parts of equal size by what was said of them, and how many of each converted.")
    head = (_("Said"), _("Converted"), _("Interval (95 %)"), _("Leads"))
    return Section(_("Do the probabilities hold"), words, head, rows)


def lift(version: Version) -> Section:
    """By tenths."""
    rows = tuple(
        (
            f"{each['tenth']}",
            counted(each["leads"]),
            share(each["rate"]),
            number(f"{each['lift']:.2f}"),
            share(each["gain"]),
        )
        for each in _curve(version, "lift")
    )
    words = _(
        "Leads by tenths, likeliest first: lift is the tenth's rate against the mean, gain the conversions so far."
    )
    head = (_("Tenth"), _("Leads"), _("Converted"), _("Lift"), _("Gain"))
    return Section(_("Lift and gains"), words, head, rows)


def _curve(version: Version, name: str) -> list[Mapping[str, Any]]:
    return (version["card"].get("curves") or {}).get(name) or []


def sources(version: Version) -> Section:
    """By source."""
    return _groups(version, "by_source", "source", _("By source"), _("Source"))


def ages(version: Version) -> Section:
    """By age at the moment of scoring."""
    return _groups(version, "by_age", "age", _("By age of the lead"), _("Age"))


def _groups(version: Version, key: str, name: str, title: str, head: str) -> Section:
    found = version["card"].get(key) or []
    rows = tuple(
        (
            told(each[name]),
            counted(each["dossiers"]),
            share(each["base_rate"]),
            share(each["predicted"]),
            *(three(each[figure]) for figure in ("roc_auc", "log_loss", "calibration_error")),
            told(each["reason"]),
        )
        for each in found
    )
    measures = (ROC_AUC.name, LOG_LOSS.name, CALIBRATION_ERROR.name)
    heads = (head, _("Leads"), _("Converted"), _("Said"), *measures, _("Why not"))
    return Section(title, _("The same figures for some of the leads."), heads, rows)


def learning(version: Version) -> Section:
    """The learning curve."""
    curve = version["card"].get("learning_curve") or {}
    points = curve.get("points") or []
    rows = tuple((counted(each["leads"]), three(each["roc_auc"]), three(each["log_loss"])) for each in points)
    head = (_("Leads learnt from"), ROC_AUC.name, LOG_LOSS.name)
    return Section(_("What more data would bring"), growth_words(curve), head, rows)


def tried(version: Version) -> Section:
    """What `auto` made of each algorithm."""
    found = (version["card"].get("parameters") or {}).get("search") or []
    rows = tuple(
        (
            str(each["algorithm"]),
            *(three(each[name]) for name in ("log_loss", "more_than_best", "standard_error")),
            number(f"{each['seconds']:.1f}"),
            told(each["why"]),
        )
        for each in found
    )
    words = _(
        "Learnt on older leads and held against those that came next, several times over. Log loss is taken after the "
        "level of the probabilities is matched, so it is not that of the figures above."
    )
    losses = (LOG_LOSS.name, _("Above the least"), _("Standard error"))
    head = (_("Algorithm"), *losses, _("Seconds"), _("Why"))
    return Section(_("Which algorithms were tried"), words, head, rows)


def importance(version: Version) -> Section:
    """What moves the scores."""
    rows = tuple((str(each["feature"]), share(each["importance"])) for each in version["importance"])
    words = _("Each feature's share, over the leads measured.")
    return Section(_("What moves the scores"), words, (_("Feature"), _("Share")), rows)


def used(version: Version) -> Section:
    """The features that it reads."""
    rows = tuple(
        tuple(str(each.get(key) or "") for key in ("name", "kind", "unit", "meaning"))
        for each in version["features"]
        if each.get("name") not in {row[0] for row in left_out(version).rows}
    )
    head = (_("Feature"), _("Type"), _("Unit"), _("Meaning"))
    return Section(_("Features"), _("What it reads of a lead."), head, rows)


def left_out(version: Version) -> Section:
    """The features that it does not use, each with its reason."""
    rows = tuple(
        (str(each["name"]), told(each.get("why_not")))
        for key in ("features", "left_out")
        for each in version["card"].get(key) or []
        if each.get("used") is False
    )
    words = _("Features that were there and are not used.")
    return Section(_("Left out"), words, (_("Feature"), _("Why")), rows)


def suspects(version: Version) -> Section:
    """What the leakage guard says."""
    rows = tuple(
        (
            str(each.get("feature", "")),
            told(each.get("availability")),
            *(three(each.get(name)) for name in ("auc_alone", "auc_with", "auc_without")),
            told(each.get("verdict")),
            told(each.get("words")),
        )
        for each in version["card"].get("leakage") or []
    )
    aucs = (_("AUC alone"), _("AUC with"), _("AUC without"))
    head = (_("Feature"), _("Known from"), *aucs, _("Verdict"), _("In words"))
    return Section(_("Leakage guard"), _("Whether a feature knows what only the outcome can tell."), head, rows)


SECTIONS: tuple[Callable[[Version], Section], ...] = (
    figures,
    against,
    thresholds,
    calibration,
    lift,
    sources,
    ages,
    learning,
    tried,
    importance,
    used,
    left_out,
    suspects,
)
SHOWN_KEYS = frozenset(
    {
        "metrics",
        "shuffled_metrics",
        "baselines",
        "thresholds",
        "curves",
        "by_source",
        "by_age",
        "learning_curve",
        "features",
        "leakage",
        "left_out",
        "reference",
    }
)
"""What of a card stands in sections, or is too long to be read; the rest is provenance."""
