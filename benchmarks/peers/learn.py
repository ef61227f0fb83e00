"""Run in a peer's environment: learns the forest from rows, and saves it as that peer wants it.

python learn.py flask|mlflow|bentoml|mlserver ROWS.npz FOLDER
"""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier


def learnt(rows: Path) -> RandomForestClassifier:
    """100 trees of depth 10, which then score in one thread."""
    data = np.load(rows)
    forest = RandomForestClassifier(100, max_depth=10, min_samples_leaf=5, n_jobs=2, random_state=0)
    forest.fit(data["x"], data["y"])
    return forest.set_params(n_jobs=1)


def save_for_mlflow(forest: RandomForestClassifier, folder: Path) -> None:
    """As a model of MLflow that answers probabilities."""
    import mlflow.sklearn  # noqa: PLC0415

    ours = ["sklearn.tree._tree.Tree"]  # just learnt here; MLflow loads no stranger's
    mlflow.sklearn.save_model(
        forest, str(folder / "model"), pyfunc_predict_fn="predict_proba", skops_trusted_types=ours
    )


def save_for_mlserver(forest: RandomForestClassifier, folder: Path) -> None:
    """As a file, with the settings of the server and of the model beside it."""
    joblib.dump(forest, folder / "forest.joblib")
    server = {"parallel_workers": 2, "host": "127.0.0.1", "grpc_port": 0, "metrics_port": 0, "debug": False}
    model = {
        "name": "forest",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(folder / "forest.joblib")},
    }
    (folder / "settings.json").write_text(json.dumps(server))
    (folder / "model-settings.json").write_text(json.dumps(model))


def main(environment: str, rows: Path, folder: Path) -> None:
    """Learns and saves."""
    forest = learnt(rows)
    if environment == "mlflow":
        save_for_mlflow(forest, folder)
    elif environment == "mlserver":
        save_for_mlserver(forest, folder)
    else:
        joblib.dump(forest, folder / "forest.joblib")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
