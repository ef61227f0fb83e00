"""What an experiment says now: counts from the database, statistics on them, and who has won if anybody has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.aggregates import Aggregates, aggregate
from experiments.both_methods import Agreed, Differing, Followed, Merit, agreement, differing, followed, merits
from experiments.comparison import Comparison, compare_all
from experiments.designs import changed_arms
from experiments.guardrails import Answered, Guardrail, answers, guardrails
from experiments.models import Experiment
from experiments.outlook import Outlook, outlook
from experiments.ratio import Ratio, ratio
from experiments.standing import Standing, by_day, standings
from experiments.statistics.deciding import AlwaysValid, Circumstances, Verdict, always_valid, verdict
from experiments.statistics.proportions import Counts
from experiments.statistics.survival import Curve, Speed, compare_speed, curve

MOST_POINTS = 60


@dataclass(frozen=True)
class Look:
    """What would have been seen of a treatment on a day: leads mature by then, and what was to be said of them."""

    at: datetime
    variant: str
    leads: int
    found: AlwaysValid


@dataclass(frozen=True)
class Analysis:
    """Everything that is known of an experiment at a moment."""

    experiment: Experiment
    at: datetime
    cap: float | None
    arms: Sequence[Standing]
    curves: Sequence[Curve]
    speeds: Sequence[Speed | None]
    comparisons: Sequence[Comparison]
    ratio: Ratio
    guardrails: Sequence[Guardrail]
    answered: Sequence[Answered]
    verdict: Verdict
    outlook: Outlook
    looks: Sequence[Look]
    differing: Sequence[Differing]
    agreement: Sequence[Agreed]
    followed: Sequence[Followed]
    merits: Sequence[Merit]
    counted: Aggregates
    changed: Sequence[str]
    """Arms that do not score any more as they were hashed."""
    days: float
    """For how many leads have come in."""

    @property
    def is_complete(self) -> bool:
        """Whether the planned leads, or after the end all of them, have had their whole window."""
        return is_complete(self.experiment, self.arms)


def analyse(experiment: Experiment, *, at: datetime) -> Analysis:
    """The experiment as of `at`, the organisation's present. A fixed number of statements, however many leads."""
    counted = aggregate(experiment, at)
    arms = standings(experiment, counted)
    found, shares = compare_all(arms, experiment.planned_leads), ratio(arms, counted.strata)
    answered = answers(experiment, at)
    rails = guardrails(arms, answered, experiment.guardrails, experiment.planned_leads)
    days = _days(experiment, arms, at)
    around = Circumstances(
        sample_ratio_holds=shares.holds,
        guardrails_hold=not any(rail.breached for rail in rails),
        days=days,
        is_complete=is_complete(experiment, arms),
    )
    result = verdict([each.contender for each in found], arms[0].variant, around)
    curves = [curve(arm.watched) for arm in arms]
    return Analysis(
        experiment=experiment,
        at=at,
        cap=counted.conversions.cap,
        arms=arms,
        curves=curves,
        speeds=[_speed(arms[0], curves[0], arm, its) for arm, its in zip(arms[1:], curves[1:], strict=True)],
        comparisons=found,
        ratio=shares,
        guardrails=rails,
        answered=answered,
        verdict=result,
        outlook=outlook(experiment, arms, found, result, days),
        looks=_looks(experiment, arms, counted, at),
        differing=differing(arms, counted),
        agreement=agreement(arms, counted),
        followed=followed(arms, counted),
        merits=merits(experiment, at),
        counted=counted,
        changed=changed_arms(experiment),
        days=days,
    )


def is_complete(experiment: Experiment, arms: Sequence[Standing]) -> bool:
    """Whether no more is to be waited for."""
    matured, everyone = sum(arm.matured.leads for arm in arms), sum(arm.everyone.leads for arm in arms)
    if experiment.planned_leads is not None and matured >= experiment.planned_leads:
        return True
    return experiment.closed_at is not None and matured == everyone


def _days(experiment: Experiment, arms: Sequence[Standing], at: datetime) -> float:
    """For how long leads came in, by the clock or the organisation's own time, whichever makes it longer."""
    ages = [age for arm in arms for age, leads in enumerate(arm.by_age) if leads]
    newest = min(ages, default=0) if experiment.closed_at else 0
    return max(experiment.days_run(at), float(max(ages, default=0) - newest))


def _speed(control: Standing, first: Curve, treatment: Standing, second: Curve) -> Speed | None:
    """Nothing before leads of both arms have been watched to the end."""
    return compare_speed(first, second) if control.matured.leads and treatment.matured.leads else None


def _looks(experiment: Experiment, arms: Sequence[Standing], counted: Aggregates, at: datetime) -> list[Look]:
    """The deciding evidence as it was day by day, thinned to sixty days."""
    days = by_day(experiment, counted, matured_only=True)
    sums = [Counts(0, 0)] * len(arms)
    found: list[Look] = []
    step = max(len(days) // MOST_POINTS, 1)
    for number, (age, counts) in enumerate(days, start=1):
        sums = [Counts(a.conversions + b.conversions, a.leads + b.leads) for a, b in zip(sums, counts, strict=True)]
        if number % step and number != len(days):
            continue
        moment = at - timedelta(days=age - experiment.attribution_days - 1)
        found += [_look(experiment, arms, sums, at_, moment) for at_ in range(1, len(arms))]
    return found


def _look(experiment: Experiment, arms: Sequence[Standing], sums: Sequence[Counts], at_: int, moment: datetime) -> Look:
    share = arms[at_].share / (arms[0].share + arms[at_].share)
    seen = always_valid(sums[0], sums[at_], share, experiment.planned_leads, len(arms) - 1)
    return Look(moment, arms[at_].variant, sums[0].leads + sums[at_].leads, seen)
