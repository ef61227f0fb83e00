"""All leads so far, the windows of many being open."""

from __future__ import annotations

from typing import Any

from experiments.analysis import Analysis
from experiments.answers.comparing import NO_MATURE_LEADS
from experiments.standing import Standing
from experiments.statistics.deciding import SAMPLE_RATIO_MISMATCH
from experiments.statistics.survival import Curve, Speed

NOT_REACHED = "NOT_REACHED"


def provisional(found: Analysis, withheld: bool) -> dict[str, Any]:
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
