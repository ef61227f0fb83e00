"""An analysis as the API answers it and a page draws it. What cannot be computed is null, with a reason beside it."""

from experiments.answers.metrics import improvement, metrics
from experiments.answers.trials import act, planned, self_tested

__all__ = ["act", "improvement", "metrics", "planned", "self_tested"]
