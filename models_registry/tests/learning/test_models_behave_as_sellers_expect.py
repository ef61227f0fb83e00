"""A lead that answers more: what follows from it, and whether the probability falls."""

from dataclasses import dataclass

import numpy as np
import pytest

from leads.catalogue import FIXED
from leads.consequences import answered_more
from leads.features import Columns, Feature
from models_registry.learning.behaviour import when_answering_more
from models_registry.learning.fit import Learned
from models_registry.learning.scores import Scores
from models_registry.tests.learning.simulated import leads

BY_NAME = {definition.feature.name: definition.feature for definition in FIXED}


@dataclass(frozen=True)
class ByMessages:
    """A scorer that goes up or down with the messages."""

    slope: float
    features: tuple[Feature, ...] = (BY_NAME["inbound_messages_count"],)

    def score(self, columns: Columns, *, contributions: bool = True) -> Scores:
        """The probability alone."""
        probability = 0.5 + self.slope * columns["inbound_messages_count"]
        none = np.empty((0, 1))
        return Scores(probability, probability, probability, 0.5, none, none.astype(bool))


MESSAGES = {"inbound_messages_count": np.array([0.0, 2.0])}
EVEN = np.ones(2)


def test_who_falls_with_every_answer_is_found_out() -> None:
    found = when_answering_more(ByMessages(-0.01), MESSAGES, EVEN)
    assert not found.sane
    assert found.change == pytest.approx({1: -0.01, 2: -0.02, 3: -0.03})
    assert "it falls" in found.words


@pytest.mark.parametrize("slope", [0.01, 0.0, -0.001])
def test_rising_standing_still_and_the_grain_of_the_model_are_sane(slope: float) -> None:
    assert when_answering_more(ByMessages(slope), MESSAGES, EVEN).sane


def test_a_learnt_model_rises_with_the_answers(learned: Learned) -> None:
    rows = leads(200, seed=5)[0]
    found = when_answering_more(learned.model, rows.columns, rows.weight)
    assert found.sane
    assert found.change[3] > found.change[1] > 0


def test_a_model_that_does_not_read_messages_has_nothing_to_answer_for() -> None:
    found = when_answering_more(ByMessages(-1, features=(BY_NAME["amount"],)), MESSAGES, EVEN)
    assert found.sane
    assert "does not read" in found.words


def test_what_follows_from_answering_follows() -> None:
    columns = {
        "inbound_messages_count": np.array([2.0, 0.0]),
        "outbound_messages_count": np.array([4.0, 0.0]),
        "engagement_rate": np.array([0.5, 0.0]),
        "inbound_messages_last_7_days": np.array([0.0, 0.0]),
        "days_since_last_event": np.array([9.0, np.nan]),
        "amount": np.array([1.0, np.nan]),
    }
    more = answered_more(columns, 2)
    assert more["inbound_messages_count"].tolist() == [4.0, 2.0]
    assert more["engagement_rate"].tolist() == [1.0, 2.0]
    assert more["inbound_messages_last_7_days"].tolist() == [2.0, 2.0]
    assert more["days_since_last_event"].tolist() == [0.0, 0.0]
    assert more["amount"] is columns["amount"]
    assert columns["inbound_messages_count"].tolist() == [2.0, 0.0], "the given columns stay"
