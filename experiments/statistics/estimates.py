"""A figure with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """`value` within [`low`, `high`] at `level`. What cannot be computed is None, and `reason` says why.

    A bound that is None while the other is not is without end.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float = LEVEL
    reason: str | None = None

    @classmethod
    def unknown(cls, reason: str, level: float = LEVEL) -> Estimate:
        """Nothing can be said, and why."""
        return cls(None, None, None, level, reason)

    @property
    def excludes_zero(self) -> bool:
        """Whether all of the interval lies on one side of 0."""
        return (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0)

    @property
    def width(self) -> float:
        """From end to end; infinite where an end is open."""
        return math.inf if self.low is None or self.high is None else self.high - self.low

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"value": self.value, "low": self.low, "high": self.high, "level": self.level, "reason": self.reason}


def finite(number: float) -> float | None:
    """The number as plain data has it: None for what has no end."""
    return float(number) if math.isfinite(number) else None
