"""How long it takes to read a million snapshots of the past from five million messages, and how much memory.

    python -m benchmarks.extraction [--leads 1000000] [--ages 0 14] [--profile]

Leads with messages, appointments, properties and outcomes in a database of its own; what is timed is
`leads.labelled.training_rows`: which leads were undecided at which ages, their weights, and every feature as of then.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import time
from datetime import timedelta

from benchmarks.databases import own_database
from benchmarks.many import ORG, leads_up_to


def main() -> None:
    """Prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--ages", type=float, nargs="+", default=[0.0, 14.0], help="days; a snapshot at each")
    parser.add_argument("--profile", action="store_true", help="where the time goes, too")
    asked = parser.parse_args()
    with own_database():
        leads_up_to(0, asked.leads)
        profile = cProfile.Profile() if asked.profile else None
        if profile:
            profile.enable()
        extract(tuple(asked.ages))
        if profile:
            profile.disable()
            pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(25)


def extract(ages: tuple[float, ...]) -> None:
    """Reads them once."""
    from django.utils import timezone  # noqa: PLC0415

    from leads.labelled import training_rows  # noqa: PLC0415
    from leads.models import Organisation  # noqa: PLC0415

    until, clock, work = timezone.now(), time.perf_counter(), time.process_time()
    rows = training_rows(Organisation.get(ORG), since=until - timedelta(days=3650), until=until, ages=ages)
    clock, work = time.perf_counter() - clock, time.process_time() - work
    print(
        f"{len(rows):,} snapshots, {len(rows.features)} features: {clock:.1f} s ({work:.1f} s of processor in this "
        f"process), {1e6 * clock / len(rows):.1f} s a million; peak memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.1f} GiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
