"""Flask with scikit-learn: `scores` answers probabilities, `reasons` contributions by shap beside them."""

import os
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from flask import Flask, request

FOREST = joblib.load(Path(os.environ["MODEL"]) / "forest.joblib")
scores, reasons = Flask("scores"), Flask("reasons")


@scores.post("/predict")
def predict() -> Any:
    """The probability of each row."""
    return {"probability": FOREST.predict_proba(_rows())[:, 1].tolist()}


@reasons.post("/predict")
def explain() -> Any:
    """The probability of each row, and what each feature adds to it."""
    rows = _rows()
    parts = _explainer().shap_values(rows, check_additivity=False)[..., 1]
    return {"probability": FOREST.predict_proba(rows)[:, 1].tolist(), "contributions": parts.tolist()}


def _rows() -> Any:
    return np.asarray(request.get_json()["rows"], dtype=np.float32)


def _explainer() -> Any:
    if "explainer" not in globals():
        import shap  # noqa: PLC0415 - the other application goes without

        globals()["explainer"] = shap.TreeExplainer(FOREST)
    return globals()["explainer"]
