"""Several treatments against one control: Holm's correction, so that the best of many does not win by luck."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p-value corrected for the others, in their order; those that are unknown stay so, and count as made."""
    # By hand: statsmodels' multipletests collects garbage at each call, which takes most of a second here.
    known = [1.0 if p is None else p for p in p_values]
    adjusted, largest = list(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(known)), key=known.__getitem__)):
        largest = max(largest, min((len(known) - rank) * known[at], 1.0))
        adjusted[at] = None if p_values[at] is None else largest
    return adjusted
