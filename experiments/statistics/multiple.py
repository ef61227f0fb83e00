"""Several treatments against one control: Holm's correction, so that the best of many does not win by luck."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p-value corrected for the others, in their order; those that are unknown stay so, and count as made."""
    known = [1.0 if p is None else p for p in p_values]
    if not known:
        return []
    adjusted = multipletests(known, method="holm")[1]
    return [None if p is None else float(new) for p, new in zip(p_values, adjusted, strict=True)]
