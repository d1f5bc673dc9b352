"""Artifacts are named by what they were made from, and are whole or absent."""

from __future__ import annotations

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
from safetensors.numpy import save

from emotiw.core.errors import MachineError, TableError
from emotiw.core.files import sha256_of
from emotiw.core.store import ContentHashes, Store, artifact_key

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
    two = store.write("s", "bb" * 32, turned, {"b": 2, "a": 1}).read_bytes()
    assert one == two


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
    with pytest.raises(TableError, match="missing or damaged"):
        store.read("s", "aa" * 32)


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
    with pytest.raises(TableError, match="missing or damaged"):
        store.read("s", "aa" * 32)
    with pytest.raises(TableError, match="missing or damaged"):
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


def test_metadata_of_another_program_is_none_of_ours(store: Store) -> None:
    from safetensors.numpy import save_file

    path = store.path("s", "aa" * 32)
    path.parent.mkdir(parents=True)
    save_file({"x": np.ones(2)}, path)
    assert store.has("s", "aa" * 32)
    assert store.metadata("s", "aa" * 32) == {}


def test_a_failed_write_keeps_the_artifact_of_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.write("s", "aa" * 32, {"x": np.ones(2)}, {"run": 1})
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(MachineError, match="disk full"):
        store.write("s", "aa" * 32, {"x": np.zeros(9)}, {"run": 2})
    assert path.read_bytes() == before
    assert names_in(path.parent) == [path.name]


class TestContentHashes:
    @pytest.fixture
    def clip(self, tmp_path: Path) -> Path:
        clip = tmp_path / "a.avi"
        clip.write_bytes(b"one")
        os.utime(clip, ns=(10**18, 10**18))
        return clip

    @pytest.fixture
    def memory(self, tmp_path: Path) -> Path:
        return tmp_path / "hashes.json"

    def remembered(self, memory: Path, clip: Path) -> str:
        hashes = ContentHashes(memory)
        digest = hashes.of(clip)
        hashes.save()
        return digest

    def test_a_file_that_has_not_changed_is_not_read_again(self, clip: Path, memory: Path) -> None:
        digest = self.remembered(memory, clip)
        assert digest == sha256_of(clip)
        # other bytes under the same size and time of change: only memory can know the old hash
        clip.write_bytes(b"two")
        os.utime(clip, ns=(10**18, 10**18))
        assert ContentHashes(memory).of(clip) == digest

    def test_another_size_or_time_is_another_file(self, clip: Path, memory: Path) -> None:
        self.remembered(memory, clip)
        clip.write_bytes(b"two")
        os.utime(clip, ns=(10**18, 10**18 + 1))
        assert self.remembered(memory, clip) == sha256_of(clip)
        clip.write_bytes(b"longer")
        os.utime(clip, ns=(10**18, 10**18 + 1))
        assert self.remembered(memory, clip) == sha256_of(clip)

    def test_two_names_of_one_folder_are_one_file(self, clip: Path, memory: Path) -> None:
        self.remembered(memory, clip)
        link = clip.parent / "link"
        link.symlink_to(clip.parent, target_is_directory=True)
        clip.write_bytes(b"two")
        os.utime(clip, ns=(10**18, 10**18))
        assert ContentHashes(memory).of(link / "a.avi") == ContentHashes(memory).of(clip)

    def test_nothing_new_writes_nothing(self, clip: Path, memory: Path) -> None:
        ContentHashes(memory).save()
        assert not memory.exists()
        self.remembered(memory, clip)
        memory.chmod(0o600)
        self.remembered(memory, clip)
        assert memory.stat().st_mode & 0o777 == 0o600

    def test_the_same_files_give_the_same_bytes(self, clip: Path, memory: Path) -> None:
        other = clip.with_name("b.avi")
        other.write_bytes(b"b")
        texts = []
        for order in ([clip, other], [other, clip]):
            memory.unlink(missing_ok=True)
            hashes = ContentHashes(memory)
            for file in order:
                hashes.of(file)
            hashes.save()
            texts.append(memory.read_bytes())
        assert texts[0] == texts[1]

    @pytest.mark.parametrize("text", ["", "{", "[]", "3", "\0\0\0", '{"CLIP": 5}', '{"CLIP": [3]}'])
    def test_a_damaged_memory_is_forgotten(self, clip: Path, memory: Path, text: str) -> None:
        memory.write_text(text.replace("CLIP", str(clip.resolve())))
        assert self.remembered(memory, clip) == sha256_of(clip)
        assert json.loads(memory.read_text())[str(clip.resolve())][2] == sha256_of(clip)

    def test_a_half_written_memory_is_forgotten(self, clip: Path, memory: Path) -> None:
        self.remembered(memory, clip)
        whole = memory.read_bytes()
        for length in range(len(whole)):
            memory.write_bytes(whole[:length])
            assert ContentHashes(memory).of(clip) == sha256_of(clip)

    def test_a_missing_clip_is_an_error(self, tmp_path: Path, memory: Path) -> None:
        with pytest.raises(FileNotFoundError):
            ContentHashes(memory).of(tmp_path / "none.avi")


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


def test_the_file_is_the_one_that_safetensors_would_write(tmp_path: Path) -> None:
    path = Store(tmp_path).write("faces", "ab", ARRAYS, {"b": [1, "é"], "a": None})
    noted = json.dumps({"a": None, "b": [1, "é"]}, ensure_ascii=False)
    assert path.read_bytes() == save(dict(ARRAYS), metadata={"emotiw": noted})
