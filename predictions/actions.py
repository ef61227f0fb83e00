"""What to do with a lead of such a probability. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models_registry.learning.scores import Scores

HIGH_PRIORITY = "HIGH_PRIORITY"
MEDIUM_PRIORITY = "MEDIUM_PRIORITY"
NURTURE = "NURTURE"
LOW_PRIORITY = "LOW_PRIORITY"
ACTIONS = (HIGH_PRIORITY, MEDIUM_PRIORITY, NURTURE, LOW_PRIORITY)


@dataclass(frozen=True)
class Thresholds:
    """From which probability and confidence on an action is recommended."""

    high_probability: float = 0.7
    high_confidence: float = 0.8
    medium_probability: float = 0.5
    medium_confidence: float = 0.7
    nurture_probability: float = 0.3

    def action(self, probability: float, confidence: float) -> str:
        """The recommended action."""
        if probability >= self.high_probability and confidence >= self.high_confidence:
            return HIGH_PRIORITY
        if probability >= self.medium_probability and confidence >= self.medium_confidence:
            return MEDIUM_PRIORITY
        return NURTURE if probability >= self.nurture_probability else LOW_PRIORITY

    def actions(self, scores: Scores) -> list[str]:
        """The recommended action of each of n scored rows."""
        pairs = zip(scores.probability.tolist(), scores.confidence.tolist(), strict=True)
        return [self.action(probability, confidence) for probability, confidence in pairs]
