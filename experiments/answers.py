"""An analysis as the API answers it and a page draws it. What cannot be computed is null, with a reason beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from common.audit import AuditEntry
from common.serializers import iso
from experiments.analysis import Analysis, Look
from experiments.comparison import Comparison
from experiments.guardrails import PATIENCE, Answered, speed
from experiments.planning import Planned
from experiments.ratio import StratumRatio
from experiments.standing import Standing
from experiments.statistics import means, proportions
from experiments.statistics.deciding import ALPHA, SAMPLE_RATIO_MISMATCH, AlwaysValid
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts
from experiments.statistics.rehearsal import Rehearsal
from experiments.statistics.survival import Curve, Speed

NOT_REACHED, NO_MATURE_LEADS, NO_CONVERSIONS = "NOT_REACHED", "NO_MATURE_LEADS", "NO_CONVERSIONS"


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
        "provisional": _provisional(found, withheld),
        "sample_ratio": _ratio(found),
        "guardrails": [_guardrail(each) for each in found.guardrails],
        "only_where_they_differ": [_differing(each, withheld) for each in found.differing],
        "not_randomised": _not_randomised(found),
        "what_people_did": _what_people_did(found),
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
        "matured": _counts(arm.matured),
        "revenue_per_lead": means.mean(arm.revenue).to_json() if arm.paid else Estimate.unknown("NO_REVENUE").to_json(),
        "median_days_to_conversion": _median(arm),
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "leads": counts.leads,
        "conversions": counts.conversions,
        "conversion_rate": proportions.rate(counts).to_json(),
    }


def _median(arm: Standing) -> dict[str, Any]:
    reason = None if arm.median_day is not None else NO_CONVERSIONS if arm.matured.leads else NO_MATURE_LEADS
    return {"value": arm.median_day, "reason": reason}


def comparison(each: Comparison, withheld: bool = False) -> dict[str, Any]:
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


def _shown(estimate: Estimate, withheld: bool) -> dict[str, Any]:
    return (Estimate.unknown(SAMPLE_RATIO_MISMATCH, estimate.level) if withheld else estimate).to_json()


def _always_valid(found: AlwaysValid, withheld: bool) -> dict[str, Any]:
    return {
        "decides": found.decides,
        "p_value": None if withheld else found.p_value,
        "difference": _shown(found.difference, withheld),
        "lift": _shown(found.lift, withheld),
        "excludes_zero": None if withheld or found.p_value is None else found.p_value <= ALPHA,
        "reason": SAMPLE_RATIO_MISMATCH if withheld else found.reason,
    }


def _provisional(found: Analysis, withheld: bool) -> dict[str, Any]:
    """All leads so far, the windows of many being open: what may be seen, and what not to conclude from it."""
    return {
        "curves": [_curve(arm, curve) for arm, curve in zip(found.arms, found.curves, strict=True)],
        "faster_not_more": [
            _speed(arm, speed_, withheld) for arm, speed_ in zip(found.arms[1:], found.speeds, strict=True)
        ],
        "words": "Leads whose window is open are in it: a treatment that only speeds conversion up looks better here.",
    }


def _curve(arm: Standing, curve: Curve) -> dict[str, Any]:
    low, high = curve.bounds()
    columns = zip(curve.converted.tolist(), low.tolist(), high.tolist(), curve.at_risk.tolist(), strict=True)
    median = curve.median_day()
    return {
        "variant": arm.variant,
        "points": [
            {"day": day, "converted": value, "low": below, "high": above, "at_risk": leads}
            for day, (value, below, above, leads) in enumerate(columns, start=1)
            if leads
        ],
        "median_days": {"value": median, "reason": None if median is not None else NOT_REACHED},
    }


def _speed(arm: Standing, found: Speed | None, withheld: bool) -> dict[str, Any]:
    if found is None or withheld:
        return {
            "variant": arm.variant,
            "is_so": None,
            "words": None,
            "reason": SAMPLE_RATIO_MISMATCH if withheld else NO_MATURE_LEADS,
        }
    words = (
        f"Faster, not more: on day {found.day} {arm.variant} is {found.ahead:.1%} of the leads ahead, at the end of "
        f"the window {found.at_end:+.1%}."
    )
    is_so = found.faster_not_more
    return {"variant": arm.variant, "is_so": is_so, "words": words if is_so else None, "reason": None}


def _ratio(found: Analysis) -> dict[str, Any]:
    return {
        "leads": found.ratio.leads,
        "expected": found.ratio.expected,
        "p_value": found.ratio.p_value,
        "holds": found.ratio.holds,
        "by_source": [_stratum(each) for each in found.ratio.by_source],
        "by_owner": [_stratum(each) for each in found.ratio.by_owner],
    }


def _stratum(each: StratumRatio) -> dict[str, Any]:
    return {"name": each.name, "leads": each.leads, "p_value": each.p_value, "holds": each.holds}


def _guardrail(each: Any) -> dict[str, Any]:
    return {
        "name": each.name,
        "variant": each.variant,
        "change": each.change.to_json(),
        "margin": each.margin,
        "breached": each.breached,
    }


def _differing(each: Any, withheld: bool) -> dict[str, Any]:
    return {
        "variant": each.variant,
        "leads": each.leads,
        "share": each.share,
        "control": _counts(each.control),
        "treatment": _counts(each.treatment),
        "difference": _shown(each.difference, withheld),
        "lift": _shown(each.lift, withheld),
        "always_valid": _always_valid(each.always_valid, withheld),
    }


def _not_randomised(found: Analysis) -> dict[str, Any]:
    """Both methods held against the same outcomes, which the work on the leads had its part in."""
    return {
        "words": "By the same outcomes, on all leads of all arms. Not randomised: it says which foretells better, not "
        "which sells more.",
        "agreement": [
            {
                "variant": each.variant,
                "control_action": each.control_action,
                "treatment_action": each.treatment_action,
                "leads": each.leads,
                "matured": _counts(each.matured),
            }
            for each in found.agreement
        ],
        "methods": [
            {
                "variant": each.variant,
                "leads": each.leads,
                "roc_auc": each.roc_auc,
                "roc_auc_ahead": each.roc_auc_ahead.to_json(),
                "log_loss": each.log_loss,
                "brier": each.brier,
                "calibration_error": each.calibration_error,
                "calibration": each.calibration,
                "lift": each.lift,
            }
            for each in found.merits
        ],
    }


def _what_people_did(found: Analysis) -> dict[str, Any]:
    answered = {(each.variant, each.action): each for each in found.answered}
    return {
        "by_action": [
            {
                "variant": each.variant,
                "action": each.action,
                "leads": each.leads,
                "matured": _counts(each.matured),
                "first_response": _response(answered.get((each.variant, each.action))),
            }
            for each in found.followed
        ],
        "by_arm": [_response_of_arm(found.answered, arm.variant) for arm in found.arms],
        "load_by_owner": _load(found),
    }


def _response(each: Answered | None) -> dict[str, Any]:
    """Mean minutes to the first message, of leads that have waited for three days; unanswered ones count as three."""
    if each is None or not each.leads:
        return {"leads": 0, "answered": 0, "minutes": Estimate.unknown("NO_LEADS").to_json()}
    return {"leads": each.leads, "answered": each.answered, "minutes": means.mean(each.minutes).to_json()}


def _response_of_arm(found: Sequence[Answered], variant: str) -> dict[str, Any]:
    minutes, answered = speed(found, variant)
    return {
        "variant": variant,
        "cap_minutes": PATIENCE / timedelta(minutes=1),
        "first_response": _response(Answered(variant, None, minutes.n, answered, minutes)),
    }


def _load(found: Analysis) -> list[dict[str, Any]]:
    """Leads of each owner by arm: a salesperson's time is shared between the arms."""
    names = [arm.variant for arm in found.arms]
    return [{"owner": each.name, "leads": dict(zip(names, each.leads, strict=True))} for each in found.ratio.by_owner]


def _look(each: Look) -> dict[str, Any]:
    return {
        "at": iso(each.at),
        "variant": each.variant,
        "leads": each.leads,
        "decides": each.found.decides,
        "lift": each.found.lift.to_json(),
        "p_value": each.found.p_value,
    }


def act(row: AuditEntry) -> dict[str, Any]:
    """Who did what with an experiment, and when."""
    return {
        "act": row.act.removeprefix("experiment."),
        "by": row.by,
        "at": iso(row.at),
        "from": row.before,
        "to": row.after,
        "reason": row.reason,
    }


def self_tested(found: Rehearsal | None) -> dict[str, Any]:
    """How often an experiment without any effect names a winner here."""
    return {
        "leads": found.leads if found else 0,
        "experiments": found.experiments if found else 0,
        "looks": found.looks if found else 0,
        "always_valid": found.always_valid if found else None,
        "fixed_at_every_look": found.fixed if found else None,
        "fixed_once": found.last_look if found else None,
        "sample_ratio_alarm": found.sample_ratio if found else None,
        "reason": None if found else "NOT_ENOUGH_DATA",
    }


def planned(found: Planned, said: dict[str, Any]) -> dict[str, Any]:
    """What an experiment needs, beside what was asked."""
    control = None if found.leads is None else math.ceil(found.leads * said["traffic_split"])
    return {
        "baseline_rate": found.rate,
        "smallest_lift": said["smallest_lift"],
        "power": said["power"],
        "horizon": said["horizon"],
        "leads": found.leads,
        "leads_control": control,
        "leads_treatment": None if found.leads is None or control is None else found.leads - control,
        "leads_otherwise": found.leads_otherwise,
        "leads_per_day": found.leads_per_day,
        "days_to_enrol": found.days_to_enrol,
        "days": found.days,
        "reason": found.reason,
        "warnings": found.warnings,
    }
