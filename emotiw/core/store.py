"""Artifacts kept by what they were made from: same clip, same options, same file."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import TableError
from emotiw.core.files import atomic_file, atomic_write, sha256_of

Tensors = Mapping[str, npt.NDArray[np.generic]]
METADATA = "emotiw"
BLOCK = 1 << 24  # bytes
DTYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
    "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64",
    "float16": "F16", "float32": "F32", "float64": "F64",
}  # fmt: skip


def artifact_key(
    stage: str,
    *,
    version: str,
    content: str,
    options: Mapping[str, Any],
    weights: str = "",
) -> str:
    """Return the name of an artifact: a hash of everything that its bytes depend on.

    Args:
        stage: the stage or extractor.
        version: raised by an extractor whenever its results change.
        content: the sha256 of what goes in: a clip's bytes, or the key of an earlier artifact.
        options: the options that affect the result; workers, batch size and device stay out.
            Anything JSON can hold, paths and sets.
        weights: the sha256 of the network's weights, where there is a network.

    Examples:
        >>> a = artifact_key("faces", version="1", content="00", options={"x": 1, "y": 2})
        >>> b = artifact_key("faces", version="1", content="00", options={"y": 2, "x": 1})
        >>> c = artifact_key("faces", version="1", content="00", options={"x": 1, "y": 3})
        >>> a == b, a == c, len(a)
        (True, False, 64)
    """
    text = json.dumps(options, sort_keys=True, default=_plain)
    parts = [stage, version, content, weights, text]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _plain(value: object) -> object:
    # nothing whose text may differ from run to run: the order of a set, the address of an object
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"an option of {type(value).__name__} can't be part of an artifact's key")


class Store:
    """A folder of safetensors files named by :func:`artifact_key`, safe to share between runs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, stage: str, key: str) -> Path:
        """Return where the artifact of that key is, or would be."""
        return self.root / stage / key[:2] / f"{key}.safetensors"

    def has(self, stage: str, key: str) -> bool:
        """Return whether a whole artifact of that key is there; a damaged one counts as absent."""
        path = self.path(stage, key)
        try:
            with path.open("rb") as file:
                header_size = int.from_bytes(file.read(8), "little")
                if header_size > path.stat().st_size:
                    return False
                header = json.loads(file.read(header_size))
            entries = [entry for name, entry in header.items() if name != "__metadata__"]
            ends = [int(entry["data_offsets"][1]) for entry in entries]
        except (OSError, ValueError, AttributeError, LookupError, TypeError):
            return False
        return path.stat().st_size == 8 + header_size + max(ends, default=0)

    def write(self, stage: str, key: str, tensors: Tensors, metadata: Mapping[str, Any]) -> Path:
        """Write an artifact whole or not at all; same input, same bytes.

        Args:
            metadata: anything JSON can hold that is the same on every run (no clock, no host).
        """
        path = self.path(stage, key)
        text = json.dumps(metadata, sort_keys=True, ensure_ascii=False)
        # not ascontiguousarray: it makes a row out of a single number
        contiguous = {
            name: np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
            for name, array in tensors.items()
        }
        # one metadata entry: safetensors doesn't keep the order of several
        with atomic_file(path) as partial:  # array by array: they may be larger than the memory
            _write_safetensors(partial, contiguous, {METADATA: text})
        return path

    def read(self, stage: str, key: str) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays of an artifact.

        Raises:
            TableError: if it is missing or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.path(stage, key)
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise TableError(f"{path}: artifact missing or damaged ({error})") from error

    def metadata(self, stage: str, key: str) -> dict[str, Any]:
        """Return what was noted when the artifact was written, without reading its arrays.

        Raises:
            TableError: if it is missing or damaged.
        """
        from safetensors import SafetensorError, safe_open

        path = self.path(stage, key)
        try:
            with safe_open(path, framework="numpy") as file:
                noted: dict[str, Any] = json.loads((file.metadata() or {}).get(METADATA, "{}"))
                return noted
        except (OSError, SafetensorError, ValueError) as error:
            raise TableError(f"{path}: artifact missing or damaged ({error})") from error


def _write_safetensors(path: Path, tensors: Tensors, metadata: Mapping[str, str]) -> None:
    # as safetensors does it, but a mapped file doesn't stay in memory once it is copied
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    end = 0
    for name in order:
        array = tensors[name]
        begin, end = end, end + array.nbytes
        code = DTYPES[array.dtype.name]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            flat = tensors[name].reshape(-1).view(np.uint8)
            mapping = getattr(tensors[name], "_mmap", None) or getattr(
                tensors[name].base, "_mmap", None
            )
            for begin in range(0, len(flat), BLOCK):
                file.write(flat[begin : begin + BLOCK].data)
                if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
                    mapping.madvise(mmap.MADV_DONTNEED)


class ContentHashes:
    """The sha256 of clips, remembered between runs by path, size and time of change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        entries = known.items() if isinstance(known, dict) else ()
        self._known = {n: e for n, e in entries if isinstance(e, list) and len(e) == 3}
        self._is_changed = False

    def of(self, file: Path) -> str:
        """Return the sha256 of a file, reading it only if it is new or has changed."""
        stat = file.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
        name = str(file.resolve())
        entry = self._known.get(name)
        if entry is not None and entry[:2] == stamp:
            return str(entry[2])
        digest = sha256_of(file)
        self._known[name] = [*stamp, digest]
        self._is_changed = True
        return digest

    def save(self) -> None:
        """Keep what was learned for the next run."""
        if self._is_changed:
            atomic_write(self._path, json.dumps(self._known, indent=0, sort_keys=True).encode())
            self._is_changed = False
