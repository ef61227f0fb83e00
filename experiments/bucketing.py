"""Which arm a lead falls in: GrowthBook's published hash, version 2. Pure, and the same for ever and everywhere.

Source: growthbook/growthbook-python, `hash` and `choose_variation`.
"""

from __future__ import annotations

from collections.abc import Sequence

OFFSET, PRIME, BITS = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
PARTS = 10_000

Ranges = tuple[tuple[float, float], ...]


def fnv1a32(text: str) -> int:
    """The 32-bit FNV-1a hash of a text."""
    value = OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * PRIME) & BITS
    return value


def place_of(salt: str, unit: str) -> float:
    """Where a unit falls, in [0, 1), to four digits."""
    return (fnv1a32(str(fnv1a32(salt + unit))) % PARTS) / PARTS


def ranges_of(shares: Sequence[float], coverage: float = 1.0) -> Ranges:
    """Each arm's [from, to): of its share only the first `coverage` is taken, so that more coverage moves nobody."""
    start, ranges = 0.0, []
    for share in shares:
        ranges.append((start, start + coverage * share))
        start += share
    return tuple(ranges)


def arm_at(place: float, ranges: Ranges) -> int | None:
    """The number of the arm; None outside of all."""
    return next((number for number, (start, end) in enumerate(ranges) if start <= place < end), None)
