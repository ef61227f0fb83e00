"""`python -m tests.faults --times 100`: kills one part of a whole installation after the other, under load.

After each kill the part is started again as its supervisor would, and nothing else is. What must hold is asked of the
database; what the callers were answered is compared with what is stored. Ends with 1 and the reason where it does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.faults import installation as parts
from tests.faults.callers import Callers
from tests.faults.installation import Failed, Installation, installed, settle_in

NUMBERS = [5_000_000 + number for number in range(60)]
LONGEST_OUTAGE = 3.0
JOB_SECONDS = 60.0
Fault = tuple[Callable[[Installation, Random], None], Callable[[Installation], None]]


def _child_of(name: str) -> Callable[[Installation, Random], None]:
    def kill(installation: Installation, chance: Random) -> None:
        chance.choice(installation.children(name)).kill()

    return kill


def _whole(name: str) -> Fault:
    return lambda installation, chance: installation.kill(name), lambda installation: installation.start(name)


FAULTS: dict[str, Fault] = {
    "a web process": (_child_of("web"), lambda installation: None),
    "the web server": _whole("web"),
    "a process of the worker": (_child_of("worker"), lambda installation: None),
    "the worker": _whole("worker"),
    "beat": _whole("beat"),
    "Valkey": (parts.kill_valkey, parts.start_valkey),
    "PostgreSQL": (parts.kill_postgres, parts.start_postgres),
    "a session of PostgreSQL": (parts.kill_a_session, lambda installation: None),
}


@dataclass
class Figures:
    """What was tried, and how long it took to be well again."""

    killed: Counter[str] = field(default_factory=Counter)
    recovery: dict[str, float] = field(default_factory=dict)
    longest_silence: float = 0.0

    def note(self, name: str, seconds: float) -> None:
        """One more."""
        self.killed[name] += 1
        self.recovery[name] = max(self.recovery.get(name, 0.0), seconds)


def main(arguments: list[str]) -> int:
    """0 where everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="how many kills (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=1e9, help="no new kill after so long (default: no end)")
    parser.add_argument("--seed", type=int, default=1, help="the same gives the same order (default: %(default)s)")
    parser.add_argument("--only", choices=sorted(FAULTS), help="kill nothing else")
    parser.add_argument("--folder", type=Path, help="where it is installed and its logs stay (default: a passing one)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leadqual-faults-") as passing:
        folder = options.folder or Path(passing)
        settle_in(folder)
        import django

        django.setup()
        with installed(folder) as installation:
            order = _order(options.times, options.only, Random(options.seed))
            return _run(installation, order, time.monotonic() + options.minutes * 60)


def _order(times: int, only: str | None, chance: Random) -> list[str]:
    """Each kind as often as any other, in a random order."""
    if only:
        return [only] * times
    rounds = [chance.sample(sorted(FAULTS), len(FAULTS)) for _ in range(times // len(FAULTS) + 1)]
    return [name for each in rounds for name in each][:times]


def _run(installation: Installation, order: list[str], end: float) -> int:
    callers, figures = Callers(installation.port, move_in(), NUMBERS), Figures()
    callers.start()
    try:
        for at, name in enumerate(order):
            if time.monotonic() > end:
                break
            seconds = _kill(installation, name, Random(at))
            figures.note(name, seconds)
            _say(f"{at + 1:4} of {len(order)}  {name}: well again after {seconds:.1f} s")
            _assert_going_on(installation, callers)
            figures.longest_silence = max(figures.longest_silence, _until_jobs_go_on(installation))
    except Failed as problem:
        _say(str(problem))
        return 1
    finally:
        callers.stop()
    return _conclude(installation, callers, figures)


def _kill(installation: Installation, name: str, chance: Random) -> float:
    """Kills at a random moment, starts it again after a while; seconds until all is well."""
    kill, start = FAULTS[name]
    time.sleep(chance.uniform(0.2, 2.0))
    kill(installation, chance)
    time.sleep(chance.uniform(0.0, LONGEST_OUTAGE))
    start(installation)
    return installation.until_healthy()


def _assert_going_on(installation: Installation, callers: Callers) -> None:
    """What must always hold holds, and callers are answered again."""
    from tests.faults.promises import assert_always

    assert_always()
    before = len(callers.told.predictions)
    installation.until(lambda: len(callers.told.predictions) > before + 5, "predictions are answered again")
    if callers.told.problems:
        raise Failed("\n".join(callers.told.problems[:5]))


def _until_jobs_go_on(installation: Installation) -> float:
    """Seconds until each job that was left open is heard of again, or has ended. Raises Failed after a minute."""
    from django.utils import timezone

    from tests.faults import promises

    well_since, began = timezone.now(), time.monotonic()
    while left := promises.unheard(well_since):
        installation.assert_nobody_left()
        if time.monotonic() > began + JOB_SECONDS:
            raise Failed(f"jobs that nobody has heard of for a minute: {left[:5]}")
        time.sleep(0.5)
    return time.monotonic() - began


def move_in() -> str:
    """Leads of our own, often looked-for dead jobs, and a token."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTasks

    from common.auth import issue_service_token
    from common.scopes import SCOPES
    from leads.tests.cast import a_lead

    for number in NUMBERS:
        a_lead(number=number)
    IntervalSchedule.objects.filter(period="seconds").update(every=3)
    PeriodicTasks.update_changed()
    return issue_service_token(name="crm", org_id="default", scopes=list(SCOPES), days=1)


def _conclude(installation: Installation, callers: Callers, figures: Figures) -> int:
    """Nobody asks any more: everything open ends, nothing is lost, and training can be asked for again."""
    from tests.faults import promises

    told = callers.told
    try:
        if told.problems:
            raise Failed("\n".join(told.problems[:5]))
        installation.until(lambda: not promises.rows(promises.OPEN), "every job has ended")
        promises.assert_always()
        promises.assert_kept(told, NUMBERS)
        _assert_chains_hold()
    except Failed as problem:
        _say(str(problem))
        return 1
    _say(json.dumps(_in_words(told, figures), indent=2))
    return 0


def _assert_chains_hold() -> None:
    from django.core.management import CommandError, call_command

    try:
        call_command("audit", "verify", stdout=sys.stderr)
    except CommandError as broken:
        raise Failed(str(broken)) from broken


def _in_words(told: Any, figures: Figures) -> dict[str, Any]:
    from tests.faults.promises import rows

    jobs = "SELECT status, count(*) FROM {} GROUP BY 1 ORDER BY 1"
    return {
        "killed": dict(figures.killed),
        "longest_recovery_seconds": {name: round(seconds, 1) for name, seconds in figures.recovery.items()},
        "longest_until_every_open_job_went_on_seconds": round(figures.longest_silence, 1),
        "answers": dict(sorted(told.answers.items())),
        "connections_broken_off_or_refused": told.unanswered,
        "asked_again": told.asked_again,
        "slowest_answer_seconds": round(told.slowest, 2),
        "predictions_answered_and_stored_once": len(told.predictions),
        "events_told_and_stored_once": len(told.events),
        "training_runs": dict(rows(jobs.format("ml_training_run"))),
        "score_jobs": dict(rows(jobs.format("ml_score_job"))),
    }


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
