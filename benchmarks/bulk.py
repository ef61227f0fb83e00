"""Scores a million leads and stores everything, with two workers; the plain form beside it; and reads among them all.

`python -m benchmarks.bulk [--leads 1000000] [--workers 2] [--sample 10000] [--predictions 0]`
Makes a database of its own on the embedded servers, and drops it. Prints one table.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.databases import own_database

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


def main() -> None:
    """Runs it all."""
    asked = _arguments()
    with own_database():
        _leads_up_to(0, 10_000)
        _learn()
        small = _score(asked.workers, "10,000 leads")
        _leads_up_to(10_000, asked.leads)
        whole = _score(asked.workers, f"{asked.leads:,} leads")
        print(f"time per lead, {asked.leads:,} against 10,000: {whole / small:.2f} times")
        _stages(min(25_000, asked.leads))
        plain = _plain(asked.sample)
        print(
            f"plain form (ORM rows, pandas, predict_proba, bulk_create), {asked.sample:,} leads: "
            f"{plain * 1e6:,.0f} microseconds a lead, {plain / whole:.1f} times as long"
        )
        if asked.predictions:
            _more_predictions(asked.predictions)
        _reads()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=10_000, help="leads that the plain form scores")
    parser.add_argument("--predictions", type=int, default=0, help="so many are stored before reads are measured")
    return parser.parse_args()


@contextmanager
def _told(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:,.2f} s", flush=True)


def _leads_up_to(done: int, leads: int) -> None:
    from django.db import connection  # noqa: PLC0415

    with _told(f"making leads {done:,} to {leads:,}"), connection.cursor() as cursor:
        for first in range(done + 1, leads + 1, 100_000):
            cursor.execute(MAKE, {"first": first, "last": min(first + 99_999, leads)})
        cursor.execute("VACUUM ANALYZE")


def _learn() -> None:
    """The default forest, learnt from the first leads, and made active whatever the gate says of it."""
    from django.test.utils import override_settings  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from models_registry.activation import activate  # noqa: PLC0415
    from models_registry.tests.cast import a_version  # noqa: PLC0415

    with _told("learning"), override_settings(ML_SNAPSHOT_AGES_DAYS=[0.0, 14.0]):
        version = a_version(ORG, algorithm="random_forest")
    activate(org_id=ORG, version=version.version, by="benchmark", at=timezone.now(), reason="benchmark")


def _score(workers: int, what: str) -> float:
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


def _stages(size: int) -> None:
    """Where a chunk's time goes."""
    from django.db import connection, transaction  # noqa: PLC0415

    from leads import snapshots  # noqa: PLC0415
    from leads.catalogue import columns_of  # noqa: PLC0415
    from leads.models import Dossier, Organisation  # noqa: PLC0415
    from models_registry import scorers  # noqa: PLC0415
    from predictions import bulk  # noqa: PLC0415

    chosen, org = scorers.active(ORG), Organisation.get(ORG)
    with _told(f"a chunk of {size:,}: its leads"):
        leads = list(Dossier.objects.of(ORG).order_by("pk").values_list("pk", "created_at")[:size])
    now = org.now()
    with _told("  read"):
        read = snapshots.take(org, [key for key, _ in leads], [now] * size)
    with _told("  columns"):
        columns = columns_of(read, chosen.scorer.features)
    with _told("  scores with intervals"):
        scores = chosen.scorer.score(columns, contributions=False)
    made = bulk.Made(ORG, chosen, columns, scores, bulk._actions(chosen, scores), now)
    with transaction.atomic(), connection.cursor() as cursor:
        with _told("  predictions stored"):
            keys = bulk._store(cursor, made, {"dossier_id": read.dossier, "as_of": read.moment})
        with _told("  current scores"):
            bulk._make_current(cursor, made, read, keys)
        transaction.set_rollback(True)


def _plain(size: int) -> float:
    """The usual form; seconds a lead."""
    import pandas as pd  # noqa: PLC0415
    from django.db.models import Count, Max, Min, Q  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    from leads.models import Dossier, LeadScore  # noqa: PLC0415
    from predictions.models import Prediction  # noqa: PLC0415

    forest = RandomForestClassifier(100, max_depth=10, n_jobs=1, random_state=0)
    names = ["inbound", "outbound", "appointments", "price", "amount", "age", "first", "last"]
    start = time.perf_counter()
    rows = (
        Dossier.objects.of(ORG)
        .order_by("pk")
        .select_related("property")
        .annotate(
            inbound=Count("messages", filter=Q(messages__direction="INBOUND"), distinct=True),
            outbound=Count("messages", filter=Q(messages__direction="OUTBOUND"), distinct=True),
            appointments_made=Count("appointments", distinct=True),
            first=Min("messages__occurred_at"),
            last=Max("messages__occurred_at"),
        )[:size]
    )
    now = timezone.now()
    leads = list(rows)
    frame = pd.DataFrame(
        [
            {
                "inbound": lead.inbound,
                "outbound": lead.outbound,
                "appointments": lead.appointments_made,
                "price": getattr(getattr(lead, "property", None), "price", None) or 0.0,
                "amount": lead.amount or 0.0,
                "age": (now - lead.created_at).total_seconds(),
                "first": (now - lead.first).total_seconds() if lead.first else 0.0,
                "last": (now - lead.last).total_seconds() if lead.last else 0.0,
            }
            for lead in leads
        ]
    )
    read = time.perf_counter() - start
    forest.fit(frame[names], frame["age"] % 7 < 2)
    start = time.perf_counter()
    probabilities = forest.predict_proba(frame[names])[:, 1]
    made = [
        Prediction(
            org_id=ORG,
            dossier=lead,
            predicted_at=now,
            as_of=now,
            method="ML",
            conversion_probability=p,
            probability_low=p,
            probability_high=p,
            confidence=1.0,
            base_probability=0.2,
            recommended_action="NURTURE",
            vector=[[name, float(value), 0.0] for name, value in row.items()],
        )
        for lead, p, row in zip(leads, probabilities.tolist(), frame.to_dict("records"), strict=True)
    ]
    Prediction.objects.bulk_create(made, batch_size=1000)
    scores = [
        LeadScore(dossier=row.dossier, org_id=ORG, probability=row.conversion_probability, prediction_id=row.pk)
        for row in made
    ]
    LeadScore.objects.bulk_create(
        scores,
        update_conflicts=True,
        unique_fields=["dossier"],
        update_fields=["probability", "prediction_id"],
        batch_size=1000,
    )
    return (read + time.perf_counter() - start) / size


def _more_predictions(wanted: int) -> None:
    """Predictions of the months before, copied from those that there are."""
    from django.db import connection  # noqa: PLC0415

    from predictions import partitions  # noqa: PLC0415

    with _told(f"making {wanted:,} predictions"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*), now() FROM ml_prediction")
        there, now = cursor.fetchone()
        for months in range(12):
            month = partitions.months_later(now.date(), -months)
            partitions.make_ahead(now.replace(year=month.year, month=month.month, day=1))
        fields = (
            "org_id, as_of, method, model_version, conversion_probability, probability_low, probability_high, "
            "confidence, base_probability, recommended_action, vector, variant, dossier_id, packed, batch_id"
        )
        cursor.execute("CREATE TEMPORARY TABLE copied AS SELECT * FROM ml_prediction")
        for copy in range(1, max(wanted // max(there, 1), 1)):
            cursor.execute(
                f"INSERT INTO ml_prediction (predicted_at, {fields}) "  # noqa: S608 - all of it is ours
                f"SELECT predicted_at - interval '16 days' * {copy}, {fields} FROM copied"
            )
        cursor.execute("ANALYZE ml_prediction")


def _reads() -> None:
    """Median of 200 single reads each, over HTTP's own code in this process."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from common.auth import issue_service_token  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM dossier WHERE org_id = %s ORDER BY random() LIMIT 200", [ORG])
        numbers = [number for (number,) in cursor.fetchall()]
    token = issue_service_token(name="reader", org_id=ORG, scopes=["predictions:read", "models:read"], days=1)
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    for what, address in {
        "latest": "/api/ml/predict/{}/latest",
        "history": "/api/ml/predict/{}/history",
        "ranked list": "/api/ml/leads/ranked",
        "metrics": "/api/ml/model/quality",
    }.items():
        took = _median(lambda number, a=address: client.get(a.format(number)), numbers)  # type: ignore[misc]
        print(f"{what}: {took:.1f} ms at the median of {len(numbers)}", flush=True)


def _median(read: Callable[[int], Any], numbers: list[int]) -> float:
    took = []
    for number in numbers:
        start = time.perf_counter()
        answer = read(number)
        took.append(time.perf_counter() - start)
        assert answer.status_code == 200, answer.content
    return statistics.median(took) * 1000


if __name__ == "__main__":
    main()
