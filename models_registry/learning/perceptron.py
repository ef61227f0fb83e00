"""A small neural network: one hidden layer over numbers on a common scale."""

from __future__ import annotations

import numpy as np

from common.arrays import Floats
from models_registry.learning.bagging import fitted_in_bags, out_of_bag, smoothed_log_odds
from models_registry.learning.designs import Design
from models_registry.learning.network import LAYERS, ORDERS, NetworkBags
from models_registry.learning.task import Fitted, Progress, Task

UNITS = 12
PENALTY = 1.0
EPOCHS = 30
LEARNING_RATE = 3e-3
EXPLAINED_ROWS = 200


class Perceptron:
    """One hidden layer of a few rectified units, held back by a strong L2 penalty."""

    name = "mlp"
    title = "Neural network"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def fit(self, task: Task, report: Progress) -> Fitted:
        """Learns a network in every bag."""
        design = Design.fit(task.x, task.weight, bent=False, shares=task.shares)
        learners, member = fitted_in_bags(task, lambda part: _solved(design, part), report, "Neural network")
        networks = NetworkBags(design, **{name: np.concatenate([each[name] for each in learners]) for name in LAYERS})
        share = networks.share(out_of_bag(networks.bags(task.x).mean, member))
        few = task.x[np.sort(np.random.default_rng(task.seed).permutation(len(task.x))[:EXPLAINED_ROWS])]
        explanation = {
            "method": "sampled",
            "orders": ORDERS,
            "standard_error": round(networks.standard_error(few), 6),
            "unit": "log-odds",
        }
        parameters = {"units": UNITS, "penalty": PENALTY, "epochs": EPOCHS, "bags": task.bags}
        return Fitted(networks, share, parameters | {"explanation": explanation})


def _solved(design: Design, task: Task) -> dict[str, Floats]:
    if task.converted.all() or not task.converted.any():
        return _constant(len(design), smoothed_log_odds(task.converted, task.weight))
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - seconds that only training should pay

    network = MLPClassifier(
        (UNITS,),
        alpha=PENALTY,
        batch_size=min(128, len(task.x)),
        learning_rate_init=LEARNING_RATE,
        random_state=task.seed,
    )
    terms, weight = design.terms(task.x), task.weight / task.weight.mean()
    for _ in range(EPOCHS):
        network.partial_fit(terms, task.converted, sample_weight=weight, classes=[False, True])
    (hidden, output), (hidden_bias, output_bias) = network.coefs_, network.intercepts_
    return dict(zip(LAYERS, (hidden.ravel(), hidden_bias, output.ravel(), output_bias), strict=True))


def _constant(terms: int, log_odds: float) -> dict[str, Floats]:
    nothing = np.zeros(UNITS)
    weights = (np.zeros(terms * UNITS), nothing, nothing, np.array([log_odds]))
    return dict(zip(LAYERS, weights, strict=True))
