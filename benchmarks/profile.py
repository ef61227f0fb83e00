"""Where the time of a request, or of a chunk of a score job, goes: functions by the time spent in and below them.

    python -m benchmarks.profile request [--times 300] [--lines 60] [--leads 1500]
    python -m benchmarks.profile chunk

In this process, on a database of its own, by cProfile in processor time (waiting for PostgreSQL is not in it).
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable
from typing import Any

from benchmarks import serving
from benchmarks.databases import own_database


def a_request() -> Callable[[], Any]:
    """Scores one lead after the other, through all of the application."""
    from itertools import cycle  # noqa: PLC0415

    from django.test import Client  # noqa: PLC0415

    from common.auth import issue_service_token  # noqa: PLC0415

    token = issue_service_token(name="profile", org_id="default", scopes=serving.SCOPES, days=1)
    numbers, _ = serving.what_callers_know(serving.LEADS_ASKED_FOR)
    client, upcoming = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"}), cycle(numbers)

    def ask() -> None:
        answer = client.post(f"/api/ml/predict/{next(upcoming)}", content_type="application/json")
        if answer.status_code != 200:
            raise RuntimeError(answer.content.decode())

    return ask


def a_chunk() -> Callable[[], Any]:
    """Scores as many leads as a chunk of a job holds."""
    from django.conf import settings  # noqa: PLC0415

    from leads.models import Dossier  # noqa: PLC0415
    from predictions.bulk import score_in_bulk  # noqa: PLC0415

    keys = list(Dossier.objects.of("default").order_by("pk").values_list("pk", flat=True)[: settings.SCORE_CHUNK_SIZE])
    leads = Dossier.objects.of("default").filter(pk__range=(keys[0], keys[-1]))
    return lambda: score_in_bulk(org_id="default", leads=leads)


ACTS = {"request": a_request, "chunk": a_chunk}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("--times", type=int, help="how often (default: a request 300 times, a chunk 5 times)")
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--leads", type=int, default=1500)
    asked = parser.parse_args()
    os.environ |= serving.UNREACHED | {"LEADQUAL_LOG_LEVEL": "ERROR"}
    with own_database():
        serving.learn(asked.leads)
        show(ACTS[asked.act](), asked.times or {"request": 300, "chunk": 5}[asked.act], asked.lines)


def show(act: Callable[[], Any], times: int, lines: int) -> None:
    """Profiles so many acts, after a few that are not counted."""
    for _ in range(3):
        act()
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for _ in range(times):
        act()
    profile.disable()
    print(f"{times} times")
    pstats.Stats(profile).strip_dirs().sort_stats("cumulative").print_stats(lines)


if __name__ == "__main__":
    main()
