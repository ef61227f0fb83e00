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
many nodes t_q, w_q is exact. At each of them the products along the path are carried down the tree as G, and the
leaves' values, weighed by the factors below, up as U. At a split on column j let z be the share of the child that x
does not go to, and z' the product of the shares of the splits on j above (1 where there are none). As o is 0 or 1, the
quotients of the products cancel, and with e = (1 - t) z z' / (z' + t (1 - z')) what is left is

    G[other] = e G,    G[taken] = G - G[other],    U = U[taken] - e (U[taken] - U[other]),

and column j gains the sum over q of w / (1 - t) / (z' + t (1 - z')) e G (U[taken] - U[other]). Where x had left the
path's splits on j already, e = z and column j gains nothing. No path is ever unwound: the work is linear in the nodes,
and all that is read of a split but for the row is its column, threshold and shares.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning.lanes import less, load, spread, store, times, total, width_of, zeros

Nodes = NDArray[np.uint32]

OUTSIDE = 1
"""Where among the factors those are of a split on a column whose splits above x does not satisfy."""
BLOCK = 128
"""Rows that go through a tree together: their inputs and states stay in the first-level cache."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled on first use, kept on disk, and free of the interpreter's lock while it runs."""
    # Sums may be reordered and fused; NaN and infinities keep their meaning.
    compile_ = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
    return cast("Function", compile_(function))


def inlined(function: Function) -> Function:
    """Part of a compiled loop: what is constant there is constant here."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


@compiled
def bags(  # noqa: PLR0917 - the kernels take bare arrays
    x: Matrix,
    feature: Nodes,
    threshold: Matrix,
    left: Nodes,
    value: Floats,
    root: Nodes,
    depth: Nodes,
    group: Nodes,
    size: Floats,
    spare: int,
    score: Floats,
    within: Floats,
) -> None:
    """Adds each tree's value to its group's column of `score` (n, groups), and its square to `within` (n,).

    Where `spare` is not 0, these become the groups' means (of `size` trees each), and the variance within them with so
    many degrees of freedom, divided by the mean size.
    """
    n, usual = np.uint32(len(x)), size.mean()
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
                score[start + row, group[tree]] += leaf
                within[start + row] += leaf * leaf
        if spare:
            for row in range(start, start + rows):
                for bag in range(len(size)):
                    within[row] -= score[row, bag] * score[row, bag] / size[bag]
                    score[row, bag] /= size[bag]
                within[row] = max(within[row], 0.0) / spare / usual


@inlined
def _end(root: Nodes, tree: int, nodes: int) -> np.uint32:
    """The node after the tree's last."""
    return root[tree + 1] if tree + 1 < len(root) else np.uint32(nodes)


@compiled
def paths(  # noqa: PLR0917 - the kernels take bare arrays
    feature: Nodes,
    left: Nodes,
    cover: Floats,
    root: Nodes,
    known: Floats,
    share: Floats,
    reach: Floats,
    previous: Nodes,
    columns_above: Nodes,
) -> None:
    """Fills in, for each node, what its path from the root says of its splits, whatever the row.

    `share` is the node's part of its own and its sibling's cover, so that they sum to 1 though libraries round covers;
    `reach` the product of the shares down to it; `previous`, for a node that splits, the nearest node at or above it
    that hangs on a split on the same column (the root where there is none); `known`, for a node that hangs on a split,
    the product of the shares on that column's splits down to it; `columns_above` how many columns are split above it.
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
                share[each] = cover[each] / (cover[child] + cover[child + np.uint32(1)])
                reach[each] = reach[node] * share[each]
                known[each] = share[each] * (known[above] if above != start else 1.0)
                columns_above[each] = columns_above[node] + np.uint32(above == start)


@inlined
def _share(  # noqa: PLR0917 - the kernels take bare arrays
    like: Any, share: Floats, factors: Floats, at: Any, other: Any, line: Any
) -> Any:
    """e of a split, at each quadrature node; `like` has as many lanes as there are such nodes."""
    return times(spread(like, share[at, other]), load(like, factors, line * np.uint64(2) * width_of(like)))


@inlined
def _gain(  # noqa: PLR0917 - the kernels take bare arrays
    like: Any, factors: Floats, g: Floats, slot: Any, line: Any, difference: Any
) -> Any:
    """What the split's column gains; `difference` is e (U[taken] - U[other])."""
    weight = load(like, factors, (line * np.uint64(2) + np.uint64(1)) * width_of(like))
    return total(times(times(weight, load(like, g, slot * width_of(like))), difference))


@functools.lru_cache
def reasons_kernel(nodes: int) -> Callable[..., None]:
    """The reasons loop for so many quadrature nodes: a number fixed when it is compiled, so that they run at once.

    It may refer to nothing but this number from here: by anything else numba would not know it again on disk.
    """
    q = nodes

    def reasons(  # noqa: PLR0917 - the kernels take bare arrays
        x: Matrix,
        first: Nodes,
        boughs: Nodes,
        first_lone: Nodes,
        feature: Nodes,
        threshold: Matrix,
        share: Floats,
        above: Nodes,
        line: Nodes,
        child: Nodes,
        value: Floats,
        lone: Floats,
        factors: Floats,
        largest: int,
        phi: Floats,
    ) -> None:
        """Adds each column's part of the sum over trees to `phi` (n, columns). The arrays are those of `layout`."""
        one, width, like = np.uint64(1), np.uint64(q), zeros(q)
        g, u = np.ones(largest * q), np.empty(largest * q)
        inside = np.ones(largest, dtype=np.uint8)  # whether x satisfies this column's splits down to the slot
        went, by = np.empty(largest, dtype=np.uint8), np.empty(largest, dtype=np.uint32)
        for tree in range(np.uint64(len(boughs))):
            start, n = np.uint64(first[tree]), np.uint64(boughs[tree])
            splits = np.uint64(first[tree + 1]) - start
            for leaf in range(np.uint64(first_lone[tree]), np.uint64(first_lone[tree + 1])):
                store(u, (splits + leaf - np.uint64(first_lone[tree])) * width, spread(like, lone[leaf]))
            for row in range(np.uint64(len(x))):
                for slot in range(n):
                    at = start + slot
                    right = np.uint64(x[row, feature[at]] > threshold[at])
                    was_inside = inside[above[at]]
                    went[slot], by[slot] = right, line[at] if was_inside else np.uint32(OUTSIDE)
                    taken, other = np.uint64(child[at, right]), np.uint64(child[at, one - right])
                    inside[taken], inside[other] = was_inside, 0
                    here = load(like, g, slot * width)
                    beside = times(here, _share(like, share, factors, at, one - right, np.uint64(by[slot])))
                    store(g, other * width, beside)
                    store(g, taken * width, less(here, beside))
                for slot in range(n, splits):
                    at = start + slot
                    right = np.uint64(x[row, feature[at]] > threshold[at])
                    own = np.uint64(line[at] if inside[above[at]] else np.uint32(OUTSIDE))
                    leap = spread(like, value[at, right] - value[at, one - right])
                    difference = times(_share(like, share, factors, at, one - right, own), leap)
                    store(u, slot * width, less(spread(like, value[at, right]), difference))
                    phi[row, feature[at]] += _gain(like, factors, g, slot, own, difference)
                for back in range(n):
                    slot = n - one - back  # type: ignore[assignment]
                    at, right = start + slot, np.uint64(went[slot])
                    own = np.uint64(by[slot])
                    above_taken = load(like, u, np.uint64(child[at, right]) * width)
                    leap_up = less(above_taken, load(like, u, np.uint64(child[at, one - right]) * width))
                    difference = times(_share(like, share, factors, at, one - right, own), leap_up)
                    store(u, slot * width, less(above_taken, difference))
                    phi[row, feature[at]] += _gain(like, factors, g, slot, own, difference)

    return compiled(reasons)
