"""What to do with a lead."""

import pytest

from predictions.actions import Thresholds


@pytest.mark.parametrize(
    ("probability", "confidence", "action"),
    [
        (0.7, 0.8, "HIGH_PRIORITY"),
        (0.7, 0.79, "MEDIUM_PRIORITY"),
        (0.95, 0.69, "NURTURE"),
        (0.5, 0.7, "MEDIUM_PRIORITY"),
        (0.49, 1.0, "NURTURE"),
        (0.3, 0.0, "NURTURE"),
        (0.29, 1.0, "LOW_PRIORITY"),
        (0.0, 0.0, "LOW_PRIORITY"),
    ],
)
def test_the_action_follows_probability_and_confidence(probability: float, confidence: float, action: str) -> None:
    assert Thresholds().action(probability, confidence) == action
