"""The interval of a conversion rate that was counted."""

from __future__ import annotations

import math

from scipy.special import ndtri

Z = float(ndtri(0.975))


def wilson(converted: float, leads: float) -> tuple[float, float]:
    """The 95 % score interval of the rate `converted / leads`, within [0, 1] (Wilson 1927). Counts may be weighted."""
    rate, shrunk = converted / leads, 1 + Z**2 / leads
    middle = rate + Z**2 / (2 * leads)
    # Sums of weights may come out a rounding error above their total, and the rate above 1.
    reach = Z * math.sqrt(max(rate * (1 - rate), 0.0) / leads + Z**2 / (4 * leads**2))
    return max((middle - reach) / shrunk, 0.0), min((middle + reach) / shrunk, 1.0)
