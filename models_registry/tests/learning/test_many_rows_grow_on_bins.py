"""A forest of very many rows is grown on bins: the same kind of trees, as good as scikit-learn's, the same by seed."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from common.arrays import Bools, Floats, Matrix
from models_registry.learning.binned import Binned
from models_registry.learning.flat import FlatTree, joined
from models_registry.learning.forest import MANY_ROWS, ForestSettings, Grown, balance, grow

SMALL = ForestSettings(bags=2, trees_per_bag=2, depth=4)
LEAST = 40


def data(n: int) -> tuple[Matrix, Bools]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    return x, rng.random(n) < 1 / (1 + np.exp(1.0 - x[:, 0] - x[:, 1]))


def weighed(converted: Bools) -> Floats:
    return balance(converted, np.ones(len(converted)))


def bag(x: Matrix, converted: Bools, settings: ForestSettings, *, seed: int = 3) -> list[FlatTree]:
    binned = Binned(x, converted, weighed(converted))
    return binned.grow(np.arange(len(x)), least=LEAST, depth=settings.depth, trees=settings.trees_per_bag, seed=seed)


def forest(n: int, *, n_jobs: int) -> Grown:
    x, converted = data(n)
    return grow(x, converted, np.ones(n), np.arange(n), seed=1, n_jobs=n_jobs, settings=SMALL)


def test_a_leaf_says_the_weighted_share_of_its_conversions_and_holds_enough_rows() -> None:
    x, converted = data(2_000)
    weight = weighed(converted)
    (tree, *_) = bag(x, converted, SMALL)
    ensemble = joined([tree], [0], x.shape[1])
    said = ensemble.bags(x).raw
    for value in np.unique(said):
        there = said == value
        assert there.sum() >= LEAST
        assert value == pytest.approx(np.average(converted[there], weights=weight[there]), abs=1e-6)
    assert ensemble.depth.max() <= SMALL.depth
    assert tree.cover[0] == pytest.approx(weight.sum(), rel=1e-4)


def test_it_ranks_as_well_as_scikit_learns() -> None:
    x, converted = data(6_000)
    settings = ForestSettings(bags=2, trees_per_bag=10, depth=8)
    theirs = grow(x[:4_000], converted[:4_000], np.ones(4_000), np.arange(4_000), seed=1, settings=settings).ensemble
    ours = joined(bag(x[:4_000], converted[:4_000], settings), [0] * 10, x.shape[1])
    aucs = [roc_auc_score(converted[4_000:], each.bags(x[4_000:]).raw) for each in (ours, theirs)]
    assert aucs[0] == pytest.approx(aucs[1], abs=0.01)


def test_another_seed_grows_other_trees() -> None:
    x, converted = data(2_000)
    one, same, other = (bag(x, converted, SMALL, seed=seed)[1].threshold for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_same_forest_grows_on_any_number_of_cores_and_its_reasons_add_up() -> None:
    one, two = forest(MANY_ROWS, n_jobs=1), forest(MANY_ROWS, n_jobs=2)
    assert np.array_equal(one.out_of_bag, two.out_of_bag)
    x, _ = data(50)
    trees = one.ensemble
    assert trees.base + trees.contributions(x).sum(axis=1) == pytest.approx(trees.bags(x).raw, abs=1e-12)
