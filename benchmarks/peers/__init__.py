"""Other model servers, each in an environment of its own that the benchmark installs, pinned, from the registry.

All serve the same forest, learnt by scikit-learn from the same rows, on features that they are handed: no database, no
tokens, no limits, and reasons only where the name says so.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.environments import python_with, run
from benchmarks.load import post
from benchmarks.serving import LEADS_ASKED_FOR, started, wait_until_answered
from tests.processes import free_port

HERE = Path(__file__).parent
WORKERS = "2"
FOREST = ("scikit-learn==1.9.1", "numpy==2.4.6")
Vector = Sequence[float]


@dataclass(frozen=True)
class Asked:
    """A server that is up, and what it can be asked over and over."""

    port: int
    requests: Sequence[bytes]


@dataclass(frozen=True)
class Peer:
    """How a peer is installed, started, and asked.

    In its command and settings {port}, {model} and {bin} stand for the port, the folder of its model, and its programs.
    """

    name: str
    environment: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    path: str
    body: Callable[[Vector], object]
    settings: tuple[tuple[str, str], ...] = ()

    def request_body(self, vector: Vector) -> bytes:
        """What one row is asked with."""
        return json.dumps(self.body(vector)).encode()

    def python(self) -> Path:
        """Its interpreter, installed where it is not there yet. Raises CannotInstall."""
        return python_with(self.environment, self.packages)

    def learn(self, rows: Path, model: Path) -> None:
        """Learns the forest from `rows` and saves it in the peer's own form. Raises CannotInstall."""
        model.mkdir(parents=True, exist_ok=True)
        run(str(self.python()), str(HERE / "learn.py"), self.environment, str(rows), str(model))

    @contextlib.contextmanager
    def serving(self, model: Path) -> Iterator[Asked]:
        """Its server, ready. Raises WrongAnswer where it does not come up."""
        port = free_port()
        places = {"port": str(port), "model": str(model), "bin": str(self.python().parent.absolute())}
        own = {name: value.format(**places) for name, value in self.settings} | {"OMP_NUM_THREADS": "1"}
        command = [part.format(**places) for part in self.command]
        with started(command, model / "server.log", own | _first_in_path(places["bin"]), cwd=HERE) as process:
            vectors = np.load(model.parent / "rows.npz")["x"][:LEADS_ASKED_FOR]
            requests = [post(port, self.path, self.request_body(vector.tolist())) for vector in vectors]
            wait_until_answered(process, port, requests[0])
            yield Asked(port, requests)


def _first_in_path(folder: str) -> dict[str, str]:
    return {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def _flask(name: str, application: str) -> Peer:
    command = ("gunicorn", f"flask_app:{application}", "--bind", "127.0.0.1:{port}", "--workers", WORKERS)
    return Peer(
        name=name,
        environment="flask",
        packages=(*FOREST, "flask==3.1.3", "gunicorn==27.0.1", "shap==0.51.0"),
        command=("{bin}/python", "-m", *command, "--threads", "4"),
        path="/predict",
        body=lambda vector: {"rows": [list(vector)]},
        settings=(("MODEL", "{model}"),),
    )


FLASK = _flask("Flask + scikit-learn", "scores")
FLASK_SHAP = _flask("Flask + scikit-learn + shap", "reasons")
MLFLOW = Peer(
    name="MLflow models serve",
    environment="mlflow",
    packages=(*FOREST, "mlflow==3.17.2", "uvloop==0.23.0", "httptools==0.9.0"),
    command=(
        *("{bin}/python", "-m", "mlflow", "models", "serve", "--model-uri", "{model}/model", "--env-manager", "local"),
        *("--host", "127.0.0.1", "--port", "{port}", "--workers", WORKERS),
    ),
    path="/invocations",
    body=lambda vector: {"inputs": [list(vector)]},
)
BENTOML = Peer(
    name="BentoML",
    environment="bentoml",
    packages=(*FOREST, "bentoml==1.4.40"),
    command=(
        "{bin}/python",
        "-m",
        "bentoml",
        "serve",
        "bento_service:Scores",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
    ),
    path="/predict",
    body=lambda vector: {"rows": [list(vector)]},
    settings=(("MODEL", "{model}"), ("BENTOML_HOME", "{model}"), ("BENTOML_DO_NOT_TRACK", "True")),
)
MLSERVER = Peer(
    name="MLServer",
    environment="mlserver",
    packages=("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop==0.21.0", *FOREST),
    command=("{bin}/mlserver", "start", "{model}"),
    path="/v2/models/forest/infer",
    body=lambda vector: {
        "inputs": [{"name": "x", "shape": [1, len(vector)], "datatype": "FP32", "data": list(vector)}],
        "outputs": [{"name": "predict_proba"}],
    },
    settings=(("MLSERVER_HTTP_PORT", "{port}"),),
)
PEERS = (FLASK, FLASK_SHAP, MLFLOW, BENTOML, MLSERVER)
