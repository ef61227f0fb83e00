"""The default learner: a random forest grown in little bags.

100 trees of depth 10 in 10 bags of 10. A bag is grown on half of the dossiers (never on half of a dossier's rows), so
that the bags differ as models from other samples would: their variance is the model's uncertainty (Sexton and Laake
2009; Athey, Tibshirani and Wager 2019). Each dossier is in exactly 5 of the 10 bags, so the other 5 score it
out of sample, which is what calibration is fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common.arrays import Bools, Floats, Matrix
from models_registry.learning.bagging import memberships, out_of_bag
from models_registry.learning.binned import Binned
from models_registry.learning.flat import FlatTree, float32_below, joined
from models_registry.learning.task import seed_of
from models_registry.learning.trees import TreeEnsemble

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

MANY_ROWS = 50_000
"""From so many rows on, trees are grown on binned columns: at 60,000 in a third of the time, and as good."""
FEW_ROWS = 2_000
"""So few rows are learnt sooner in one thread than in several."""


@dataclass(frozen=True)
class ForestSettings:
    """What a forest is grown with."""

    bags: int = 10
    trees_per_bag: int = 10
    depth: int = 10
    least_leaf: int | None = None
    """Least rows in a leaf; None: by the number of rows, see `least_leaf_of`."""


@dataclass(frozen=True)
class Grown:
    """A forest, and the raw score of each training row by the bags that had not seen its dossier, (n,)."""

    ensemble: TreeEnsemble
    out_of_bag: Floats


def grow(
    x: Matrix,
    converted: Bools,
    weight: Floats,
    dossier: NDArray[np.int64],
    *,
    seed: int,
    n_jobs: int = 2,
    settings: ForestSettings = ForestSettings(),
    report: Callable[[float, str], None] = lambda _done, _words: None,
) -> Grown:
    """Grows the forest on the rows of x (n, columns). `report` is told the share done after each bag.

    Deterministic by `seed`, whatever `n_jobs`.
    """
    member = memberships(dossier, converted, bags=settings.bags, seed=seed)
    balanced = weight * balance(converted, weight)
    least = settings.least_leaf or least_leaf_of(weight)
    flat: list[FlatTree] = []
    for bag, trees in enumerate(_bags(x, converted, balanced, member, least, settings, seed=seed, n_jobs=n_jobs)):
        flat += trees
        report((bag + 1) / settings.bags, f"{len(flat)} of {settings.bags * settings.trees_per_bag} trees grown.")
    ensemble = _joined(flat, x.shape[1], settings)
    return Grown(ensemble, out_of_bag(ensemble.bags(x).mean, member))


def from_scikit_learn(forest: RandomForestClassifier, settings: ForestSettings) -> TreeEnsemble:
    """A forest that scikit-learn has grown, in bags by the order of its trees; scores as its `predict_proba`."""
    return _joined([_flatten(tree) for tree in forest.estimators_], int(forest.n_features_in_), settings)


def balance(converted: Bools, weight: Floats) -> Floats:
    """The factor of each row that makes both classes weigh the same (scikit-learn's "balanced"), (n,)."""
    positive = float(weight[converted].sum())
    total = float(weight.sum())
    return np.where(converted, total / (2 * positive), total / (2 * (total - positive)))


def least_leaf_of(weight: Floats) -> int:
    """Rows that a leaf must hold: the worth of sqrt(dossiers) / 4 dossiers, between 5 and 25.

    On 3,000 simulated leads larger leaves came nearer to the truth where leads are hard to tell apart (0.062 with twice
    as large ones, 0.064 with these, 0.069 with half), smaller ones where they are easy (0.086, 0.081, 0.079).
    """
    dossiers = float(weight.sum())
    return max(1, round(float(np.clip(np.sqrt(dossiers) / 4, 5.0, 25.0)) * len(weight) / dossiers))


def _bags(  # noqa: PLR0917 - arrays of the same rows
    x: Matrix,
    converted: Bools,
    weight: Floats,
    member: Bools,
    least: int,
    settings: ForestSettings,
    *,
    seed: int,
    n_jobs: int,
) -> Iterator[list[FlatTree]]:
    """The trees of each bag in turn: of many rows some bags at once, each by one thread; else the trees of a bag."""
    if len(x) >= MANY_ROWS:
        binned = Binned(x, converted, weight)

        def grown(bag: int) -> list[FlatTree]:
            own, size = np.flatnonzero(member[:, bag]), settings.trees_per_bag
            return binned.grow(own, least=least, depth=settings.depth, trees=size, seed=seed_of(seed, bag))

        with threadpool_limits(1, user_api="openmp"), ThreadPoolExecutor(max(1, n_jobs)) as pool:
            yield from pool.map(grown, range(settings.bags))
        return
    for bag in range(settings.bags):
        rows, own = member[:, bag], seed_of(seed, bag)
        trees = _grow_bag(x[rows], converted[rows], weight[rows], least, settings, seed=own, n_jobs=n_jobs)
        yield [_flatten(tree) for tree in trees]


def _grow_bag(
    x: Matrix, converted: Bools, weight: Floats, least: int, settings: ForestSettings, *, seed: int, n_jobs: int
) -> list[Any]:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - seconds that only training should pay

    forest = RandomForestClassifier(
        settings.trees_per_bag,
        max_depth=settings.depth,
        min_samples_leaf=least,
        max_features="sqrt",
        bootstrap=False,
        random_state=seed,
        n_jobs=n_jobs if len(x) > FEW_ROWS else 1,
    )
    return list(forest.fit(x, converted, sample_weight=weight).estimators_)


def _flatten(estimator: Any) -> FlatTree:
    tree = estimator.tree_
    # A bag in which one class is missing has a single column of values.
    several = tree.value.shape[2] > 1
    value = tree.value[:, 0, 1] if several else np.full(tree.node_count, float(estimator.classes_[0]))
    return FlatTree.of(
        tree.feature,
        float32_below(tree.threshold),
        tree.children_left,
        tree.children_right,
        value,
        tree.weighted_n_node_samples,
    )


def _joined(flat: list[FlatTree], columns: int, settings: ForestSettings) -> TreeEnsemble:
    return joined(flat, [at // settings.trees_per_bag for at in range(len(flat))], columns)
