"""What both methods foretold, and what the people who worked the leads made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from experiments.analysis import Analysis
from experiments.answers.comparing import counted
from experiments.guardrails import PATIENCE, Answered, speed
from experiments.statistics import means
from experiments.statistics.estimates import Estimate


def not_randomised(found: Analysis) -> dict[str, Any]:
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
                "matured": counted(each.matured),
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


def what_people_did(found: Analysis) -> dict[str, Any]:
    """Conversions and speed of response by recommended action and arm, and each owner's load."""
    answered = {(each.variant, each.action): each for each in found.answered}
    return {
        "by_action": [
            {
                "variant": each.variant,
                "action": each.action,
                "leads": each.leads,
                "matured": counted(each.matured),
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
