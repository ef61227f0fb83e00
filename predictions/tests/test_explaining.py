"""Which reasons a prediction is told with."""

from datetime import datetime, timezone

import numpy as np
import pytest

from leads.features import Columns
from leads.tests.cast import DAY, a_lead, a_message, a_past
from models_registry import scorers
from models_registry.learning.model import Model
from models_registry.learning.removal import moves
from models_registry.models import ModelArtefact, ModelVersion
from models_registry.tests.cast import a_version
from predictions.explaining import listed_reasons, reasons_for
from predictions.models import Prediction
from predictions.tests.scored import a_prediction, a_scored_lead
from predictions.vectors import columns_from

pytestmark = pytest.mark.django_db
NOW = datetime.now(timezone.utc)


@pytest.fixture
def model() -> ModelVersion:
    a_past()
    return a_version()


def a_keen_lead() -> Prediction:
    lead = a_lead(NOW - 5 * DAY)
    for days in (4, 3, 2, 1):
        a_message(lead, NOW - days * DAY)
        a_message(lead, NOW - days * DAY, "OUTBOUND")
    return a_prediction(lead, NOW)


def test_each_reason_is_of_a_known_value_worth_telling_and_moves_the_score_its_way(model: ModelVersion) -> None:
    prediction = a_keen_lead()
    (told,) = reasons_for("default", [prediction])
    values = {name: value for name, value, _ in prediction.vector}
    scorer = scorers.active("default").scorer
    assert isinstance(scorer, Model)
    assert any(reason.raises for reason in told)
    for reason in told:
        assert values[reason.feature] is not None
        assert abs(reason.part) >= 0.005
        (move,) = moves(scorer, scorer.encoder.transform(columns_of(prediction, scorer)), [(0, reason.feature)])
        assert move * reason.part > 0


def columns_of(prediction: Prediction, model: Model) -> Columns:
    return columns_from(model.features, [{name: value for name, value, _ in prediction.vector}])


def test_a_feature_without_which_the_lead_would_score_no_worse_is_no_reason_for_it(model: ModelVersion) -> None:
    prediction = a_keen_lead()
    told = {reason.feature for reason in reasons_for("default", [prediction])[0]}
    # As if the model had said that the strongest reasons speak against the lead: no one is told so.
    prediction.vector = [[name, value, -part] for name, value, part in prediction.vector]
    turned = {reason.feature for reason in reasons_for("default", [prediction])[0]}
    assert told
    assert not told & turned


def test_removal_is_the_mean_over_the_golden_values(model: ModelVersion) -> None:
    prediction, scorer = a_keen_lead(), scorers.active("default").scorer
    assert isinstance(scorer, Model)
    assert scorer.golden is not None
    name, columns = "inbound_messages_count", columns_of(prediction, scorer)
    golden = scorer.golden.columns[name]
    others = []
    for value in golden[~np.isnan(golden)]:
        other = {feature: column.copy() for feature, column in columns.items()}
        other[name][0] = value
        others.append(scorer.score(other).probability[0])
    expected = scorer.score(columns).probability[0] - np.mean(others)
    assert moves(scorer, scorer.encoder.transform(columns), [(0, name)])[0] == pytest.approx(expected, abs=1e-12)


def test_many_are_told_as_each_alone(model: ModelVersion) -> None:
    predictions = [a_keen_lead(), a_prediction(a_lead(NOW - 9 * DAY), NOW), a_keen_lead()]
    together = reasons_for("default", predictions)
    assert together == [reasons_for("default", [each])[0] for each in predictions]


def test_the_rules_need_no_check() -> None:
    lead = a_scored_lead(0.6, vector=[["appointments_count", 3, 0.4], ["source", None, 0.2]])
    ((reason,),) = reasons_for("default", [Prediction.objects.get(dossier=lead)])
    assert reason.text == "3 appointments; the rules give points for it"


def test_a_version_that_is_no_longer_kept_is_told_by_its_parts_alone(model: ModelVersion) -> None:
    prediction = a_keen_lead()
    ModelArtefact.objects.all().delete()
    ModelVersion.objects.update(is_active=False, archived_at=NOW)
    (told,) = reasons_for("default", [prediction])
    assert told


def test_a_list_tells_the_two_strongest() -> None:
    vector = [["source", None, 0.5], ["appointments_count", 3, 0.3], ["amount", 900, -0.1], ["city", "Lyon", 0.05]]
    lead = a_scored_lead(0.6, vector=vector)
    (told,) = listed_reasons("default", [Prediction.objects.get(dossier=lead)])
    assert [reason.feature for reason in told] == ["appointments_count", "amount"]
