"""What to do now, in one sentence, and how long it will still take at today's traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from common.language import gettext as _
from common.language import gettext_noop, ngettext, number
from experiments.comparison import Comparison
from experiments.models import Experiment, ExperimentStatus
from experiments.standing import Standing
from experiments.statistics import deciding, planning, sequential
from experiments.statistics.deciding import Verdict

RECENT_DAYS = 14
LONG = 365


ENDS: dict[str, str] = {
    ExperimentStatus.DRAFT: gettext_noop("Not started yet."),
    ExperimentStatus.STOPPED: gettext_noop("Stopped."),
}
ALARMS = {
    deciding.SAMPLE_RATIO_MISMATCH: gettext_noop(
        "Do not trust it: the arms do not have the leads they should. Find out why first."
    ),
    deciding.GUARDRAIL: gettext_noop("Stop it: what must not get worse has got worse."),
    deciding.NO_DIFFERENCE: gettext_noop("Stop it: the planned leads show no difference. Keep what is simpler."),
}


@dataclass(frozen=True)
class Waiting:
    """Leads that are to mature still, and days until they have; None where nobody can say."""

    leads: int | None
    days: int | None


@dataclass(frozen=True)
class Outlook:
    """`remaining_leads` are to mature still until it is decided if things stay as they are, or the plan is filled.

    `remaining_days` holds the days until so many have come in and their windows are over. None where nobody can say.
    """

    leads_per_day: float
    remaining_leads: int | None
    remaining_days: int | None
    detectable_lift: float | None
    words: str


def outlook(
    experiment: Experiment, arms: Sequence[Standing], found: Sequence[Comparison], result: Verdict, ran: float
) -> Outlook:
    """Of the treatment that is furthest ahead or behind; leads have come in for `ran` days."""
    per_day = _leads_per_day(arms, ran)
    matured = sum(arm.matured.leads for arm in arms)
    remaining = None if result.winner else _remaining(experiment, arms, found, matured)
    if remaining == 0 and result.reason == deciding.NOT_ENOUGH_DATA:
        remaining = _in_their_window(experiment, arms) or None  # what should have been enough has decided nothing
    days = None if remaining is None else _days(experiment, arms, remaining, per_day, ran)
    words = _words(experiment, arms, result, Waiting(remaining, days))
    return Outlook(per_day, remaining, days, _detectable(experiment, arms), words)


def _detectable(experiment: Experiment, arms: Sequence[Standing]) -> float | None:
    """By the interval that decides: narrowest where the plan has it, and corrected for all treatments."""
    control, treatment = arms[0], min(arms[1:], key=lambda arm: arm.matured.leads)
    if not control.matured.rate:
        return None
    return planning.detectable_lift(
        control.matured.rate,
        control.matured.leads + treatment.matured.leads,
        treatment.share / (control.share + treatment.share),
        tuning=float(experiment.planned_leads or sequential.TUNING),
        treatments=len(arms) - 1,
    )


def _leads_per_day(arms: Sequence[Standing], ran: float) -> float:
    days = min(max(ran, 1.0), RECENT_DAYS)
    return sum(sum(arm.by_age[:RECENT_DAYS]) for arm in arms) / days


def _remaining(
    experiment: Experiment, arms: Sequence[Standing], found: Sequence[Comparison], matured: int
) -> int | None:
    planned = experiment.planned_leads
    if experiment.status != ExperimentStatus.RUNNING:
        everyone = sum(arm.everyone.leads for arm in arms)  # nobody else comes in
        return max(min(everyone, planned or everyone) - matured, 0)
    if planned is not None:
        return max(planned - matured, 0)
    alpha = deciding.ASYMPTOTIC_ALPHA / len(found)  # the smallest of several p-values is held against that
    needed = [leads for each in found if (leads := _needed(each, arms, alpha)) is not None]
    return max(min(needed) - matured, 0) if needed else None


def _in_their_window(experiment: Experiment, arms: Sequence[Standing]) -> int:
    """After the enrolment, leads beyond those planned that may convert still: theirs is all that is waited for then."""
    if experiment.status == ExperimentStatus.RUNNING:
        return 0
    return sum(arm.everyone.leads - arm.matured.leads for arm in arms)


def _needed(each: Comparison, arms: Sequence[Standing], alpha: float) -> int | None:
    """Leads in all arms until this treatment's interval excludes 0, should the rates stay as they are.

    The interval is asked only once both arms have conversions enough for it.
    """
    if each.difference.value is None or not (each.control.conversions and each.treatment.conversions):
        return None
    old, new = each.control.rate or 0.0, each.treatment.rate or 0.0
    variance = old * (1 - old) / each.control.leads + new * (1 - new) / each.treatment.leads
    leads = each.control.leads + each.treatment.leads
    noise = math.sqrt(variance * leads)
    both = planning.leads_until_sure(each.difference.value, noise, sequential.TUNING, alpha)
    thinnest = min(each.control.conversions, each.treatment.conversions)
    least = max(deciding.EXACT_BELOW, leads * deciding.LEAST_IN_ARM / thinnest)
    share = next(arm.share for arm in arms if arm.variant == each.variant) + arms[0].share
    return None if both is None else math.ceil(max(both, least) / share)


def _days(experiment: Experiment, arms: Sequence[Standing], remaining: int, per_day: float, ran: float) -> int | None:
    """First those that wait in their window come of age, then those that are still to come in."""
    comes_in = experiment.status == ExperimentStatus.RUNNING
    least = max(deciding.LEAST_DAYS - ran, 0.0) if comes_in else 0.0
    window, left = experiment.attribution_days, remaining
    ages = max((len(arm.by_age) for arm in arms), default=0)
    for age in range(min(window, ages - 1), -1, -1):
        if left <= 0:
            break
        left -= sum(arm.by_age[age] for arm in arms if age < len(arm.by_age))
        least = max(least, window + 1 - age)  # in whole days, of which the first is not over
    if left <= 0:
        return math.ceil(least)
    if not per_day or not comes_in:
        return None
    return math.ceil(max(least, left / per_day + window))


def _words(experiment: Experiment, arms: Sequence[Standing], result: Verdict, waiting: Waiting) -> str:
    if experiment.status in ENDS:
        return _(ENDS[experiment.status])
    if result.reason == deciding.NO_DIFFERENCE and not _is_filled(experiment, arms):
        return _("Stop it: every lead has had its whole window, and the difference may be chance.")
    if result.reason in ALARMS:
        return _(ALARMS[result.reason])
    if result.winner is not None:
        method = next(arm.method for arm in arms if arm.variant == result.winner)
        return _("%s is better. Stop the experiment and let it score every lead.") % method
    if experiment.status != ExperimentStatus.RUNNING:
        return _closed(result, waiting)
    return _patience(result, waiting, has_mature=bool(arms[0].matured.leads))


def _is_filled(experiment: Experiment, arms: Sequence[Standing]) -> bool:
    """Whether the planned leads have had their whole window: only of these it is known what they would have shown."""
    planned = experiment.planned_leads
    return planned is not None and sum(arm.matured.leads for arm in arms) >= planned


def _closed(result: Verdict, waiting: Waiting) -> str:
    if waiting.days:
        return ngettext(
            "Wait about %s more day: then the last leads have had their whole window.",
            "Wait about %s more days: then the last leads have had their whole window.",
            waiting.days,
        ) % number(f"{waiting.days:,}")
    if result.reason == deciding.TOO_EARLY:
        return _("Stop it: leads came in for less than two weeks, and these days may not be like others. Ask it again.")
    return _("Stop it: every lead has had its whole window, and too few converted to say anything.")


def _patience(result: Verdict, waiting: Waiting, *, has_mature: bool) -> str:
    if not has_mature:
        return _("Keep running: no lead has had its whole window yet.") + _about(waiting.days)
    if waiting.days is None or waiting.leads is None:
        return _("Keep running: it cannot be said yet for how long.")
    if waiting.days > LONG:
        return _("At today's traffic this would take more than a year: look for a bigger difference, or stop.")
    if result.reason == deciding.TOO_EARLY:
        return _("Keep running: two weeks are the least.") + _about(waiting.days)
    more = {"days": waiting.days, "leads": number(f"{waiting.leads:,}")}
    return (
        ngettext(
            "Keep running: about %(days)s more day, %(leads)s more leads.",
            "Keep running: about %(days)s more days, %(leads)s more leads.",
            waiting.days,
        )
        % more
    )


def _about(days: int | None) -> str:
    """Said after another sentence; empty where nobody knows."""
    return "" if days is None else " " + ngettext("About %s more day.", "About %s more days.", days) % days
