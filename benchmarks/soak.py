"""`make soak`: half an hour of everything at once on a whole installation; ends with 1 where anything grows or fails.

Single predictions, batches, events, outcomes, histories, rollbacks, training and score jobs, all the while. After a
warm-up the middle third is held against the last: by then everything is loaded that will be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.faults.callers import Callers, Told
from tests.faults.installation import Failed, Installation, installed, settle_in

WARM_UP_SECONDS = 30.0
"""By then each of the worker's processes has had runs and jobs, also where the machine is slow."""
MAY_GROW = 1.15
MEGABYTES_MORE = 30.0
CONNECTIONS_MORE = 3
MAY_SLOW = 2.0
MILLISECONDS_MORE = 100.0
"""The machine may have other things to do: what leaks, or fills up, goes far beyond."""


@dataclass(frozen=True)
class Sample:
    """What was held at a moment: memory in MB and open files by kind of process, and connections to the database."""

    at: float
    memory: dict[str, float]
    files: dict[str, int]
    connections: int


def main(arguments: Sequence[str]) -> int:
    """0 where everything held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: %(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leadqual-soak-") as folder:
        settle_in(Path(folder))
        import django  # noqa: PLC0415 - reads the settings of that folder

        django.setup()
        with installed(Path(folder)) as installation:
            return _soak(installation, options.minutes * 60)


def _soak(installation: Installation, seconds: float) -> int:
    from tests.faults.__main__ import NUMBERS, move_in  # noqa: PLC0415 - needs Django
    from tests.faults.promises import assert_always, assert_kept  # noqa: PLC0415

    callers = Callers(installation.port, move_in(), NUMBERS, threads=4, jobs_every=max(seconds / 30, 10.0))
    samples = list[Sample]()
    callers.start()
    try:
        time.sleep(WARM_UP_SECONDS)
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            time.sleep(min(seconds / 60, 10.0))
            installation.assert_nobody_left()
            samples.append(_sample(installation))
    finally:
        callers.stop()
    ended = time.monotonic()
    print(json.dumps(_figures(samples, callers.told, began, ended), indent=2), flush=True)
    try:
        assert_always()
        assert_kept(callers.told, NUMBERS)
        _judge(samples, callers.told, began, ended)
    except Failed as problem:
        print(problem, flush=True)
        return 1
    return 0


def _sample(installation: Installation) -> Sample:
    from tests.faults.promises import rows  # noqa: PLC0415 - needs Django

    families = {name: _family(process.pid) for name, process in installation.processes.items()}
    (connections,) = rows("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")[0]
    return Sample(
        time.monotonic(),
        {
            name: sum(_of(each, lambda p: p.memory_full_info().pss) for each in them) / 1e6
            for name, them in families.items()
        },
        {name: int(sum(_of(each, lambda p: p.num_fds()) for each in them)) for name, them in families.items()},
        int(connections),
    )


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _of(process: psutil.Process, read: Callable[[psutil.Process], float]) -> float:
    try:
        return float(read(process))
    except psutil.NoSuchProcess:  # a child that has just ended
        return 0.0


def _thirds(began: float, ended: float) -> list[tuple[float, float]]:
    """The middle and the last third of the time."""
    third = (ended - began) / 3
    return [(began + third, began + 2 * third), (began + 2 * third, ended + 1.0)]


def _compared(samples: Sequence[Sample], read: Callable[[Sample], float], began: float, ended: float) -> list[float]:
    """The medians of the two thirds."""
    return [
        float(np.median([read(each) for each in samples if low <= each.at < high] or [np.nan]))
        for low, high in _thirds(began, ended)
    ]


def _latencies(told: Told, began: float, ended: float) -> list[float]:
    """The 95th percentiles of the two thirds, in milliseconds."""
    return [
        float(np.percentile([took * 1000 for at, took in told.seconds if low <= at < high] or [np.nan], 95))
        for low, high in _thirds(began, ended)
    ]


def _judge(samples: Sequence[Sample], told: Told, began: float, ended: float) -> None:
    """Raises Failed where something grew, slowed down or failed."""
    problems = list(told.problems[:5])
    unwanted = {name: n for name, n in told.answers.items() if name.split()[1] not in ("200", "201", "202", "409")}
    if unwanted or told.unanswered:
        problems.append(f"answered otherwise: {unwanted}, unanswered: {told.unanswered}")
    for name in samples[0].memory:
        was, is_now = _compared(samples, lambda each, name=name: each.memory[name], began, ended)  # type: ignore[misc]
        if is_now > was * MAY_GROW + MEGABYTES_MORE:
            problems.append(f"the memory of {name} grew from {was:.0f} to {is_now:.0f} MB")
        was, is_now = _compared(samples, lambda each, name=name: each.files[name], began, ended)  # type: ignore[misc]
        if is_now > was * MAY_GROW + MEGABYTES_MORE:
            problems.append(f"the open files of {name} grew from {was:.0f} to {is_now:.0f}")
    was, is_now = _compared(samples, lambda each: each.connections, began, ended)
    if is_now > was + CONNECTIONS_MORE:
        problems.append(f"connections to the database grew from {was:.0f} to {is_now:.0f}")
    was, is_now = _latencies(told, began, ended)
    if is_now > was * MAY_SLOW + MILLISECONDS_MORE:
        problems.append(f"the 95th percentile of a prediction grew from {was:.0f} to {is_now:.0f} ms")
    if problems:
        raise Failed("\n".join(problems))


def _figures(samples: Sequence[Sample], told: Told, began: float, ended: float) -> dict[str, object]:
    names = list(samples[0].memory)
    return {
        "seconds": round(ended - began),
        "answers": dict(sorted(told.answers.items())),
        "predictions": len(told.predictions),
        "batches_of_20": told.batches,
        "p95_milliseconds_middle_and_last_third": [round(each, 1) for each in _latencies(told, began, ended)],
        "memory_mb_middle_and_last_third": {
            name: [round(x) for x in _compared(samples, lambda each, name=name: each.memory[name], began, ended)]  # type: ignore[misc]
            for name in names
        },
        "open_files_middle_and_last_third": {
            name: [round(x) for x in _compared(samples, lambda each, name=name: each.files[name], began, ended)]  # type: ignore[misc]
            for name in names
        },
        "connections_middle_and_last_third": _compared(samples, lambda each: each.connections, began, ended),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
