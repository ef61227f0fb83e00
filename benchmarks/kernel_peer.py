"""shap or onnxruntime in a process and environment of its own: told a call on each line, it answers with its seconds.

python kernel_peer.py FOLDER, with rows.npy there; run by `benchmarks.kernels`, and so it needs nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def shap_reasons(folder: Path) -> Callable[[Any], Any]:
    """shap.TreeExplainer's values of the second class."""
    import joblib
    import shap

    explainer = shap.TreeExplainer(joblib.load(folder / "forest.joblib"))
    return lambda x: explainer.shap_values(x, check_additivity=False)[..., 1]


def onnx_scores(folder: Path) -> Callable[[Any], Any]:
    """onnxruntime's scores, by as many threads as it likes."""
    import onnxruntime
    from onnx_trees import graph

    session = onnxruntime.InferenceSession(graph(np.load(folder / "trees.npz")))
    return lambda x: session.run(None, {"x": x})[0][:, 0]


def main() -> None:
    """Answers `{"rows", "times"}` with `{"seconds"}` of a call on average; what was said last is kept in answer.npy."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    work, x = {"shap": shap_reasons, "onnx": onnx_scores}[what](folder), np.load(folder / "rows.npy")
    for line in sys.stdin:
        asked = json.loads(line)
        rows = x[: asked["rows"]]
        start = time.perf_counter()
        for _ in range(asked["times"]):
            said = work(rows)
        seconds = (time.perf_counter() - start) / asked["times"]
        np.save(folder / "answer.npy", said)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
