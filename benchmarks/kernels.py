"""The kernels beside scikit-learn (and shap, where it is installed): one row, and in bulk.

    python -m benchmarks.kernels [--rows 20000] [--rounds 5]

A forest of 100 trees of depth 10 on 20,000 rows of 30 columns. Both sides are timed in turn in each round; printed are
the medians and their ratio. Differences above 1e-9 end the run with an error; times never do.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from models_registry.learning.forest import ForestSettings, from_scikit_learn

COLUMNS = 30
FEW = 200
"""Rows whose reasons a peer is asked for in bulk: it does some fifty a second."""


def data(n: int) -> tuple[Any, Any]:
    """n rows, float32, and what became of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, COLUMNS)).astype(np.float32)
    x[:, ::3] = np.round(x[:, ::3])
    return x, rng.random(n) < 1 / (1 + np.exp(1.5 - x[:, 0] - x[:, 1] * x[:, 2] + x[:, 3]))


def seconds(work: Callable[[], Any], times: int) -> float:
    """Of one call, on average."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def paired(
    name: str, rows: int, ours: Callable[[], Any], theirs: Callable[[], Any], *, rounds: int, times: int
) -> None:
    """Times both in turn and prints medians and ratio."""
    ours(), theirs()
    pairs = [(seconds(ours, times), seconds(theirs, max(times // 10, 1))) for _ in range(rounds)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio, speed = f"{other / mine:6.1f} times", f"{rows / mine:12,.0f} rows/s"
    print(f"{name:34} {mine * 1e3:10.3f} ms {other * 1e3:10.3f} ms  {speed}  {ratio}", flush=True)


def same(name: str, ours: Any, theirs: Any, limit: float = 1e-9) -> None:
    """Ends the run where the answers differ."""
    difference = float(np.abs(ours - theirs).max())
    if difference > limit:
        sys.exit(f"{name}: the answers differ by {difference:g}")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    x, y = data(asked.rows)
    forest = RandomForestClassifier(100, max_depth=10, min_samples_leaf=5, n_jobs=2, random_state=0).fit(x, y)
    trees = from_scikit_learn(forest, ForestSettings())
    one, few = x[:1], x[:FEW]
    print(f"{'':34} {'ours':>13} {'theirs':>13}")
    same("scores", trees.bags(x).raw, forest.predict_proba(x)[:, 1])
    rounds = asked.rounds
    paired("score in bulk", len(x), lambda: trees.bags(x), lambda: forest.predict_proba(x), rounds=rounds, times=10)
    forest.n_jobs = 1
    paired("score one row", 1, lambda: trees.bags(one), lambda: forest.predict_proba(one), rounds=rounds, times=100)
    same("reasons", trees.base + trees.contributions(few).sum(axis=1), trees.bags(few).raw)
    if importlib.util.find_spec("shap") is None:
        alone(x, trees, rounds=rounds)
        return
    beside_shap(x, trees, forest, rounds=rounds)


def alone(x: Any, trees: Any, *, rounds: int) -> None:
    """Times of the reasons without a peer."""
    for name, rows, times in (("reasons of one row (alone)", 1, 100), ("reasons in bulk (alone)", 2000, 1)):
        some = x[:rows]
        mine = statistics.median([seconds(partial(trees.contributions, some), times) for _ in range(rounds)])
        print(f"{name:34} {mine * 1e3:10.3f} ms {'':13}  {rows / mine:12,.0f} rows/s")


def beside_shap(x: Any, trees: Any, forest: Any, *, rounds: int) -> None:
    """The reasons beside shap.TreeExplainer's."""
    import shap  # noqa: PLC0415 - an optional peer

    explainer, one, few = shap.TreeExplainer(forest), x[:1], x[:FEW]
    # shap keeps the trees in single precision.
    same("shap", trees.contributions(few), explainer.shap_values(few, check_additivity=False)[..., 1], limit=1e-5)
    paired(
        "reasons of one row",
        1,
        lambda: trees.contributions(one),
        lambda: explainer.shap_values(one, check_additivity=False),
        rounds=rounds,
        times=50,
    )
    paired(
        "reasons in bulk",
        FEW,
        lambda: trees.contributions(few),
        lambda: explainer.shap_values(few, check_additivity=False),
        rounds=rounds,
        times=10,
    )


if __name__ == "__main__":
    main()
