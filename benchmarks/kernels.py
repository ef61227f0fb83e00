"""The kernels beside scikit-learn, shap and onnxruntime: one row, and in bulk.

    python -m benchmarks.kernels [--rows 20000] [--rounds 5] [--alone]

A forest of 100 trees of depth 10 on 20,000 rows of 30 columns; one of depth 20; and boosted trees by LightGBM. Both
sides are timed in turn in each round; printed are the medians and their ratio. shap and onnxruntime are installed into
an environment of their own, and answer from a process of their own; `--alone` goes without them. Answers that differ
end the run with an error; times never do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from benchmarks.environments import CannotInstall, python_with
from models_registry.learning.flat import from_lightgbm, joined
from models_registry.learning.forest import ForestSettings, from_scikit_learn
from models_registry.learning.raw import Link
from models_registry.learning.trees import TreeEnsemble

COLUMNS = 30
FEW = 200
"""Rows whose reasons a peer is asked for in bulk: it does some fifty a second."""
SHAP = ("shap==0.51.0", "scikit-learn==1.9.1", "numpy==2.4.6")
"""shap's path-dependent explainer, beside the scikit-learn that the forest was grown by."""
ONNX = ("onnxruntime==1.32.0", "onnx==1.23.2", "numpy==2.4.6")
SINGLE = 1e-5
"""shap and onnxruntime keep trees in single precision, and sum in it."""
Call = Callable[[], Any]


def data(n: int) -> tuple[Any, Any]:
    """n rows, float32, and what became of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, COLUMNS)).astype(np.float32)
    x[:, ::3] = np.round(x[:, ::3])
    return x, rng.random(n) < 1 / (1 + np.exp(1.5 - x[:, 0] - x[:, 1] * x[:, 2] + x[:, 3]))


def seconds(work: Call, times: int) -> float:
    """Of one call, on average."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


class Peer(AbstractContextManager["Peer"]):
    """A library in a process and environment of its own."""

    def __init__(self, what: str, packages: tuple[str, ...], folder: Path) -> None:
        python, script = python_with(f"kernels-{what}", packages), Path(__file__).with_name("kernel_peer.py")
        self._folder = folder
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [str(python), str(script), what, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def seconds(self, rows: int, times: int) -> float:
        """Of one call on the first rows, on average."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"rows": rows, "times": times}) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())["seconds"])

    def answer(self, rows: int) -> Any:
        """What it says of the first rows."""
        self.seconds(rows, 1)
        return np.load(self._folder / "answer.npy")


class Table:
    """Times both sides in turn, and prints a line of each pair."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        print(f"{'':44} {'ours':>13} {'theirs':>13}")

    def pair(self, name: str, rows: int, ours: Call, theirs: Callable[[int], float] | None, *, times: int) -> None:
        """Medians over the rounds, rows a second, ratio; `theirs` gives the seconds of a call, made so many times."""
        ours()
        few = max(times // 10, 1)
        if theirs is not None:
            theirs(1)
        pairs = [(seconds(ours, times), theirs(few) if theirs else 0.0) for _ in range(self.rounds)]
        mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
        beside = f"{other * 1e3:10.3f} ms" if theirs else f"{'-':>13}"
        ratio = f"{other / mine:6.1f} times" if theirs else ""
        print(f"{name:44} {mine * 1e3:10.3f} ms {beside}  {rows / mine:12,.0f} rows/s  {ratio}", flush=True)


def same(name: str, ours: Any, theirs: Any, limit: float = 1e-9) -> None:
    """Ends the run where the answers differ."""
    difference = float(np.abs(ours - theirs).max())
    if not difference <= limit:
        sys.exit(f"{name}: the answers differ by {difference:g}")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without shap and onnxruntime")
    asked = parser.parse_args()
    x, y = data(asked.rows)
    table = Table(asked.rounds)
    forest = RandomForestClassifier(100, max_depth=10, min_samples_leaf=5, n_jobs=2, random_state=0).fit(x, y)
    trees = from_scikit_learn(forest, ForestSettings())
    beside_scikit_learn(table, x, trees, forest)
    try:
        beside_shap(table, x, trees, None if asked.alone else forest)
        if not asked.alone:
            beside_onnxruntime(table, x, y, trees)
    except CannotInstall as problem:
        sys.exit(f"A peer cannot be installed: {problem}")


def beside_scikit_learn(table: Table, x: Any, trees: TreeEnsemble, forest: Any) -> None:
    """Scores in bulk with as many threads as the machine has, and of one row."""
    same("scores", trees.bags(x).raw, forest.predict_proba(x)[:, 1])
    table.pair(
        "score in bulk / scikit-learn", len(x), lambda: trees.bags(x), by(lambda: forest.predict_proba(x)), times=10
    )
    forest.n_jobs, one = 1, x[:1]
    table.pair(
        "score one row / scikit-learn", 1, lambda: trees.bags(one), by(lambda: forest.predict_proba(one)), times=100
    )


def by(work: Call) -> Callable[[int], float]:
    """The seconds of a call within this process."""
    return lambda times: seconds(work, times)


def beside_shap(table: Table, x: Any, trees: TreeEnsemble, forest: Any) -> None:
    """The reasons beside shap.TreeExplainer's; without a forest, alone."""
    few, many = x[:FEW], x[:2000]
    same("reasons", trees.base + trees.contributions(few).sum(axis=1), trees.bags(few).raw)
    with ExitStack() as stack:
        shap = None
        if forest is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            joblib.dump(forest, folder / "forest.joblib")
            np.save(folder / "rows.npy", few)
            shap = stack.enter_context(Peer("shap", SHAP, folder))
            same("shap", trees.contributions(few), shap.answer(FEW), SINGLE)
        one_row = None if shap is None else lambda times: shap.seconds(1, times)
        # shap's time grows with the rows: so much for as many as ours gets.
        in_bulk = None if shap is None else lambda times: shap.seconds(FEW, times) * len(many) / FEW
        table.pair("reasons of one row / shap", 1, lambda: trees.contributions(x[:1]), one_row, times=50)
        table.pair("reasons in bulk / shap", len(many), lambda: trees.contributions(many), in_bulk, times=2)


def beside_onnxruntime(table: Table, x: Any, y: Any, trees: TreeEnsemble) -> None:
    """Scores of the forest, of a deep one, and of boosted trees, beside onnxruntime on the very same trees."""
    deep = RandomForestClassifier(100, max_depth=20, min_samples_leaf=2, n_jobs=2, random_state=0).fit(x, y)
    cases = {
        "forest, depth 10": trees,
        "forest, depth 20": from_scikit_learn(deep, ForestSettings()),
        "LightGBM, 300 trees of 31 leaves": boosted(x, y),
    }
    for name, ensemble in cases.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            np.save(folder / "rows.npy", x)
            averaged = ensemble.link is Link.IDENTITY
            np.savez(folder / "trees.npz", columns=COLUMNS, averaged=averaged, **ensemble.arrays())
            with Peer("onnx", ONNX, folder) as onnx:
                same(name, ensemble.bags(x).raw, onnx.answer(len(x)), SINGLE)
                for label, rows, times in (("in bulk", len(x), 10), ("one row", 1, 100)):
                    some = x[:rows]
                    table.pair(
                        f"{name}, {label} / onnxruntime",
                        rows,
                        lambda ensemble=ensemble, some=some: ensemble.bags(some),  # type: ignore[misc]
                        lambda times, rows=rows: onnx.seconds(rows, times),  # type: ignore[misc]
                        times=times,
                    )


def boosted(x: Any, y: Any) -> TreeEnsemble:
    """Another library's trees."""
    import lightgbm  # noqa: PLC0415 - seconds that only this pays

    parameters = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, label=y.astype(float)), num_boost_round=300)
    flat = from_lightgbm(booster)
    return joined(flat, [0] * len(flat), x.shape[1], Link.LOGIT)


if __name__ == "__main__":
    main()
