"""The last scores of a lead as a small line. Pure: no Django."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, ROOM = 80, 24, 3
LEAST_SPAN = 0.2
"""Scores within a fifth of each other use only their part of the height: a small move shall look small."""


def line_of(probabilities: Sequence[float]) -> list[tuple[float, float]]:
    """Points (x, y) in a box of 80 by 24, oldest first; at least one probability is needed."""
    low, high = min(probabilities), max(probabilities)
    lack = max(LEAST_SPAN - (high - low), 0.0)
    low, high = low - lack / 2, high + lack / 2
    step = (WIDTH - 2 * ROOM) / max(len(probabilities) - 1, 1)
    return [
        (ROOM + step * at, ROOM + (HEIGHT - 2 * ROOM) * (high - each) / (high - low))
        for at, each in enumerate(probabilities)
    ]
