"""What a version's card says, in the few sentences that a manager reads first. Pure: no Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.language import gettext as _
from common.language import ngettext, number
from models_registry.card_sayings import growth_words, shuffled_words
from models_registry.measures import ROC_AUC, interval_of, value_of
from predictions.quantities import percent, plain

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
    return _("Only %(leads)s leads could be measured, of which %(came)s converted: all of this is rough.") % {
        "leads": plain(leads),
        "came": plain(came),
    }


def _first_tenth(metrics: Data, card: Data) -> str:
    tenths = (card.get("curves") or {}).get("lift")
    if not tenths or metrics.get("base_rate") is None:
        return ""
    first, base = tenths[0], metrics["base_rate"]
    said = {"rate": percent(first["rate"]), "base": percent(base), "lift": number(f"{first['lift']:.1f}")}
    if first["lift"] < WORTH_IT:
        return (
            _(
                "Of the tenth of the leads that it puts first, %(rate)s converted; of all, %(base)s: starting there "
                "gained nothing."
            )
            % said
        )
    return (
        _(
            "Of the tenth of the leads that it puts first, %(rate)s converted; of all, %(base)s. Whoever starts there "
            "finds %(lift)s times as many."
        )
        % said
    )


def _order(metrics: Data, card: Data) -> str:
    value, bounds = value_of(metrics, ROC_AUC), interval_of(metrics, ROC_AUC)
    if value is None:
        return ""
    said = {"times": _times(value), "sure": _sure(bounds), "others": _others(card)}
    return (
        _(
            "It puts a lead that converts before one that does not %(times)s times out of 100%(sure)s; a coin would do "
            "so 50 times.%(others)s"
        )
        % said
    )


def _times(auc: float) -> str:
    return f"{100 * auc:.0f}"


def _sure(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return ""
    return _(" (%(low)s to %(high)s)") % {"low": _times(bounds[0]), "high": _times(bounds[1])}


def _others(card: Data) -> str:
    found = card.get("baselines") or {}
    rules, counting = (value_of(found.get(name) or {}, ROC_AUC) for name in ("rules", "naive_bayes"))
    if rules is not None and counting is not None:
        return _(
            " On the same leads, the rules would have reached %(rules)s and counting exact values (naive Bayes) "
            "%(counting)s times."
        ) % {"rules": _times(rules), "counting": _times(counting)}
    if rules is not None:
        return _(" On the same leads, the rules would have reached %s times.") % _times(rules)
    if counting is None:
        return ""
    return _(" On the same leads, counting exact values (naive Bayes) would have reached %s times.") % _times(counting)


def _word_kept(metrics: Data, card: Data) -> str:
    error = metrics.get("calibration_error")
    if error is None:
        return ""
    points = round(100 * error)
    off = ngettext("%s point", "%s points", points) % points if error >= 0.01 else _("less than a point")
    if error <= WELL_CALIBRATED:
        return _("Its probabilities are off by %s on average: they hold.") % off
    return _("Its probabilities are off by %s on average: read them with that much room.") % off


def _in_time(metrics: Data, card: Data) -> str:
    return shuffled_words(metrics, card.get("shuffled_metrics") or {})


def _more_data(metrics: Data, card: Data) -> str:
    return growth_words(card.get("learning_curve") or {})


SENTENCES: tuple[Callable[[Data, Data], str], ...] = (_first_tenth, _roughly, _order, _word_kept, _in_time, _more_data)
