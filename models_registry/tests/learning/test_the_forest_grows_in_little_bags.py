"""Bags are halves of the dossiers; what did not see a dossier scores it out of sample."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models_registry.learning.bagging import memberships
from models_registry.learning.encoding import Encoder
from models_registry.learning.forest import ForestSettings, Grown, balance, grow
from models_registry.tests.learning.simulated import leads


def grown(*, seed: int = 1, n_jobs: int = 1, n: int = 400) -> Grown:
    rows, _ = leads(n, seed=2, snapshots=2)
    x = Encoder.fit(rows).transform(rows.columns)
    return grow(x, rows.converted, rows.weight, rows.dossier, seed=seed, n_jobs=n_jobs)


def test_each_dossier_is_in_half_of_the_bags_with_all_its_rows() -> None:
    rows, _ = leads(400, seed=2, snapshots=3)
    member = memberships(rows.dossier, rows.converted, bags=10, seed=1)
    assert np.all(member.sum(axis=1) == 5)
    for dossier in (1, 57, 400):
        assert len(np.unique(member[rows.dossier == dossier], axis=0)) == 1
    assert np.all(np.abs(member.mean(axis=0) - 0.5) < 0.05)
    ever = member[::3][[rows.converted[rows.dossier == dossier].any() for dossier in rows.dossier[::3]]]
    assert np.ptp(ever.sum(axis=0)) <= 1


def test_the_forest_is_a_hundred_trees_of_depth_ten() -> None:
    trees = grown().ensemble
    assert len(trees.root) == 100
    assert trees.depth.max() <= 10
    assert np.bincount(trees.group).tolist() == [10] * 10


def test_the_same_seed_grows_the_same_forest_on_any_number_of_cores() -> None:
    one, two, other = grown(n_jobs=1), grown(n_jobs=2), grown(seed=2)
    for name, array in one.ensemble.arrays().items():
        assert np.array_equal(array, two.ensemble.arrays()[name])
    assert np.array_equal(one.out_of_bag, two.out_of_bag)
    assert not np.array_equal(one.out_of_bag, other.out_of_bag)


def test_out_of_bag_scores_are_as_good_as_on_new_leads_and_not_better() -> None:
    rows, _ = leads(1500, seed=2)
    x = Encoder.fit(rows).transform(rows.columns)
    noise = np.random.default_rng(0).random(1500) < 0.5
    forest = grow(x, noise, rows.weight, rows.dossier, seed=1)
    assert roc_auc_score(noise, forest.ensemble.bags(x).raw) > 0.7
    assert abs(roc_auc_score(noise, forest.out_of_bag) - 0.5) < 0.06


def test_both_classes_weigh_the_same() -> None:
    converted, weight = np.array([True, False, False, False]), np.array([1.0, 1.0, 0.5, 0.5])
    balanced = weight * balance(converted, weight)
    assert balanced[converted].sum() == pytest.approx(balanced[~converted].sum())
    assert balanced.sum() == pytest.approx(weight.sum())


def test_a_bag_that_holds_one_outcome_only_is_borne() -> None:
    rows, _ = leads(60, seed=2)
    x = Encoder.fit(rows).transform(rows.columns)
    converted = np.arange(60) == 7
    raw = grow(x, converted, rows.weight, rows.dossier, seed=1).ensemble.bags(x).raw
    assert np.isfinite(raw).all()
    assert raw.max() <= 1.0


def test_each_bag_is_reported() -> None:
    rows, _ = leads(60, seed=2)
    x, told = Encoder.fit(rows).transform(rows.columns), []
    grow(
        x,
        rows.converted,
        rows.weight,
        rows.dossier,
        seed=1,
        settings=ForestSettings(bags=4, trees_per_bag=2),
        report=lambda done, words: told.append((done, words)),
    )
    assert [done for done, _ in told] == [0.25, 0.5, 0.75, 1.0]
    assert told[-1][1] == "8 of 8 trees grown."
