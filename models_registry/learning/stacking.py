"""The weights of an ensemble's members (stacking): learnt from out-of-sample scores, shrunk towards equal votes."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from common.arrays import Bools, Floats

SPREAD = 0.13
"""The prior's standard deviation of a voice about an equal one: so far it goes unless the leads say otherwise.

Seen on windows of time within the training parts of five data sets (docs/adr/0016-voices-are-weighed.md): twice as wide
loses on one of them, half as wide gives away half of what the others gain.
"""


def voices(margins: Floats, converted: Bools, weight: Floats) -> Floats:
    """Weights (k,), none negative and 1 in all, for k members' out-of-sample log-odds `margins` (n, k).

    Maximum a posteriori in a logistic model of the rows (n,) with a normal prior about equal weights (stacking: Wolpert
    1992; non-negative: Breiman 1996). Intercept and overall slope are left to calibration, so only the shares are kept.
    """
    k = margins.shape[1]
    equal = np.full(k, 1.0 / k)
    sign = np.where(converted, 1.0, -1.0)

    def loss(theta: Floats) -> tuple[float, Floats]:
        margin = sign * (margins @ theta[:k] + theta[k])
        pull = -weight * sign * expit(-margin)
        away = (theta[:k] - equal) / SPREAD
        value = float(np.sum(weight * np.logaddexp(0.0, -margin))) + float(away @ away) / 2
        return value, np.append(pull @ margins + away / SPREAD, pull.sum())

    bounds = [(0.0, None)] * k + [(None, None)]
    found = minimize(loss, np.append(equal, 0.0), jac=True, method="L-BFGS-B", bounds=bounds).x[:k]
    return np.asarray(found / found.sum()) if found.sum() > 0.0 else equal
