"""The steps of making a model: encode, learn, calibrate on out-of-sample scores, and estimate its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leads.features import LabelledRows
from models_registry.learning import algorithms
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.encoding import Encoder
from models_registry.learning.evaluation import Metrics, evaluate
from models_registry.learning.interval import Spread
from models_registry.learning.misfit import misfit
from models_registry.learning.model import Model
from models_registry.learning.quick import sampled_rows
from models_registry.learning.split import shuffled_split
from models_registry.learning.task import Algorithm, Progress, Task

MOST_SHUFFLED = 200_000
"""Rows split at random for comparison: more would cost as much as the model itself, and tell no more."""
Report = Callable[[str, float, str], None]
"""Told the stage, the progress of the whole from 0 to 1, and words."""


def quiet(_stage: str, _progress: float, _words: str) -> None:
    """A report that does nothing."""


@dataclass(frozen=True)
class Fit:
    """A model, the learner's parameters, and the out-of-sample probabilities of the rows it learnt from, (n,)."""

    model: Model
    parameters: dict[str, Any]
    out_of_sample: NDArray[np.float64]


@dataclass(frozen=True)
class Fitting:
    """How to make a model, whatever the rows. `unused` names features to leave out. Deterministic by `seed`."""

    learner: Algorithm
    unused: Mapping[str, str]
    seed: int
    n_jobs: int

    def by(self, algorithm: str) -> Fitting:
        """The same with the algorithm of that name: what `auto` chose, say."""
        return replace(self, learner=algorithms.named(algorithm))

    def fit(self, past: LabelledRows, newest: LabelledRows, report: Report = quiet) -> Fit:
        """Learns from the past. Of the newest rows only the features are seen, for the spread of the bags."""
        encoder = Encoder.fit(past, self.unused)
        x = encoder.transform(past.columns)
        task = Task(
            x,
            past.converted,
            past.weight,
            past.dossier,
            self.seed,
            self.n_jobs,
            past.created_at,
            feature=encoder.column_feature,
            shares=encoder.column_is_share,
        )
        fitted = self.learner.fit(task, _growing(report))
        report("calibrating", 0.5, "Calibrating on out-of-sample scores.")
        calibration = BetaCalibration.if_needed(fitted.out_of_sample, past.converted, past.weight)
        unseen = calibration(fitted.out_of_sample)
        unsaid = misfit(x, past.converted, unseen, past.weight, past.dossier, seed=self.seed)
        spread = Spread.fit(fitted.raw.bags(encoder.transform(newest.columns)), calibration, unsaid)
        model = Model(fitted.algorithm or self.learner.name, encoder, fitted.raw, calibration, spread)
        return Fit(model, fitted.parameters | {"misfit": unsaid}, unseen)

    def probability(self, past: LabelledRows, newest: LabelledRows, report: Report = quiet) -> NDArray[np.float64]:
        """What the newest rows get by a model of the past ones, (n,); where nothing varied in those, their share."""
        if Encoder.fit(past, self.unused).columns == 0:
            return np.full(len(newest), np.average(past.converted, weights=past.weight))
        return self.fit(past, newest, report).model.score(newest.columns, contributions=False).probability

    def shuffled(self, rows: LabelledRows, report: Report) -> Metrics:
        """The figures on dossiers split at random instead of by time: a warning where they are much better."""
        rows = sampled_rows(rows, MOST_SHUFFLED, np.random.default_rng(self.seed))
        train, test = shuffled_split(rows, seed=self.seed)
        past, rest = rows.take(train), rows.take(test)
        if past.converted.all() or not past.converted.any():
            return {"reasons": {"all": "The shuffled part to learn from held one outcome only."}}

        def told(_stage: str, progress: float, words: str) -> None:
            report("evaluating", 0.55 + 0.7 * progress, f"Shuffled, for comparison: {words}")

        return evaluate(self.probability(past, rest, told), rest.converted, rest.weight, rest.dossier, seed=self.seed)


def _growing(report: Report) -> Progress:
    def told(done: float, words: str) -> None:
        report("growing", 0.05 + 0.45 * done, words)

    return told
