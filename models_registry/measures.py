"""The measures of a model that are shown to people: keys, names, and what they mean in plain words. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop


@dataclass(frozen=True)
class Measure:
    """A measure of a model: its key in a version's metrics, and its name and meaning in English."""

    key: str
    called: str
    means: str
    falls: bool = False
    """Whether lower is better."""

    @property
    def name(self) -> str:
        """Its name, in the language that is spoken."""
        return _(self.called)

    @property
    def meaning(self) -> str:
        """What it means, in the language that is spoken."""
        return _(self.means)


PRECISION = Measure(
    "precision", gettext_noop("Precision"), gettext_noop("Of the leads it calls likely, so many convert.")
)
RECALL = Measure("recall", gettext_noop("Recall"), gettext_noop("Of the leads that convert, it calls so many likely."))
ROC_AUC = Measure(
    "roc_auc",
    gettext_noop("ROC-AUC"),
    gettext_noop("How often a lead that converts is ranked above one that does not; 0.5 is a coin toss."),
)
FIVE = (
    PRECISION,
    RECALL,
    Measure("f1", gettext_noop("F1"), gettext_noop("Precision and recall in one figure: high only where both are.")),
    ROC_AUC,
    Measure(
        "accuracy",
        gettext_noop("Accuracy"),
        gettext_noop("How often “likely” and “unlikely” are right; flatters where few leads convert."),
    ),
)
LOG_LOSS = Measure(
    "log_loss",
    gettext_noop("Log loss"),
    gettext_noop("How far the probabilities are off, sure mistakes above all; lower is better."),
    falls=True,
)
BRIER = Measure(
    "brier",
    gettext_noop("Brier score"),
    gettext_noop("The mean squared error of the probabilities; lower is better."),
    falls=True,
)
PR_AUC = Measure(
    "pr_auc",
    gettext_noop("PR-AUC"),
    gettext_noop("Precision averaged over all recalls; without knowledge it is the share that converts."),
)
CALIBRATION_ERROR = Measure(
    "calibration_error",
    gettext_noop("Calibration error"),
    gettext_noop("By how much the probabilities are off on average; 0.02 is two points."),
    falls=True,
)
MEASURES = (*FIVE, LOG_LOSS, BRIER, PR_AUC, CALIBRATION_ERROR)

BETTER, WORSE, SAME, UNSURE = "better", "worse", "same", "unsure"
NO_MATTER = 0.0005
"""A difference that three decimals do not show."""
Interval = tuple[float, float] | None


def value_of(metrics: Mapping[str, Any], measure: Measure) -> float | None:
    """The measure as a number; None where it was not taken."""
    value = metrics.get(measure.key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def interval_of(metrics: Mapping[str, Any], measure: Measure) -> Interval:
    """Its 95 % interval; None where it has none."""
    bounds = (metrics.get("intervals") or {}).get(measure.key)
    return (float(bounds[0]), float(bounds[1])) if bounds else None


def verdict(measure: Measure, values: tuple[float | None, float | None], bounds: tuple[Interval, Interval]) -> str:
    """Of the second of two values; unsure where both intervals have something in common."""
    before, after = values
    if before is None or after is None:
        return ""
    if abs(after - before) < NO_MATTER:
        return SAME
    first, second = bounds
    if first and second and first[0] <= second[1] and second[0] <= first[1]:
        return UNSURE
    return BETTER if (after < before) == measure.falls else WORSE
