"""Trees as flat arrays: what a forest becomes once it is grown, and all that scoring and explaining need."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning import kernels
from models_registry.learning.layout import Layout
from models_registry.learning.raw import Bags, Link

Nodes = NDArray[np.uint32]
DTYPES = {
    "feature": np.uint32,
    "threshold": np.float32,
    "left": np.uint32,
    "value": np.float64,
    "cover": np.float64,
    "root": np.uint32,
    "group": np.uint32,
}
DEEPEST = 64
"""No tree deeper than this is accepted."""
ROUNDED = 1e-3
"""Libraries round the covers that they write: by less than this share."""
LARGEST_VALUE = 1e6
"""No leaf says more than this: no sum of leaves overflows."""


class BadTrees(ValueError):
    """The arrays are not trees."""


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """Trees of one ensemble, laid out level by level, one tree after another.

    On shares the trees of a little bag are its learners, and their mean is the bag's score. On log-odds they are the
    steps of one boosted learner, and their sum is. The raw score is the mean of the bags'.

    Per node (m of them): `feature` is the column it splits on, rows with x <= `threshold` go to node `left`, the
    others to `left + 1`; a leaf has `left` equal to itself and an infinite threshold. `value` is what the tree says
    there, `cover` the weight of the training rows that came by. Per tree: `root` is its first node, `group` its little
    bag. Raises BadTrees where a row could walk out of the arrays, or in a circle.
    """

    kind: ClassVar[str] = "trees"

    columns: int
    feature: Nodes
    threshold: Matrix
    left: Nodes
    value: Floats
    cover: Floats
    root: Nodes
    group: Nodes
    link: Link = Link.IDENTITY

    def __post_init__(self) -> None:
        # Own, read-only copies: nobody can change a model, and the kernels are compiled for one kind of array.
        object.__setattr__(self, "link", Link(self.link))
        for name, dtype in DTYPES.items():
            array = np.array(getattr(self, name), dtype=dtype, order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        check(self)

    @property
    def right(self) -> Nodes:
        """The right child of each node; the leaf itself where it is one."""
        return np.where(self.is_leaf, self.left, self.left + np.uint32(1))

    @functools.cached_property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Which nodes are leaves, (m,)."""
        return np.asarray(self.left == np.arange(len(self.left), dtype=np.uint32))

    @functools.cached_property
    def level(self) -> Nodes:
        """How many splits lie above each node, (m,)."""
        return _levels(self)

    @functools.cached_property
    def depth(self) -> Nodes:
        """Of each tree."""
        return np.maximum.reduceat(self.level, self.root.astype(np.intp))

    @functools.cached_property
    def base(self) -> float:
        """The expected raw score under path-dependent Shapley values: each leaf by its share of the cover."""
        return self._layout.expected / self._averaged

    @functools.cached_property
    def _averaged(self) -> int:
        """By how much the sum of all trees is divided: by the trees, or by the bags of steps."""
        return len(self.root) if self.link is Link.IDENTITY else int(self.group.max()) + 1

    @functools.cached_property
    def _sizes(self) -> NDArray[np.int64]:
        return np.diff(np.append(self.root.astype(np.int64), len(self.feature)))

    @functools.cached_property
    def _walked(self) -> tuple[Nodes, Matrix, Nodes, Floats, Nodes, Nodes, Nodes, Floats, int]:
        """What `kernels.bags` takes between the rows and what it fills in."""
        size = np.bincount(self.group).astype(np.float64)
        spare = max(len(self.root) - len(size), 1) if self.link is Link.IDENTITY else 0
        return self.feature, self.threshold, self.left, self.value, self.root, self.depth, self.group, size, spare

    @functools.cached_property
    def _layout(self) -> Layout:
        return Layout.of(self.feature, self.threshold, self.left, self.value, self.cover, self.root)

    def bags(self, x: Matrix) -> Bags:
        """Each little bag's score, and what of the variance between them is owed to their size. Many use all cores."""
        walked = self._walked
        score, within = np.zeros((len(x), len(walked[-2]))), np.zeros(len(x))
        _in_parallel(lambda rows: kernels.bags(x[rows], *walked, score[rows], within[rows]), len(x), at_least=2048)
        return Bags(score, within if self.link is Link.IDENTITY else None, self.link)

    def contributions(self, x: Matrix) -> Floats:
        """Exact path-dependent TreeSHAP, (n, columns): each row sums to its raw score less `base`."""
        phi, layout = np.zeros((len(x), self.columns)), self._layout
        reasons, arrays = kernels.reasons_kernel(layout.quadrature), layout.arrays
        _in_parallel(lambda rows: reasons(x[rows], *arrays, layout.largest, phi[rows]), len(x), at_least=16)
        phi /= self._averaged
        return phi

    def share(self, raw: Floats) -> Floats:
        """Raw scores as shares in [0, 1]."""
        return self.link.share(raw)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that `TreeEnsemble(columns, **arrays)` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in DTYPES}

    def plain(self) -> Mapping[str, Any]:
        """The scale of the raw scores."""
        return {"link": self.link.value}


def check(trees: TreeEnsemble) -> None:
    """Raises BadTrees unless every walk from a root ends at a leaf of the same tree, and every figure is finite."""
    m, own = len(trees.feature), np.arange(len(trees.feature), dtype=np.uint32)
    if m == 0 or any(getattr(trees, name).shape != (m,) for name in ("threshold", "left", "value", "cover")):
        raise BadTrees("the nodes' arrays differ in length, or are empty")
    root = trees.root.astype(np.int64)
    in_order = root.ndim == 1 and root[:1].tolist() == [0] and bool(np.all(np.diff(root) > 0)) and root[-1] < m
    if not in_order or trees.group.shape != root.shape:
        raise BadTrees("the roots are not in order")
    sizes = np.diff(np.append(root, m))
    inner, end = trees.left != own, np.repeat(root + sizes, sizes)
    children = trees.left[inner].astype(np.int64)
    if np.any(trees.left < own) or np.any(children + 1 >= end[inner]):
        raise BadTrees("a child does not come after its parent in the same tree")
    _check_children(children, root, m)
    _check_figures(trees, inner)
    parted = trees.cover[children] + trees.cover[children + 1]
    if np.any(np.abs(trees.cover[inner] - parted) > ROUNDED * parted):
        raise BadTrees("a node's cover is not that of its children together")


def _check_children(children: NDArray[np.int64], root: NDArray[np.int64], m: int) -> None:
    parents = np.zeros(m + 1, dtype=np.int64)
    np.add.at(parents, children, 1)
    np.add.at(parents, children + 1, 1)
    expected = np.ones(m, dtype=np.int64)
    expected[root] = 0
    if not np.array_equal(parents[:m], expected):
        raise BadTrees("a node has no parent, or several")


def _check_figures(trees: TreeEnsemble, inner: NDArray[np.bool_]) -> None:
    if np.any(trees.feature >= trees.columns):
        raise BadTrees("a split is on a column that does not exist")
    if not (np.all(np.isfinite(trees.threshold[inner])) and np.all(np.isposinf(trees.threshold[~inner]))):
        raise BadTrees("a threshold is not a number")
    if not (
        np.all(np.abs(trees.value) <= LARGEST_VALUE) and np.all(np.isfinite(trees.cover)) and np.all(trees.cover > 0)
    ):
        raise BadTrees("a value or cover is not a number of sound size")
    if trees.group.max() >= len(trees.root) or np.any(np.bincount(trees.group) == 0) or trees.depth.max() > DEEPEST:
        raise BadTrees("a group is empty, or a tree too deep")


def _levels(trees: TreeEnsemble) -> Nodes:
    level = np.zeros(len(trees.left), dtype=np.uint32)
    here = trees.root.astype(np.int64)
    for depth in range(1, len(level)):
        inner = here[~trees.is_leaf[here]]
        if len(inner) == 0 or depth > DEEPEST + 1:
            break
        below = trees.left[inner].astype(np.int64)
        here = np.concatenate([below, below + 1])
        level[here] = depth
    return level


def _in_parallel(work: Callable[[slice], None], n: int, *, at_least: int) -> None:
    """Does the rows in slices on as many threads as this process may use, or at once where they are few.

    Threads of our own rather than numba's: its layers do not survive a fork, or two callers at once.
    """
    threads = min(n // at_least, len(os.sched_getaffinity(0))) if n >= 2 * at_least else 1
    if threads < 2:
        work(slice(0, n))
        return
    step = min(-(-n // threads), 16 * at_least)
    slices = [slice(start, min(start + step, n)) for start in range(0, n, step)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, slices))
