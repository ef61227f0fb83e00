"""What it costs to make sure that reasons hold: one lead scored again without each of its six strongest features.

python -m benchmarks.reasons [--algorithms random_forest] [--leads 1500] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.kernels import seconds
from models_registry.learning.fit import learn
from models_registry.learning.removal import moves
from models_registry.tests.learning.simulated import leads

TIMES = 200


def milliseconds(work: Callable[[], Any], rounds: int) -> float:
    """Of one call: the median over all rounds, which what else the machine does moves little."""
    work()
    return 1e3 * statistics.median(seconds(work, 1) for _ in range(TIMES * rounds))


def main() -> None:
    """Prints one line an algorithm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", default=["random_forest"])
    parser.add_argument("--leads", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rows, _ = leads(asked.leads, seed=3)
    for algorithm in asked.algorithms:
        model = learn(rows, seed=7, algorithm=algorithm).model
        one = rows.take(np.array([0])).columns
        wanted = [(0, feature.name) for feature in model.features[:6]]
        score = milliseconds(partial(model.score, one), asked.rounds)
        check = milliseconds(partial(moves, model, model.encoder.transform(one), wanted), asked.rounds)
        print(f"{algorithm:24} score with reasons {score:6.3f} ms   check of six reasons {check:6.3f} ms", flush=True)


if __name__ == "__main__":
    main()
