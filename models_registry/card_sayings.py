"""How a card's figures and sentences are said, in the language that is spoken. Pure: no Django.

What a card itself holds in words is told as it was written, unless it is one of the fixed sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from common.language import gettext as _
from common.language import gettext_noop, number
from models_registry.measures import ROC_AUC, value_of
from models_registry.phrases import PHRASES

UNKNOWN = "–"
FIXED = (
    gettext_noop("It did not vary in training."),
    gettext_noop("None of its values is shared by enough leads to learn from."),
    gettext_noop("It tells no more than a column of noise."),
    gettext_noop("It tells when a lead came, not which lead it is: the recent conversion rate says what the times do."),
    gettext_noop("There are too few leads to show whether the recent conversion rate tells anything."),
    gettext_noop("Fewer than 10 leads of an outcome."),
    gettext_noop("None of the leads measured is old enough to be settled at this age, or was still open then."),
    gettext_noop("There are too few leads yet to see how the figures grow with data."),
    gettext_noop("More leads of this kind would bring little: the figures have stopped growing with data."),
    gettext_noop("no source"),
    gettext_noop("other sources"),
    gettext_noop("under an hour"),
    gettext_noop("1 hour to 1 day"),
    gettext_noop("1 to 3 days"),
    gettext_noop("3 to 7 days"),
    gettext_noop("1 to 2 weeks"),
    gettext_noop("2 weeks to a month"),
    gettext_noop("1 to 2 months"),
    gettext_noop("2 months and more"),
    gettext_noop("creation"),
    gettext_noop("observed"),
    gettext_noop("contact"),
    gettext_noop("outcome"),
    gettext_noop("unknown"),
    gettext_noop("suspect"),
    gettext_noop("released"),
    gettext_noop("clear"),
    gettext_noop("later"),
)
"""Sentences and words that cards hold, and that can be said in every language."""


def three(value: Any) -> str:
    """A figure to three decimals; a dash where it is not known."""
    return UNKNOWN if value is None else number(f"{float(value):.3f}")


def share(value: Any) -> str:
    """A share in percent, to a tenth."""
    return UNKNOWN if value is None else _("%s%%") % number(f"{100 * float(value):.1f}")


def counted(value: Any) -> str:
    """A number of leads, with thousands parted."""
    return number(f"{float(value):,.0f}")


def told(text: Any) -> str:
    """What a card says in words: in the language that is spoken where it is a known sentence, else as written."""
    words = "" if text is None else str(text)
    return _(words) if words in FIXED else PHRASES.say(words)


def between(bounds: Iterable[Any] | None, shown: Callable[[Any], str] = three) -> str:
    """ "0.700 to 0.800"."""
    if bounds is None:
        return UNKNOWN
    low, high = (shown(bound) for bound in bounds)
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def signed(value: Any) -> str:
    """A difference to three decimals, with its sign."""
    return number(f"{float(value):+.3f}")


def shuffled_words(metrics: Mapping[str, Any], shuffled: Mapping[str, Any]) -> str:
    """What it means that the shuffled ROC-AUC is what it is; empty where either is unknown."""
    forward, mixed = value_of(metrics, ROC_AUC), value_of(shuffled, ROC_AUC)
    if forward is None or mixed is None:
        return ""
    said = {"mixed": number(f"{mixed:.2f}"), "forward": number(f"{forward:.2f}")}
    if mixed - forward > 0.03:
        return (
            _(
                "Shuffled, ROC-AUC would be %(mixed)s instead of %(forward)s: leads change with time, and only the "
                "forward figure tells what to expect."
            )
            % said
        )
    return _("Shuffled, ROC-AUC is %(mixed)s, forward %(forward)s: little has changed with time.") % said


def growth_words(curve: Mapping[str, Any]) -> str:
    """What the learning curve says, in a sentence; empty where the card has none."""
    words, gain = str(curve.get("words") or ""), curve.get("gain_by_doubling")
    if gain is None or words in FIXED:
        return told(words)
    return _("Twice as many leads would raise ROC-AUC by about %s.") % number(f"{max(gain, 0.01):.2f}")
