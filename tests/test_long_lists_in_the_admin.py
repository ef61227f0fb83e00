"""The admin's long tables: read only, one's own, found by what an index answers, and never counted whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import audit
from common.audit import AuditEntry
from common.tests.people import admin, staff
from experiments.models import Experiment, Exposure
from experiments.tests.cast import an_experiment, exposed
from leads.models import Dossier
from leads.tests.cast import DAY, HOUR, a_lead, an_outcome
from predictions.tests.scored import a_scored_lead

pytestmark = pytest.mark.django_db
AUDIT, OUTCOMES, EXPOSURES = "/admin/common/auditentry/", "/admin/leads/outcome/", "/admin/experiments/exposure/"
PREDICTIONS, LEADS = "/admin/predictions/prediction/", "/admin/leads/dossier/"
BY_ORGANISATION = "_at on ml_prediction_"
"""Of few rows, the index by version and the one without are as good."""


def listed(client: Client, address: str, **query: Any) -> list[Any]:
    page = client.get(address, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def done(act: str, subject: str, days_ago: int = 0, org_id: str = "default") -> None:
    audit.record(org_id=org_id, act=act, subject=subject, by="tester", at=timezone.now() - days_ago * DAY)


def subjects(client: Client, **query: Any) -> list[str]:
    return [row.subject for row in listed(client, AUDIT, **query)]


def test_audit_rows_are_found_by_act_by_time_and_by_the_whole_subject() -> None:
    done("model.activate", "20260101000000", days_ago=40)
    done("model.archive", "20260101000000", days_ago=3)
    done("token.issue", "crm")
    client = staff()
    assert subjects(client) == ["crm", "20260101000000", "20260101000000"]
    assert subjects(client, act="model.archive") == ["20260101000000"]
    assert subjects(client, within="week") == ["crm", "20260101000000"]
    assert len(subjects(client, q="20260101000000")) == 2
    assert subjects(client, q="2026") == []
    assert len(subjects(client, act="no.such.act")) == 3


def test_the_acts_to_choose_from_are_ones_own() -> None:
    done("model.activate", "ours")
    done("lead.forget", "theirs", org_id="other")
    page = staff().get(AUDIT).content.decode()
    assert "?act=model.activate" in page
    assert "lead.forget" not in page


def test_outcomes_are_found_by_lead_by_time_and_by_whether_they_hold() -> None:
    now = timezone.now()
    lead = a_lead(now - 90 * DAY, number=11)
    an_outcome(lead, False, now - 60 * DAY, superseded_at=now - 2 * DAY)
    an_outcome(lead, True, now - 2 * DAY, revenue=900)
    an_outcome(a_lead(now - 90 * DAY, number=112), False, now - 5 * DAY)
    client = staff()
    assert [row.dossier.number for row in listed(client, OUTCOMES, q=11)] == [11, 11]
    assert [row.converted for row in listed(client, OUTCOMES, q=11, standing="current")] == [True]
    assert [row.converted for row in listed(client, OUTCOMES, standing="corrected")] == [False]
    assert [row.dossier.number for row in listed(client, OUTCOMES, within="week")] == [11, 112]
    assert listed(client, OUTCOMES, q="x") == []
    assert listed(staff("other"), OUTCOMES) == []


def test_exposures_are_found_by_experiment_and_lead_and_only_ones_own_experiments_are_offered() -> None:
    first = exposed_in(an_experiment(name="ours"))
    Experiment.objects.create(name="theirs", org_id="other", control_method="RULE_BASED", treatment_method="ML")
    client = staff()
    number = Exposure.objects.filter(experiment=first).first().dossier.number
    assert len(listed(client, EXPOSURES, experiment=first.pk)) == 2
    assert len(listed(client, EXPOSURES, q=number)) == 1
    assert "theirs" not in client.get(EXPOSURES).content.decode()
    assert len(listed(client, EXPOSURES, experiment="x")) == 2


def exposed_in(experiment: Experiment) -> Experiment:
    exposed(experiment, "control", 2, converted=1)
    return experiment


def test_a_leads_page_shows_what_the_rooms_above_know_of_it() -> None:
    lead = a_scored_lead(0.6123, number=4711)
    Exposure.objects.create(
        experiment=an_experiment(name="ours"), dossier=lead, variant="treated", first_at=timezone.now()
    )
    page = staff().get(f"{LEADS}{lead.pk}/change/").content.decode()
    for words in ("0.6123", "treated", "/ml-insights/leads/4711/", "predictions/prediction/?q=4711"):
        assert words in page


@pytest.mark.parametrize("address", [OUTCOMES, EXPOSURES, AUDIT, PREDICTIONS])
def test_nobody_adds_changes_or_deletes_there(address: str) -> None:
    exposed_in(an_experiment())
    a_scored_lead()
    client = admin()
    (key, *_) = [row.pk for row in listed(client, address)]
    assert client.get(f"{address}add/").status_code == 403
    assert client.post(f"{address}{key}/change/", {"converted": "on"}).status_code == 403
    assert client.post(f"{address}{key}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("address", "query", "index"),
    [
        (AUDIT, {}, "audit_entry_org_at"),
        (AUDIT, {"within": "day"}, "audit_entry_org_at"),
        (AUDIT, {"act": "act.7"}, "audit_entry_org_act"),
        (AUDIT, {"q": "subject-7"}, "audit_entry_org_subject"),
        (OUTCOMES, {"within": "day"}, "lead_outcome_org_at"),
        (EXPOSURES, {"experiment": "own"}, "ab_test_exposure_newest"),
        (PREDICTIONS, {}, BY_ORGANISATION),
        (PREDICTIONS, {"within": "day"}, BY_ORGANISATION),
        (PREDICTIONS, {"version": "rules"}, BY_ORGANISATION),
        (LEADS, {"within": "day"}, "dossier_org_created"),
    ],
)
def test_each_filter_reads_by_an_index_and_counts_to_a_bound(address: str, query: dict[str, str], index: str) -> None:
    experiment = exposed_in(an_experiment())
    a_scored_lead()
    many_acts()
    many_leads()
    query = query | ({"experiment": str(experiment.pk)} if "experiment" in query else {})
    client = staff()
    with CaptureQueriesContext(connection) as captured:
        listed(client, address, **query)
    asked = [each["sql"] for each in captured if "LIMIT" in each["sql"] and each["sql"].startswith("SELECT")]
    counts = [sql for sql in asked if sql.startswith("SELECT COUNT(*) FROM (SELECT")]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)
    assert any(index in plan(sql) for sql in asked)


@pytest.mark.parametrize("address", [OUTCOMES, EXPOSURES, AUDIT, PREDICTIONS, LEADS])
def test_no_filter_offers_to_count_its_rows(address: str) -> None:
    page = staff().get(address, {"_facets": "True"})
    assert page.status_code == 200
    assert not page.context["cl"].add_facets
    assert "Show counts" not in page.content.decode()


def many_acts() -> None:
    """So many rows that the planner weighs one index against another."""
    now, count = timezone.now(), AuditEntry.objects.count()
    AuditEntry.objects.bulk_create(
        AuditEntry(
            number=count + each, act=f"act.{each % 50}", subject=f"subject-{each % 500}", by="x", at=now - each * HOUR
        )
        for each in range(1, 2001)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_entry")


def many_leads() -> None:
    """Of different days, so that the index by time is worth more than the one by number."""
    now, known = timezone.now(), {"org_id": "default", "status": "NEW"}
    Dossier.objects.bulk_create(
        Dossier(number=10_000 + each, created_at=now - each * HOUR, **known) for each in range(1, 1001)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE dossier")


def plan(sql: str) -> str:
    """How the statement is read where reading the whole table is not an option, as it is not in a large one."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())
