"""The metrics of an experiment: the contract's fields, and all that stands beside them."""

from __future__ import annotations

from typing import Any

from common.serializers import iso
from experiments.analysis import Analysis, Look
from experiments.answers.checks import guardrail, sample_ratio
from experiments.answers.comparing import NO_MATURE_LEADS, comparison, counted, differing
from experiments.answers.people import not_randomised, what_people_did
from experiments.answers.provisional import provisional
from experiments.comparison import NO_REVENUE
from experiments.standing import Standing
from experiments.statistics import means
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts

NO_CONVERSIONS = "NO_CONVERSIONS"


def metrics(found: Analysis) -> dict[str, Any]:
    """The contract's four fields, and all that stands beside them."""
    arms = [_arm(found, at) for at in range(len(found.arms))]
    withheld = not found.ratio.holds
    return {
        "control_metrics": arms[0],
        "treatment_metrics": arms[1],
        "winner": _method(found, found.verdict.winner),
        "improvement": None if withheld else improvement(found.arms[0].everyone, found.arms[1].everyone),
        "improvement_is_provisional": any(arm.matured.leads < arm.everyone.leads for arm in found.arms),
        "winning_variant": found.verdict.winner,
        "reason": found.verdict.reason,
        "words": found.outlook.words,
        "arms": arms,
        "comparisons": [comparison(each, withheld) for each in found.comparisons],
        "provisional": provisional(found, withheld),
        "sample_ratio": sample_ratio(found.ratio),
        "guardrails": [guardrail(each) for each in found.guardrails],
        "only_where_they_differ": [differing(each, withheld) for each in found.differing],
        "not_randomised": not_randomised(found),
        "what_people_did": what_people_did(found),
        "changed_since_the_start": list(found.changed),
        "looks": [] if withheld else [_look(each) for each in found.looks],
        "outlook": {
            "leads_per_day": found.outlook.leads_per_day,
            "remaining_leads": found.outlook.remaining_leads,
            "remaining_days": found.outlook.remaining_days,
            "detectable_lift": found.outlook.detectable_lift,
        },
        "as_of": iso(found.at),
        "attribution_days": found.experiment.attribution_days,
        "revenue_cap": found.cap,
        "experiment": found.experiment.to_json(),
    }


def improvement(control: Counts, treatment: Counts) -> str | None:
    """Treatment's rate over control's as the contract writes it, "23.3%"; None without a conversion in control."""
    if not control.rate or treatment.rate is None:
        return None
    return f"{treatment.rate / control.rate - 1:.1%}"


def _method(found: Analysis, variant: str | None) -> str | None:
    return next((arm.method for arm in found.arms if arm.variant == variant), None)


def _arm(found: Analysis, at: int) -> dict[str, Any]:
    arm = found.arms[at]
    return {
        "variant": arm.variant,
        "method": arm.method,
        "share": arm.share,
        "total_predictions": arm.predictions,
        "leads": arm.everyone.leads,
        "conversions": arm.everyone.conversions,
        "conversion_rate": arm.everyone.rate,
        "matured": counted(arm.matured),
        "revenue_per_lead": (means.mean(arm.revenue) if arm.paid else Estimate.unknown(NO_REVENUE)).to_json(),
        "median_days_to_conversion": _median(arm),
    }


def _median(arm: Standing) -> dict[str, Any]:
    reason = None if arm.median_day is not None else NO_CONVERSIONS if arm.matured.leads else NO_MATURE_LEADS
    return {"value": arm.median_day, "reason": reason}


def _look(each: Look) -> dict[str, Any]:
    return {
        "at": iso(each.at),
        "variant": each.variant,
        "leads": each.leads,
        "decides": each.found.decides,
        "lift": each.found.lift.to_json(),
        "p_value": each.found.p_value,
    }
