"""The interval of a conversion rate that was counted."""

from __future__ import annotations

import math

from scipy.special import ndtri


def wilson(converted: float, leads: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of the rate `converted / leads`, within [0, 1] (Wilson 1927). Counts may be weighted."""
    z = float(ndtri((1 + level) / 2))
    rate, shrunk = converted / leads, 1 + z**2 / leads
    middle = rate + z**2 / (2 * leads)
    # Sums of weights may come out a rounding error above their total, and the rate above 1.
    reach = z * math.sqrt(max(rate * (1 - rate), 0.0) / leads + z**2 / (4 * leads**2))
    return max((middle - reach) / shrunk, 0.0), min((middle + reach) / shrunk, 1.0)
