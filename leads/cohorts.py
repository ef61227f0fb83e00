"""Which leads are the newest, and what a snapshot weighs whose like were not all observed to the end. Pure.

A snapshot still undecided that was not followed for the whole horizon is *censored*: nobody can say what became
of it. Leaving such ones out without more ado leaves the quick decisions over. Inverse-probability-of-censoring weights
put that right: a snapshot whose fate was known after t days also stands for those that were not followed for t days.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Moments

HOLDOUT_SHARE = 0.2
"""Of the leads, the newest share, on which a model is measured."""
LEAST_LEADS = 100
"""Fewer are not learnt from."""
LARGEST_FACTOR = 10.0
"""A snapshot stands for so many at most: beyond it, one lead's luck would carry the whole."""


class Labels(StrEnum):
    """How training treats leads that are still undecided: weighted for, or left out."""

    CENSORED = "censored"
    DECIDED = "decided"


def newest(dossier: NDArray[np.int64], created_at: Moments, share: float = HOLDOUT_SHARE) -> NDArray[np.int64]:
    """The most recently created share of the dossiers that these rows, (n,), belong to."""
    dossiers, first = np.unique(dossier, return_index=True)
    order = np.lexsort((dossiers, created_at[first]))
    return np.asarray(dossiers[order][len(dossiers) - round(share * len(dossiers)) :])


def still_followed(followed: Floats, censored: NDArray[np.bool_]) -> Floats:
    """G(t-): the probability of being followed for at least `followed` days, (n,), in (0, 1].

    The Kaplan-Meier estimate of the time of censoring, in which a decision (or the end of the horizon) is what censors.
    `followed` is the time to the decision, to the end of the horizon, or to where the records end (`censored`),
    whichever comes first. Of a decision and a censoring at the same time, the decision comes first.
    """
    times, lost = np.unique(followed[censored], return_counts=True)
    beyond = len(followed) - np.searchsorted(np.sort(followed), times, side="right")
    after = np.cumprod(1.0 - lost / (beyond + lost))
    return np.concatenate([[1.0], after])[np.searchsorted(times, followed, side="left")]


def censoring_factors(followed: Floats, censored: NDArray[np.bool_]) -> Floats:
    """What each snapshot counts, (n,): 0 where censored, else 1 / G(t-), at most LARGEST_FACTOR.

    Robins and Rotnitzky 1992. Right where when the records end has nothing to do with a lead's fate: they end for all
    at once, so it has to do only with when a lead came.
    """
    return np.where(censored, 0.0, np.minimum(1.0 / still_followed(followed, censored), LARGEST_FACTOR))
