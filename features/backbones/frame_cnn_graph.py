"""The frame CNN in ONNX, layer for layer as in `frame_cnn`."""

from __future__ import annotations

from collections.abc import Sequence

from features.backbones.onnx_graph import OnnxGraph

IN_WEIGHTS = {"stem", "embedding", "dropout"}  # options that need not be told once it has learnt
FLAT = 0.01  # added to the spread of an image


def draw_frame_cnn(
    graph: OnnxGraph,
    x: str,
    prefix: str = "",
    *,
    widths: Sequence[int] = (48, 96, 192),
    depth: int = 1,
    pooled: bool = False,
    **told: object,
) -> str:
    """Add a frame CNN up to its embedding, and return that.

    Args:
        graph: to add to; it knows the weights.
        x: ``(batch, 1, side, side)`` faces in [0, 1].
        prefix: of the names of its weights.
        widths: as the network was told; so are the others.
        depth: residual blocks at each width.
        pooled: whether resolution is halved by maxima.
        told: what shows in the weights themselves.

    Raises:
        TypeError: if there is no such option.
    """
    if unknown := sorted(told.keys() - IN_WEIGHTS):
        raise TypeError(f"frame_cnn has no option {', '.join(unknown)}")
    x = graph.op(
        "Relu",
        graph.norm(graph.conv(_even(graph, x), f"{prefix}stem.0", padding=1), f"{prefix}stem.1"),
    )
    x = graph.largest(x) if pooled else x
    for place in range(len(widths) * depth):
        halves = (place + 1) % depth == 0
        x = _block(graph, x, f"{prefix}blocks.{place}", halves=halves, pooled=pooled)
    x = graph.linear(graph.op("Flatten", x), f"{prefix}project")
    return graph.op("Relu", graph.norm(x, f"{prefix}norm"))


def _block(graph: OnnxGraph, x: str, name: str, *, halves: bool, pooled: bool) -> str:
    strides = halves and not pooled
    y = graph.conv(x, f"{name}.conv1", stride=2 if strides else 1, padding=1)
    y = graph.op("Relu", graph.norm(y, f"{name}.norm1"))
    y = graph.norm(graph.conv(y, f"{name}.conv2", padding=1), f"{name}.norm2")
    x = graph.mean(x) if strides else x
    if graph.has(f"{name}.shortcut.weight"):
        x = graph.norm(graph.conv(x, f"{name}.shortcut"), f"{name}.shortcut_norm")
    x = graph.op("Relu", graph.op("Add", y, x))
    return graph.largest(x) if halves and pooled else x


def _even(graph: OnnxGraph, x: str) -> str:
    centred = graph.op("Sub", x, graph.op("ReduceMean", x, axes=[1, 2, 3]))
    squares = graph.op("ReduceMean", graph.op("Mul", centred, centred), axes=[1, 2, 3])
    spread = graph.op("Add", graph.op("Sqrt", squares), graph.constant(FLAT))
    return graph.op("Div", centred, spread)
