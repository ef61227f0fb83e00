"""Estimated figures: as the reference implementation has them, and as coins with those probabilities fall."""

from typing import Any

import numpy as np
import pytest

from models_registry.learning.cbpe import estimate

FIGURES = ("roc_auc", "precision", "recall", "specificity", "accuracy", "f1", "brier", "log_loss")
# nannyml 0.13.1; Brier and log loss from their closed form.
CASE: dict[str, Any] = {
    "p": [0.185, 0.359, 0.209, 0.085, 0.222, 0.098, 0.122, 0.222],
    "threshold": 0.3,
    "roc_auc": 0.6466189125487347,
    "precision": 0.359,
    "recall": 0.23901464713715048,
    "specificity": 0.9013542628501078,
    "accuracy": 0.777,
    "f1": 0.2869704236610712,
    "brier": 0.1456165,
    "log_loss": 0.46069842862888266,
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_estimate_agrees_with_the_reference(name: str) -> None:
    estimated = estimate(np.array(CASE["p"]), threshold=CASE["threshold"])
    assert estimated[name] == pytest.approx(CASE[name], abs=1e-12)


def test_outcomes_drawn_from_the_probabilities_give_the_estimated_figures_on_average() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(1.2, 4, 400)
    estimated = estimate(p, threshold=0.3)
    drawn = [rng.random(len(p)) < p for _ in range(300)]
    assert estimated["brier"] == pytest.approx(np.mean([np.mean((p - y) ** 2) for y in drawn]), abs=0.003)
    assert estimated["accuracy"] == pytest.approx(np.mean([np.mean((p >= 0.3) == y) for y in drawn]), abs=0.005)
    losses = [-np.mean(np.log(np.where(y, p, 1 - p))) for y in drawn]
    assert estimated["log_loss"] == pytest.approx(np.mean(losses), abs=0.008)


def test_what_does_not_exist_is_none() -> None:
    estimated = estimate(np.zeros(3))
    assert [name for name in FIGURES if estimated[name] is None] == ["roc_auc", "precision", "recall", "f1"]
    with pytest.raises(ValueError, match="nothing"):
        estimate(np.array([]))
