"""An attribute that tells the outcome too well is kept out, unless it is known when, or a person has released it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.fit import learn
from models_registry.learning.leakage import Finding, examine, quarantined
from models_registry.learning.quick import Inner
from models_registry.learning.screening import screen
from models_registry.learning.split import forward_split
from models_registry.phrases import PHRASES
from models_registry.tests.learning.simulated import leads


def with_attributes(rows: LabelledRows, availability: str = "unknown", **columns: NDArray[np.generic]) -> LabelledRows:
    features = tuple(
        Feature(f"attributes.{name}", Kind.CATEGORY if column.dtype == object else Kind.NUMERIC, "as sent", name)
        for name, column in columns.items()
    )
    named = {f"attributes.{name}": column for name, column in columns.items()}
    known = dict.fromkeys(named, availability)
    return replace(rows, features=rows.features + features, columns={**rows.columns, **named}, availability=known)


def found(rows: LabelledRows, *released: str) -> dict[str, Finding]:
    inner = Inner.of(rows.take(forward_split(rows)[0]), seed=1)
    return {each.feature: each for each in examine(rows, inner, released=released, seed=1)}


@pytest.fixture(scope="module")
def plain() -> LabelledRows:
    return leads(1500, seed=11)[0]


def a_verdict(rows: LabelledRows, right: float = 0.97) -> NDArray[np.object_]:
    said = np.random.default_rng(1).random(len(rows)) < right
    return np.where(rows.converted == said, "good", "bad").astype(object)


def filled_if_won(rows: LabelledRows) -> NDArray[np.float64]:
    chance = np.random.default_rng(2)
    filled = chance.random(len(rows)) < np.where(rows.converted, 0.8, 0.1)
    return np.where(filled, chance.random(len(rows)), np.nan)


def test_an_unknown_attribute_that_tells_the_outcome_alone_is_suspect(plain: LabelledRows) -> None:
    verdict = found(with_attributes(plain, verdict=a_verdict(plain)))["attributes.verdict"]
    assert verdict.verdict == "suspect"
    assert verdict.words.startswith("verdict looks like a leak: alone it ranks with a ROC-AUC of 0.9")
    assert PHRASES.knows(verdict.words)
    assert verdict.auc_with is not None
    assert verdict.auc_without is not None
    assert verdict.auc_with > verdict.auc_without + 0.1


def test_an_unknown_attribute_whose_being_filled_tells_the_outcome_is_suspect(plain: LabelledRows) -> None:
    note = found(with_attributes(plain, note=filled_if_won(plain)))["attributes.note"]
    assert (note.verdict, note.auc_alone is not None and note.auc_alone < 0.9) == ("suspect", True)
    assert "its being filled" in note.words
    assert PHRASES.knows(note.words)


def test_an_honest_attribute_is_clear_whoever_says_when_it_is_known(plain: LabelledRows) -> None:
    budget = found(with_attributes(plain, budget=plain.columns["appointments_count"] + 0.5))["attributes.budget"]
    assert (budget.verdict, budget.auc_alone is not None) == ("clear", True)


@pytest.mark.parametrize("availability", ["creation", "observed"])
def test_what_is_known_in_time_is_believed_and_the_card_warns(plain: LabelledRows, availability: str) -> None:
    verdict = found(with_attributes(plain, availability, verdict=a_verdict(plain)))["attributes.verdict"]
    assert verdict.verdict == "clear"
    assert "looks like a leak" in verdict.words
    assert "It is used" in verdict.words
    assert PHRASES.knows(verdict.words)


def test_a_released_suspect_is_used(plain: LabelledRows) -> None:
    rows = with_attributes(plain, verdict=a_verdict(plain))
    assert found(rows, "attributes.verdict")["attributes.verdict"].verdict == "released"
    train = forward_split(rows)[0]
    assert "attributes.verdict" in screen(rows, train, released={"attributes.verdict"}, seed=1).rows.columns
    assert "attributes.verdict" not in screen(rows, train, seed=1).rows.columns


def test_too_few_leads_cannot_show_an_unknown_attribute_harmless() -> None:
    rows, _ = leads(60, seed=1)
    findings = found(with_attributes(rows, colour=np.resize(np.array(["red", "blue"], dtype=object), 60)))
    assert quarantined(findings.values()) == {"attributes.colour"}
    assert "too few leads to show colour harmless" in findings["attributes.colour"].words
    assert findings["attributes.colour"].auc_alone is None


def test_only_attributes_are_examined_and_the_most_telling_are_compared(plain: LabelledRows) -> None:
    rng = np.random.default_rng(4)
    rows = with_attributes(plain, **{f"noise{at}": rng.random(len(plain)) for at in range(8)})
    findings = found(rows)
    assert set(findings) == {f"attributes.noise{at}" for at in range(8)}
    compared = [each for each in findings.values() if each.auc_with is not None]
    assert len(compared) == 6
    assert all("most telling" in each.words for each in findings.values() if each.auc_with is None)


def test_the_newest_leads_decide_nothing(plain: LabelledRows) -> None:
    _, test = forward_split(plain)
    verdict = a_verdict(plain)
    other = np.where(test, "bad", verdict).astype(object)
    first, second = (found(with_attributes(plain, verdict=each)) for each in (verdict, other))
    assert first == second


def test_what_is_known_only_later_stands_on_the_card_as_left_out(plain: LabelledRows) -> None:
    rows = replace(plain, later={"attributes.duration": "contact"})
    card = screen(rows, forward_split(rows)[0], seed=1).to_json()
    assert card["leakage"][0]["verdict"] == "later"
    assert card["left_out"] == [
        {"name": "attributes.duration", "used": False, "why_not": "Known only after the contact: no model reads it."}
    ]


def test_a_model_is_learned_without_the_suspect_and_the_run_says_so() -> None:
    rows, _ = leads(300, seed=2)
    told: list[str] = []
    learned = learn(with_attributes(rows, verdict=a_verdict(rows)), seed=1, report=lambda *each: told.append(each[2]))
    assert "attributes.verdict" not in [feature.name for feature in learned.model.features]
    assert learned.card["left_out"][0]["name"] == "attributes.verdict"
    assert any("verdict looks like a leak" in words for words in told)
