"""One model, learnt once, for all tests that need a learned one."""

import pytest

from leads.features import LabelledRows
from models_registry.learning.fit import Learned, learn
from models_registry.tests.learning.simulated import leads


@pytest.fixture(scope="session")
def rows() -> LabelledRows:
    """600 leads in two snapshots each."""
    return leads(600, seed=1, snapshots=2)[0]


@pytest.fixture(scope="session")
def learned(rows: LabelledRows) -> Learned:
    """What was learnt from them."""
    return learn(rows, seed=7)
