"""Artifacts are named by what they were made from, and are whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from emotiw.core.errors import DamagedArtifactError, MachineError, TableError
from emotiw.core.store import Store, artifact_key

ROOT = Path(__file__).parents[2]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
ARRAYS: dict[str, npt.NDArray[Any]] = {
    "values": np.arange(12, dtype=np.float32).reshape(3, 4),
    "present": np.array([True, False, True]),
    "pictures": np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3),
    "empty": np.zeros((0, 5), dtype=np.float32),
    "number": np.array(7.5),
    "frames": np.arange(3, dtype=np.int64),
}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def key_of(**changes: Any) -> str:
    parts = {"stage": "faces", "version": "1", "content": "00", "options": {"size": 3}}
    parts.update(changes)
    return artifact_key(parts.pop("stage"), **parts)  # type: ignore[arg-type]


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_the_order_of_options_does_not_matter(options: dict[str, Any]) -> None:
    turned = dict(reversed(options.items()))
    assert key_of(options=options) == key_of(options=turned)


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "audio"},
        {"version": "2"},
        {"content": "01"},
        {"weights": "ab"},
        {"options": {"size": 4}},
        {"options": {"size": "3"}},
        {"options": {"size": 3, "more": None}},
        {"options": {"Size": 3}},
    ],
)
def test_everything_that_matters_is_in_the_key(change: dict[str, Any]) -> None:
    assert key_of(**change) != key_of()


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert key_of(version="1", content="23") != key_of(version="12", content="3")
    assert key_of(content="ab", weights="") != key_of(content="a", weights="b")


def test_the_key_is_the_same_on_every_run_and_machine() -> None:
    # another way of making keys would throw away everybody's artifacts; by another program:
    # printf 'faces\\0001\\00000\\000\\000{"size": 3}' | sha256sum
    assert key_of() == "988dd434092986a2efd6be5c62f88b98d0bf549a327a8ebf1cbc925ddbd33f57"


def test_sets_and_paths_give_the_same_key_whatever_the_hash_seed() -> None:
    code = (
        "from pathlib import Path\n"
        "from emotiw.core.store import artifact_key\n"
        "names = {'a', 'b', 'c', 'd', 'e', 'f'}\n"
        "options = {'names': names, 'path': Path('x/y')}\n"
        "print(artifact_key('s', version='1', content='0', options=options))\n"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(keys) == 1
    options = {"names": frozenset("fedcba"), "path": PurePosixPath("x/y")}
    assert keys == {artifact_key("s", version="1", content="0", options=options) + "\n"}


def test_an_option_whose_text_may_change_is_refused() -> None:
    with pytest.raises(TypeError, match="object can't be part of an artifact's key"):
        key_of(options={"backend": object()})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")


def test_arrays_and_metadata_come_back_as_they_were(store: Store) -> None:
    key = key_of()
    metadata = {"n_tracks": 2, "note": "Gesicht – größtes", "nested": {"rate_hz": 25.0}}
    assert not store.has("faces", key)
    path = store.write("faces", key, ARRAYS, metadata)
    assert path == store.path("faces", key)
    assert store.has("faces", key)
    assert not store.has("audio", key)
    assert store.metadata("faces", key) == metadata
    back = store.read("faces", key)
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        np.testing.assert_array_equal(back[name], array)


def test_an_artifact_without_arrays_is_whole(store: Store) -> None:
    store.write("faces", "ab" * 32, {}, {"reason": "no face"})
    assert store.has("faces", "ab" * 32)
    assert store.read("faces", "ab" * 32) == {}


def test_the_same_input_gives_the_same_bytes(store: Store) -> None:
    one = store.write("s", "aa" * 32, ARRAYS, {"a": 1, "b": 2}).read_bytes()
    turned = dict(reversed(ARRAYS.items()))
    assert store.write("s", "aa" * 32, turned, {"b": 2, "a": 1}).read_bytes() == one


def test_views_are_written_as_what_they_show(store: Store) -> None:
    table = np.arange(12, dtype=np.float32).reshape(3, 4)
    views = {"turned": table.T, "every_other": table[:, ::2], "fortran": np.asfortranarray(table)}
    store.write("s", "aa" * 32, views, {})
    back = store.read("s", "aa" * 32)
    for name, view in views.items():
        np.testing.assert_array_equal(back[name], view)


@pytest.mark.parametrize("name", ["__", "__mask", "_"])
def test_any_name_of_an_array_will_do(store: Store, name: str) -> None:
    store.write("s", "aa" * 32, {"values": np.ones(3), name: np.ones(4)}, {})
    assert store.has("s", "aa" * 32)


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_artifact_counts_as_absent(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    path = store.write("s", "aa" * 32, ARRAYS, {"a": 1})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert not store.has("s", "aa" * 32)
    with pytest.raises(DamagedArtifactError, match="is damaged"):
        store.read("s", "aa" * 32)


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_is_read_as_data(
    tmp_path_factory: pytest.TempPathFactory, share: float, bit: int
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    path = store.write("s", "aa" * 32, ARRAYS, {"a": 1})
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    path.write_bytes(data)
    assert not store.has("s", "aa" * 32)
    with pytest.raises(DamagedArtifactError):
        store.read("s", "aa" * 32)
    assert store.damaged == {"aa" * 32}
    store.write("s", "aa" * 32, ARRAYS, {"a": 1})
    assert store.has("s", "aa" * 32)
    assert store.damaged == set()


def damaged(header: bytes, *, size: int | None = None, data: bytes = b"") -> bytes:
    return (len(header) if size is None else size).to_bytes(8, "little") + header + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 300,
        b"\xff" * 300,
        damaged(b"1"),
        damaged(b"[]"),
        damaged(b"null"),
        damaged(b"{}", size=2**62),
        damaged(b'{"x": 3}'),
        damaged(b'{"x": {}}'),
        damaged(b'{"x": {"data_offsets": []}}'),
        damaged(b'{"x": {"data_offsets": [0, null]}}'),
        damaged(b'{"x": {"data_offsets": [0, "b"]}}'),
        damaged(b'{"x": {"data_offsets": [0, 4]}}', data=b"12345"),
        damaged(b"\xff\xfe{}"),
        b"<html>404 Not Found</html>",
    ],
    ids=lambda content: repr(content)[:30],
)
def test_a_damaged_artifact_counts_as_absent(store: Store, content: bytes) -> None:
    path = store.path("s", "aa" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert not store.has("s", "aa" * 32)
    with pytest.raises(DamagedArtifactError, match="is damaged"):
        store.read("s", "aa" * 32)
    with pytest.raises(DamagedArtifactError, match="is damaged"):
        store.metadata("s", "aa" * 32)
    store.write("s", "aa" * 32, ARRAYS, {})
    assert store.has("s", "aa" * 32)


def test_one_byte_too_many_is_damage_too(store: Store) -> None:
    path = store.write("s", "aa" * 32, ARRAYS, {})
    path.write_bytes(path.read_bytes() + b"\0")
    assert not store.has("s", "aa" * 32)


def test_what_is_not_there_says_where_it_was_looked_for(store: Store) -> None:
    for ask in (store.read, store.metadata):
        with pytest.raises(TableError) as caught:
            ask("s", "aa" * 32)
        assert str(store.path("s", "aa" * 32)) in str(caught.value)


def old_file(store: Store, key: str, note: str | None = None) -> Path:
    """Write an artifact as earlier versions did."""
    path = store.root / "s" / key[:2] / f"{key}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(ARRAYS), path, metadata=None if note is None else {"emotiw": note})
    return path


def test_artifacts_of_earlier_versions_are_read(store: Store) -> None:
    path = old_file(store, "aa" * 32, '{"n_rows": 3}')
    assert store.has("s", "aa" * 32)
    assert store.metadata("s", "aa" * 32) == {"n_rows": 3}
    back = store.read("s", "aa" * 32)
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(back[name], array, strict=True)
    path.write_bytes(path.read_bytes()[:-1])
    assert not store.has("s", "aa" * 32)


def test_metadata_of_another_program_is_none_of_ours(store: Store) -> None:
    old_file(store, "aa" * 32)
    assert store.has("s", "aa" * 32)
    assert store.metadata("s", "aa" * 32) == {}


def test_a_failed_write_keeps_the_artifact_of_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.write("s", "aa" * 32, {"x": np.ones(2)}, {"run": 1})
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(MachineError, match="disk full"):
        store.write("s", "aa" * 32, {"x": np.zeros(9)}, {"run": 2})
    assert path.read_bytes() == before
    assert names_in(path.parent) == [path.name]


def test_writing_needs_no_memory_of_the_size_of_the_artifact(tmp_path: Path) -> None:
    large = np.memmap(tmp_path / "large", dtype=np.uint8, mode="w+", shape=(40_000_000,))
    store = Store(tmp_path / "store")
    tracemalloc.start()
    try:
        store.write("faces", "ab", {"crop_jpeg": large}, {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
    assert store.has("faces", "ab")


def test_the_order_of_bytes_is_the_same_everywhere(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("faces", "ab", {"values": np.array([1.0, 2.5], dtype=">f4")}, {})
    assert store.read("faces", "ab")["values"].tolist() == [1.0, 2.5]


def test_any_program_opens_the_file(tmp_path: Path) -> None:
    path = Store(tmp_path).write("faces", "ab", {"x": np.array([1.0, 2.5])}, {"b": [1, "é"]})
    inside = load_file(path)
    assert inside["keys"].tobytes().rstrip(b"\0") == b"ab"
    assert inside["data"].tobytes() == np.array([1.0, 2.5]).tobytes()
    noted = {"noted": {"b": [1, "é"]}, "tensors": [["x", "float64", [2]]]}
    assert json.loads(inside["notes"].tobytes()) == noted
    note = hashlib.sha256(b"ab" + inside["notes"].tobytes()).digest()
    data = hashlib.sha256(inside["data"].tobytes()).digest()
    assert inside["checks"].tobytes() == note[:16] + data[:16]
    assert inside["ends"].tolist() == [[len(inside["notes"]), 16]]


def test_what_is_read_can_be_written_to(tmp_path: Path) -> None:
    # torch.from_numpy warns of anything else
    store = Store(tmp_path)
    store.write("faces", "ab", {"x": np.array([1.0, 2.5])}, {})
    store.read("faces", "ab")["x"][0] = 3.0
    assert store.read("faces", "ab")["x"].tolist() == [1.0, 2.5]
