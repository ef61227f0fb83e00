"""Which rows to learn from, and which to be measured on. All snapshots of a dossier stand on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leads.cohorts import HOLDOUT_SHARE, newest
from leads.features import LabelledRows

Mask = NDArray[np.bool_]


def forward_split(rows: LabelledRows, share: float = HOLDOUT_SHARE) -> tuple[Mask, Mask]:
    """Masks (n,) of the training part and of the holdout, which is the most recently created share of the dossiers."""
    return _masks(rows, newest(rows.dossier, rows.created_at, share))


def shuffled_split(rows: LabelledRows, share: float = HOLDOUT_SHARE, *, seed: int) -> tuple[Mask, Mask]:
    """As `forward_split`, the dossiers in random order: what others publish, and a warning where it is much better."""
    dossiers = np.random.default_rng(seed).permutation(np.unique(rows.dossier))
    return _masks(rows, dossiers[len(dossiers) - round(share * len(dossiers)) :])


def _masks(rows: LabelledRows, held_out: NDArray[np.int64]) -> tuple[Mask, Mask]:
    holdout = np.isin(rows.dossier, held_out)
    return ~holdout, holdout
