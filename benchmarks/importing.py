"""How fast a file of events comes in, and in how much memory.

    python -m benchmarks.importing [--rounds 3] [--copies 1 4]

The loan applications (13,087 leads, 262,200 events) where `../shared/data` has them, else events made up in their
shape. They are imported into a database of their own; printed are rows a second, from the first byte read to the last
row committed, for the first import and for the same import again, and how far memory grew. `--copies 4` strings the log
four times together, with its times moved on: memory should not follow.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import resource
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.databases import own_database

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "loan_applications"
HEADER = ["case_id", "activity", "lifecycle", "timestamp", "resource"]
ACTIVITIES = ["A_SUBMITTED", "A_PREACCEPTED", "O_SENT", "O_SENT_BACK", "W_Nabellen offertes", "W_Completeren aanvraag"]
CASES, EVENTS_A_CASE = 13_087, 20
MIB = 1024.0


def made_up(folder: Path) -> tuple[Path, Path]:
    """Files in the shape of the loan applications."""
    chance, start = random.Random(7), datetime(2011, 10, 1, tzinfo=timezone.utc)  # noqa: S311 - no secret
    cases, events = folder / "cases.csv.gz", folder / "events.csv.gz"
    with gzip.open(cases, "wt", newline="") as leads_file, gzip.open(events, "wt", newline="") as events_file:
        leads, log = csv.writer(leads_file), csv.writer(events_file)
        leads.writerow(["case_id", "amount_req", "reg_date"])
        log.writerow(HEADER)
        for case in range(CASES):
            at = start + timedelta(minutes=18 * case)
            leads.writerow([173_688 + case, chance.randrange(1_000, 50_000), at.isoformat()])
            for step in range(EVENTS_A_CASE):
                when = (at + timedelta(hours=7 * step, milliseconds=chance.randrange(3_600_000))).isoformat()
                log.writerow([173_688 + case, chance.choice(ACTIVITIES), "COMPLETE", when, 112])
    return cases, events


def strung_together(events: Path, copies: int, folder: Path) -> Path:
    """The log `copies` times over, each a second later than the one before."""
    if copies == 1:
        return events
    path = folder / f"events-{copies}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for copy in range(copies):
            with gzip.open(events, "rt", newline="", encoding="utf-8") as rows:
                for row in list(csv.reader(rows))[1:]:
                    later = datetime.fromisoformat(row[3]) + timedelta(seconds=copy)
                    writer.writerow([*row[:3], later.isoformat(), *row[4:]])
    return path


def measured(cases: Path, events: Path, org_id: str) -> tuple[float, float, int]:
    """Rows a second of the events, MiB by which the peak of memory rose, and how many events were new."""
    from leads.importing.files import Source  # noqa: PLC0415
    from leads.importing.mapping_toml import read_mapping  # noqa: PLC0415
    from leads.importing.rejects import Rejects  # noqa: PLC0415
    from leads.importing.run import import_files  # noqa: PLC0415

    given: dict[str, Any] = {"org_id": org_id, "mapping": read_mapping("loan_applications"), "by": "benchmark"}
    import_files(**given, leads=[Source(cases, cases.name)], rejects=Rejects())
    before, started = peak(), time.perf_counter()
    summary = import_files(**given, events=[Source(events, events.name)], rejects=Rejects())
    seconds = time.perf_counter() - started
    return summary.files[0].rows / seconds, peak() - before, summary.files[0].created


def peak() -> float:
    """The most memory that this process has had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, nargs="+", default=[1])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, own_database():
        folder = Path(name)
        is_real = SHARED.is_dir()
        cases, events = (SHARED / "cases.csv.gz", SHARED / "events.csv.gz") if is_real else made_up(folder)
        print("the loan applications" if is_real else "events made up like the loan applications")
        print("  copies      events   rows/s   rows/s again   memory at most   grown by")
        for copies in asked.copies:
            _print_rounds(cases, strung_together(events, copies, folder), copies, asked.rounds)


def _print_rounds(cases: Path, events: Path, copies: int, rounds: int) -> None:
    first, again, grown, rows = [], [], [], 0
    for number in range(rounds):
        org_id = f"bench-{copies}-{number}"
        speed, rise, rows = measured(cases, events, org_id)
        first.append(speed)
        grown.append(rise)
        again.append(measured(cases, events, org_id)[0])
    print(
        f"{copies:8d}  {rows:10,d}  {median(first):7,.0f}  {median(again):13,.0f}  {peak():11,.0f} MiB"
        f"  {max(grown):5,.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
