"""A version's card as sections with tables, for every door that shows it. Pure: no Django.

Cards are plain data that outlive the code that wrote them: what an older one does not hold is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models_registry.measures import (
    BRIER,
    CALIBRATION_ERROR,
    LOG_LOSS,
    MEASURES,
    PR_AUC,
    ROC_AUC,
    Measure,
    interval_of,
    value_of,
)

UNKNOWN = "–"
THRESHOLD_NAMES = {"half": "0.5", "f1_best": "best F1", "cost_best": "least cost"}
BASELINE_NAMES = {"rules": "The rules", "naive_bayes": "Naive Bayes on exact values"}
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


def three(value: Any) -> str:
    """A figure to three decimals; a dash where it is not known."""
    return UNKNOWN if value is None else f"{float(value):.3f}"


def share(value: Any) -> str:
    """A share in percent."""
    return UNKNOWN if value is None else f"{float(value):.1%}"


def between(bounds: Iterable[Any] | None, shown: Callable[[Any], str] = three) -> str:
    """ "0.700 to 0.800"."""
    return UNKNOWN if bounds is None else " to ".join(shown(bound) for bound in bounds)


def figures(version: Version) -> Section:
    """Every measure forward with its interval, and shuffled."""
    metrics, shuffled = version["metrics"], version["card"].get("shuffled_metrics") or {}
    rows = tuple(
        (each.name, three(value), between(interval_of(metrics, each)), three(value_of(shuffled, each)), each.meaning)
        for each in MEASURES
        if (value := value_of(metrics, each)) is not None or each.key in metrics
    )
    counted = (
        f"{metrics['dossiers']:,} leads ({metrics.get('positives', 0):,} converted)"
        if "dossiers" in metrics
        else "leads"
    )
    words = (
        f"Measured forward in time, on {counted} created after those it learnt from; 95 % intervals over leads. "
        f"Shuffled: the same learner, split at random. {shuffled_words(metrics, shuffled)}"
    )
    reasons = " ".join(dict.fromkeys((metrics.get("reasons") or {}).values()))
    head = ("Measure", "Forward", "95 % interval", "Shuffled", "Meaning")
    return Section("How good it is", f"{words} {reasons}".strip(), head, rows)


def shuffled_words(metrics: Mapping[str, Any], shuffled: Mapping[str, Any]) -> str:
    """What it means that the shuffled ROC-AUC is what it is; empty where either is unknown."""
    forward, mixed = value_of(metrics, ROC_AUC), value_of(shuffled, ROC_AUC)
    if forward is None or mixed is None:
        return ""
    if mixed - forward > 0.03:
        return (
            f"Shuffled, ROC-AUC would be {mixed:.2f} instead of {forward:.2f}: leads change with time, and only the "
            "forward figure tells what to expect."
        )
    return f"Shuffled, ROC-AUC is {mixed:.2f}, forward {forward:.2f}: little has changed with time."


def against(version: Version) -> Section:
    """The baselines on the same leads."""
    found = version["card"].get("baselines") or {}
    rows = [("This version", *(three(value_of(version["metrics"], each)) for each in COMPARED), UNKNOWN, UNKNOWN)]
    rows += [
        (BASELINE_NAMES.get(name, name), *(three(value_of(each, measure)) for measure in COMPARED), *_gains(each))
        for name, each in found.items()
    ]
    head = ("By", *(measure.name for measure in COMPARED), "ROC-AUC better by", "Log loss better by")
    words = "What simpler means reach on the same leads, and by how much this version is better (95 %, paired)."
    return Section("Against simpler means", words, head, tuple(rows) if found else ())


def _gains(baseline: Mapping[str, Any]) -> tuple[str, str]:
    difference = baseline.get("difference") or {}
    return _gain(difference.get("roc_auc")), _gain(difference.get("log_loss"))


def _gain(gain: Mapping[str, Any] | None) -> str:
    return (
        UNKNOWN if gain is None else f"{gain['gain']:+.3f} ({between(gain['interval'], lambda each: f'{each:+.3f}')})"
    )


def thresholds(version: Version) -> Section:
    """Decisions at three thresholds, with the confusion matrix."""
    found = version["card"].get("thresholds") or []
    matrix = ("true_positive", "false_positive", "false_negative", "true_negative")
    rows = tuple(
        (
            THRESHOLD_NAMES.get(each["name"], each["name"]),
            three(each["threshold"]),
            share(each["called"]),
            *(three(each[name]) for name in ("precision", "recall", "f1")),
            *(f"{each['confusion_matrix'][name]:,.0f}" for name in matrix),
            three(each["cost"]),
        )
        for each in found
    )
    head = ("Threshold", "From", "Called likely", "Precision", "Recall", "F1")
    head += ("Rightly called", "Called in vain", "Missed", "Rightly left", "Cost a lead")
    ratio = f"{found[0]['cost_ratio']:g}" if found else ""
    words = (
        "The last two were chosen on the older leads, by scores of learners that had not seen them, and are measured "
        f"here on the newest. A missed conversion costs {ratio} calls in vain."
    )
    return Section("Thresholds", words, head, rows)


def calibration(version: Version) -> Section:
    """What was said and what came."""
    rows = tuple(
        (share(each["predicted"]), share(each["observed"]), between(each["interval"], share), f"{each['leads']:,.0f}")
        for each in _curve(version, "calibration")
    )
    words = "Leads in ten parts of equal size by what was said of them, and how many of each converted."
    return Section("Do the probabilities hold", words, ("Said", "Converted", "95 % interval", "Leads"), rows)


def lift(version: Version) -> Section:
    """By tenths."""
    rows = tuple(
        (f"{each['tenth']}", f"{each['leads']:,.0f}", share(each["rate"]), f"{each['lift']:.2f}", share(each["gain"]))
        for each in _curve(version, "lift")
    )
    words = "Leads by tenths, likeliest first: lift is the tenth's rate against the mean, gain the conversions so far."
    return Section("Lift and gains", words, ("Tenth", "Leads", "Converted", "Lift", "Gain"), rows)


def _curve(version: Version, name: str) -> list[Mapping[str, Any]]:
    return (version["card"].get("curves") or {}).get(name) or []


def sources(version: Version) -> Section:
    """By source."""
    return _groups(version, "by_source", "source", "By source", "Source")


def ages(version: Version) -> Section:
    """By age at the moment of scoring."""
    return _groups(version, "by_age", "age", "By age of the lead", "Age")


def _groups(version: Version, key: str, name: str, title: str, head: str) -> Section:
    found = version["card"].get(key) or []
    rows = tuple(
        (
            str(each[name]),
            f"{each['dossiers']:,}",
            share(each["base_rate"]),
            share(each["predicted"]),
            *(three(each[figure]) for figure in ("roc_auc", "log_loss", "calibration_error")),
            each["reason"] or "",
        )
        for each in found
    )
    heads = (head, "Leads", "Converted", "Said", "ROC-AUC", "Log loss", "Calibration error", "Why not")
    return Section(title, "The same figures for some of the leads.", heads, rows)


def learning(version: Version) -> Section:
    """The learning curve."""
    curve = version["card"].get("learning_curve") or {}
    points = curve.get("points") or []
    rows = tuple((f"{each['leads']:,}", three(each["roc_auc"]), three(each["log_loss"])) for each in points)
    return Section(
        "What more data would bring", curve.get("words", ""), ("Leads learnt from", "ROC-AUC", "Log loss"), rows
    )


def importance(version: Version) -> Section:
    """What moves the scores."""
    rows = tuple((str(each["feature"]), share(each["importance"])) for each in version["importance"])
    return Section(
        "What moves the scores", "Each feature's share, over the leads measured.", ("Feature", "Share"), rows
    )


def used(version: Version) -> Section:
    """The features that it reads."""
    rows = tuple(
        tuple(str(each.get(key) or "") for key in ("name", "kind", "unit", "meaning"))
        for each in version["features"]
        if each.get("name") not in {row[0] for row in left_out(version).rows}
    )
    return Section("Features", "What it reads of a lead.", ("Feature", "Type", "Unit", "Meaning"), rows)


def left_out(version: Version) -> Section:
    """The features that it does not use, each with its reason."""
    rows = tuple(
        (str(each["name"]), str(each.get("why_not") or ""))
        for each in version["card"].get("features") or []
        if each.get("used") is False
    )
    return Section("Left out", "Features that were there and are not used.", ("Feature", "Why"), rows)


def suspects(version: Version) -> Section:
    """What the leakage guard says."""
    rows = tuple(
        (
            str(each.get("feature", "")),
            str(each.get("availability") or ""),
            *(three(each.get(name)) for name in ("auc_alone", "auc_with", "auc_without")),
            str(each.get("verdict") or ""),
            str(each.get("words") or ""),
        )
        for each in version["card"].get("leakage") or []
    )
    head = ("Feature", "Known from", "AUC alone", "AUC with", "AUC without", "Verdict", "In words")
    return Section("Leakage guard", "Whether a feature knows what only the outcome can tell.", head, rows)


SECTIONS: tuple[Callable[[Version], Section], ...] = (
    figures,
    against,
    thresholds,
    calibration,
    lift,
    sources,
    ages,
    learning,
    importance,
    used,
    left_out,
    suspects,
)
SHOWN_KEYS = frozenset(
    "metrics shuffled_metrics baselines thresholds curves by_source by_age learning_curve features leakage reference".split()
)
"""What of a card stands in sections, or is too long to be read; the rest is provenance."""
