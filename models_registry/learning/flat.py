"""Any library's trees as flat arrays: nodes level by level, the children of a node side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats, Matrix
from models_registry.learning.raw import Link
from models_registry.learning.trees import TreeEnsemble

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class FlatTree:
    """One tree as `TreeEnsemble` holds it, its nodes numbered from 0."""

    feature: Indices
    threshold: Matrix
    left: Indices
    value: Floats
    cover: Floats

    @classmethod
    def of(  # noqa: PLR0917 - arrays of the same nodes, as the class holds them
        cls, feature: Indices, threshold: Matrix, left: Indices, right: Indices, value: Floats, cover: Floats
    ) -> Self:
        """From nodes in any order, the root first; rows at or below the threshold go left; a leaf's `left` is -1."""
        order, new_left = _by_level(left, right)
        leaf = left[order] < 0
        return cls(
            np.where(leaf, 0, feature[order]),
            np.where(leaf, np.float32(np.inf), threshold[order]),
            new_left,
            value[order],
            cover[order],
        )

    @classmethod
    def leaf(cls, value: float) -> Self:
        """A tree that says the same of every row."""
        nothing = np.zeros(1, dtype=np.int64)
        return cls(nothing, np.array([np.inf], dtype=np.float32), nothing, np.array([value]), np.ones(1))

    def raised(self, by: float) -> Self:
        """The tree that says so much more of every row."""
        return replace(self, value=self.value + by)


def joined(trees: Sequence[FlatTree], group: Sequence[int], columns: int, link: Link = Link.IDENTITY) -> TreeEnsemble:
    """The trees as one ensemble; `group` is the little bag of each."""
    sizes = [len(tree.left) for tree in trees]
    root = np.cumsum([0, *sizes[:-1]])
    return TreeEnsemble(
        columns=columns,
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.uint32),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float32),
        left=np.concatenate([tree.left + start for tree, start in zip(trees, root, strict=True)]).astype(np.uint32),
        value=np.concatenate([tree.value for tree in trees]),
        cover=np.concatenate([tree.cover for tree in trees]),
        root=root.astype(np.uint32),
        group=np.array(group, dtype=np.uint32),
        link=link,
    )


def float32_below(threshold: Floats) -> Matrix:
    """The largest float32 not above each threshold: a float32 is at or below both, or neither."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def strictly_below(threshold: Matrix) -> Matrix:
    """The largest normal float32 below each: for trees that send a row left only where it is smaller."""
    below = np.nextafter(threshold, np.float32(-np.inf))
    tiny = np.finfo(np.float32).tiny
    # Below 0 comes a number so small that a processor may take it for 0.
    return np.where((below < 0) & (below > -tiny), -tiny, below).astype(np.float32)


def from_lightgbm(booster: Any, cover: str = "count") -> list[FlatTree]:
    """The trees of a LightGBM booster; their sum is its raw score. Nodes are covered by rows, or by "weight"."""
    return [_from_lightgbm_node(tree["tree_structure"], cover) for tree in booster.dump_model()["tree_info"]]


def _from_lightgbm_node(root: dict[str, Any], cover: str) -> FlatTree:
    if "leaf_value" in root:
        return FlatTree.leaf(float(root["leaf_value"]))
    nodes = [root]
    children: list[tuple[int, int]] = []
    for node in nodes:
        inner = "left_child" in node
        children.append((len(nodes), len(nodes) + 1) if inner else (-1, -1))
        if inner:
            nodes += [node["left_child"], node["right_child"]]
    left, right = np.array(children, dtype=np.int64).T
    return FlatTree.of(
        np.array([node.get("split_feature", 0) for node in nodes], dtype=np.int64),
        float32_below(np.array([node.get("threshold", 0.0) for node in nodes])),
        left,
        right,
        np.array([node.get("leaf_value", node.get("internal_value", 0.0)) for node in nodes]),
        np.array([node.get(f"leaf_{cover}", node.get(f"internal_{cover}", 1)) for node in nodes], dtype=np.float64),
    )


def _by_level(left: Indices, right: Indices) -> tuple[Indices, Indices]:
    """The old number of each new node, and the new number of its left child (its own where it is a leaf)."""
    levels, children, done = [np.zeros(1, dtype=np.int64)], [], 0
    while len(levels[-1]):
        here = levels[-1]
        inner = left[here] >= 0
        first_below = done + len(here)
        new_left = np.where(inner, first_below + 2 * (np.cumsum(inner) - 1), done + np.arange(len(here)))
        children.append(new_left)
        levels.append(np.column_stack([left[here][inner], right[here][inner]]).ravel())
        done = first_below
    return np.concatenate(levels), np.concatenate(children)
