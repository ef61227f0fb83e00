"""How many SQL statements a prediction takes: the number that docs/benchmarks.md states."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import snapshots
from leads.tests.cast import a_lead, a_past
from models_registry.tests.cast import a_version
from tests.cast import Caller

pytestmark = pytest.mark.django_db

TOKEN, TERMS, STORED, KEYED = 1, 1, 1, 4
EXAMPLE = {"org_id": "default", "features": {"appointments_count": 1}}


@pytest.fixture
def crm() -> Caller:
    return Caller()


def statements_of(act: Callable[[], Any]) -> list[str]:
    for _ in range(2):  # the model, and how other leads stand that day, are read once a process
        act()
    with CaptureQueriesContext(connection) as queries:
        assert act().status_code == 200
    return [query["sql"] for query in queries]


def test_a_lead_is_scored_in_one_statement_each_for_token_and_terms_those_of_its_snapshot_and_one_to_store(
    crm: Caller,
) -> None:
    a_past()
    a_version()
    number = a_lead().number
    found = statements_of(lambda: crm.post(f"/api/ml/predict/{number}"))
    assert len(found) == TOKEN + TERMS + snapshots.STATEMENTS + STORED


def test_a_callers_own_features_are_scored_in_three_statements_and_a_batch_as_well(crm: Caller) -> None:
    a_past()
    a_version()
    batch = {"batch": [{"features": EXAMPLE["features"]}] * 3}
    assert len(statements_of(lambda: crm.post("/api/v1/predict", EXAMPLE))) == TOKEN + TERMS + STORED
    assert len(statements_of(lambda: crm.post("/api/v1/predict/batch", batch))) == TOKEN + TERMS + STORED


def test_an_idempotency_key_adds_its_row_its_answer_and_the_transaction_around_them(crm: Caller) -> None:
    number, keys = a_lead().number, iter(("one", "two", "three"))
    bare = statements_of(lambda: crm.post(f"/api/ml/predict/{number}"))
    keyed = statements_of(lambda: crm.post(f"/api/ml/predict/{number}", **{"Idempotency-Key": next(keys)}))
    assert len(keyed) - len(bare) == KEYED
