"""Traps on the whole way, from intake to the card: what comes after the outcome must not make a model look good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from leads import labelled
from leads.intake import add_events, put_leads
from leads.models import Organisation
from leads.records import EventRecord, LeadRecord
from leads.tests.cast import DAY, HOUR, MONDAY
from leads.tests.told import SHARED, bring_in
from models_registry.learning.fit import learn
from models_registry.learning.screening import screen
from models_registry.learning.split import forward_split

pytestmark = pytest.mark.django_db
X = SHARED / "x_education"
LEADS, PLANTED = 500, 10
UNTIL = MONDAY + 200 * DAY


def random_leads(seed: int) -> tuple[list[LeadRecord], list[EventRecord]]:
    """Leads that convert by the toss of a coin, and after each conversion ten messages."""
    rng = np.random.default_rng(seed)
    leads, events = [], []
    for number in range(1, LEADS + 1):
        created = MONDAY + 120 * DAY * (number / LEADS)
        decided = created + timedelta(days=float(rng.uniform(2, 20)))
        won = bool(rng.random() < 0.4)
        attributes = {"colour": str(rng.choice(["red", "green", "blue"])), "age": int(rng.integers(18, 80))}
        leads.append(LeadRecord(number, "NEW", created, amount=float(rng.lognormal(10, 1)), attributes=attributes))
        early = np.sort(rng.uniform(0, 2, rng.integers(0, 5)))
        events += [
            EventRecord(
                number, "message", created + timedelta(days=float(day)), str(rng.choice(["INBOUND", "OUTBOUND"]))
            )
            for day in early
        ]
        events.append(EventRecord(number, "status", decided, status="WON" if won else "LOST"))
        if won:
            events += [
                EventRecord(number, "message", decided + hour * HOUR, "INBOUND") for hour in range(1, PLANTED + 1)
            ]
    return leads, events


def test_ten_messages_after_every_conversion_teach_nothing() -> None:
    leads, events = random_leads(seed=5)
    put_leads(org_id="default", leads=leads, at=UNTIL, by="crm")
    add_events(org_id="default", events=events, at=UNTIL)
    rows = labelled.training_rows(Organisation.get("default"), since=MONDAY, until=UNTIL, ages=(0.0, 1.0, 3.0, 7.0))
    assert len(np.unique(rows.dossier)) == LEADS
    assert rows.columns["inbound_messages_count"].max() < PLANTED
    learned = learn(rows, seed=7)
    low, high = learned.metrics["intervals"]["roc_auc"]
    assert low < 0.5 < high


@pytest.mark.slow
@pytest.mark.skipif(not X.is_dir(), reason="../shared/data/x_education is not here")
def test_of_x_education_the_honest_columns_are_used_and_tags_are_caught_though_nobody_said_so() -> None:
    mapping = (Path(settings.BASE_DIR) / "examples" / "x_education.toml").read_text()
    bring_in(mapping.replace('"Tags" = "outcome"', '"Tags" = "unknown"'), leads=[X / "leads.csv.gz"], org_id="x")
    org = Organisation.get("x")
    rows = labelled.training_rows(org, since=org.now() - timedelta(days=200), until=org.now())
    later = {f"attributes.{name}" for name in ("Lead Quality", "Last Activity", "Asymmetrique Profile Score")}
    assert later < set(rows.later)
    assert not later & set(rows.columns)
    screened = screen(rows, forward_split(rows)[0], seed=7)
    found = {each.feature: each for each in screened.findings}
    tags = found["attributes.Tags"]
    assert (tags.availability, tags.verdict) == ("unknown", "suspect")
    assert tags.auc_alone is not None
    assert tags.auc_alone > 0.9
    assert tags.auc_with is not None
    assert tags.auc_without is not None
    assert tags.auc_with > tags.auc_without
    kept = {feature.name for feature in screened.rows.features}
    assert kept == set(rows.columns) - {"attributes.Tags"}
    assert {each.verdict for name, each in found.items() if name in kept} == {"clear"}
    assert found["attributes.Lead Quality"].verdict == "later"
    left_out = {each["name"]: each["why_not"] for each in screened.to_json()["left_out"]}
    assert left_out["attributes.Lead Quality"] == "Known only after the outcome: no model reads it."
    assert "Nobody can say when it is known" in left_out["attributes.Tags"]
