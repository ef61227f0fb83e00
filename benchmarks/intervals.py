"""How near probabilities come to the truth, and how often the 90 % interval holds it, on simulated leads.

    python -m benchmarks.intervals [--leads 300 1000 3000] [--seeds 3] [--algorithm random_forest]

The true probability of each simulated lead is known. Printed for each number of leads (a fifth of which is held out):
the mean absolute error, the coverage of the interval, its mean width, and the width a 90 % interval would need if all
rows had the same (an oracle's, for comparison); as medians over the seeds.
"""

from __future__ import annotations

import argparse

import numpy as np

from models_registry.learning.algorithms import DEFAULT
from models_registry.learning.fit import learn
from models_registry.tests.learning.simulated import leads

FRESH = 4000
COLUMNS = ("error", "coverage", "width", "oracle", "roc_auc")


def measured(n: int, *, seed: int, contrast: float, snapshots: int, algorithm: str = DEFAULT) -> list[float]:
    """Error, coverage, mean width, the oracle's width, and forward ROC-AUC."""
    rows, _ = leads(n, seed=seed, contrast=contrast, snapshots=snapshots)
    learned = learn(rows, seed=seed, algorithm=algorithm)
    fresh, truth = leads(FRESH, seed=seed + 10_000, contrast=contrast)
    scores = learned.model.score(fresh.columns, contributions=False)
    error = np.abs(scores.probability - truth)
    inside = (scores.low <= truth) & (truth <= scores.high)
    width, oracle = np.mean(scores.high - scores.low), 2 * np.quantile(error, 0.9)
    return [float(each) for each in (error.mean(), inside.mean(), width, oracle, learned.metrics["roc_auc"] or np.nan)]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--algorithm", default=DEFAULT)
    asked = parser.parse_args()
    print("leads  contrast  snapshots  " + "  ".join(f"{name:>8}" for name in COLUMNS))
    for n in asked.leads:
        for contrast, snapshots in ((1.0, 1), (1.0, 3), (2.0, 1)):
            shape = {"contrast": contrast, "snapshots": snapshots, "algorithm": asked.algorithm}
            runs = [measured(n, seed=seed, **shape) for seed in range(asked.seeds)]
            figures = "  ".join(f"{each:8.3f}" for each in np.median(runs, axis=0))
            print(f"{n:5d}  {contrast:8.1f}  {snapshots:9d}  {figures}", flush=True)


if __name__ == "__main__":
    main()
