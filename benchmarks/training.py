"""How long learning takes, stage by stage, and how much memory: on made-up snapshots, as many as wanted.

    python -m benchmarks.training [--rows 1000000] [--features 40] [--algorithms random_forest lightgbm]

Two snapshots a lead; every number tells something of the outcome; two features are categories, a fifth has missing
values, a third rounded ones. Each algorithm learns in a process of its own, so that the peak of memory is its own.
Seconds on the clock and of processor.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.fit import learn

DEFAULT = ("random_forest", "hist_gradient_boosting", "lightgbm", "xgboost")


def rows_of(n: int, features: int) -> LabelledRows:
    """n made-up snapshots of n / 2 leads that came one after another."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, features))
    x[:, ::3] = np.round(x[:, ::3])
    log_odds = x @ rng.normal(scale=0.25, size=features) + 0.5 * x[:, 1] * x[:, 2] - 1.5
    x[:, 4::5][rng.random(x[:, 4::5].shape) < 0.1] = np.nan
    columns = {f"number.{at}": x[:, at] for at in range(features - 2)}
    for at in range(2):
        columns[f"word.{at}"] = np.array([f"level {k}" for k in range(20)], dtype=object)[rng.integers(0, 20, n)]
    dossier = np.arange(n) // 2
    created = np.datetime64("2024-01-01", "us") + (dossier * 60_000_000).astype("timedelta64[us]")
    kinds = [Kind.CATEGORY if name.startswith("word") else Kind.NUMERIC for name in columns]
    described = tuple(Feature(name, kind, "", name) for name, kind in zip(columns, kinds, strict=True))
    # Both snapshots of a lead have the fate of the first.
    converted = (rng.random(n) < 1 / (1 + np.exp(-log_odds)))[2 * dossier]
    return LabelledRows(described, columns, converted, np.full(n, 0.5), dossier, created, created)


class Stages:
    """The seconds between reports, summed by what the words of a report begin with."""

    def __init__(self) -> None:
        self.clock, self.work = time.perf_counter(), time.process_time()
        self.began = (self.clock, self.work)

    def __call__(self, stage: str, progress: float, words: str) -> None:
        """Prints what has passed since the last report."""
        clock, work = time.perf_counter(), time.process_time()
        passed = f"{clock - self.clock:8.1f} s {work - self.work:8.1f} s"
        print(f"  {progress:5.0%} {passed}  {stage}: {words[:70]}", flush=True)
        self.clock, self.work = clock, work

    def whole(self) -> str:
        """Clock and processor since the beginning."""
        return f"{time.perf_counter() - self.began[0]:.1f} s, {time.process_time() - self.began[1]:.1f} s of processor"


def one(algorithm: str, rows: LabelledRows) -> None:
    """Learns once, and prints where the time went: each line tells what passed before it."""
    stages = Stages()
    print(f"{algorithm}: {'clock':>9} {'processor':>10}")
    learned = learn(rows, seed=7, algorithm=algorithm, report=stages)
    stages("done", 1.0, "")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    print(f"  in all {stages.whole()}; peak {peak:.1f} GiB; ROC-AUC {learned.metrics['roc_auc']:.4f}", flush=True)


def main() -> None:
    """Prints a table an algorithm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=40)
    parser.add_argument("--algorithms", nargs="+", default=list(DEFAULT))
    asked = parser.parse_args()
    if len(asked.algorithms) == 1:
        one(asked.algorithms[0], rows_of(asked.rows, asked.features))
        return
    for algorithm in asked.algorithms:
        size = ["--rows", str(asked.rows), "--features", str(asked.features)]
        command = [sys.executable, "-m", "benchmarks.training", *size, "--algorithms", algorithm]
        subprocess.run(command, check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    main()
