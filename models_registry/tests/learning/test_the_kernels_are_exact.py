"""Scores equal scikit-learn's, and reasons equal Shapley values enumerated subset by subset."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from common.arrays import Matrix
from models_registry.learning import forest
from models_registry.learning.forest import ForestSettings, grow
from models_registry.learning.layout import quadrature
from models_registry.learning.trees import TreeEnsemble


def data(n: int, columns: int, seed: int) -> tuple[Matrix, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns)).astype(np.float32)
    x[:, ::2] = np.round(x[:, ::2])
    return x, rng.random(n) < 1 / (1 + np.exp(-x[:, 0] - x[:, columns // 2] * x[:, -1]))


def small_forest(columns: int, *, depth: int = 8, trees: int = 2) -> tuple[TreeEnsemble, Matrix]:
    x, y = data(400, columns, seed=3)
    settings = ForestSettings(bags=2, trees_per_bag=trees, depth=depth, least_leaf=3)
    return grow(x, y, np.ones(len(x)), np.arange(len(x)), seed=1, settings=settings).ensemble, x


def chain(columns: int) -> TreeEnsemble:
    """One tree that splits on each column in turn: every path of its deepest leaves has them all."""
    feature, left, value, cover = [], [], [], []
    for at in range(columns):
        feature += [at, 0] if at else [at]
        left += [2 * at + 1, 2 * at] if at else [1]
        value += [0.0, at / columns] if at else [0.0]
        cover += [3.0 ** (columns - at), 3.0 ** (columns - at) * 2] if at else [3.0**columns]
    feature += [0, 0]
    left += [2 * columns - 1, 2 * columns]
    value += [0.9, 0.1]
    cover += [1.0, 2.0]
    # Nodes 2k - 1 go on, nodes 2k are leaves.
    inner = np.array([k == 0 or (k % 2 == 1 and k < 2 * columns - 1) for k in range(2 * columns + 1)])
    ahead = {k: (1 if k == 0 else k + 2) for k in range(2 * columns + 1)}
    return TreeEnsemble(
        columns,
        feature=np.where(inner, np.array(feature), 0),
        threshold=np.where(inner, 0.0, np.inf),
        left=np.array([ahead[k] if inner[k] else k for k in range(2 * columns + 1)]),
        value=np.array(value),
        cover=np.array(cover),
        root=np.array([0]),
        group=np.array([0]),
    )


def expected(trees: TreeEnsemble, x: NDArray[np.float32], known: frozenset[int]) -> float:
    """The mean of the trees, each split on an unknown column averaged by cover."""

    def below(node: int) -> float:
        left, right = int(trees.left[node]), int(trees.right[node])
        if left == node:
            return float(trees.value[node])
        if trees.feature[node] in known:
            return below(left if x[trees.feature[node]] <= trees.threshold[node] else right)
        return float((trees.cover[left] * below(left) + trees.cover[right] * below(right)) / trees.cover[node])

    return float(np.mean([below(int(root)) for root in trees.root]))


def enumerated(value: Callable[[frozenset[int]], float], columns: int) -> list[float]:
    """Shapley values by their definition."""
    subsets = [frozenset(s) for size in range(columns + 1) for s in itertools.combinations(range(columns), size)]
    values = {subset: value(subset) for subset in subsets}
    return [
        sum(
            (values[s | {j}] - values[s]) * math.factorial(len(s)) * math.factorial(columns - len(s) - 1)
            for s in subsets
            if j not in s
        )
        / math.factorial(columns)
        for j in range(columns)
    ]


def test_scores_equal_those_of_scikit_learn() -> None:
    x, y = data(3000, 7, seed=0)
    theirs = RandomForestClassifier(20, max_depth=10, random_state=0).fit(x, y)
    ours = forest.from_scikit_learn(theirs, ForestSettings(bags=2, trees_per_bag=10))
    fresh, _ = data(5000, 7, seed=1)
    assert ours.bags(fresh).raw == pytest.approx(theirs.predict_proba(fresh)[:, 1], abs=1e-12)


def test_a_row_on_the_threshold_goes_the_way_scikit_learn_sends_it() -> None:
    thresholds = np.array([0.1, 1 / 3, 1e-40, -2.7, 1e8 + 0.3, 0.0])
    below = forest.float32_below(thresholds)
    assert np.all(below <= thresholds)
    assert np.all(np.nextafter(below, np.float32(np.inf)) > thresholds)


@pytest.mark.parametrize("columns", [1, 3, 6])
def test_reasons_equal_shapley_values_though_columns_repeat_on_a_path(columns: int) -> None:
    trees, x = small_forest(columns)
    assert trees.depth.max() > columns or columns == 6
    for row in x[:4]:
        by_definition = enumerated(lambda known, row=row: expected(trees, row, known), columns)  # type: ignore[misc]
        assert trees.contributions(row[None])[0] == pytest.approx(by_definition, abs=1e-9)


@pytest.mark.parametrize("columns", [2, 9, 11])
def test_reasons_are_exact_where_each_split_is_on_another_column(columns: int) -> None:
    trees = chain(columns)
    rng = np.random.default_rng(2)
    for row in np.sign(rng.normal(size=(2, columns))).astype(np.float32):
        by_definition = enumerated(lambda known, row=row: expected(trees, row, known), columns)  # type: ignore[misc]
        assert trees.contributions(row[None])[0] == pytest.approx(by_definition, abs=1e-9)


def test_reasons_add_up_to_the_score() -> None:
    trees, x = small_forest(12, depth=16, trees=10)
    assert trees.base + trees.contributions(x).sum(axis=1) == pytest.approx(trees.bags(x).raw, abs=1e-12)


def test_a_column_that_no_tree_splits_on_contributes_nothing() -> None:
    x, y = data(300, 4, seed=5)
    x[:, 2] = 1.0
    trees = grow(x, y, np.ones(300), np.arange(300), seed=1, settings=ForestSettings(depth=4)).ensemble
    assert not trees.contributions(x)[:, 2].any()


def test_many_rows_are_one_row_many_times() -> None:
    trees, _ = small_forest(5)
    x, _ = data(5000, 5, seed=9)
    several = [trees.contributions(row[None])[0] for row in x[:40]]
    assert trees.contributions(x[:40]) == pytest.approx(np.array(several), abs=1e-13)
    assert trees.bags(x).raw[::500] == pytest.approx([trees.bags(row[None]).raw[0] for row in x[::500]], abs=1e-13)


def test_no_rows_are_scored_as_no_rows() -> None:
    trees, x = small_forest(3)
    assert trees.bags(x[:0]).raw.shape == (0,)
    assert trees.contributions(x[:0]).shape == (0, 3)


@pytest.mark.parametrize("columns", range(1, 25))
def test_the_quadrature_is_exact_for_products_of_so_many_columns(columns: int) -> None:
    t, w = quadrature(columns)
    assert float(np.sum(w * t ** (columns - 1))) == pytest.approx(1 / columns, abs=1e-14)
    assert 2 * len(t) - 1 >= columns - 1
