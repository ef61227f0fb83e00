"""A version's card over HTTP: as data by the schema, and as Markdown."""

import pytest

from leads.tests.cast import a_past
from models_registry.models import ModelVersion
from models_registry.tests import cards
from models_registry.tests.cast import a_version
from tests.cast import Caller, assert_error
from tests.conformance import schema

pytestmark = pytest.mark.django_db
NEWER = {"metrics", "shuffled_metrics", "baselines", "thresholds", "curves", "by_source", "by_age", "learning_curve"}


@pytest.fixture
def crm() -> Caller:
    return Caller()


def address(version: ModelVersion) -> str:
    return f"/api/ml/model/versions/{version.version}/card"


def test_a_learned_versions_card_answers_by_the_schema_and_in_markdown(crm: Caller) -> None:
    a_past()
    version = a_version()
    info = crm.get("/api/ml/model/info").json()
    assert set(info["card"]) >= NEWER
    assert {group["age"] for group in info["card"]["by_age"]} >= {"under an hour", "1 to 3 days"}
    assert crm.get(address(version)).json() == info
    answer = crm.get(address(version), Accept="text/markdown")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="model-{version.version}.md"'
    page = answer.content.decode()
    for title in ("How good it is", "Against simpler means", "Thresholds", "Lift and gains", "By age of the lead"):
        assert f"## {title}" in page
    assert "The counts are of weighted leads" in page


def test_the_schema_says_what_a_card_holds() -> None:
    assert set(schema()["components"]["schemas"]["CardShape"]["properties"]) >= NEWER
    announced = schema()["paths"]["/api/ml/model/versions/{version}/card"]["get"]["responses"]["200"]["content"]
    assert set(announced) == {"application/json", "text/markdown"}


def test_a_card_of_old_is_answered_as_it_was_written(crm: Caller) -> None:
    version = cards.a_version(card={"seed": 7})
    assert crm.get(address(version)).json()["card"] == {"seed": 7}
    assert "| seed | 7 |" in crm.get(address(version), Accept="text/markdown").content.decode()


def test_what_is_not_there_is_an_error_in_json_whatever_was_asked_for(crm: Caller) -> None:
    version = cards.a_version(org_id="other")
    for accept in ("application/json", "text/markdown"):
        assert_error(crm.get(address(version), Accept=accept), 404)
    assert_error(Caller(scopes=("predictions:read",)).get(address(version), Accept="text/markdown"), 403)
