"""A treatment against control: what may be said once, what may be said at every look, and what is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiments.standing import Standing
from experiments.statistics import cuped, means, proportions, sequential
from experiments.statistics.bayes import Belief, belief
from experiments.statistics.cuped import Adjusted
from experiments.statistics.deciding import ASYMPTOTIC_ALPHA, AlwaysValid, Contender, always_valid
from experiments.statistics.estimates import Estimate
from experiments.statistics.proportions import Counts, Test
from models_registry.learning.holm import holm

NO_REVENUE, NO_COVARIATE = "NO_REVENUE", "NO_PROBABILITIES"


@dataclass(frozen=True)
class Variance:
    """The difference with the champion's probabilities taken out of it."""

    difference: Estimate
    always_valid: Estimate
    p_value: float | None
    reduction: float | None


@dataclass(frozen=True)
class Comparison:
    """All that is said of a treatment. Of leads whose window is over, unless made of others."""

    variant: str
    control: Counts
    treatment: Counts
    difference: Estimate
    lift: Estimate
    fixed: Test
    always_valid: AlwaysValid
    adjusted_p: float | None
    belief: Belief | None
    less_noise: Variance
    revenue: Estimate
    revenue_p: float | None

    @property
    def contender(self) -> Contender:
        """For the verdict."""
        return Contender(self.variant, self.adjusted_p, self.difference.value)


def compare(control: Standing, treatment: Standing, planned: int | None, treatments: int = 1) -> Comparison:
    """The treatment's mature leads against control's; it is one of so many treatments."""
    share = treatment.share / (treatment.share + control.share)
    found = always_valid(control.matured, treatment.matured, share, planned, treatments)
    revenue, revenue_p = _revenue(control, treatment)
    return Comparison(
        variant=treatment.variant,
        control=control.matured,
        treatment=treatment.matured,
        difference=proportions.difference(control.matured, treatment.matured),
        lift=proportions.lift(control.matured, treatment.matured),
        fixed=proportions.fixed_test(control.matured, treatment.matured),
        always_valid=found,
        adjusted_p=found.p_value,
        belief=belief(control.matured, treatment.matured)
        if control.matured.leads and treatment.matured.leads
        else None,
        less_noise=_less_noise(control, treatment, planned, treatments),
        revenue=revenue,
        revenue_p=revenue_p,
    )


def compare_all(arms: Sequence[Standing], planned: int | None) -> list[Comparison]:
    """Every treatment against control, intervals and p-values that decide corrected for one another."""
    found = [compare(arms[0], arm, planned, len(arms) - 1) for arm in arms[1:]]
    corrected = holm([each.always_valid.p_value for each in found])
    return [replace(each, adjusted_p=p) for each, p in zip(found, corrected, strict=True)]


def _less_noise(control: Standing, treatment: Standing, planned: int | None, treatments: int) -> Variance:
    made = cuped.adjust(control.covaried, treatment.covaried)
    if made is None:
        unknown = Estimate.unknown(NO_COVARIATE)
        return Variance(unknown, unknown, None, None)
    return _variance(made, control.covaried.n + treatment.covaried.n, planned, treatments)


def _variance(made: Adjusted, leads: int, planned: int | None, treatments: int) -> Variance:
    at_once = means.Compared(made.value, made.standard_error, max(leads - 2, 1))
    tuning = float(planned or sequential.TUNING)
    return Variance(
        difference=at_once.estimate(),
        always_valid=sequential.confidence_sequence(
            made.value, made.standard_error, leads, ASYMPTOTIC_ALPHA, tuning, shared=treatments
        ),
        p_value=at_once.p_value,
        reduction=made.reduction,
    )


def _revenue(control: Standing, treatment: Standing) -> tuple[Estimate, float | None]:
    """Revenue a lead, treatment's less control's."""
    if not control.paid + treatment.paid:
        return Estimate.unknown(NO_REVENUE), None
    reason = means.reason_against(control.revenue, treatment.revenue)
    if reason:
        return Estimate.unknown(reason), None
    found = means.compare(control.revenue, treatment.revenue)
    return found.estimate(), found.p_value
