"""When a winner may be named: an interval that holds at every look excludes 0, leads fell as they should, and came in
for two weeks.

Below 400 leads the exact evidence decides, from there on the asymptotic sequence. The error of 5 % is shared out
between the two, so that together they name a false winner in at most one experiment of twenty, however often one looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from experiments.statistics import exact, sequential
from experiments.statistics.estimates import Estimate
from experiments.statistics.exact import Converted
from experiments.statistics.means import relative
from experiments.statistics.proportions import NO_LEADS, Counts

METHOD = "always-valid"
ALPHA = 0.05
EXACT_ALPHA, ASYMPTOTIC_ALPHA = 0.01, 0.04
EXACT_BELOW = 400
LEAST_IN_ARM = 10
LEAST_DAYS = 14
EXACT, ASYMPTOTIC = "EXACT", "ASYMPTOTIC"

NOT_ENOUGH_DATA, TOO_EARLY, NO_DIFFERENCE = "NOT_ENOUGH_DATA", "TOO_EARLY", "NO_DIFFERENCE"
SAMPLE_RATIO_MISMATCH, GUARDRAIL = "SAMPLE_RATIO_MISMATCH", "GUARDRAIL"
REASONS = (NOT_ENOUGH_DATA, TOO_EARLY, NO_DIFFERENCE, SAMPLE_RATIO_MISMATCH, GUARDRAIL)


@dataclass(frozen=True)
class AlwaysValid:
    """What may be said at every look. `p_value` is at most 0.05, shared out among the treatments, just where the lift's
    interval excludes 0.

    `difference` is None with a reason where the exact evidence decides, which speaks of the ratio only.
    """

    decides: str
    p_value: float | None
    difference: Estimate
    lift: Estimate
    reason: str | None = None


def always_valid(
    control: Counts, treatment: Counts, share: float, planned: int | None = None, treatments: int = 1
) -> AlwaysValid:
    """The deciding evidence. `share` is treatment's of both arms' leads, as designed; `planned` leads in both arms is
    where the interval is made narrowest. The intervals of several treatments hold all at once."""
    leads = control.leads + treatment.leads
    if leads < EXACT_BELOW or _is_thin(control) or _is_thin(treatment):
        return _exact(control, treatment, share, EXACT_ALPHA / treatments)
    return _asymptotic(control, treatment, float(planned or sequential.TUNING), treatments)


def _is_thin(arm: Counts) -> bool:
    return min(arm.conversions, arm.leads - arm.conversions) < LEAST_IN_ARM


def _exact(control: Counts, treatment: Counts, share: float, alpha: float) -> AlwaysValid:
    found = Converted(control.conversions, treatment.conversions, share)
    # Its own value takes the arms to have just the leads they should; beside their rates stands that of these.
    seen = treatment.rate / control.rate - 1 if control.rate and treatment.rate is not None else None
    lift = replace(exact.exact_lift(found, alpha), value=seen)
    if not control.leads or not treatment.leads:
        lift = Estimate.unknown(NO_LEADS, 1 - alpha)
    p_value = None if lift.reason else min(exact.exact_p(found) * ALPHA / EXACT_ALPHA, 1.0)
    return AlwaysValid(EXACT, p_value, Estimate.unknown("RATIO_ONLY", 1 - alpha), lift, lift.reason)


def _asymptotic(control: Counts, treatment: Counts, tuning: float, treatments: int) -> AlwaysValid:
    leads = control.leads + treatment.leads
    old, new = control.conversions / control.leads, treatment.conversions / treatment.leads
    first, second = old * (1 - old) / control.leads, new * (1 - new) / treatment.leads
    away, error = new - old, math.sqrt(first + second)
    reach = sequential.critical_value(leads, ASYMPTOTIC_ALPHA, tuning, treatments)
    p_value = sequential.always_valid_p(away, error, leads, ASYMPTOTIC_ALPHA, tuning)
    difference = sequential.confidence_sequence(away, error, leads, ASYMPTOTIC_ALPHA, tuning, shared=treatments)
    return AlwaysValid(
        ASYMPTOTIC,
        min(p_value * ALPHA / ASYMPTOTIC_ALPHA, 1.0),
        difference,
        replace(relative(old, new, reach**2 * first, reach**2 * second), level=difference.level),
    )


@dataclass(frozen=True)
class Contender:
    """A treatment as it stands against control: its p-value, corrected for the other treatments, and its lift."""

    variant: str
    p_value: float | None
    difference: float | None


@dataclass(frozen=True)
class Circumstances:
    """What else must hold before a winner is named."""

    sample_ratio_holds: bool
    guardrails_hold: bool
    days: float
    """For how many leads came in."""
    is_complete: bool
    """Whether as many leads as were planned have had their whole window."""


@dataclass(frozen=True)
class Verdict:
    """The arm that wins, or the reason why none does yet."""

    winner: str | None
    reason: str | None


def verdict(contenders: list[Contender], control: str, around: Circumstances) -> Verdict:
    """Who wins. Control does where every treatment is beyond doubt worse."""
    known = [each for each in contenders if each.p_value is not None and each.difference is not None]
    reason = _reason_against(around, has_data=bool(known))
    if reason:
        return Verdict(None, reason)
    better = [each for each in known if _is_sure(each) and (each.difference or 0) > 0]
    if better:
        return Verdict(max(better, key=lambda each: each.difference or 0).variant, None)
    if len(known) == len(contenders) and all(_is_sure(each) for each in known):
        return Verdict(control, None)
    return Verdict(None, NO_DIFFERENCE if around.is_complete else NOT_ENOUGH_DATA)


def _reason_against(around: Circumstances, *, has_data: bool) -> str | None:
    if not around.sample_ratio_holds:
        return SAMPLE_RATIO_MISMATCH
    if not around.guardrails_hold:
        return GUARDRAIL
    if not has_data:
        return NOT_ENOUGH_DATA
    return TOO_EARLY if around.days < LEAST_DAYS else None


def _is_sure(each: Contender) -> bool:
    return each.p_value is not None and each.p_value <= ALPHA
