"""The types of numpy arrays that computations take and give. Pure: no Django."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Matrix = NDArray[np.float32]
"""Encoded rows, (n, columns): single precision, as scikit-learn compares."""
Moments = NDArray[np.datetime64]
"""Instants in UTC."""
