"""Scores a million leads and stores everything, with two workers; and the plain form beside it.

`python -m benchmarks.bulk [--leads 1000000] [--workers 2] [--sample 10000]`
Makes a database of its own on the embedded servers, and drops it. Prints one table.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.databases import own_database
from benchmarks.many import AT_FIRST, ORG, leads_up_to, learn, score, told


def main() -> None:
    """Runs it all."""
    asked = _arguments()
    with own_database():
        leads_up_to(0, AT_FIRST)
        learn()
        small = score(asked.workers, f"{AT_FIRST:,} leads")
        leads_up_to(AT_FIRST, asked.leads)
        whole = score(asked.workers, f"{asked.leads:,} leads")
        print(f"time per lead, {asked.leads:,} against 10,000: {whole / small:.2f} times")
        _stages(min(25_000, asked.leads))
        plain = _plain(asked.sample)
        print(
            f"plain form (ORM rows, pandas, predict_proba, bulk_create), {asked.sample:,} leads: "
            f"{plain * 1e6:,.0f} microseconds a lead, {plain / whole:.1f} times as long"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=10_000, help="leads that the plain form scores")
    return parser.parse_args()


def _stages(size: int) -> None:
    """Where a chunk's time goes."""
    from django.db import connection, transaction  # noqa: PLC0415

    from leads import snapshots  # noqa: PLC0415
    from leads.catalogue import columns_of  # noqa: PLC0415
    from leads.models import Dossier, Organisation  # noqa: PLC0415
    from models_registry import scorers  # noqa: PLC0415
    from predictions import bulk  # noqa: PLC0415

    chosen, org = scorers.active(ORG), Organisation.get(ORG)
    with told(f"a chunk of {size:,}: its leads"):
        leads = list(Dossier.objects.of(ORG).order_by("pk").values_list("pk", "created_at")[:size])
    now = org.now()
    with told("  read"):
        read = snapshots.take(org, [key for key, _ in leads], [now] * size)
    with told("  columns"):
        columns = columns_of(read, chosen.scorer.features)
    with told("  scores with intervals"):
        scores = chosen.scorer.score(columns, contributions=False)
    made = bulk.Made(ORG, chosen, columns, scores, bulk._actions(chosen, scores), now)
    with transaction.atomic(), connection.cursor() as cursor:
        with told("  predictions stored"):
            keys = bulk._store(cursor, made, {"dossier_id": read.dossier, "as_of": read.moment})
        with told("  current scores"):
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


if __name__ == "__main__":
    main()
