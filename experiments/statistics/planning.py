"""How many leads an experiment needs, and what can be found with those there are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaln, ndtr, ndtri, psi

from experiments.statistics import exact, sequential
from experiments.statistics.deciding import ALPHA, ASYMPTOTIC_ALPHA, EXACT_ALPHA, EXACT_BELOW

Floats = NDArray[np.float64]
FIXED, SEQUENTIAL = "FIXED", "SEQUENTIAL"
POWER = 0.8
LOOKS = 20
GRID = 401
MOST_LEADS = 200_000_000
SAFELY = 17.0
"""Where so many are expected to convert, or not to, there are the ten that the sequence asks for in 39 of 40 arms."""


@dataclass(frozen=True)
class Aim:
    """What is to be found: control's rate, the relative lift worth finding, and treatment's share of both arms."""

    rate: float
    lift: float
    share: float = 0.5

    @property
    def treated_rate(self) -> float:
        """Treatment's rate, below 1."""
        return self.rate * (1 + self.lift)

    @property
    def difference(self) -> float:
        """In rate."""
        return self.treated_rate - self.rate

    @property
    def noise(self) -> float:
        """The standard error of the difference times the root of the leads in both arms."""
        old, new = self.rate * (1 - self.rate), self.treated_rate * (1 - self.treated_rate)
        return math.sqrt(old / (1 - self.share) + new / self.share)

    @property
    def pooled_noise(self) -> float:
        """The same, were the rates alike."""
        mean = (1 - self.share) * self.rate + self.share * self.treated_rate
        return math.sqrt(mean * (1 - mean) * (1 / (1 - self.share) + 1 / self.share))


def leads_to_decide(aim: Aim) -> float:
    """From how many leads in both arms on the sequence decides; before, the exact evidence does."""
    old, new = min(aim.rate, 1 - aim.rate), min(aim.treated_rate, 1 - aim.treated_rate)
    return max(EXACT_BELOW, SAFELY / min(old * (1 - aim.share), new * aim.share))


def fixed_power(aim: Aim, leads: float, alpha: float = ALPHA) -> float:
    """How often a two-proportion z test, made once after `leads` in both arms, finds it."""
    reach, root = float(ndtri(1 - alpha / 2)) * aim.pooled_noise, math.sqrt(leads)
    gap = abs(aim.difference) * root
    return float(ndtr((gap - reach) / aim.noise) + ndtr((-gap - reach) / aim.noise))


def exact_power(aim: Aim, leads: float, treatments: int = 1) -> float:
    """How often the exact evidence after so many leads in both arms is enough, which is nearly normal around that of
    the conversions to be expected: each lead adds its slope in them if it converts, and nothing if it does not.
    """
    new, old = aim.share * aim.treated_rate, (1 - aim.share) * aim.rate
    first, second = exact.CONCENTRATION * aim.share, exact.CONCENTRATION * (1 - aim.share)
    treatment, control = first + leads * new, second + leads * old
    odds = math.log(aim.share), math.log(1 - aim.share)
    expected = betaln(treatment, control) - betaln(first, second) - leads * (new * odds[0] + old * odds[1])
    slopes = [
        float(psi(each) - psi(treatment + control)) - log for each, log in zip((treatment, control), odds, strict=True)
    ]
    mean = new * slopes[0] + old * slopes[1]
    spread = math.sqrt(leads * (new * slopes[0] ** 2 + old * slopes[1] ** 2 - mean**2))
    return float(ndtr((expected + math.log(EXACT_ALPHA / treatments)) / spread))


def _density(x: Floats, variance: float) -> Floats:
    """The density at x of normal draws around 0."""
    return np.asarray(np.exp(-x * x / (2 * variance)) / math.sqrt(2 * math.pi * variance))


def always_valid_power(
    aim: Aim, leads: float, tuning: float | None = None, treatments: int = 1, looks: int = LOOKS
) -> float:
    """How often the always-valid interval excludes 0 at one of so many evenly spaced looks up to `leads`.

    By the recursion of Armitage, McPherson and Rowe (1969) on a grid: what has not crossed yet is carried on. Before
    the sequence decides, it is what the exact evidence finds by then. Of several treatments it is the first to be
    found: its p-value is corrected for all of them.
    """
    alpha = ASYMPTOTIC_ALPHA / treatments
    tuning = leads if tuning is None else tuning
    least = leads_to_decide(aim)
    step = leads / looks
    bounds = [
        sequential.critical_value(step * look, alpha, tuning) * math.sqrt(step * look) for look in range(1, looks + 1)
    ]
    grid = np.linspace(-max(bounds), max(bounds), GRID)
    width, drift = grid[1] - grid[0], abs(aim.difference) / aim.noise * step
    reach = np.arange(-GRID + 1, GRID) * width
    kernel = _density(reach - drift, step) * width
    density, crossed = _density(grid - drift, step), 0.0
    mass = 1.0
    for look, bound in enumerate(bounds):
        if look:
            density = np.convolve(density, kernel)[GRID - 1 : 2 * GRID - 1]
        if step * (look + 1) < least:
            continue
        inside = np.abs(grid) < bound
        left = float(density[inside].sum() * width)
        crossed += max(mass - left, 0.0)
        density, mass = np.where(inside, density, 0.0), left
    return min(max(crossed, exact_power(aim, min(leads, least), treatments)), 1.0)


POWERS: dict[str, Callable[[Aim, float], float]] = {FIXED: fixed_power, SEQUENTIAL: always_valid_power}


def leads_needed(aim: Aim, power: float = POWER, horizon: str = SEQUENTIAL) -> int | None:
    """Leads in both arms together for this power; None where more than 200 million would be needed."""
    found, low, high = POWERS[horizon], 10.0, 1000.0
    while found(aim, high) < power:
        low, high = high, high * 2
        if high > MOST_LEADS:
            return None
    while high - low > max(1.0, low * 1e-3):
        middle = (low + high) / 2
        low, high = (low, middle) if found(aim, middle) >= power else (middle, high)
    return math.ceil(high)


def detectable_lift(
    rate: float, leads: int, share: float = 0.5, tuning: float | None = None, treatments: int = 1
) -> float | None:
    """The smallest relative lift that four of five experiments with so many leads in both arms find, looked at all the
    time; None where none is large enough. `tuning` is where the interval is narrowest: here, unless said otherwise.
    """
    if not 0 < rate < 1 or leads < 20:
        return None
    highest = (1 - rate) / rate * 0.999

    def missing(lift: float) -> float:
        return always_valid_power(Aim(rate, lift, share), leads, tuning, treatments) - POWER

    if missing(highest) < 0:
        return None
    return float(brentq(missing, 1e-6, highest, xtol=1e-6, rtol=1e-3))


def leads_until_sure(difference: float, noise: float, tuning: float, alpha: float = ASYMPTOTIC_ALPHA) -> int | None:
    """After how many leads in both arms the always-valid interval excludes 0, should the difference stay as it is.

    `noise` is the standard error of the difference times the root of the leads.
    """
    if not difference or not noise > 0:
        return None

    def is_sure(leads: float) -> bool:
        return sequential.critical_value(leads, alpha, tuning) * noise / math.sqrt(leads) < abs(difference)

    low, high = 10.0, 20.0
    while not is_sure(high):
        low, high = high, high * 2
        if high > MOST_LEADS:
            return None
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if is_sure(middle) else (middle, high)
    return math.ceil(high)
