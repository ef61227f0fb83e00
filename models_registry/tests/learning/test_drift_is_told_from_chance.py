"""Drift: a shift is told from chance at any sample size, and said in words."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from leads.features import Feature, Kind, LabelledRows
from models_registry.learning.drift import MOVED, SLIGHT, STEADY, Drifted, critical_psi, drift, expected_psi, psi_test
from models_registry.learning.holm import holm
from models_registry.learning.reference import Sample, reference_of

AMOUNT = Feature("amount", Kind.NUMERIC, "currency", "")
SOURCE = Feature("source", Kind.CATEGORY, "word", "")
KNOWN = Feature("has_property", Kind.BOOLEAN, "yes or no", "")
FEATURES = (AMOUNT, SOURCE, KNOWN)
# n of the reference, n now, bins, mean of the index without drift, what chance exceeds once in a hundred times
CRITICAL = [
    (2000, 50, 10, 0.1845, 0.44415288383596946),
    (2000, 500, 10, 0.0225, 0.05416498583365481),
    (2000, 5000, 10, 0.0063, 0.015166196033423347),
    (10000, 50, 10, 0.1809, 0.43548648610258467),
    (10000, 200, 10, 0.0459, 0.11049657110065582),
    (10000, 5000, 10, 0.0027, 0.0064997983000385775),
]


@pytest.mark.parametrize(("n", "m", "bins", "expected", "critical"), CRITICAL)
def test_the_critical_value_agrees_with_the_reference(
    n: int, m: int, bins: int, expected: float, critical: float
) -> None:
    assert expected_psi(n, m, bins) == pytest.approx(expected, rel=1e-12)
    assert critical_psi(n, m, bins) == pytest.approx(critical, rel=1e-12)


@pytest.mark.parametrize(("m", "most_at_fixed"), [(50, 0.5), (100, 0.2)])
def test_false_alarms_are_one_in_a_hundred_where_a_fixed_limit_has_many(m: int, most_at_fixed: float) -> None:
    rng, bins = np.random.default_rng(11), 10
    then = rng.multinomial(2_000, np.full(bins, 1 / bins), 1_500) / 2_000
    now = rng.multinomial(m, np.full(bins, 1 / bins), 1_500) / m
    tests = [psi_test(a.tolist(), b.tolist(), 2_000, m) for a, b in zip(then, now, strict=True)]
    assert np.mean([test.psi > test.critical for test in tests]) == pytest.approx(0.01, abs=0.008)
    assert np.mean([test.psi > 0.1 for test in tests]) > most_at_fixed


def rows(n: int, *, seed: int, shift: Callable[[dict[str, np.ndarray]], None] = lambda _: None) -> LabelledRows:
    rng = np.random.default_rng(seed)
    columns = {
        "amount": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(9, 0.8, n)),
        "source": rng.choice(np.array(["web", "ads", "fair"], dtype=object), n, p=[0.6, 0.3, 0.1]),
        "has_property": (rng.random(n) < 0.4).astype(float),
    }
    shift(columns)
    start = np.datetime64("2026-01-01", "us") + np.arange(n) * np.timedelta64(1, "h")
    return LabelledRows(
        FEATURES, columns, rng.random(n) < 0.3, np.ones(n), np.arange(n), start, start + np.timedelta64(1, "D")
    )


REFERENCE = reference_of(rows(2_000, seed=1), rows(500, seed=2), np.random.default_rng(3).beta(2, 5, 500))


def against_reference(now: LabelledRows, score: np.ndarray | None = None) -> dict[str, Drifted]:
    sample = Sample(now.columns, now.weight, now.dossier)
    found, scored = drift(REFERENCE, sample, score=score, label=lambda name: name.capitalize())
    return {each.feature: each for each in (*found, *([scored] if scored else []))}


def test_the_same_population_is_steady_at_any_size() -> None:
    for n in (60, 400, 20_000):
        found = against_reference(rows(n, seed=n), np.random.default_rng(n).beta(2, 5, n))
        assert {each.verdict for each in found.values()} == {STEADY}
        assert set(found) == {"amount", "source", "has_property", "score"}


def test_the_feature_that_moved_is_named_with_where_to() -> None:
    def dearer(columns: dict[str, np.ndarray]) -> None:
        columns["amount"] = columns["amount"] * 2

    found = against_reference(rows(400, seed=5, shift=dearer))
    assert [name for name, each in found.items() if each.verdict != STEADY] == ["amount"]
    assert found["amount"].verdict == MOVED
    assert next(iter(found)) == "amount"
    (words,) = found["amount"].words
    assert words.startswith("Amount: more leads above ")
    assert words.endswith("%)")
    assert " than in training (" in words


def test_a_category_that_grew_is_named() -> None:
    def more_ads(columns: dict[str, np.ndarray]) -> None:
        columns["source"] = np.where(np.arange(len(columns["source"])) % 2 == 0, "ads", columns["source"])

    assert (
        against_reference(rows(400, seed=6, shift=more_ads))["source"]
        .words[0]
        .startswith("Source: more leads with “ads” than in training (6")
    )


def test_missing_values_and_new_words_drift_too() -> None:
    def emptier(columns: dict[str, np.ndarray]) -> None:
        columns["amount"] = np.where(np.arange(len(columns["amount"])) % 2 == 0, np.nan, columns["amount"])
        columns["source"] = np.where(np.arange(len(columns["source"])) % 5 == 0, "radio", columns["source"])

    found = against_reference(rows(400, seed=7, shift=emptier))
    assert any("more often unknown than in training (6" in words for words in found["amount"].words)
    assert "Source: 20 % of leads have a value that training never saw" in found["source"].words
    assert found["has_property"].verdict == STEADY


def test_a_shift_that_is_sure_but_small_is_no_alarm() -> None:
    def slightly(columns: dict[str, np.ndarray]) -> None:
        columns["amount"] = columns["amount"] * 1.15

    assert against_reference(rows(20_000, seed=8, shift=slightly))["amount"].verdict == SLIGHT


def test_a_moved_score_is_seen() -> None:
    score = np.random.default_rng(9).beta(3, 4, 300)
    assert against_reference(rows(300, seed=9), score)["score"].verdict == MOVED


def test_snapshots_of_one_lead_count_as_one() -> None:
    many = rows(60, seed=10).take(np.repeat(np.arange(60), 7))
    many = replace(many, weight=many.weight / 7)
    sample = Sample(many.columns, many.weight, many.dossier)
    assert sample.effective(np.ones(len(many), dtype=bool)) == pytest.approx(60)
    assert {each.verdict for each in against_reference(many).values()} == {STEADY}


def test_few_leads_say_nothing_and_say_so() -> None:
    found = against_reference(rows(30, seed=11))
    assert {(each.verdict, each.reason, each.psi) for each in found.values()} == {(STEADY, "too_few_leads", None)}


def test_a_feature_without_variety_or_values_has_a_reason() -> None:
    def bare(columns: dict[str, np.ndarray]) -> None:
        columns["has_property"] = np.ones_like(columns["amount"])
        columns["amount"] = np.full_like(columns["amount"], np.nan)

    past = rows(300, seed=12, shift=bare)
    sample = Sample(past.columns, past.weight, past.dossier)
    found, _ = drift(reference_of(past, past, np.full(300, 0.2)), sample, score=None, label=str)
    assert {each.feature: each.reason for each in found} == {
        "has_property": "did_not_vary",
        "amount": "mostly_missing",
        "source": None,
    }


def test_a_word_seen_once_makes_new_words_no_surprise() -> None:
    def free_text(columns: dict[str, np.ndarray]) -> None:
        n = len(columns["source"])
        words = [f"word {at}" for at in np.random.default_rng(n).permutation(10**6)[:n]]
        columns["source"] = np.where(np.arange(n) % 10 == 0, words, columns["source"])

    past, now = rows(300, seed=14, shift=free_text), rows(200, seed=15, shift=free_text)
    reference = reference_of(past, past, np.full(300, 0.2))
    assert reference["features"]["source"]["unseen"] == pytest.approx(0.1)
    found, _ = drift(reference, Sample(now.columns, now.weight, now.dossier), score=None, label=str)
    assert {each.feature: each.verdict for each in found}["source"] == STEADY


def test_corrected_for_the_number_of_tests() -> None:
    assert holm([0.004, 0.2, 0.9]) == pytest.approx([0.012, 0.4, 0.9])
    assert holm([0.003, 0.0049, 0.9]) == pytest.approx([0.009, 0.0098, 0.9])


def at_ages(n: int, days: tuple[int, ...]) -> tuple[LabelledRows, np.ndarray]:
    """Leads, each at one of these ages; the older it is, the less it is likely to convert, and nothing else moves."""
    found, age = rows(n, seed=n), np.resize(days, n)
    probability = np.random.default_rng(n).beta(4, 8, n) * np.where(age < 30, 1.0, 0.2)
    return replace(found, moment=found.created_at + age * np.timedelta64(1, "D")), probability


def test_a_score_is_compared_at_the_ages_at_which_its_reference_was_taken() -> None:
    past, _ = at_ages(2_000, (0, 7, 30))
    newest, said = at_ages(500, (0, 7))
    reference = reference_of(past, newest, said)
    assert set(reference["ages"]) == {"0", "7", "30"}
    assert reference["score_ages"] == {"0": 0.5, "7": 0.5}
    now, score = at_ages(900, (0, 7, 30))
    sample = Sample(now.columns, now.weight, now.dossier)
    weight = np.where(now.moment - now.created_at < np.timedelta64(30, "D"), 1.0, 0.0)
    found = [
        drift(reference, sample, score=score, score_weight=each, label=str)[1] for each in (None, weight, 0.0 * weight)
    ]
    assert [each and each.verdict for each in found] == [MOVED, STEADY, STEADY]
    assert found[2] is not None
    assert found[2].reason == "too_few_leads"
