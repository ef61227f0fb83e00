"""Another calibration map under the same model: probabilities move, their order and the golden rows do not."""

import numpy as np
import pytest

from leads.features import LabelledRows
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.fit import Learned


def test_a_recalibrated_model_adds_up_and_keeps_the_order(rows: LabelledRows, learned: Learned) -> None:
    other = learned.model.recalibrated(BetaCalibration(1.2, 0.8, 0.5))
    before, after = learned.model.score(rows.columns), other.score(rows.columns)
    assert np.array_equal(np.argsort(before.probability, kind="stable"), np.argsort(after.probability, kind="stable"))
    assert np.abs(before.probability - after.probability).max() > 0.05
    assert after.base + after.contributions.sum(axis=1) == pytest.approx(after.probability, abs=1e-9)
    assert other.golden is learned.model.golden


def test_the_shares_are_what_the_map_takes(rows: LabelledRows, learned: Learned) -> None:
    model = learned.model
    assert np.array_equal(model.calibration(model.shares(rows.columns)), model.score(rows.columns).probability)
