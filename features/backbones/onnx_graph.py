"""A network written as an ONNX graph, a layer at a time: who runs it need not import torch.

That import takes longer than a network this small does for a whole clip, and most of a process's
memory. Weights keep the names that they have in the network's own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import WeightsError
from features.backbones.onnx_session import open_session

Floats = npt.NDArray[np.float32]
EPSILON = 1e-5  # of normalisation over batches, as torch has it
COUNT = ".num_batches_tracked"  # of training alone
OPSET, FORMAT = 17, 8  # understood by onnxruntime from 1.13 on


class OnnxGraph:
    """Collects layers; each takes and returns the name of what is computed.

    Args:
        weights: the network's arrays by name.
        named: what the network is called, for messages.

    Examples:
        >>> graph = OnnxGraph({"sum.weight": np.ones((1, 2), np.float32)}, "a sum")
        >>> outputs = {"sum": graph.linear("input", "sum")}
        >>> session = graph.session((2,), outputs)
        >>> session.run(["sum"], {"input": np.array([[1, 2], [3, 4]], np.float32)})[0].tolist()
        [[3.0], [7.0]]
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[Any]], named: str) -> None:
        self._weights, self._named = weights, named
        self._constants: dict[str, npt.NDArray[Any]] = {}
        self._nodes: list[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation of ONNX with one output."""
        from onnx import helper

        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def has(self, name: str) -> bool:
        """Return whether there is a weight of this name."""
        return name in self._weights

    def held(self, name: str, like: Sequence[int] | None = None) -> str:
        """Take a weight as it is, or in another shape.

        Raises:
            WeightsError: if there is none of this name.
        """
        if not self.has(name):
            raise WeightsError(f"{self._named}: weights don't fit: {name} is missing")
        value = np.asarray(self._weights[name], np.float32)
        self._constants[name] = value if like is None else value.reshape(like)
        return name

    def constant(self, value: float) -> str:
        """Take a number."""
        self._constants[str(value)] = np.array(value, np.float32)
        return str(value)

    def conv(self, x: str, name: str, *, stride: int = 1, padding: int = 0) -> str:
        """Add a convolution, with its bias where it has one."""
        told = {"strides": [stride] * 2, "pads": [padding] * 4}
        return self.op("Conv", x, self.held(f"{name}.weight"), *self._bias(name), **told)

    def linear(self, x: str, name: str) -> str:
        """Add a matrix product, with its bias where it has one."""
        return self.op("Gemm", x, self.held(f"{name}.weight"), *self._bias(name), transB=1)

    def norm(self, x: str, name: str) -> str:
        """Add a normalisation over batches, as training left it."""
        parts = (f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var"))
        return self.op("BatchNormalization", x, *map(self.held, parts), epsilon=EPSILON)

    def prelu(self, x: str, name: str, n_places: int = 0) -> str:
        """Add a rectifier that learnt the slope below 0; channels come before so many places."""
        slope = self.held(f"{name}.weight", (-1, *[1] * n_places))
        return self.op("PRelu", x, slope)

    def largest(self, x: str, side: int = 2, stride: int = 2) -> str:
        """Add the largest of squares; what goes beyond the edge counts where it lies inside."""
        told = {"kernel_shape": [side] * 2, "strides": [stride] * 2}
        return self.op("MaxPool", x, ceil_mode=1, **told)

    def mean(self, x: str) -> str:
        """Add the mean of 2×2 squares; what goes beyond the edge counts where it lies inside."""
        return self.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)

    def session(self, shape: Sequence[int], outputs: Mapping[str, str], device: str = "cpu") -> Any:
        """Return onnxruntime's session of all layers, from ``input`` to outputs by name.

        Args:
            shape: of one input, without the batch.
            outputs: what computes each of them.
            device: where it computes, as :func:`open_session` takes it.

        Raises:
            WeightsError: if layers and weights don't go together.
        """
        from onnx import TensorProto, helper, numpy_helper

        left_over = {n for n in self._weights if not n.endswith(COUNT)} - self._constants.keys()
        if left_over:
            told = f"weights don't fit: {sorted(left_over)[:3]} left over"
            raise WeightsError(f"{self._named}: {told}")
        ends = [helper.make_node("Identity", [of], [name]) for name, of in outputs.items()]
        graph = helper.make_graph(
            [*self._nodes, *ends],
            "network",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=FORMAT)
        return open_session(model.SerializeToString(), device, named=self._named)

    def _bias(self, name: str) -> list[str]:
        return [self.held(f"{name}.bias")] if self.has(f"{name}.bias") else []
