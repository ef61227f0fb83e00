"""Sample-ratio mismatch: whether leads fall into the arms as designed, at every look and in every source and owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.aggregates import Stratum
from experiments.standing import Standing
from experiments.statistics import sample_ratio
from experiments.statistics.sample_ratio import ALARM
from models_registry.learning.holm import holm

MOST_STRATA = 20


@dataclass(frozen=True)
class StratumRatio:
    """The test within one source or owner; its p-value is corrected for the other strata."""

    name: str | None
    leads: list[int]
    p_value: float

    @property
    def holds(self) -> bool:
        """Whether there is no mismatch beyond chance."""
        return self.p_value >= ALARM


@dataclass(frozen=True)
class Ratio:
    """The test over all leads with its smallest p-value so far (None without leads), and those within strata."""

    leads: list[int]
    expected: list[float]
    p_value: float | None
    by_source: list[StratumRatio]
    by_owner: list[StratumRatio]

    @property
    def holds(self) -> bool:
        """Whether there is no mismatch over all leads, so that the result may be shown."""
        return self.p_value is None or self.p_value >= ALARM


def ratio(arms: Sequence[Standing], strata: Sequence[Stratum]) -> Ratio:
    """Tests day by day in the order in which leads came, then the twenty largest sources and owners."""
    shares, leads = [arm.share for arm in arms], [arm.everyone.leads for arm in arms]
    found = sample_ratio.sequential_p_values(_days(arms), shares)
    names = [arm.variant for arm in arms]
    return Ratio(
        leads=leads,
        expected=[share * sum(leads) for share in shares],
        p_value=found[-1] if found else None,
        by_source=_by([each for each in strata if each.by_source], names, shares),
        by_owner=_by([each for each in strata if not each.by_source], names, shares),
    )


def _days(arms: Sequence[Standing]) -> list[list[int]]:
    """Leads by arm, the oldest day first."""
    oldest = max((len(arm.by_age) for arm in arms), default=0)
    return [[arm.by_age[age] if age < len(arm.by_age) else 0 for arm in arms] for age in range(oldest - 1, -1, -1)]


def _by(strata: Sequence[Stratum], names: Sequence[str], shares: Sequence[float]) -> list[StratumRatio]:
    leads: dict[str | None, list[int]] = {}
    for each in strata:
        if each.variant in names:
            leads.setdefault(each.name, [0] * len(names))[names.index(each.variant)] += each.leads
    largest = sorted(leads.items(), key=lambda pair: -sum(pair[1]))[:MOST_STRATA]
    p_values = holm([sample_ratio.sequential_p_values([counts], shares)[-1] for _, counts in largest])
    return [
        StratumRatio(name, counts, 1.0 if p is None else p) for (name, counts), p in zip(largest, p_values, strict=True)
    ]
