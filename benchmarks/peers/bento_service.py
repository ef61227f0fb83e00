"""BentoML with scikit-learn."""

import os
from pathlib import Path

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=2)
class Scores:
    """The forest."""

    def __init__(self) -> None:
        self.forest = joblib.load(Path(os.environ["MODEL"]) / "forest.joblib")

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[float]:
        """The probability of each row."""
        return [float(each) for each in self.forest.predict_proba(np.asarray(rows, dtype=np.float32))[:, 1]]
