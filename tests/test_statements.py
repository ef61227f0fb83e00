"""How many SQL statements a prediction takes: the numbers that docs/performance.md states."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Dossier
from leads.tests.cast import a_lead, a_past
from models_registry.tests.cast import a_version
from predictions.bulk import score_in_bulk
from predictions.models import Prediction
from predictions.scoring import score_leads
from tests.cast import Caller

pytestmark = pytest.mark.django_db

TOKEN, TERMS, READ, STORED, KEYED = 1, 1, 1, 1, 4
PACKED = 3  # their numbers, the batch, and the rows by COPY
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


def test_a_lead_is_scored_in_two_statements_one_reads_token_terms_and_lead_one_stores(crm: Caller) -> None:
    a_past()
    a_version()
    number = a_lead().number
    found = statements_of(lambda: crm.post(f"/api/ml/predict/{number}"))
    assert len(found) == READ + STORED == 2


def test_a_callers_own_features_are_scored_in_two_statements_and_a_batch_of_any_size_in_five(crm: Caller) -> None:
    a_past()
    a_version()
    assert len(statements_of(lambda: crm.post("/api/v1/predict", EXAMPLE))) == READ + STORED == 2
    for size, query in ((3, ""), (300, ""), (300, "?contributions=false")):
        batch = {"batch": [{"features": EXAMPLE["features"]}] * size}
        found = statements_of(partial(crm.post, f"/api/v1/predict/batch{query}", batch))
        assert len([sql for sql in found if "SAVEPOINT" not in sql]) == TOKEN + TERMS + PACKED == 5


def test_an_idempotency_key_adds_its_row_its_answer_and_the_transaction_around_them(crm: Caller) -> None:
    number, keys = a_lead().number, iter(("one", "two", "three"))
    bare = statements_of(lambda: crm.post(f"/api/ml/predict/{number}"))
    keyed = statements_of(lambda: crm.post(f"/api/ml/predict/{number}", **{"Idempotency-Key": next(keys)}))
    assert len(keyed) - len(bare) == TOKEN + KEYED


def test_what_was_said_before_is_read_in_three_statements_and_a_history_in_four_however_long(crm: Caller) -> None:
    a_past()
    a_version()
    number = a_lead().number
    for _ in range(3):
        crm.post(f"/api/ml/predict/{number}")
    lead_and_newest, versions, lead, first_page = 1, 1, 1, 1
    assert len(statements_of(lambda: crm.get(f"/api/ml/predict/{number}/latest"))) == TOKEN + lead_and_newest + versions
    of_history = statements_of(lambda: crm.get(f"/api/ml/predict/{number}/history"))
    assert len(of_history) == TOKEN + lead + first_page + versions


def test_a_page_of_the_ranked_list_is_read_in_three_statements_and_of_what_was_met_before_in_two(crm: Caller) -> None:
    a_past()
    a_version()
    scored = [a_lead().number for _ in range(3)]
    score_in_bulk(org_id="default", leads=Dossier.objects.filter(number__in=scored))
    page, versions = 1, 1
    assert len(statements_of(lambda: crm.get("/api/ml/leads/ranked"))) == TOKEN + page
    for number in scored:
        crm.post(f"/api/ml/predict/{number}")
    assert len(statements_of(lambda: crm.get("/api/ml/leads/ranked"))) == TOKEN + page + versions


def test_a_batch_without_contributions_equals_one_with_them_whose_reasons_are_made_later(crm: Caller) -> None:
    a_past()
    a_version()
    batch = {"batch": [{"features": EXAMPLE["features"]}, {"features": {}}, {"features": {"nonsense": 1}}]}
    full, bare = (crm.post(f"/api/v1/predict/batch{query}", batch).json() for query in ("", "?contributions=false"))
    later = {"id", "predicted_at", "feature_contributions"}
    for one, other in zip(full["results"], bare["results"], strict=True):
        assert {name: one[name] for name in one.keys() - later} == {name: other[name] for name in other.keys() - later}
    made, kept = full["results"][0]["feature_contributions"], Prediction.objects.get(pk=bare["results"][0]["id"])
    assert [part["feature"] for part in made] == [part["feature"] for part in kept.contributions]
    parts = [part["contribution"] for part in made]
    assert [part["contribution"] for part in kept.contributions] == pytest.approx(parts, abs=1e-9)
    for answered in full["results"][:2]:
        stored = Prediction.objects.get(pk=answered["id"])
        parts = [part["contribution"] for part in answered["feature_contributions"]]
        assert [part["contribution"] for part in stored.contributions] == pytest.approx(parts, abs=1e-9)
        assert [part["value"] for part in stored.contributions] == [
            part["value"] for part in answered["feature_contributions"]
        ]
        assert answered["base_probability"] + sum(parts) == pytest.approx(answered["conversion_probability"], abs=1e-9)


def test_without_prepared_statements_the_same_is_answered_and_stored(crm: Caller, settings: Any) -> None:
    a_past()
    a_version()
    numbers = [a_lead(number=number).number for number in (71, 72)]
    lead = f"/api/ml/predict/{numbers[0]}"
    prepared = [crm.post(path, body).json() for path, body in ((lead, None), ("/api/v1/predict", EXAMPLE))]
    settings.DATABASE_PREPARED = False
    plain = [crm.post(path, body).json() for path, body in ((lead, None), ("/api/v1/predict", EXAMPLE))]
    for one, other in zip(prepared, plain, strict=True):
        assert one["conversion_probability"] == pytest.approx(other["conversion_probability"], abs=1e-4)
        assert other["feature_contributions"]
    assert Prediction.objects.get(pk=plain[0]["id"]).dossier.number == numbers[0]  # type: ignore[union-attr]
    assert crm.get(f"{lead}/latest").json()["id"] == plain[0]["id"]
    assert score_leads(org_id="default", dossiers=list(Dossier.objects.of("default").filter(number__in=numbers)))
