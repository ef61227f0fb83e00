"""Our trees as an ONNX graph, for `kernel_peer` alone: node by node the same, in single precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper


def graph(trees: Any) -> bytes:
    """A model with one input "x" (n, columns) and one output (n, 1), of the arrays that `benchmarks.kernels` keeps."""
    own = np.arange(len(trees["left"]))
    root, left = trees["root"].astype(np.int64), trees["left"].astype(np.int64)
    leaf = left == own
    tree = np.repeat(np.arange(len(root)), np.diff(np.append(root, len(left))))
    at = own - root[tree]
    below = np.where(leaf, 0, left - root[tree])
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["score"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="AVERAGE" if trees["averaged"] else "SUM",
        nodes_treeids=tree.tolist(),
        nodes_nodeids=at.tolist(),
        nodes_featureids=trees["feature"].tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values=np.where(leaf, 0.0, trees["threshold"]).tolist(),
        nodes_truenodeids=below.tolist(),
        nodes_falsenodeids=np.where(leaf, 0, below + 1).tolist(),
        target_treeids=tree[leaf].tolist(),
        target_nodeids=at[leaf].tolist(),
        target_ids=np.zeros(leaf.sum(), dtype=np.int64).tolist(),
        target_weights=trees["value"][leaf].tolist(),
    )
    single = onnx.TensorProto.FLOAT
    inner = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("x", single, [None, int(trees["columns"])])],
        [helper.make_tensor_value_info("score", single, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    return bytes(helper.make_model(inner, opset_imports=opsets, ir_version=9).SerializeToString())
