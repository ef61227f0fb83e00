"""The compiled loops: score rows through trees, and share a score out among its columns exactly.

Both work on trees laid out level by level, the children of a node side by side, so that a parent always comes before
its children and the right child is the left one plus one. A leaf is its own left child below an infinite threshold,
so that every row can take the same number of steps without asking. Node indices are unsigned: with signed ones numba
must test for wrap-around, which costs half the speed. Inputs are float32, because scikit-learn compares in float32.

**Reasons.** Path-dependent TreeSHAP is a sum over leaves of product games. In the game of a leaf with value v, column j
takes part by the factor o_j where it is known (1 where x satisfies every split on j along the path, else 0) and by
z_j where it is not (the product of the cover shares of those splits). Its Shapley value is

    phi_j = v (o_j - z_j) * integral over t in [0, 1] of the product over k != j of (z_k + t (o_k - z_k)),

a polynomial in t whose degree is below the number of columns on the path, so Gauss-Legendre quadrature with half as
many nodes is exact. The products are carried down a tree as G[q] at each quadrature node, the leaves' v G[q] are summed
on the way up as H[q], and an edge on column j adds (psi(o, z) - psi(o', z')) H[q], where o', z' are those of the
previous split on j above it (1 and 1 where there is none) and psi_q(o, z) = w_q (o - z) / (z + t_q (o - z)).
As o is 0 or 1, all these quotients depend on the tree alone and are tabled once, in `models_registry.learning.trees`;
and where x had already left the path's splits on j (o' = 0) both psi agree and the edge adds nothing. No path is ever
unwound: the work is linear in the nodes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
Nodes = NDArray[np.uint32]

BLOCK = 64
"""Rows that go through a tree together: their inputs and states stay in the first-level cache."""

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compiled on first use, kept on disk, and free of the interpreter's lock while it runs."""
    # Sums may be reordered and fused; NaN and infinities keep their meaning.
    compile_ = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
    return cast("Function", compile_(function))


def _inlined(function: Function) -> Function:
    """Part of a compiled loop: what is constant there is constant here."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


@_compiled
def walk(  # noqa: PLR0917 - the kernels take bare arrays
    x: Matrix,
    feature: Nodes,
    threshold: Matrix,
    left: Nodes,
    value: Floats,
    root: Nodes,
    depth: Nodes,
    group: Nodes,
    sums: Floats,
    squares: Floats,
) -> None:
    """Adds each tree's value to its group's column of `sums` (n, groups), and its square to `squares` (n,)."""
    n = np.uint32(len(x))
    at = np.empty(BLOCK, dtype=np.uint32)
    for start in range(np.uint32(0), n, np.uint32(BLOCK)):
        rows = min(np.uint32(BLOCK), n - start)
        for tree in range(len(root)):
            for row in range(rows):
                at[row] = root[tree]
            for _ in range(depth[tree]):
                for row in range(rows):
                    node = at[row]
                    at[row] = left[node] + np.uint32(x[start + row, feature[node]] > threshold[node])
            for row in range(rows):
                leaf = value[at[row]]
                sums[start + row, group[tree]] += leaf
                squares[start + row] += leaf * leaf


@_inlined
def _end(root: Nodes, tree: int, nodes: int) -> np.uint32:
    """The node after the tree's last."""
    return root[tree + 1] if tree + 1 < len(root) else np.uint32(nodes)


@_compiled
def paths(  # noqa: PLR0917 - the kernels take bare arrays
    feature: Nodes,
    left: Nodes,
    cover: Floats,
    root: Nodes,
    known: Floats,
    share: Floats,
    previous: Nodes,
    columns_above: Nodes,
) -> None:
    """Fills in, for each node, what its path from the root says of its splits, whatever the row.

    `share` is the node's part of its parent's cover; `previous`, for a node that splits, the nearest node at or above
    it that hangs on a split on the same column (the root where there is none); `known`, for a node that hangs on a
    split, the product of the shares on that column's splits down to it; `columns_above` how many columns are split
    above it.
    """
    parent = np.zeros(len(feature), dtype=np.uint32)
    for tree in range(len(root)):
        start = root[tree]
        for node in range(start, _end(root, tree, len(feature))):
            child = left[node]
            if child == node:
                continue
            above = np.uint32(node)
            while above != start and feature[parent[above]] != feature[node]:
                above = parent[above]
            previous[node] = above
            for each in range(child, child + np.uint32(2)):
                parent[each] = node
                share[each] = cover[each] / cover[node]
                known[each] = share[each] * (known[above] if above != start else 1.0)
                columns_above[each] = columns_above[node] + np.uint32(above == start)


@_inlined
def _down(  # noqa: PLR0917 - the kernels take bare arrays
    here: np.uint32,
    taken: np.uint32,
    other: np.uint32,
    start: np.uint32,
    quadrature: int,
    was_inside: int,
    share: Floats,
    hot: Floats,
    cold: Floats,
    g: Floats,
) -> None:
    """From the products at a node to those at its children; x goes to `taken`."""
    into, beside = taken - start, other - start
    if was_inside:
        for q in range(quadrature):
            g[into, q] = g[here, q] * hot[taken, 0, q]
            g[beside, q] = g[here, q] * cold[here + start, 0, q] * share[other]
    else:
        for q in range(quadrature):
            g[into, q] = g[here, q] * share[taken]
            g[beside, q] = g[here, q] * share[other]


@_inlined
def _up(  # noqa: PLR0917 - the kernels take bare arrays
    here: np.uint32,
    taken: np.uint32,
    other: np.uint32,
    start: np.uint32,
    quadrature: int,
    hot: Floats,
    cold: Floats,
    g: Floats,
) -> float:
    """From the sums at the children to that at their node, and what their edges add to phi."""
    into, beside = taken - start, other - start
    total = 0.0
    for q in range(quadrature):
        total += g[into, q] * hot[taken, 1, q] + g[beside, q] * cold[here + start, 1, q]
        g[here, q] = g[into, q] + g[beside, q]
    return total


@functools.lru_cache
def reasons_kernel(nodes: int) -> Callable[..., None]:  # noqa: C901 - one loop down a tree and one up
    """The reasons loop for so many quadrature nodes: a number fixed when it is compiled, so that it vectorises."""
    quadrature = nodes

    def reasons(  # noqa: PLR0917 - the kernels take bare arrays
        x: Matrix,
        feature: Nodes,
        threshold: Matrix,
        left: Nodes,
        value: Floats,
        root: Nodes,
        previous: Nodes,
        share: Floats,
        hot: Floats,
        cold: Floats,
        largest: int,
        phi: Floats,
    ) -> None:
        """Adds each column's part of the sum over trees to `phi` (n, columns). `largest`: nodes of the largest tree.

        hot[child] are the factors of G and the terms of phi (2, q) where x goes to that child, cold[node] those of the
        other child, the factor still to be multiplied by its share.
        """
        g = np.empty((largest, quadrature))
        inside = np.zeros(largest, dtype=np.uint8)  # whether x satisfies this column's splits down to the node
        for tree in range(len(root)):
            start, end = root[tree], _end(root, tree, len(feature))
            for row in range(len(x)):
                g[0, :] = 1.0
                inside[0] = 1
                for node in range(start, end):
                    child = left[node]
                    if child == node:
                        for q in range(quadrature):
                            g[node - start, q] *= value[node]
                        continue
                    right = np.uint32(x[row, feature[node]] > threshold[node])
                    taken, other = child + right, child + np.uint32(1) - right
                    was_inside = inside[previous[node] - start]
                    inside[taken - start], inside[other - start] = was_inside, 0
                    _down(node - start, taken, other, start, quadrature, was_inside, share, hot, cold, g)
                for back in range(end - start):
                    last = end - np.uint32(1) - np.uint32(back)
                    child = left[last]
                    if child == last:
                        continue
                    if inside[previous[last] - start]:
                        right = np.uint32(inside[child - start] == 0)
                        taken, other = child + right, child + np.uint32(1) - right
                        phi[row, feature[last]] += _up(last - start, taken, other, start, quadrature, hot, cold, g)
                    else:
                        below = child - start
                        for q in range(quadrature):
                            g[last - start, q] = g[below, q] + g[below + np.uint32(1), q]

    return _compiled(reasons)
