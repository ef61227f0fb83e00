"""A treatment against control, on all leads and where the methods differ; only the reason where it is withheld."""

from __future__ import annotations

from typing import Any

from experiments.both_methods import Differing
from experiments.comparison import Comparison
from experiments.statistics import proportions
from experiments.statistics.deciding import SAMPLE_RATIO_MISMATCH, AlwaysValid
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts

NO_MATURE_LEADS = "NO_MATURE_LEADS"


def comparison(each: Comparison, withheld: bool) -> dict[str, Any]:
    """A treatment against control; nothing but the reason where leads did not fall into the arms as they should."""
    belief = None if withheld else each.belief
    return {
        "variant": each.variant,
        "difference": _shown(each.difference, withheld),
        "lift": _shown(each.lift, withheld),
        "fixed_horizon": {
            "test": each.fixed.name,
            "p_value": None if withheld else each.fixed.p_value,
            "reason": SAMPLE_RATIO_MISMATCH if withheld else each.fixed.reason,
        },
        "always_valid": _always_valid(each.always_valid, withheld),
        "adjusted_p_value": None if withheld else each.adjusted_p,
        "belief": {
            "probability_better": belief.better if belief else None,
            "expected_loss_if_treatment": belief.loss_if_treatment if belief else None,
            "expected_loss_if_control": belief.loss_if_control if belief else None,
            "reason": SAMPLE_RATIO_MISMATCH if withheld else None if belief else NO_MATURE_LEADS,
        },
        "less_noise": {
            "difference": _shown(each.less_noise.difference, withheld),
            "always_valid": _shown(each.less_noise.always_valid, withheld),
            "p_value": None if withheld else each.less_noise.p_value,
            "variance_reduction": None if withheld else each.less_noise.reduction,
        },
        "revenue_per_lead": _shown(each.revenue, withheld) | {"p_value": None if withheld else each.revenue_p},
    }


def differing(each: Differing, withheld: bool) -> dict[str, Any]:
    """The same on leads for which both recommend different actions."""
    return {
        "variant": each.variant,
        "leads": each.leads,
        "share": each.share,
        "control": counted(each.control),
        "treatment": counted(each.treatment),
        "difference": _shown(each.difference, withheld),
        "lift": _shown(each.lift, withheld),
        "always_valid": _always_valid(each.always_valid, withheld),
    }


def counted(counts: Counts) -> dict[str, Any]:
    """Leads, conversions, and the rate with its interval."""
    return {
        "leads": counts.leads,
        "conversions": counts.conversions,
        "conversion_rate": proportions.rate(counts).to_json(),
    }


def _shown(estimate: Estimate, withheld: bool) -> dict[str, Any]:
    return (Estimate.unknown(SAMPLE_RATIO_MISMATCH, estimate.level) if withheld else estimate).to_json()


def _always_valid(found: AlwaysValid, withheld: bool) -> dict[str, Any]:
    return {
        "decides": found.decides,
        "p_value": None if withheld else found.p_value,
        "difference": _shown(found.difference, withheld),
        "lift": _shown(found.lift, withheld),
        "excludes_zero": None if withheld or found.p_value is None else found.lift.excludes_zero,
        "reason": SAMPLE_RATIO_MISMATCH if withheld else found.reason,
    }
