"""Whether the arms have as many leads as they should: a sequential test that may be looked at all the time.

Lindon and Malek (2022), arXiv:2011.03567, as Optimizely's ssrm has it: a Dirichlet-multinomial mixture around the
designed shares against the shares themselves. Theirs is concentrated for many thousands of leads; with some hundreds it
sees hardly anything, so half of the weight here is on a broad one. A mean of two such factors is one, and as valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

CONCENTRATION, BROAD = 10_000.0, 100.0
ALARM = 0.001
"""Below it the result is withheld."""


def log_evidence(counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """The log Bayes factor of other shares against the designed ones, after so many leads in each arm."""
    seen, designed = np.asarray(counts, dtype=float), np.asarray(shares, dtype=float)
    prior = concentration * designed
    mixture = _log_beta(prior + seen) - _log_beta(prior)
    return float(mixture - (seen * np.log(designed)).sum())


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of numbers whose logarithms these are."""
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))


def _log_beta(alpha: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(gammaln(alpha).sum() - gammaln(alpha.sum()))


def sequential_p_values(
    batches: Sequence[Sequence[int]], shares: Sequence[float], concentrations: Sequence[float] = (BROAD, CONCENTRATION)
) -> list[float]:
    """The always-valid p-value after each batch (leads by arm that came in since the one before): never rising."""
    seen, smallest, found = np.zeros(len(shares), dtype=int), 1.0, []
    for batch in batches:
        seen = seen + np.asarray(batch)
        each = [log_evidence(seen.tolist(), shares, concentration) for concentration in concentrations]
        smallest = min(smallest, float(np.exp(-max(log_mean(each), 0.0))))
        found.append(smallest)
    return found
