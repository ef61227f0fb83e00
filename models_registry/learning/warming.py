"""Loads the compiled loops before the first request needs them, from numba's cache, or compiles them."""

from __future__ import annotations

import numpy as np

from leads.features import Feature, Kind
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.encoding import Encoder, Number
from models_registry.learning.flat import FlatTree, joined
from models_registry.learning.interval import Spread
from models_registry.learning.model import Model
from models_registry.learning.removal import moves

PATHS = (1, 10)
"""Columns on the longest path of a tree: for each number of quadrature nodes that our algorithms' trees need, one."""


def warm() -> None:
    """Scores and explains a row by small trees, so that every loop is ready for the trees that we grow."""
    for columns in PATHS:
        features = tuple(Feature(str(at), Kind.NUMERIC, "", "") for at in range(columns))
        codes = tuple(Number(at, 0.0, varies=True, indicator=False) for at in range(columns))
        trees = joined([_chain(columns)], [0], columns)
        model = Model("warming", Encoder(features, codes), trees, BetaCalibration(1.0, 1.0, 0.0), Spread(0.0, 0.0))
        lead = {feature.name: np.zeros(1) for feature in features}
        model.score(lead)
        moves(model, model.encoder.transform(lead), [(0, features[0].name)])


def _chain(columns: int) -> FlatTree:
    """A tree that splits on each column in turn: its nodes are the splits, then their left leaves, then the last."""
    inner, leaves = np.arange(columns), columns + np.arange(columns + 1)
    nothing = np.full(columns + 1, -1)
    return FlatTree.of(
        np.append(inner, np.zeros(columns + 1, dtype=np.int64)),
        np.zeros(2 * columns + 1, dtype=np.float32),
        np.append(leaves[:columns], nothing),
        np.append(np.append(inner[1:], leaves[-1]), nothing),
        np.linspace(0.0, 1.0, 2 * columns + 1),
        np.append(columns + 1.0 - inner, np.ones(columns + 1)),
    )
