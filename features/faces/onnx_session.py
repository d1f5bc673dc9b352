"""ONNX networks of detectors: one thread, images of any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emotiw.core.errors import ConfigError, WeightsError

GRAPH, INITIALIZER, NAME_OF_INITIALIZER = 7, 5, 8  # numbers of fields in ONNX's own schema
INPUT, OUTPUT, VALUE_INFO = 11, 12, 13
NAME, TYPE, TENSOR, SHAPE = 1, 2, 1, 2
VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5  # wire types of protocol buffers


def open_session(
    path: Path,
    device: str = "cpu",
    *,
    named: str = "",
    outputs: Sequence[str] = (),
    any_size: bool = False,
) -> Any:
    """Return onnxruntime's session for a file.

    Args:
        path: the file.
        device: where it computes; a GPU only where onnxruntime's own package for it is installed.
        named: what the network is called, for messages.
        outputs: that it must have.
        any_size: take images of any size, whatever sizes the file states.

    Raises:
        ConfigError: if onnxruntime is missing.
        WeightsError: if the file is no ONNX network, or outputs are missing.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("detectors by ONNX file need the package onnxruntime") from error
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1  # the result can't depend on their number
    settings.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    on_gpu = "CUDAExecutionProvider"
    if device.startswith("cuda") and on_gpu in onnxruntime.get_available_providers():
        number = int(device.partition(":")[2] or 0)
        providers.insert(0, (on_gpu, {"device_id": number}))
    try:
        data = path.read_bytes()
        network = without_sizes(data) if any_size else data
        session = onnxruntime.InferenceSession(network, settings, providers=providers)
    except Exception as error:  # onnxruntime raises classes of its own for every kind
        raise WeightsError(f"{path}: no ONNX network ({error})") from error
    if missing := sorted(set(outputs) - {output.name for output in session.get_outputs()}):
        raise WeightsError(f"{path}: no {named}: outputs {', '.join(missing)} are missing")
    return session


def without_sizes(model: bytes) -> bytes:
    """Return an ONNX file that says nothing of the sizes of its inputs and outputs.

    Weights are no inputs any more either, so that the runtime may merge layers: half of the time.

    Raises:
        ValueError: if it is no such file.
    """
    parts = []
    for number, field in _fields(model):
        parts.append(_field(GRAPH, _graph(_payload(field))) if number == GRAPH else field)
    return b"".join(parts)


def _graph(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    weights = {
        _payload(field)
        for number, tensor in fields
        if number == INITIALIZER
        for inner, field in _fields(_payload(tensor))
        if inner == NAME_OF_INITIALIZER
    }
    parts = []
    for number, field in fields:
        if number in (INPUT, OUTPUT):
            value = _payload(field)
            name = next(_payload(part) for inner, part in _fields(value) if inner == NAME)
            if name not in weights:
                parts.append(_field(number, _without(value, TYPE, TENSOR, SHAPE)))
        elif number != VALUE_INFO:
            parts.append(field)
    return b"".join(parts)


def _without(message: bytes, *path: int) -> bytes:
    """Return a message without the field at the end of a path of numbers."""
    first, *rest = path
    parts = []
    for number, field in _fields(message):
        if number != first:
            parts.append(field)
        elif rest:
            parts.append(_field(number, _without(_payload(field), *rest)))
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number of every field of a message, and its bytes with number and length."""
    at = 0
    while at < len(message):
        tag, end = _varint(message, at)
        kind = tag & 7
        if kind == LENGTH:
            size, end = _varint(message, end)
            end += size
        elif kind == VARINT:
            _, end = _varint(message, end)
        elif kind in (FIXED_64, FIXED_32):
            end += 8 if kind == FIXED_64 else 4
        else:
            raise ValueError("not a protocol buffer")
        if end > len(message):
            raise ValueError("a protocol buffer that was cut off")
        yield tag >> 3, message[at:end]
        at = end


def _payload(field: bytes) -> bytes:
    _, at = _varint(field, 0)
    size, begin = _varint(field, at)
    return field[begin : begin + size]


def _field(number: int, payload: bytes) -> bytes:
    return _as_varint(number << 3 | LENGTH) + _as_varint(len(payload)) + payload


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("not a protocol buffer")
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _as_varint(value: int) -> bytes:
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
