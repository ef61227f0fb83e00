"""A database with many leads, all scored, and many predictions of the months before: what is measured at scale.

It is filled by statements, so that a million leads and twenty million predictions take minutes.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import kept_database, own_database

ORG = "bulk"
MAKE = """
INSERT INTO organisation (org_id, name, time_zone, horizon_days, won_statuses, lost_statuses)
VALUES ('bulk', '', 'UTC', 60, '["WON"]', '["LOST"]') ON CONFLICT DO NOTHING;
INSERT INTO dossier (org_id, number, status, created_at, source, region, amount, recorded_at, updated_at)
SELECT 'bulk', n, 'NEW', now() - (random() * 300) * interval '1 day',
       (ARRAY['website', 'portal', 'referral', 'fair', 'phone'])[1 + n %% 5], 'region ' || n %% 40,
       100000 + n %% 400000, now() - interval '301 days', now() - interval '301 days'
FROM generate_series(%(first)s, %(last)s) AS n;
INSERT INTO property (org_id, dossier_id, price, has_photos, city, known_from)
SELECT 'bulk', id, 150000 + number %% 300000, number %% 3 = 0, 'city ' || number %% 120, created_at
FROM dossier WHERE org_id = 'bulk' AND number BETWEEN %(first)s AND %(last)s AND number %% 2 = 0;
INSERT INTO message_entity (org_id, dossier_id, direction, created_at, recorded_at)
SELECT 'bulk', d.id, (ARRAY['INBOUND', 'OUTBOUND'])[1 + (m + d.number) %% 2], at, at
FROM dossier d CROSS JOIN generate_series(1, 5) AS m
CROSS JOIN LATERAL (SELECT d.created_at + m * random() * interval '3 days' AS at) AS happened
WHERE d.org_id = 'bulk' AND d.number BETWEEN %(first)s AND %(last)s;
INSERT INTO appointment_entity (org_id, dossier_id, created_at, recorded_at)
SELECT 'bulk', id, created_at + interval '4 days', created_at + interval '4 days'
FROM dossier WHERE org_id = 'bulk' AND number BETWEEN %(first)s AND %(last)s AND number %% 2 = 1;
INSERT INTO lead_outcome (org_id, dossier_id, converted, occurred_at, recorded_at, origin, is_exact, recorded_by)
SELECT 'bulk', id, random() < CASE WHEN number %% 5 < 2 THEN 0.8 ELSE 0.1 END, created_at + interval '20 days',
       created_at + interval '20 days', 'RECORDED', true, ''
FROM dossier WHERE org_id = 'bulk' AND number BETWEEN %(first)s AND %(last)s AND number %% 4 = 0
  AND created_at < now() - interval '21 days';
"""
AT_FIRST = 10_000
"""The version is learnt from so many leads."""
APART = "interval '16 days'"
"""Between two predictions of a lead."""
SHARED = (
    "org_id, method, model_version, probability_low, probability_high, confidence, base_probability, "
    "recommended_action, vector, variant, dossier_id, packed"
)
ORIGINALS = """
CREATE TEMPORARY TABLE first_batch AS SELECT * FROM ml_prediction_batch;
CREATE TEMPORARY TABLE first_said AS SELECT * FROM ml_prediction
"""
# Each has batches of its own, as each night's have. The probability moves a little, so that lines are not flat.
COPY = f"""
WITH made AS (
    INSERT INTO ml_prediction_batch (org_id, made_at, model_version, features, words, calibration, rules)
    SELECT org_id, made_at - %(back)s * {APART}, model_version, features, words, calibration, rules FROM first_batch
    RETURNING id, made_at
)
INSERT INTO ml_prediction (predicted_at, as_of, conversion_probability, batch_id, {SHARED})
SELECT predicted_at - %(back)s * {APART}, as_of - %(back)s * {APART},
       conversion_probability * (1 - 0.1 * abs(sin(dossier_id + %(back)s))), made.id,
       {", ".join(f"s.{name}" for name in SHARED.split(", "))}
FROM first_said s JOIN first_batch b ON b.id = s.batch_id JOIN made ON made.made_at = b.made_at - %(back)s * {APART}
"""  # noqa: S608 - our own words


@contextmanager
def many(leads: int, predictions: int, *, keep: bool) -> Iterator[None]:
    """A database that is filled so; `keep`, to be found again the next time."""

    def filling() -> None:
        fill(leads, predictions)

    with kept_database(f"many_{leads}_{predictions}", filling) if keep else own_database():
        if not keep:
            filling()
        yield


def fill(leads: int, predictions: int) -> None:
    """Leads, a version that is learnt from them, a score for each, and predictions of the months before."""
    leads_up_to(0, min(leads, AT_FIRST))
    learn()
    leads_up_to(AT_FIRST, leads)
    score(2, f"{leads:,} leads")
    with told(f"{predictions:,} predictions"):
        more_predictions(predictions // leads)
    with told("all else that pages show"):
        furnish()


@contextmanager
def told(what: str) -> Iterator[None]:
    """Says how long it took."""
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:,.2f} s", flush=True)


def leads_up_to(done: int, leads: int) -> None:
    """Makes those from one number to another, with messages, appointments, properties and outcomes."""
    from django.db import connection  # noqa: PLC0415

    with told(f"making leads {done:,} to {leads:,}"), connection.cursor() as cursor:
        for first in range(done + 1, leads + 1, 100_000):
            cursor.execute(MAKE, {"first": first, "last": min(first + 99_999, leads)})
        cursor.execute("VACUUM ANALYZE")


def learn() -> None:
    """The default forest, learnt from the leads there are, and made active whatever the gate says of it."""
    from django.test.utils import override_settings  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from models_registry.activation import activate  # noqa: PLC0415
    from models_registry.tests.cast import a_version  # noqa: PLC0415

    with told("learning"), override_settings(ML_SNAPSHOT_AGES_DAYS=[0.0, 14.0]):
        version = a_version(ORG, algorithm="random_forest")
    activate(org_id=ORG, version=version.version, by="benchmark", at=timezone.now(), reason="benchmark")


def score(workers: int, what: str) -> float:
    """Scores everything with so many processes; seconds a lead."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from predictions.jobs import plan  # noqa: PLC0415
    from predictions.models import ScoreJob  # noqa: PLC0415

    job = ScoreJob.objects.create(org_id=ORG, criteria={"include_decided": True})
    start = time.perf_counter()
    plan(job)
    connection.close()
    context = multiprocessing.get_context("fork")
    with context.Pool(workers) as pool:
        peaks = pool.map(_work, [str(job.pk)] * workers, chunksize=1)
    took = time.perf_counter() - start
    job.refresh_from_db()
    assert job.status == "SUCCEEDED", (job.status, job.error)
    print(
        f"scored and stored, {what}, {workers} workers: {took:.1f} s, {job.scored / took:,.0f} leads a second, "
        f"peak memory of a worker {max(peaks):,.0f} MB ({timezone.now():%H:%M})",
        flush=True,
    )
    return took / job.scored


def _work(job_id: str) -> float:
    from predictions.jobs import work_on  # noqa: PLC0415
    from predictions.models import ScoreJob  # noqa: PLC0415

    job = ScoreJob.objects.get(pk=job_id)
    while work_on(job):
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def more_predictions(a_lead: int) -> None:
    """Predictions of the months before, copied from those that there are, until each lead has so many."""
    from django.db import connection  # noqa: PLC0415

    from predictions import partitions  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
        for months in range(14):
            month = partitions.months_later(now.date(), -months)
            partitions.make_ahead(now.replace(year=month.year, month=month.month, day=1))
        cursor.execute(ORIGINALS)
        for back in range(1, a_lead):
            cursor.execute(COPY, {"back": back})
        cursor.execute("VACUUM ANALYZE ml_prediction")


EXPOSED = """
INSERT INTO ab_test_exposure (org_id, experiment_id, dossier_id, variant, first_at, predictions)
SELECT 'bulk', %s, id, CASE WHEN number %% 2 = 0 THEN 'control' ELSE 'treatment' END, %s, 1
FROM dossier WHERE org_id = 'bulk' AND number %% 5 = 0;
VACUUM ANALYZE ab_test_exposure
"""
TOLD = """
INSERT INTO lead_attribute (org_id, dossier_id, name, value, known_from, availability)
SELECT 'bulk', id, told.name, told.value, created_at, 'creation' FROM dossier
CROSS JOIN LATERAL (VALUES
    ('rooms', to_jsonb(1 + number %% 6)),
    ('campaign', to_jsonb('spring ' || number %% 30)),
    ('how_the_visitor_came_to_hear_of_us_in_the_first_place', to_jsonb(repeat('a very long answer ', 6)))
) AS told (name, value)
WHERE org_id = 'bulk' AND number %% 2 = 0;
VACUUM ANALYZE lead_attribute
"""


def furnish() -> None:
    """Attributes, an earlier version, an experiment with a fifth of the leads in it, and what was measured of all."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from experiments.summing import sum_up  # noqa: PLC0415
    from experiments.tests.cast import an_experiment  # noqa: PLC0415
    from predictions.measurement import measure  # noqa: PLC0415

    _earlier_version()
    measure(org_id=ORG, at=timezone.now())
    experiment = an_experiment(org_id=ORG, days_ago=60)
    with connection.cursor() as cursor:
        for statement in TOLD.split(";"):
            cursor.execute(statement.replace("%%", "%"))
        first, last = EXPOSED.split(";")
        cursor.execute(first, [experiment.pk, experiment.started_at])
        cursor.execute(last)
    sum_up(experiment, at=timezone.now())  # as the hourly task does


def _earlier_version() -> None:
    """The same as the active one, as if it had been learnt at the beginning of the year."""
    from models_registry.models import ModelArtefact, ModelVersion  # noqa: PLC0415

    row = ModelVersion.objects.of(ORG).active().get()
    content = bytes(row.artefact.content)
    row.pk, row.version, row.is_active = None, "20260101000000", False
    row.save(force_insert=True)
    ModelArtefact.objects.create(version=row, content=content)
