"""MTCNN's last network in ONNX, layer for layer as ``ONet`` of `mtcnn_networks`."""

from __future__ import annotations

from typing import Any

from emotiw.core.kept_arrays import arrays_of
from emotiw.core.weights import read_card
from features.backbones.onnx_graph import OnnxGraph

OUTPUTS = ("moves", "points", "odds")


def onet_session(device: str = "cpu") -> Any:
    """Return onnxruntime's session of the O-Net in facenet-pytorch's wheel.

    It takes ``input``, ``(batch, 3, 48, 48)`` RGB, about -1 to 1, and gives ``moves`` of the box
    ``(batch, 4)``, ``points`` ``(batch, 10)``, all x first, and ``odds`` of a face ``(batch, 2)``.

    Raises:
        WeightsError: if the package is not installed, or damaged.
    """
    graph = OnnxGraph(arrays_of(read_card("mtcnn_onet")), "MTCNN's O-Net")
    x = "input"
    for number, pooled_side in enumerate((3, 3, 2, 0), 1):
        x = graph.prelu(graph.conv(x, f"conv{number}"), f"prelu{number}", n_places=2)
        x = graph.largest(x, pooled_side) if pooled_side else x
    # columns first, as the weights were when they were ported
    x = graph.op("Flatten", graph.op("Transpose", x, perm=[0, 3, 2, 1]))
    x = graph.prelu(graph.linear(x, "dense5"), "prelu5")
    odds = graph.op("Softmax", graph.linear(x, "dense6_1"), axis=1)
    ends = (graph.linear(x, "dense6_2"), graph.linear(x, "dense6_3"), odds)
    outputs = dict(zip(OUTPUTS, ends, strict=True))
    return graph.session((3, 48, 48), outputs, device)
