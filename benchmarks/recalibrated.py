"""What recalibration makes of later leads, by the product's own refit: once, and every day as its daily task does.

`later` are n snapshots and `probability`, (n,), what a model gave them; the outcome of each is known the next day.
"""

from __future__ import annotations

import numpy as np

from common.arrays import Floats
from leads.features import LabelledRows
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.evaluation import calibration_error
from models_registry.learning.recalibration import Outcomes, best_half_life, fitted, refit

PRESENT = BetaCalibration(1.0, 1.0, 0.0)
"""The map that leaves a model's own probabilities as they are."""
FIRST = 10
"""The first tenth is for the refit alone, and measured by none."""
MONTH = 28


def once(later: LabelledRows, probability: Floats) -> float:
    """The calibration error on nine tenths of the later leads, the map refitted on the first tenth of them.

    Where that shows no refit to be better, the product takes none, and neither does this.
    """
    said, first = _in_order(later, probability)
    rest = said.take(np.arange(len(said)) >= first)
    made = refit(PRESENT, said.take(np.arange(len(said)) < first))
    present = made.calibration if made.better else PRESENT
    return calibration_error(present(rest.share), rest.converted, rest.weight)


def rolling(later: LabelledRows, probability: Floats) -> float:
    """The same, refitted each day on all outcomes known by then; how fast to forget is chosen every four weeks."""
    said, first = _in_order(later, probability)
    moments = np.sort(later.moment)
    day = ((moments - moments[0]) // np.timedelta64(1, "D")).astype(np.int64)
    now, half_life = said.share.copy(), None
    for at in range(int(day[first]), int(day[-1]) + 1):
        past = said.take(day < at)
        if (at - int(day[first])) % MONTH == 0:
            half_life = best_half_life(PRESENT, past)
        now[day == at] = fitted(PRESENT, past.fading(half_life))(said.share[day == at])
    return calibration_error(now[first:], said.converted[first:], said.weight[first:])


def _in_order(later: LabelledRows, probability: Floats) -> tuple[Outcomes, int]:
    """What was said, oldest first, and how many rows the first tenth has."""
    order = np.argsort(later.moment, kind="stable")
    said = Outcomes(probability[order], later.converted[order], later.weight[order], later.dossier[order])
    return said, len(order) // FIRST
