"""onnxruntime's sessions of networks in ONNX, for images of any size where asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotiw.core.errors import ConfigError, WeightsError


def open_session(
    model: Path | bytes,
    device: str = "cpu",
    *,
    named: str = "",
    outputs: Sequence[str] = (),
    any_size: bool = False,
    n_threads: int = 1,
) -> Any:
    """Return onnxruntime's session for a network.

    Args:
        model: its file, or what would be in it.
        device: where it computes; a GPU only where onnxruntime's own package for it is installed.
        named: what the network is called, for messages.
        outputs: that it must have.
        any_size: take images of any size, whatever sizes the file states.
        n_threads: of its arithmetic; with one, the result can't depend on their number.

    Raises:
        ConfigError: if onnxruntime is missing.
        WeightsError: if it is no ONNX network, or outputs are missing.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("networks in ONNX need the package onnxruntime") from error
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = n_threads
    settings.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    on_gpu = "CUDAExecutionProvider"
    if device.startswith("cuda") and on_gpu in onnxruntime.get_available_providers():
        number = int(device.partition(":")[2] or 0)
        providers.insert(0, (on_gpu, {"device_id": number}))
    place = str(model) if isinstance(model, Path) else named
    try:
        data = model.read_bytes() if isinstance(model, Path) else model
        network = without_sizes(data) if any_size else data
        session = onnxruntime.InferenceSession(network, settings, providers=providers)
    except Exception as error:  # onnxruntime raises classes of its own for every kind
        raise WeightsError(f"{place}: no ONNX network ({error})") from error
    if missing := sorted(set(outputs) - {output.name for output in session.get_outputs()}):
        raise WeightsError(f"{place}: no {named}: outputs {', '.join(missing)} are missing")
    return session


def without_sizes(model: bytes) -> bytes:
    """Return an ONNX file that says nothing of the sizes of its inputs and outputs.

    Weights are no inputs any more either, so that the runtime may merge layers: half of the time.

    Raises:
        google.protobuf.message.DecodeError: if it is no such file.
    """
    import onnx

    network = onnx.load_model_from_string(model)
    graph = network.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    for value in (*inputs, *graph.output):
        value.type.tensor_type.ClearField("shape")
    del graph.input[:], graph.value_info[:]
    graph.input.extend(inputs)
    return bytes(network.SerializeToString())
