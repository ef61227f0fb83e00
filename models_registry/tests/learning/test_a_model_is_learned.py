"""From labelled rows to a model with honest figures, told step by step."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from leads.features import LabelledRows
from models_registry.learning.evaluation import evaluate
from models_registry.learning.fit import Learned, NotEnoughData, learn
from models_registry.learning.split import forward_split
from models_registry.phrases import PHRASES
from models_registry.tests.learning.simulated import FEATURES, leads


def test_the_figures_are_those_of_this_model_on_the_newest_leads(rows: LabelledRows, learned: Learned) -> None:
    holdout = learned.holdout
    newest = rows.take(holdout.rows)
    assert np.array_equal(holdout.rows, np.flatnonzero(forward_split(rows)[1]))
    assert np.array_equal(learned.model.score(newest.columns).probability, holdout.probability)
    assert learned.metrics == evaluate(holdout.probability, newest.converted, newest.weight, newest.dossier, seed=7)
    assert learned.metrics["dossiers"] == 120


def test_it_learns_what_there_is_to_learn(learned: Learned) -> None:
    assert learned.metrics["roc_auc"] > 0.65
    assert learned.metrics["calibration_error"] < 0.15
    assert learned.shuffled_metrics["roc_auc"] > 0.65


def test_every_feature_has_its_importance(learned: Learned) -> None:
    shares = [each["importance"] for each in learned.importance]
    assert {each["feature"] for each in learned.importance} == {feature.name for feature in FEATURES}
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert "appointments_count" in [each["feature"] for each in learned.importance[:3]]
    assert learned.importance[-1] == {"feature": "events.always_the_same.count", "importance": 0.0}


def test_each_stage_is_told_and_progress_never_falls(rows: LabelledRows) -> None:
    told: list[tuple[str, float, str]] = []
    learn(rows, seed=7, report=lambda *each: told.append(each))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["preparing", "splitting", "growing", "calibrating", "evaluating", "explaining", "packing"]
    progress = [each for _, each, _ in told]
    assert progress == sorted(progress)
    assert 0 < progress[0] < progress[-1] < 1


def test_the_card_is_plain_data_and_says_what_it_was_made_from(learned: Learned) -> None:
    card = json.loads(json.dumps(learned.card, allow_nan=False))
    assert card["seed"] == 7
    assert (card["training"]["leads"], card["holdout"]["leads"]) == (480, 120)
    assert card["training"]["created_to"] < card["holdout"]["created_from"]
    assert card["parameters"]["depth"] == 10
    assert len(card["data_digest"]) == 64
    same = [feature for feature in card["features"] if feature["name"] == "events.always_the_same.count"]
    assert same[0]["used"] is False
    assert card["metrics"] == json.loads(json.dumps(learned.metrics))


def test_the_digest_tells_one_value_changed(rows: LabelledRows, learned: Learned) -> None:
    changed = replace(rows, converted=np.where(np.arange(len(rows)) == 3, ~rows.converted, rows.converted))
    assert learn(changed, seed=7).card["data_digest"] != learned.card["data_digest"]


def test_fewer_than_a_hundred_leads_are_not_enough_and_snapshots_do_not_make_up_for_it() -> None:
    rows, _ = leads(99, seed=1, snapshots=4)
    with pytest.raises(NotEnoughData, match="99 usable leads") as error:
        learn(rows, seed=1)
    assert PHRASES.knows(str(error.value))
    assert error.value.counts["dossiers"] == 99
    assert error.value.counts["converted"] + error.value.counts["lost"] == 99


def test_a_hundred_leads_are_enough() -> None:
    rows, _ = leads(100, seed=1)
    assert learn(rows, seed=1).metrics["dossiers"] == 20


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_alone_cannot_be_learned(outcome: bool) -> None:
    rows, _ = leads(200, seed=1)
    with pytest.raises(NotEnoughData):
        learn(replace(rows, converted=np.full(200, outcome)), seed=1)


def test_outcomes_that_only_the_newest_leads_had_cannot_be_learned() -> None:
    rows, _ = leads(200, seed=1)
    with pytest.raises(NotEnoughData):
        learn(replace(rows, converted=np.arange(200) > 190), seed=1)


def test_nothing_that_varies_cannot_be_learned_from() -> None:
    rows, _ = leads(200, seed=1)
    same = {name: np.full(200, None if column.dtype == object else 1.0) for name, column in rows.columns.items()}
    with pytest.raises(NotEnoughData):
        learn(replace(rows, columns=same), seed=1)


def _told_of(rows: LabelledRows, told: NDArray[np.bool_]) -> LabelledRows:
    """Leads of which nothing is known but how many appointments some of them had."""
    same = {name: np.full(len(rows), None if each.dtype == object else 1.0) for name, each in rows.columns.items()}
    appointments = np.where(told, rows.columns["appointments_count"], 0.0)
    return replace(rows, columns=same | {"appointments_count": appointments})


@pytest.mark.parametrize("algorithm", ["auto", "logistic_regression", "ensemble"])
def test_a_field_that_came_up_lately_is_learned_from(algorithm: str) -> None:
    rows, _ = leads(400, seed=1)
    learned = learn(_told_of(rows, np.arange(400) >= 260), algorithm=algorithm, seed=1)
    assert learned.importance[0] == {"feature": "appointments_count", "importance": 1.0}


def test_a_field_that_is_told_no_more_leaves_the_newer_part_its_share_of_conversions() -> None:
    rows, _ = leads(400, seed=1)
    learned = learn(_told_of(rows, np.arange(400) < 120), seed=1)
    points = {point["leads"]: point["roc_auc"] for point in learned.card["learning_curve"]["points"]}
    assert points[160] == 0.5


def test_a_field_that_is_known_of_a_few_leads_only_is_not_enough() -> None:
    rows, _ = leads(400, seed=1)
    few = _told_of(rows, np.zeros(400, dtype=bool))
    few.columns["property_price"][:] = np.where(np.arange(400) == 5, 1.0, np.nan)
    with pytest.raises(NotEnoughData, match="0 columns that vary"):
        learn(few, seed=1)


def test_leads_are_learned_though_the_newest_had_one_outcome_only() -> None:
    rows, _ = leads(200, seed=1)
    learned = learn(replace(rows, converted=rows.converted & (np.arange(200) < 160)), seed=1)
    assert learned.metrics["roc_auc"] is None
    assert "No lead converted" in learned.metrics["reasons"]["roc_auc"]


def test_a_single_conversion_is_not_taken_for_knowledge() -> None:
    rows, _ = leads(150, seed=1)
    learned = learn(replace(rows, converted=np.arange(150) == 40), seed=1)
    assert learned.holdout.probability.max() < 0.5


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    rows, _ = leads(120, seed=1)
    with pytest.raises(ValueError, match="'magic': it must be one of auto, random_forest"):
        learn(rows, algorithm="magic", seed=1)


def shuffled_labels(n: int) -> tuple[LabelledRows, NDArray[np.bool_]]:
    rows, _ = leads(n, seed=3)
    noise = np.random.default_rng(3).random(n) < 0.3
    return replace(rows, converted=noise), noise


def test_where_nothing_predicts_the_engine_does_not_pretend() -> None:
    rows, noise = shuffled_labels(800)
    learned = learn(rows, seed=3)
    low, high = learned.metrics["intervals"]["roc_auc"]
    assert low < 0.5 < high
    assert np.abs(learned.holdout.probability - noise.mean()).mean() < 0.1
