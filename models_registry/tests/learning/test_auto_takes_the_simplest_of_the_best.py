"""`auto` tries on windows of time, takes the simplest within one standard error of the best, and says so."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models_registry.learning import algorithms
from models_registry.learning.fit import learn
from models_registry.learning.logistic import LogisticRegression
from models_registry.learning.search import Auto, Losses, Trial, judged
from models_registry.learning.task import Fitted, Progress, Task, silent
from models_registry.learning.windows import arrival, expanding, losses, sampled
from models_registry.tests.learning.simulated import leads
from models_registry.tests.learning.tasks import task

SECONDS = {"plain": 1.0, "rich": 1.0, "richest": 1.0}


def losing(mean: float, *, noise: float = 0.0, n: int = 400) -> Losses:
    """Losses about a mean, their noise of its own kind for each dossier."""
    wave = noise * np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    return Losses(mean + wave, np.ones(n))


def chosen_of(trials: list[Trial]) -> Trial:
    (chosen,) = (trial for trial in trials if trial.chosen)
    return chosen


def test_the_simplest_within_one_standard_error_is_chosen() -> None:
    # 0.2 / sqrt(400) = 0.01 is the standard error of the difference.
    trials = judged({"plain": losing(0.409, noise=0.2), "rich": losing(0.405), "richest": losing(0.400)}, SECONDS)
    assert chosen_of(trials).algorithm == "plain"
    assert chosen_of(trials).standard_error == pytest.approx(0.01)
    assert "simplest whose log loss is within one standard error" in chosen_of(trials).why


def test_one_that_is_surely_worse_is_not_chosen() -> None:
    trials = judged({"plain": losing(0.411, noise=0.2), "rich": losing(0.405), "richest": losing(0.400)}, SECONDS)
    assert chosen_of(trials).algorithm == "richest"
    assert trials[0].why == "Its log loss is 0.0110 above the least."


def test_the_same_noise_in_both_is_no_excuse() -> None:
    trials = judged({"plain": losing(0.401, noise=0.2), "rich": losing(0.400, noise=0.2)}, SECONDS)
    assert chosen_of(trials).algorithm == "rich"


def test_where_nothing_could_be_measured_the_simplest_is_taken() -> None:
    nothing = Losses(np.zeros(3), np.zeros(3))
    assert chosen_of(judged({"plain": nothing, "rich": nothing}, SECONDS)).algorithm == "plain"


def test_windows_learn_on_the_past_only_and_part_no_dossier() -> None:
    one = task(300, snapshots=2)
    mixed = one.take(np.random.default_rng(0).permutation(len(one.x)))
    assert mixed.created_at is not None
    for before, after in expanding(mixed, 3):
        assert mixed.created_at[before].max() < mixed.created_at[after].min()
        assert not set(mixed.dossier[before]) & set(mixed.dossier[after])


def test_without_times_dossiers_came_in_the_order_of_their_numbers() -> None:
    one = replace(task(50), created_at=None)
    assert np.array_equal(arrival(one), np.arange(50))


def test_a_sample_holds_whole_dossiers_no_more_than_asked_and_not_many_more_rows() -> None:
    one = task(300, snapshots=2)
    assert len(sampled(one, 200).x) == 200
    assert len(np.unique(sampled(one, 600, 50).dossier)) == 50
    assert all(np.unique(sampled(one, 200, 80).dossier, return_counts=True)[1] == 2)
    assert sampled(one, 600, 300) is one


def test_a_moved_base_rate_does_not_decide_between_algorithms() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.1, 0.6, 4000)
    converted, weight = rng.random(4000) < truth, np.ones(4000)
    odds = truth / (1 - truth) / 4
    assert losses(odds / (1 + odds), converted, weight).mean() == pytest.approx(
        losses(truth, converted, weight).mean(), abs=1e-6
    )


class Unloadable:
    """An algorithm whose library is not there."""

    name = "unloadable"
    title = "Unloadable"

    def unavailable(self) -> str | None:
        return "Install the library first."

    def fit(self, task: Task, report: Progress) -> Fitted:
        raise AssertionError


def test_what_cannot_be_loaded_is_skipped_with_its_reason() -> None:
    fitted = Auto((LogisticRegression(), Unloadable())).fit(task(510), silent)
    table = {trial["algorithm"]: trial for trial in fitted.parameters["search"]}
    assert table["unloadable"]["why"] == "Install the library first."
    assert table["unloadable"]["log_loss"] is None
    assert fitted.algorithm == "logistic_regression"


def test_few_leads_are_left_to_strongly_regularised_algorithms() -> None:
    rows, _ = leads(200, seed=1)
    told: list[str] = []
    learned = learn(rows, seed=1, algorithm="auto", report=lambda _stage, _done, words: told.append(words))
    search = json.loads(json.dumps(learned.card["parameters"]["search"], allow_nan=False))
    assert [trial["algorithm"] for trial in search] == ["logistic_regression", "random_forest"]
    assert [trial["chosen"] for trial in search].count(True) == 1
    assert learned.algorithm == learned.model.algorithm == learned.card["algorithm"]
    assert any(words.startswith("Logistic regression: log loss 0.") for words in told)


def test_every_name_is_an_algorithm_with_a_title_for_people() -> None:
    assert [algorithms.named(name).name for name in algorithms.NAMES] == list(algorithms.NAMES)
    assert all(algorithms.named(name).title for name in algorithms.NAMES)
