"""A/A tests simulated on past leads: how often each way of looking names a winner although nothing differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, ndtri

from common.arrays import Bools
from experiments.statistics import exact, sequential
from experiments.statistics.deciding import ALPHA, ASYMPTOTIC_ALPHA, EXACT_ALPHA, EXACT_BELOW, LEAST_IN_ARM
from experiments.statistics.sample_ratio import ALARM, BROAD, CONCENTRATION

Counted = NDArray[np.float64]


@dataclass(frozen=True)
class Rehearsal:
    """Of so many experiments over the same `leads`, the share that ever saw a winner, or an alarm, at one of `looks`.

    `last_look` is that of the fixed test if it is made once, at the end.
    """

    experiments: int
    leads: int
    looks: int
    always_valid: float
    fixed: float
    last_look: float
    sample_ratio: float


def rehearse(converted: Bools, *, experiments: int, look_every: int, seed: int, share: float = 0.5) -> Rehearsal:
    """Puts the leads, in their order, at random into two arms that are alike, and looks after every `look_every`."""
    chance, n = np.random.default_rng(seed), len(converted)
    looks = np.arange(look_every, n + 1, look_every)
    treated = chance.random((experiments, n)) < share
    leads_treated = np.cumsum(treated, axis=1)[:, looks - 1].astype(np.float64)
    sold_treated = np.cumsum(treated & converted, axis=1)[:, looks - 1].astype(np.float64)
    leads = np.broadcast_to(looks.astype(np.float64), leads_treated.shape)
    sold = np.broadcast_to(np.cumsum(converted)[looks - 1].astype(np.float64), leads_treated.shape)
    arms = Arms(leads - leads_treated, sold - sold_treated, leads_treated, sold_treated)
    fixed = _fixed(arms)
    return Rehearsal(
        experiments=experiments,
        leads=n,
        looks=len(looks),
        always_valid=float(winners(arms, share).any(axis=1).mean()),
        fixed=float(fixed.any(axis=1).mean()),
        last_look=float(fixed[:, -1].mean()),
        sample_ratio=float(_alarms(arms, share).any(axis=1).mean()),
    )


@dataclass(frozen=True)
class Arms:
    """Leads and conversions of both arms at every look of every experiment, (experiments, looks) each."""

    leads_control: Counted
    sold_control: Counted
    leads_treated: Counted
    sold_treated: Counted

    @property
    def z(self) -> Counted:
        """The difference over its standard error; 0 where there is none."""
        return self.away_from(0.0)

    def away_from(self, difference: float) -> Counted:
        """How many standard errors the difference seen is from another; 0 where there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            old, new = self.sold_control / self.leads_control, self.sold_treated / self.leads_treated
            error = np.sqrt(old * (1 - old) / self.leads_control + new * (1 - new) / self.leads_treated)
            return np.nan_to_num((new - old - difference) / error, nan=0.0, posinf=0.0, neginf=0.0)

    @property
    def pooled_z(self) -> Counted:
        """The statistic of the two-proportion z test."""
        rate = (self.sold_control + self.sold_treated) / (self.leads_control + self.leads_treated)
        error = np.sqrt(rate * (1 - rate) * (1 / self.leads_control + 1 / self.leads_treated))
        found = self.sold_treated / self.leads_treated - self.sold_control / self.leads_control
        return np.asarray(found / error)

    @property
    def thin(self) -> Bools:
        """Where an arm has too few conversions, or leads without one, for the sequence."""
        smallest = np.minimum.reduce(
            [
                self.sold_control,
                self.leads_control - self.sold_control,
                self.sold_treated,
                self.leads_treated - self.sold_treated,
            ]
        )
        return np.asarray(smallest < LEAST_IN_ARM)


def winners(arms: Arms, share: float = 0.5, tuning: float = sequential.TUNING) -> Bools:
    """Where the always-valid evidence names a winner, (experiments, looks): what `deciding` says, for many at once."""
    leads = arms.leads_control + arms.leads_treated
    reach = np.array([sequential.critical_value(each, ASYMPTOTIC_ALPHA, tuning) for each in leads[0]])
    by_sequence = np.abs(arms.z) > reach
    by_count = _log_evidence(arms, share) > -np.log(EXACT_ALPHA)
    return np.where((leads < EXACT_BELOW) | arms.thin, by_count, by_sequence)


def _log_evidence(arms: Arms, share: float) -> Counted:
    first, second = exact.CONCENTRATION * share, exact.CONCENTRATION * (1 - share)
    mixture = betaln(first + arms.sold_treated, second + arms.sold_control) - betaln(first, second)
    return np.asarray(mixture - arms.sold_treated * np.log(share) - arms.sold_control * np.log(1 - share))


def _fixed(arms: Arms) -> Bools:
    return np.asarray(np.abs(arms.z) > ndtri(1 - ALPHA / 2))


def _alarms(arms: Arms, share: float) -> Bools:
    evidence = np.logaddexp(*(_log_uneven(arms, share, each) for each in (BROAD, CONCENTRATION))) - np.log(2)
    return np.asarray(evidence > -np.log(ALARM))


def _log_uneven(arms: Arms, share: float, concentration: float) -> Counted:
    first, second = concentration * share, concentration * (1 - share)
    mixture = betaln(first + arms.leads_treated, second + arms.leads_control) - betaln(first, second)
    return np.asarray(mixture - arms.leads_treated * np.log(share) - arms.leads_control * np.log(1 - share))
