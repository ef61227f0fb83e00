"""What Prometheus sees of models: how often one is read from the database, and how long training's stages take."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import Counter, Histogram

LOADS = Counter("ml_model_loads_total", "Models read from the database because memory did not hold them.", ["result"])
STAGE_SECONDS = Histogram(
    "ml_training_stage_seconds",
    "How long a stage of a training run took, in seconds.",
    ["stage"],
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600),
)
STAGES = (
    "reading",
    "preparing",
    "splitting",
    "growing",
    "calibrating",
    "evaluating",
    "explaining",
    "packing",
    "registering",
)
RESULTS = ("loaded", "damaged")


def show_from_the_first_scrape() -> None:
    """Makes every metric exist at zero."""
    for result in RESULTS:
        LOADS.labels(result)
    for stage in STAGES:
        STAGE_SECONDS.labels(stage)


class TimedStages:
    """Passes a run's reports on, and tells Prometheus how long the stage before each new one took."""

    def __init__(self, report: Callable[[str, float, str], None]) -> None:
        self._report = report
        self._stage, self._began = "", time.monotonic()

    def __call__(self, stage: str, progress: float, message: str = "") -> None:
        """Says how far the run is. Raises what the report raises."""
        if stage != self._stage:
            self.end()
            self._stage = stage
        self._report(stage, progress, message)

    def end(self) -> None:
        """The stage that was under way is over."""
        now = time.monotonic()
        if self._stage in STAGES:
            STAGE_SECONDS.labels(self._stage).observe(now - self._began)
        self._stage, self._began = "", now
