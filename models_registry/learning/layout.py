"""Trees as the reasons kernel reads them: the splits of a tree in one run, and what depends on the trees alone tabled.

A *bough* is a split with another one below it, a *twig* one above two leaves, a *lone* leaf one that hangs on a bough.
A tree's slots are its boughs, those nearer to the root first, then its twigs, then its lone leaves: so each of the
kernel's loops does one kind of work, and the many leaves under twigs need no slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning import kernels
from models_registry.learning.kernels import Nodes

BOUGH, TWIG, LONE = 0, 1, 2
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Layout:
    """All arrays that `kernels.reasons_kernel(quadrature)` takes between the rows and what it fills in.

    Per tree: `first` split (trees + 1), number of `boughs`, `first_lone` leaf (trees + 1). Per split: column and
    threshold, the shares of its children (2), `above` the slot that hangs on the nearest split on the same column
    (the root's where there is none), the `line` of its factors, the slots of its `child`ren (2), and what the tree says
    there (2). `lone` are the lone leaves' values. `factors` (lines, 2, quadrature), flat, are e / z and
    w / (1 - t) / (z' + t (1 - z')), by the formulas in `kernels`. `largest`: slots of the largest tree. `expected` is
    the sum over the trees of what each says of a row of which nothing is known.
    """

    quadrature: int
    arrays: tuple[NDArray[np.generic], ...]
    largest: int
    expected: float

    @classmethod
    def of(  # noqa: PLR0917 - arrays of the same nodes, as the ensemble holds them
        cls, feature: Nodes, threshold: Matrix, left: Nodes, value: Floats, cover: Floats, root: Nodes
    ) -> Self:
        """From an ensemble's own arrays."""
        m = len(feature)
        known, share, reach = np.ones((3, m))
        previous, columns = np.zeros((2, m), dtype=np.uint32)
        kernels.paths(feature, left, cover, root, known, share, reach, previous, columns)
        tree = np.repeat(np.arange(len(root)), np.diff(np.append(root.astype(np.int64), m)))
        splits, lone, is_bough, slot = _slots(left, tree)
        again = previous[splits] != root[tree[splits]]
        line = np.zeros(len(splits), dtype=np.uint32)
        line[again] = OTHERS + np.arange(np.count_nonzero(again))
        t, w = quadrature(int(columns.max()))
        child = left[splits].astype(np.intp)[:, None] + np.arange(2)
        arrays = (
            _starts(tree[splits], len(root)),
            np.bincount(tree[splits[is_bough]], minlength=len(root)).astype(np.uint32),
            _starts(tree[lone], len(root)),
            feature[splits],
            threshold[splits],
            share[child],
            slot[previous[splits]],
            line,
            slot[child],
            value[child],
            value[lone],
            _factors(known[previous[splits[again]]], t, w).ravel(),
        )
        largest = int(np.bincount(tree[np.concatenate([splits, lone])]).max())
        leaf = left == np.arange(m)
        return cls(len(t), arrays, largest, float(value[leaf] @ reach[leaf]))


OTHERS = kernels.OUTSIDE + 1


def quadrature(columns: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on [0, 1], exact for products of at most so many columns.

    n nodes are exact up to degree 2n - 1, and the product has a degree below `columns`. An even number of nodes
    fills the vector registers.
    """
    nodes = max(4, 2 * -(-columns // 4))
    t, w = np.polynomial.legendre.leggauss(nodes)
    return (t + 1) / 2, w / 2


def _slots(left: Nodes, tree: Indices) -> tuple[Indices, Indices, NDArray[np.bool_], Nodes]:
    """Which nodes are splits and which lone leaves, tree by tree, which splits are boughs, and each node's slot."""
    own = np.arange(len(left))
    leaf, below = left == own, left.astype(np.intp)
    twig = np.flatnonzero(~leaf)
    twig = twig[leaf[below[twig]] & leaf[below[twig] + 1]]
    kind = np.where(leaf, LONE, BOUGH)
    kind[twig] = TWIG
    slotted = np.delete(own, np.concatenate([below[twig], below[twig] + 1]))
    slotted = slotted[np.lexsort((slotted, kind[slotted], tree[slotted]))]
    starts = _starts(tree[slotted], int(tree[-1]) + 1).astype(np.intp)
    slot = np.zeros(len(left), dtype=np.uint32)
    slot[slotted] = np.arange(len(slotted)) - starts[tree[slotted]]
    splits = slotted[kind[slotted] != LONE]
    return splits, slotted[kind[slotted] == LONE], kind[splits] == BOUGH, slot


def _starts(tree: Indices, trees: int) -> Nodes:
    """Where each tree's part begins, and where the last one ends, (trees + 1,); `tree` is sorted."""
    return np.searchsorted(tree, np.arange(trees + 1)).astype(np.uint32)


def _factors(z: Floats, t: Floats, w: Floats) -> Floats:
    """(2 + len(z), 2, q): first those of a column's first split, then `kernels.OUTSIDE`, then those by z'."""
    z = np.concatenate([[1.0, 1.0], z])[:, None]
    before = z + t * (1 - z)
    factors = np.stack([(1 - t) * z / before, w / (1 - t) / before], axis=1)
    factors[kernels.OUTSIDE, 0], factors[kernels.OUTSIDE, 1] = 1.0, 0.0
    return factors
