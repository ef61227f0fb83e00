"""Which rows to learn from, and which to be measured on. All snapshots of a dossier stand on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leads.features import LabelledRows

Mask = NDArray[np.bool_]
HOLDOUT_SHARE = 0.2


def forward_split(rows: LabelledRows, share: float = HOLDOUT_SHARE) -> tuple[Mask, Mask]:
    """Masks (n,) of the training part and of the holdout, which is the most recently created share of the dossiers."""
    dossiers, first = np.unique(rows.dossier, return_index=True)
    order = np.lexsort((dossiers, rows.created_at[first]))
    return _masks(rows, dossiers[order], share)


def shuffled_split(rows: LabelledRows, share: float = HOLDOUT_SHARE, *, seed: int) -> tuple[Mask, Mask]:
    """As `forward_split`, the dossiers in random order: what others publish, and a warning where it is much better."""
    return _masks(rows, np.random.default_rng(seed).permutation(np.unique(rows.dossier)), share)


def _masks(rows: LabelledRows, dossiers: NDArray[np.int64], share: float) -> tuple[Mask, Mask]:
    held_out = dossiers[len(dossiers) - round(share * len(dossiers)) :]
    holdout = np.isin(rows.dossier, held_out)
    return ~holdout, holdout
