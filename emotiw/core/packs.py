"""Files of artifacts, each with a checksum of its own; one format for one of them and thousands.

A pack is a safetensors file, which any program opens, of five tensors: ``keys`` (64 bytes each),
``checks``, ``ends``, ``notes`` and ``data``. What an artifact holds stands in its note, as JSON.
A list of tensors by name in the header would take more room than small arrays do, and all of it
would have to be parsed to find one of them; here a search reads 64 bytes an artifact. A flipped bit
costs the artifact that it hits, since each is checked alone.

Artifacts that earlier versions wrote are plain safetensors files without a checksum.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import DamagedArtifactError
from emotiw.core.files import atomic_file

Tensors = Mapping[str, npt.NDArray[np.generic]]
Arrays = dict[str, npt.NDArray[np.generic]]
METADATA = "emotiw"
BLOCK = 1 << 24  # bytes
HALF = 16  # bytes of sha256: one half of a check is of key and note, the other of the data
WIDTHS = {"keys": 64, "checks": 2 * HALF, "ends": 16}  # bytes per artifact
TYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16",
    "U32": "uint32", "I32": "int32", "U64": "uint64", "I64": "int64",
    "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One artifact on its way into a file.

    Attributes:
        key: its name.
        note: what it holds, and what was noted of it, as JSON.
        size: bytes of its data.
        blocks: gives the data, which may be larger than the memory, block by block.
        check: of note and data as they were first written; empty where nobody knows.
    """

    key: bytes
    note: bytes
    size: int
    blocks: Callable[[], Iterator[memoryview]]
    check: bytes = b""

    def computed(self) -> bytes:
        """Return the check of note and data as they are now."""
        data = hashlib.sha256()
        for block in self.blocks():
            data.update(block)
        return _half(self.key + self.note) + data.digest()[:HALF]

    def is_whole(self) -> bool:
        """Return whether note and data are as they were written."""
        return not self.check or self.check == self.computed()


def entry_of(key: str, tensors: Tensors, noted: Mapping[str, Any]) -> Entry:
    """Return arrays as an entry: little-endian, row by row, large numbers first (aligned)."""
    # not ascontiguousarray: it makes a row out of a single number
    plain = {
        name: np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
        for name, array in tensors.items()
    }
    order = sorted(plain, key=lambda name: (-plain[name].dtype.itemsize, name))

    def blocks() -> Iterator[memoryview]:
        for name in order:
            flat = plain[name].reshape(-1).view(np.uint8)
            base = plain[name].base
            mapping = getattr(plain[name], "_mmap", None) or getattr(base, "_mmap", None)
            for begin in range(0, len(flat), BLOCK):
                yield flat[begin : begin + BLOCK].data
                # a mapped file doesn't stay in memory once it is copied
                if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
                    mapping.madvise(mmap.MADV_DONTNEED)

    layout = [(name, plain[name].dtype.name, list(plain[name].shape)) for name in order]
    size = sum(array.nbytes for array in plain.values())
    entry = Entry(key.encode(), _note(noted, layout), size, blocks)
    return Entry(entry.key, entry.note, size, blocks, entry.computed())


def write_pack(path: Path, entries: Sequence[Entry], *, durable: bool) -> None:
    """Write artifacts into one file, whole or not at all; same entries, same bytes."""
    notes = list(accumulate(len(entry.note) for entry in entries))
    data = list(accumulate(entry.size for entry in entries))
    with atomic_file(path, durable=durable) as partial, partial.open("wb") as file:
        file.write(_header(len(entries), notes[-1], data[-1]))
        file.write(b"".join(entry.key.ljust(WIDTHS["keys"], b"\0") for entry in entries))
        file.write(b"".join(entry.check or entry.computed() for entry in entries))
        file.write(np.array([notes, data], "<i8").T.tobytes())
        file.write(b"".join(entry.note for entry in entries))
        for entry in entries:
            if sum(file.write(block) for block in entry.blocks()) != entry.size:
                raise DamagedArtifactError(f"artifact {entry.key.decode()} was cut while copied")


class Pack:
    """A file of artifacts, or the one of an earlier version; only its list of keys is read at once.

    Raises:
        FileNotFoundError: if it isn't there (any more).
        DamagedArtifactError: if it is damaged so that nothing in it can be found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                header = file.read(8)
                length = int.from_bytes(header, "little")
                size = os.fstat(file.fileno()).st_size
                if length > size:
                    raise ValueError("the header is longer than the file")
                header += file.read(length)
                tensors = json.loads(header[8:])
                if not tensors.keys() & WIDTHS.keys():
                    self._read_old(tensors, len(header), size)
                    return
                n, n_notes, n_data = (tensors[k]["shape"][0] for k in ("keys", "notes", "data"))
                self._index_at, self._sizes = len(header), (n, n_notes)
                self._data_at = len(header) + n * sum(WIDTHS.values()) + n_notes
                self._n_data = n_data
                if header != _header(n, n_notes, n_data) or size != self._data_at + n_data or n < 1:
                    raise ValueError("the header doesn't describe the file")
                listed = file.read(n * WIDTHS["keys"])
                self.keys: list[bytes] = np.frombuffer(listed, f"S{WIDTHS['keys']}").tolist()
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DamagedArtifactError(f"{path}: artifact is damaged ({error})") from error

    def noted(self, row: int) -> dict[str, Any]:
        """Return what was noted when an artifact was written, without reading its arrays.

        Raises:
            DamagedArtifactError: if that isn't as it was written.
        """
        noted: dict[str, Any] = json.loads(self.check_note(row))["noted"]
        return noted

    def arrays(self, row: int) -> Arrays:
        """Return the arrays of an artifact.

        Raises:
            FileNotFoundError: if the file isn't there any more.
            DamagedArtifactError: if they aren't as they were written.
        """
        told = json.loads(self.check_note(row))
        check, (begin, end) = self._index[0][row], self._span(row)
        data = bytearray(end - begin)
        with self.path.open("rb") as file:
            file.seek(begin)
            n_read = file.readinto(data)
        if n_read != len(data) or (check and check[HALF:] != _half(data)):
            raise self._damage(row)
        arrays: Arrays = {}
        at = 0
        for name, code, shape in told["tensors"]:
            dtype = np.dtype(code).newbyteorder("<")
            arrays[name] = np.ndarray(tuple(shape), dtype, data, at)
            at += arrays[name].nbytes
        return arrays

    def check_note(self, row: int) -> bytes:
        """Return the note of an artifact; raises as :meth:`noted`."""
        note, check = self._note(row), self._index[0][row]
        if check and check[:HALF] != _half(self.keys[row] + note):
            raise self._damage(row)
        return note

    def entry(self, row: int) -> Entry:
        """Return an artifact to be copied, whole or not.

        Raises:
            DamagedArtifactError: if nothing says where it is.
        """
        begin, end = self._span(row)

        def blocks() -> Iterator[memoryview]:
            with self.path.open("rb") as file:
                file.seek(begin)
                for at in range(begin, end, BLOCK):
                    yield memoryview(file.read(min(BLOCK, end - at)))

        return Entry(self.keys[row], self._note(row), end - begin, blocks, self._index[0][row])

    def size_of(self, row: int) -> int:
        """Return the bytes that an artifact takes in the file; 0 where nothing says."""
        try:
            entry = self.entry(row)
        except DamagedArtifactError:
            return 0
        return entry.size + len(entry.note) + sum(WIDTHS.values())

    def is_whole(self, row: int) -> bool:
        """Return whether an artifact is as it was written; all of it is read."""
        try:
            return self.entry(row).is_whole()
        except DamagedArtifactError:
            return False

    @cached_property
    def _index(self) -> tuple[list[bytes], npt.NDArray[np.int64], bytes]:
        """The checks, where notes and data begin and end, and the notes."""
        (n, n_notes), checks, ends = self._sizes, WIDTHS["checks"], WIDTHS["ends"]
        with self.path.open("rb") as file:
            file.seek(self._index_at + n * WIDTHS["keys"])
            text = file.read(n * (checks + ends) + n_notes)
        places = np.frombuffer(text, "<i8", 2 * n, n * checks).reshape(n, 2)
        listed = [text[at : at + checks] for at in range(0, n * checks, checks)]
        return listed, np.vstack([np.zeros((1, 2), np.int64), places]), text[n * (checks + ends) :]

    def _note(self, row: int) -> bytes:
        begin, end = self._from_to(row, 0, len(self._index[2]))
        return self._index[2][begin:end]

    def _span(self, row: int) -> tuple[int, int]:
        begin, end = self._from_to(row, 1, self._n_data)
        return self._data_at + begin, self._data_at + end

    def _from_to(self, row: int, column: int, size: int) -> tuple[int, int]:
        begin, end = self._index[1][row : row + 2, column].tolist()
        if not 0 <= begin <= end <= size:
            raise self._damage(row)
        return begin, end

    def _damage(self, row: int) -> DamagedArtifactError:
        key = self.keys[row].decode(errors="replace")
        return DamagedArtifactError(f"{self.path}: artifact {key} is damaged")

    def _read_old(self, tensors: dict[str, Any], data_at: int, size: int) -> None:
        noted = json.loads(tensors.pop("__metadata__", {}).get(METADATA, "{}"))
        listed = sorted(tensors.items(), key=lambda item: item[1]["data_offsets"])
        layout = [(name, TYPES[t["dtype"]], t["shape"]) for name, t in listed]
        ends = [t["data_offsets"][1] for _, t in listed]
        n_bytes = [math.prod(shape) * np.dtype(dtype).itemsize for _, dtype, shape in layout]
        if ends != list(accumulate(n_bytes)) or size != data_at + sum(n_bytes):
            raise ValueError("the header doesn't describe the file")
        note = _note(noted, layout)
        self.keys, self._data_at, self._n_data = [self.path.stem.encode()], data_at, sum(n_bytes)
        self._index = [b""], np.array([[0, 0], [len(note), self._n_data]]), note  # nobody checks it


def open_loose(path: Path) -> Pack:
    """Return the file of one artifact, whose name is its key; raises as :class:`Pack`."""
    pack = Pack(path)
    if pack.keys != [path.stem.encode()]:
        raise DamagedArtifactError(f"{path}: artifact is damaged (its key is another's)")
    return pack


def _header(n: int, n_notes: int, n_data: int) -> bytes:
    shapes = {
        "keys": ("U8", [n, WIDTHS["keys"]]), "checks": ("U8", [n, WIDTHS["checks"]]),
        "ends": ("I64", [n, 2]), "notes": ("U8", [n_notes]), "data": ("U8", [n_data]),
    }  # fmt: skip
    tensors, end = {}, 0
    for name, (dtype, shape) in shapes.items():
        begin = end
        end += math.prod(shape) * (8 if dtype == "I64" else 1)
        tensors[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(tensors, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _note(noted: Mapping[str, Any], layout: Sequence[tuple[str, str, list[int]]]) -> bytes:
    told = {"noted": noted, "tensors": layout}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _half(data: bytes | bytearray) -> bytes:
    return hashlib.sha256(data).digest()[:HALF]
