"""Several tests at once: Holm's correction (1979), so that the most striking of many is not believed by luck."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p-value corrected for the others, in their order; those that are unknown stay so, and count as made."""
    # statsmodels has it, too, but is for tests only; and its multipletests takes most of a second to collect garbage.
    known = [1.0 if p is None else p for p in p_values]
    adjusted, largest = list(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(known)), key=known.__getitem__)):
        largest = max(largest, min((len(known) - rank) * known[at], 1.0))
        adjusted[at] = None if p_values[at] is None else largest
    return adjusted
