"""Single reads of the API among many leads and predictions, over HTTP from the server that production runs.

`python -m benchmarks.reads [--leads 1000000] [--predictions 20000000] [--times 200] [--keep]`
Each is asked of other leads, so that nothing of it was read before; the ranked list from pages anywhere, and its first
page again and again. Fills a database on the embedded servers and drops it; `--keep` keeps it for the next time
(LEADQUAL_VAR says where). Prints one table; `processor` is the
processor time of a read in one process and its PostgreSQL backend, which a busy machine does not falsify much.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.load import ask, get
from benchmarks.many import ORG, many
from benchmarks.processor import milliseconds
from benchmarks.serving import web_server

SCOPES = ["predictions:read", "models:read"]
WARMING = 20
"""So many reads of each kind are not counted: both processes then have the model in memory."""
Read = Callable[[str], bytes]


def main() -> None:
    """Runs it all."""
    asked = _arguments()
    with many(asked.leads, asked.predictions, keep=asked.keep), tempfile.TemporaryDirectory() as folder:
        from common.auth import issue_service_token  # noqa: PLC0415

        token = issue_service_token(name="reader", org_id=ORG, scopes=SCOPES, days=1)
        numbers = _numbers(asked.times + WARMING)
        asked_for = _asked(numbers)
        alone = {what: _alone(token, paths) for what, paths in asked_for.items()}
        with web_server(Path(folder)) as (port, _):
            print("| read | p50 | p95 | processor | kB | SQL statements |\n|---|---|---|---|---|---|")

            def read(path: str) -> bytes:
                return ask(port, get(port, path, token))

            for what, paths in asked_for.items():
                _tell(what, read, paths, *alone[what])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--predictions", type=int, default=20_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--keep", action="store_true", help="the database stays, and is found the next time")
    return parser.parse_args()


def _numbers(wanted: int) -> list[int]:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM dossier WHERE org_id = %s ORDER BY random() LIMIT %s", [ORG, wanted])
        return [number for (number,) in cursor.fetchall()]


PATHS = {
    "latest prediction": "/api/ml/predict/{}/latest",
    "history": "/api/ml/predict/{}/history",
    "metrics": "/api/ml/model/quality",
    "the active version's card": "/api/ml/model/info",
}
RANKED = "/api/ml/leads/ranked"
FIRST, FAR = "ranked list, its first page", "ranked list, other pages"


def _asked(numbers: Sequence[int]) -> dict[str, list[str]]:
    asked = {what: [path.format(number) for number in numbers] for what, path in PATHS.items()}
    return asked | {FIRST: [RANKED] * len(numbers), FAR: _anywhere(len(numbers))}


def _anywhere(wanted: int) -> list[str]:
    """Addresses of pages that begin at any lead."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT probability, dossier_id FROM lead_score WHERE org_id = %s ORDER BY random() LIMIT %s", [ORG, wanted]
        )
        cursors = [json.dumps(["after", "probability", *row]).encode() for row in cursor.fetchall()]
    return [f"{RANKED}?cursor={base64.urlsafe_b64encode(each).decode()}" for each in cursors]


def _tell(what: str, read: Read, paths: Sequence[str], processor: float, statements: int) -> None:
    took, size = [], 0
    for path in paths:
        start = time.perf_counter()
        size = len(read(path))
        took.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(took[WARMING:], [50, 95])
    figures = f"{p50:.1f} ms | {p95:.1f} ms | {processor:.1f} ms | {size / 1000:.0f} | {statements}"
    print(f"| {what} | {figures} |", flush=True)


def _alone(token: str, paths: Sequence[str]) -> tuple[float, int]:
    """Milliseconds of processor of such a read in this process and its backend, and how many statements it takes."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    for path in paths[:WARMING]:
        assert client.get(path).status_code == 200, path
    with CaptureQueriesContext(connection) as captured:
        client.get(paths[WARMING])
    statements = len(captured)  # the next request forgets them
    return milliseconds(client.get, paths[WARMING + 1 :]), statements


if __name__ == "__main__":
    main()
