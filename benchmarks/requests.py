"""Requests a second with everything on, beside model servers that do bare inference on features they are handed.

    python -m benchmarks.requests [--rounds 3] [--seconds 5] [--leads 7500] [--peers Flask MLflow]
    python -m benchmarks.requests --short

A forest of 100 trees of depth 10 learns from the demonstration's snapshots (some 50,000); the peers' forests, by
scikit-learn, from the same rows. Ours reads the lead from PostgreSQL, scores and explains it, stores the prediction and
the current score, checks the token and counts the limits. Peers are installed into `peers/` of LEADQUAL_VAR. All are
measured in turn in each round by one process on the same machine (`benchmarks.load`); printed are medians and ratios.
Beside them stands the least that could answer so on these parts: one read, our kernels and one insert in a bare view.
`--short` goes without peers and without times: it ends with an error only where an answer is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import limit, peers, serving
from benchmarks.databases import own_database
from benchmarks.environments import CannotInstall
from benchmarks.load import Load, WrongAnswer, ask, drive, drive_anew, post
from benchmarks.peers import Peer
from benchmarks.serving import Served

CONNECTIONS = (1, 8, 32)
WARM_UP_SECONDS = 2.0
BATCH, FEW = 10_000, 200
LEAD, SERVICE = "POST /api/ml/predict/{id}", "POST /api/v1/predict"
FLOORS = (
    (LEAD, peers.FLASK, (1, 8, 32), 1.5),
    (LEAD, peers.MLFLOW, (8,), 2.4),
    (LEAD, peers.BENTOML, (8,), 4.0),
    (LEAD, peers.MLSERVER, (8,), 2.0),
    (LEAD, peers.FLASK_SHAP, (8,), 4.5),
    (SERVICE, peers.FLASK, (1, 8, 32), 2.0),
)


@dataclass(frozen=True)
class Side:
    """One of those that are compared: what it is asked, and what each round found, by number of connections."""

    name: str
    port: int
    requests: Sequence[bytes]
    loads: dict[int, list[Load]] = field(default_factory=lambda: {number: [] for number in CONNECTIONS})

    def measure(self, seconds: float) -> None:
        """One round, after a short one that is not counted."""
        drive(self.port, self.requests, connections=8, seconds=WARM_UP_SECONDS)
        for number, loads in self.loads.items():
            loads.append(drive_anew(self.port, self.requests, connections=number, seconds=seconds))

    def per_second(self, connections: int) -> float:
        """Answers a second, the median of the rounds."""
        return median(load.per_second for load in self.loads[connections])

    def percentile(self, share: float) -> float:
        """Milliseconds that so many percent of the answers over one connection did not exceed, the median."""
        return median(load.percentile(share) for load in self.loads[1])


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--leads", type=int, default=7500)
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="only peers whose names begin so")
    parser.add_argument("--short", action="store_true", help="wrong answers only: no peers, no times")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, own_database():
        folder = Path(name)
        serving.learn(400 if asked.short else asked.leads)
        with serving.our_server(folder) as ours:
            check(ours)
            print("Every answer is right.", flush=True)
            if not asked.short:
                compare(ours, folder, asked)


def check(ours: Served) -> None:
    """Raises WrongAnswer where an answer of ours does not add up, or two ways of asking differ."""
    lead = json.loads(ask(ours.port, ours.predictions()[0]))
    alone = json.loads(ask(ours.port, ours.services()[0]))
    batch = json.loads(ask(ours.port, ours.batch(FEW, contributions=True)))
    bare = json.loads(ask(ours.port, ours.batch(FEW, contributions=False)))
    for answer in (lead, alone, *batch["results"]):
        parts = sum(part["contribution"] for part in answer["feature_contributions"])
        _same(answer["base_probability"] + parts, answer["conversion_probability"], "reasons do not add up")
    for one, other in zip(batch["results"], bare["results"], strict=True):
        _same(one["conversion_probability"], other["conversion_probability"], "a batch differs without reasons")
    _same(alone["conversion_probability"], batch["results"][0]["conversion_probability"], "a batch differs from one")
    if (batch["scored"], batch["failed"]) != (FEW, 0):
        raise WrongAnswer("a batch was not scored as a whole")


def _same(one: float, other: float, problem: str) -> None:
    if not math.isclose(one, other, abs_tol=1e-6):
        raise WrongAnswer(f"{problem}: {one} and {other}")


def compare(ours: Served, folder: Path, asked: argparse.Namespace) -> None:
    """Measures all sides in turn, and prints."""
    sides = [Side(LEAD, ours.port, ours.predictions()), Side(SERVICE, ours.port, ours.services())]
    batches: dict[str, list[float]] = {"without": [], "with": [], "shap": []}
    with contextlib.ExitStack() as stack:
        serving.rows_for_peers(folder / "rows.npz")
        least = stack.enter_context(limit.serving(folder))
        sides.append(Side(limit.NAME, least.port, least.requests))
        sides += stack.enter_context(peers_serving(folder, asked.peers))
        for number in range(asked.rounds):
            print(f"round {number + 1} of {asked.rounds} ...", flush=True)
            for side in sides:
                side.measure(asked.seconds)
            measure_batches(ours, sides, batches)
    print_speeds(sides)
    print_floors({side.name: side for side in sides})
    print_alone(ours, sides[0], batches)


@contextlib.contextmanager
def peers_serving(folder: Path, wanted: Sequence[str] | None) -> Iterator[list[Side]]:
    """The peers that could be installed and started; of the others it is printed why not."""
    sides: list[Side] = []
    with contextlib.ExitStack() as stack:
        for peer in (each for each in peers.PEERS if wanted is None or each.name.startswith(tuple(wanted))):
            print(f"{peer.name}: installing, learning, starting ...", flush=True)
            try:
                sides.append(stack.enter_context(_serving(peer, folder)))
            except (CannotInstall, WrongAnswer) as problem:
                print(f"{peer.name} is left out: {problem}", flush=True)
        yield sides


@contextlib.contextmanager
def _serving(peer: Peer, folder: Path) -> Iterator[Side]:
    model = folder / peer.name.replace(" ", "_")
    peer.learn(folder / "rows.npz", model)
    with peer.serving(model) as served:
        yield Side(peer.name, served.port, served.requests)


def measure_batches(ours: Served, sides: Sequence[Side], batches: dict[str, list[float]]) -> None:
    """Rows a second of a batch of ours without and with reasons, and of shap's where it is there."""
    for key in ("without", "with"):
        batches[key].append(BATCH / _seconds(ours.port, ours.batch(BATCH, contributions=key == "with")))
    shap = next((side for side in sides if side.name == peers.FLASK_SHAP.name), None)
    if shap is not None:
        row = json.loads(shap.requests[0].partition(b"\r\n\r\n")[2])["rows"]
        batches["shap"].append(FEW / _seconds(shap.port, post(shap.port, "/predict", _json({"rows": row * FEW}))))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _seconds(port: int, request: bytes) -> float:
    begun = time.perf_counter()
    ask(port, request)
    return time.perf_counter() - begun


def print_speeds(sides: Sequence[Side]) -> None:
    """Requests a second of each."""
    print(f"\n{'requests a second over so many connections':44}" + "".join(f"{number:>9}" for number in CONNECTIONS))
    for side in sides:
        print(f"{side.name:44}" + "".join(f"{side.per_second(number):9,.0f}" for number in CONNECTIONS))


def print_floors(sides: dict[str, Side]) -> None:
    """How many times a peer's each of ours is, beside what is asked for."""
    least, shown = sides[limit.NAME], " / ".join(str(number) for number in CONNECTIONS)
    shares = (sides[LEAD].per_second(number) / least.per_second(number) for number in CONNECTIONS)
    print(f"\na lead, all on, of the least over {shown}: {' / '.join(f'{share:.0%}' for share in shares)}")
    print(f"\n{'':44}{'ratio':>27}    at least")
    for name, peer, connections, floor in FLOORS:
        if peer.name in sides:
            ratios = (sides[name].per_second(number) / sides[peer.name].per_second(number) for number in connections)
            print(f"{f'{name} : {peer.name}':58}{' / '.join(f'{ratio:.1f}' for ratio in ratios):>13}    {floor:.1f}")


def print_alone(ours: Served, lead: Side, batches: dict[str, list[float]]) -> None:
    """What is asked of ours by itself."""
    without, with_reasons = (median(batches[key]) for key in ("without", "with"))
    print(
        f"\none connection: p50 {lead.percentile(50):.1f} ms (at most 5), p99 {lead.percentile(99):.1f} ms (at most 12)"
    )
    print(f"batch of {BATCH:,} without reasons: {BATCH / without:.2f} s (at most 1)")
    times = f", {with_reasons / median(batches['shap']):.0f} times shap (at least 20)" if batches["shap"] else ""
    print(f"batch of {BATCH:,} with reasons: {BATCH / with_reasons:.2f} s{times}")
    print(f"start of the web server to ready: {ours.seconds_to_ready:.1f} s (at most 5)")


if __name__ == "__main__":
    try:
        main()
    except WrongAnswer as wrong:
        sys.exit(f"A wrong answer: {wrong}")
