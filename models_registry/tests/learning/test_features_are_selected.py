"""What a model leaves out, and why: what never varies, is said twice, or tells no more than noise."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.boosting import LightGBM
from models_registry.learning.fit import learn
from models_registry.learning.quick import Inner, Quick, losses_of
from models_registry.learning.screening import in_words
from models_registry.learning.selection import NOISE, NOT_SHARED, unused_features
from models_registry.learning.split import forward_split
from models_registry.tests.learning.simulated import leads


def beside(rows: LabelledRows, **columns: NDArray[np.generic]) -> LabelledRows:
    features = tuple(
        Feature(name, Kind.CATEGORY if column.dtype == object else Kind.NUMERIC, "as sent", name)
        for name, column in columns.items()
    )
    return replace(rows, features=rows.features + features, columns={**rows.columns, **columns})


def unused(rows: LabelledRows) -> dict[str, str]:
    past = rows.take(forward_split(rows)[0])
    return unused_features(past, Inner.of(past, seed=1), seed=1)


@pytest.fixture(scope="module")
def many() -> LabelledRows:
    return leads(8000, seed=3)[0]


@pytest.fixture(scope="module")
def few() -> LabelledRows:
    return leads(200, seed=3)[0]


def test_a_feature_that_never_varied_is_left_out(few: LabelledRows) -> None:
    assert unused(few)["events.always_the_same.count"] == "It did not vary in training."


def test_of_two_that_say_the_same_the_first_is_kept(few: LabelledRows) -> None:
    rows = beside(
        few,
        twice=2 * few.columns["response_time_minutes"] - 7,
        channel=few.columns["source"].copy(),
        negative=-few.columns["inbound_messages_count"],
        nearly=few.columns["inbound_messages_count"] + np.random.default_rng(1).normal(0, 0.1, len(few)),
    )
    reasons = unused(rows)
    assert reasons["twice"] == "It says the same as response_time_minutes."
    assert reasons["channel"] == "It says the same as source."
    assert reasons["negative"] == "It says the same as inbound_messages_count."
    assert "nearly" not in reasons
    assert not {"source", "response_time_minutes", "inbound_messages_count"} & set(reasons)


def test_what_is_very_small_says_the_same_only_as_its_like(few: LabelledRows) -> None:
    drawn = np.random.default_rng(1).random(len(few))
    reasons = unused(beside(few, small=drawn * 1e-300, again=drawn, other=np.random.default_rng(2).random(len(few))))
    assert "small" not in reasons
    assert reasons["again"] == "It says the same as small."
    assert "other" not in reasons


def test_a_category_of_which_no_value_is_frequent_is_not_said_to_be_constant(few: LabelledRows) -> None:
    serial = np.array([f"case {dossier}" for dossier in few.dossier], dtype=object)
    card = learn(beside(few, serial=serial), seed=1).card
    assert {each["name"]: each.get("why_not") for each in card["features"]}["serial"] == NOT_SHARED


def test_two_that_are_missing_elsewhere_do_not_say_the_same(few: LabelledRows) -> None:
    holes = np.where(np.arange(len(few)) % 3 == 0, np.nan, few.columns["created_hour"])
    assert "holes" not in unused(beside(few, holes=holes))


def test_a_feature_that_is_hardly_ever_known_is_left_out(many: LabelledRows) -> None:
    known = np.arange(len(many)) % 200 == 0
    reasons = unused(beside(many, rare=np.where(known, np.arange(len(many)) * 1.0, np.nan)))
    assert reasons["rare"] == "It is known of 32 leads only."


def test_noise_is_left_out_and_what_tells_is_kept(many: LabelledRows) -> None:
    rng = np.random.default_rng(5)
    reasons = unused(beside(many, **{f"dice{at}": rng.random(len(many)) for at in range(9)}))
    # By chance two of nine look better than all eight columns of noise, at one of the two looks.
    assert sum(reasons.get(f"dice{at}") == NOISE for at in range(9)) >= 5
    telling = {"appointments_count", "source", "inbound_messages_count", "response_time_minutes"}
    assert not telling & set(reasons)


def test_features_that_stand_in_for_each_other_are_not_all_left_out(many: LabelledRows) -> None:
    rng = np.random.default_rng(6)
    shades = {f"shade{at}": many.columns["appointments_count"] + rng.normal(0, 0.05, len(many)) for at in range(4)}
    rows = beside(many, **shades).without({"appointments_count"})
    reasons = unused(rows)
    assert set(shades) - set(reasons)
    past = rows.take(forward_split(rows)[0])
    inner = Inner.of(past, seed=1)
    fewer = inner.without(set(reasons))
    whole, less = (
        float(losses_of(Quick(each.older, seed=1)(each.newer), each.newer).mean()) for each in (inner, fewer)
    )
    assert less < whole + 0.01


def test_where_lightgbm_cannot_be_loaded_features_are_chosen_by_the_like(
    many: LabelledRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Inner.of(many, seed=1)
    loss = losses_of(Quick(inner.older, seed=1)(inner.newer), inner.newer).mean()
    monkeypatch.setattr(LightGBM, "unavailable", lambda _: "libgomp.so.1 is not there")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    found = Quick(inner.older, seed=1)(inner.newer)
    assert losses_of(found, inner.newer).mean() == pytest.approx(loss, abs=0.02)
    assert found.tolist() == Quick(inner.older, seed=1)(inner.newer).tolist()
    won = inner.older.take(inner.older.converted)
    assert set(Quick(won, seed=1)(inner.newer)) == {1.0}


def test_of_few_leads_none_is_left_out_as_noise(few: LabelledRows) -> None:
    assert NOISE not in unused(few).values()


def test_the_same_rows_and_seed_leave_out_the_same(many: LabelledRows) -> None:
    assert unused(many) == unused(many)


def test_the_newest_leads_choose_nothing(many: LabelledRows) -> None:
    test = forward_split(many)[1]
    changed = replace(many, converted=np.where(test, ~many.converted, many.converted))
    assert unused(changed) == unused(many)


def test_a_feature_left_out_stays_among_the_models_with_its_reason_and_contributes_nothing(few: LabelledRows) -> None:
    rows = beside(few, twice=2 * few.columns["response_time_minutes"])
    learned = learn(rows, seed=1)
    on_card = {each["name"]: each for each in learned.card["features"]}
    assert on_card["twice"]["used"] is False
    assert on_card["twice"]["why_not"] == "It says the same as response_time_minutes."
    at = [feature.name for feature in learned.model.features].index("twice")
    assert not learned.model.score(rows.columns).contributions[:, at].any()


def test_what_is_left_out_is_said_in_words() -> None:
    assert in_words({"city": "x"}) == "Left out 1 feature: city."
    assert in_words(dict.fromkeys("abcdefg", "x")) == "Left out 7 features: a, b, c, d, e, and 2 more."
