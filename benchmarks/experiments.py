"""Whether experiments may be believed, by simulation; and how long an experiment with a million leads takes to read.

    python -m benchmarks.experiments [--experiments 2000] [--leads 1000000]

Printed: how often experiments without any effect name a winner when they are looked at after every 100 leads, how often
a guardrail is breached on one day or another, how often the always-valid interval holds the truth at every look, the
power of planned experiments beside the plan's, and the seconds that the metrics of an experiment take. `--leads 0`
leaves the last out, which needs a database.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.databases import own_database
from experiments.statistics import sequential
from experiments.statistics.deciding import ASYMPTOTIC_ALPHA, EXACT_BELOW
from experiments.statistics.planning import FIXED, LOOKS, SEQUENTIAL, Aim, leads_needed
from experiments.statistics.rehearsal import Arms, rehearse
from experiments.tests.statistics.simulated import MARGIN, breached_at_a_look

LEADS, EVERY = 10_000, 100
MORE = 20
"""So many times as many planned experiments, since a power is to be known to half a point."""
FILL = """
INSERT INTO dossier (org_id, number, status, created_at, source, owner)
SELECT 'default', n, 'NEW', now() - interval '90 days' * n / {leads},
       (ARRAY['website', 'portal', 'referral'])[1 + n % 3], 'team-' || n % 20
FROM generate_series(1, {leads}) AS n;
INSERT INTO ab_test_exposure (org_id, experiment_id, dossier_id, variant, first_at, predictions, source, owner,
    probabilities, actions)
SELECT org_id, {experiment}, id, CASE WHEN drawn < 0.5 THEN 'control' ELSE 'treatment' END, created_at, 3, source,
    owner, ARRAY[(number % 97) / 100.0, (number % 89) / 100.0],
    ARRAY[(ARRAY['HIGH_PRIORITY', 'MEDIUM_PRIORITY', 'NURTURE', 'LOW_PRIORITY'])[1 + number % 4],
          (ARRAY['HIGH_PRIORITY', 'MEDIUM_PRIORITY', 'NURTURE', 'LOW_PRIORITY'])[1 + number % 3]]
FROM (SELECT *, random() AS drawn FROM dossier) AS lead;
INSERT INTO lead_outcome (
    org_id, dossier_id, converted, occurred_at, recorded_at, revenue, origin, is_exact, recorded_by)
SELECT org_id, dossier_id, random() < 0.3, first_at + interval '20 days' * random(), first_at + interval '20 days',
       round((1000 * exp(random() * 3))::numeric, 2), 'RECORDED', true, 'benchmark'
FROM ab_test_exposure WHERE random() < 0.5;
INSERT INTO message_entity (org_id, dossier_id, direction, created_at, recorded_at)
SELECT org_id, dossier_id, 'OUTBOUND', first_at + interval '2 days' * random(), first_at + interval '2 days'
FROM ab_test_exposure;
"""


def without_effect(experiments: int) -> None:
    """A/A: the share of experiments that name a winner at one look or another."""
    print(f"\n{experiments:,} experiments without any effect, looked at after every {EVERY} of {LEADS:,} leads")
    print("rate   always-valid   fixed, at every look   fixed, once   sample-ratio alarm")
    for rate in (0.02, 0.1, 0.3):
        converted = np.random.default_rng(1).random(LEADS) < rate
        found = rehearse(converted, experiments=experiments, look_every=EVERY, seed=2)
        print(
            f"{rate:4.2f}   {found.always_valid:12.3f}   {found.fixed:20.3f}   {found.last_look:11.3f}   "
            f"{found.sample_ratio:18.4f}",
            flush=True,
        )


def guarded(experiments: int) -> None:
    """How often the guardrail of revenue is breached where nothing differs, where just the margin is lost, and more."""
    print(f"\nrevenue guardrail, margin {MARGIN}, looked at each day of the first 30, {experiments:,} experiments each")
    print("leads a day   rate   no effect   the margin lost   half lost   all lost")
    for leads, rate in ((20, 0.03), (20, 0.1), (100, 0.03), (500, 0.02)):
        found = [
            breached_at_a_look(leads, (rate, rate * kept), seed=6, experiments=experiments)
            for kept in (1.0, 1 - MARGIN, 0.5, 0.0)
        ]
        print(f"{leads:11d}   {rate:4.2f}   " + "   ".join(f"{each:9.3f}" for each in found), flush=True)


def simulated(aim: Aim, leads: int, looks: int, experiments: int, seed: int) -> Arms:
    """Both arms at evenly spaced looks, with these rates."""
    chance, step = np.random.default_rng(seed), leads / looks
    ends = np.round(step * np.arange(1, looks + 1)).astype(int)
    sizes = np.diff(ends, prepend=0)
    treated = chance.binomial(sizes, aim.share, (experiments, looks))
    sold_treated = chance.binomial(treated, aim.treated_rate)
    sold_control = chance.binomial(sizes - treated, aim.rate)
    sums = [np.cumsum(each, axis=1).astype(float) for each in (sizes - treated, sold_control, treated, sold_treated)]
    return Arms(*sums)


def coverage(experiments: int) -> None:
    """How often the always-valid interval of the difference holds the truth at every look from 400 leads on."""
    print(f"\nthe always-valid interval of {1 - ASYMPTOTIC_ALPHA:.0%}, {experiments:,} experiments of {LEADS:,} leads")
    print("rate   lift   holds the truth at every look   at the last   the 95 % interval for one look, at every look")
    for rate, lift in ((0.1, 0.0), (0.1, 0.2), (0.3, 0.1)):
        aim = Aim(rate, lift)
        arms = simulated(aim, LEADS, LEADS // EVERY, experiments, seed=3)
        leads = arms.leads_control + arms.leads_treated
        reach = np.array([sequential.critical_value(each, ASYMPTOTIC_ALPHA) for each in leads[0]])
        off = np.abs(arms.away_from(aim.difference))[:, leads[0] >= EXACT_BELOW]
        inside = off <= reach[leads[0] >= EXACT_BELOW]
        once = (off <= 1.96).all(axis=1).mean()
        print(
            f"{rate:4.2f}   {lift:4.2f}   {inside.all(axis=1).mean():29.3f}   {inside[:, -1].mean():11.3f}   {once:.3f}"
        )


def power(experiments: int) -> None:
    """How often planned experiments find what they were planned for."""
    print(f"\nplanned for a power of 0.80, {experiments:,} experiments each")
    print("rate   lift   share   horizon      leads   power found")
    for rate, lift, share in ((0.05, 0.2, 0.5), (0.15, 0.15, 0.5), (0.3, 0.1, 0.5), (0.15, 0.2, 0.2)):
        aim = Aim(rate, lift, share)
        for horizon in (FIXED, SEQUENTIAL):
            leads = leads_needed(aim, 0.8, horizon)
            assert leads is not None
            print(
                f"{rate:4.2f}   {lift:4.2f}   {share:5.2f}   {horizon:10s}  {leads:6d}   "
                f"{found_power(aim, leads, horizon, experiments):.3f}",
                flush=True,
            )


def found_power(aim: Aim, leads: int, horizon: str, experiments: int) -> float:
    """The share of simulated experiments that find the effect."""
    if horizon == FIXED:
        arms = simulated(aim, leads, 1, experiments, seed=4)
        return float((np.abs(arms.pooled_z[:, -1]) > 1.959964).mean())
    arms = simulated(aim, leads, LOOKS, experiments, seed=4)
    n = leads / LOOKS * np.arange(1, LOOKS + 1)
    reach = np.array([sequential.critical_value(each, ASYMPTOTIC_ALPHA, leads) for each in n])
    return float((np.abs(arms.z) > reach).any(axis=1).mean())


class Statements:
    """How long each statement took, by its opening words."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        """Runs it, and notes the time."""
        began = time.perf_counter()
        found = execute(sql, *arguments)
        self.seconds.setdefault(" ".join(sql.split())[:100], []).append(time.perf_counter() - began)
        return found


def a_million(leads: int, rounds: int) -> None:
    """Fills a database, and reads the metrics."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from experiments.analysis import analyse  # noqa: PLC0415
    from experiments.answers import metrics  # noqa: PLC0415
    from experiments.summing import sum_up  # noqa: PLC0415
    from experiments.tests.cast import an_experiment  # noqa: PLC0415

    experiment = an_experiment(days_ago=90)
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(leads=leads, experiment=experiment.pk))
        cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    sum_up(experiment, at=timezone.now())
    experiment.refresh_from_db()
    print(f"\nthe days that are over summed up once: {time.perf_counter() - began:.2f} s")
    seconds, ours, statements = [], [], Statements()
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(statements):
            answer = metrics(analyse(experiment, at=timezone.now()))
        seconds.append(time.perf_counter() - began)
        ours.append(time.process_time() - worked)
    counted = sum(arm["leads"] for arm in answer["arms"])
    print(f"metrics of {counted:,} exposed leads: median {np.median(seconds):.2f} s, best {min(seconds):.2f} s")
    print(f"  {np.median(ours):.3f} s  processor time of our own; and by the clock, of each statement:")
    for opening, took in statements.seconds.items():
        print(f"  {np.median(took):.3f} s  {opening}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=2_000)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    if asked.experiments:
        without_effect(asked.experiments)
        guarded(asked.experiments)
        coverage(asked.experiments)
        power(MORE * asked.experiments)
    if asked.leads:
        with own_database():
            a_million(asked.leads, asked.rounds)


if __name__ == "__main__":
    main()
