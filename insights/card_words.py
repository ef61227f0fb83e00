"""What a version's card says, in the few sentences that a manager reads first. Pure: no Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models_registry.card_sections import shuffled_words
from models_registry.measures import ROC_AUC, interval_of, value_of

Data = Mapping[str, Any]
WELL_CALIBRATED = 0.03
FEW_LEADS = 200
"""Below so many leads measured, a manager is told that the figures are rough."""
WORTH_IT = 1.1
"""The lift of the first tenth from which on starting there is worth it."""


def in_short(metrics: Data, card: Data) -> list[str]:
    """The sentences that the card has figures for, the most useful one first."""
    return [sentence for say in SENTENCES if (sentence := say(metrics, card))]


def _roughly(metrics: Data, card: Data) -> str:
    leads = metrics.get("dossiers")
    if leads is None or leads >= FEW_LEADS:
        return ""
    came = metrics.get("positives", 0)
    return f"Only {leads} leads could be measured, of which {came} converted: all of this is rough."


def _first_tenth(metrics: Data, card: Data) -> str:
    tenths = (card.get("curves") or {}).get("lift")
    if not tenths:
        return ""
    first, base = tenths[0], metrics["base_rate"]
    found = f"Of the tenth of the leads that it puts first, {first['rate']:.0%} converted; of all, {base:.0%}"
    if first["lift"] < WORTH_IT:
        return f"{found}: starting there gained nothing."
    return f"{found}. Whoever starts there finds {first['lift']:.1f} times as many."


def _order(metrics: Data, card: Data) -> str:
    value, bounds = value_of(metrics, ROC_AUC), interval_of(metrics, ROC_AUC)
    if value is None:
        return ""
    sure = f" ({100 * bounds[0]:.0f} to {100 * bounds[1]:.0f})" if bounds else ""
    return (
        f"It puts a lead that converts before one that does not {100 * value:.0f} times out of 100{sure}; "
        f"a coin would do so 50 times.{_others(card)}"
    )


def _others(card: Data) -> str:
    found = card.get("baselines") or {}
    named = (("rules", "the rules would have reached"), ("naive_bayes", "counting exact values (naive Bayes)"))
    reached = [(name, value_of(found.get(key) or {}, ROC_AUC)) for key, name in named]
    known = [f"{name} {100 * value:.0f}" for name, value in reached if value is not None]
    return f" On the same leads, {' and '.join(known)} times." if known else ""


def _word_kept(metrics: Data, card: Data) -> str:
    error = metrics.get("calibration_error")
    if error is None:
        return ""
    points = (
        f"{100 * error:.0f} point{'' if round(100 * error) == 1 else 's'}" if error >= 0.01 else "less than a point"
    )
    kept = "they hold" if error <= WELL_CALIBRATED else "read them with that much room"
    return f"Its probabilities are off by {points} on average: {kept}."


def _in_time(metrics: Data, card: Data) -> str:
    return shuffled_words(metrics, card.get("shuffled_metrics") or {})


def _more_data(metrics: Data, card: Data) -> str:
    return str((card.get("learning_curve") or {}).get("words", ""))


SENTENCES: tuple[Callable[[Data, Data], str], ...] = (_first_tenth, _roughly, _order, _word_kept, _in_time, _more_data)
