"""Whether what must not fall has fallen: an arm's mean against control's, with an interval that holds at every look."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.statistics import means, sequential
from experiments.statistics.deciding import ALPHA, LEAST_IN_ARM
from experiments.statistics.estimates import Estimate
from experiments.statistics.means import Sums


@dataclass(frozen=True)
class Measured:
    """A measure of an arm's leads, and for how many of them something came of it: a sale, an answer."""

    sums: Sums
    events: int


def change_of(control: Measured, treatment: Measured, planned: int | None) -> Estimate:
    """Treatment's mean against control's, as a share of it, with the interval that holds at every look.

    Unknown until ten leads of the smaller arm are to be expected that sold, or were answered: the sequence is an
    asymptotic one. An arm in which nothing comes of as many leads still shows.
    """
    reason = means.reason_against(control.sums, treatment.sums)
    leads = control.sums.n + treatment.sums.n
    smaller = min(control.sums.n, treatment.sums.n)
    if reason is None and (control.events + treatment.events) * smaller < LEAST_IN_ARM * leads:
        reason = means.TOO_FEW
    if reason is None and not control.sums.mean:
        reason = means.NOTHING_IN_CONTROL
    if reason:
        return Estimate.unknown(reason, 1 - ALPHA)
    reach = sequential.critical_value(leads, ALPHA, float(planned or sequential.TUNING))
    return replace(means.compare_relative(control.sums, treatment.sums, reach), level=1 - ALPHA)
