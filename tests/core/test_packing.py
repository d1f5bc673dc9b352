"""A stage's artifacts end in few files, whoever packs, cuts or reads meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from emotiw.core import packing
from emotiw.core.errors import DamagedArtifactError, TableError
from emotiw.core.pack_index import PackIndex
from emotiw.core.packs import Pack
from emotiw.core.store import Store, _index_of, artifact_key

KEYS = [artifact_key("s", version="1", content=str(n), options={}) for n in range(20)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def fill(store: Store, keys: list[str] = KEYS, n_values: int = 5) -> None:
    for key in keys:
        number = KEYS.index(key)
        values = np.full((number % 3, n_values), number, np.float32)
        present = np.ones(number % 3, bool)
        store.write("s", key, {"values": values, "present": present}, {"number": number})


def assert_whole(store: Store, keys: list[str] = KEYS) -> None:
    for key in keys:
        number = KEYS.index(key)
        assert store.has("s", key)
        assert store.metadata("s", key) == {"number": number}
        arrays = store.read("s", key)
        assert arrays["values"].tolist() == [[float(number)] * 5] * (number % 3)
        assert arrays["present"].tolist() == [True] * (number % 3)


def files(store: Store) -> list[str]:
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())


def elsewhere(store: Store) -> Store:
    """The store as another process sees it, which has looked at nothing yet."""
    _index_of.cache_clear()
    return Store(store.root)


def flip(path: Path, what: bytes) -> None:
    """Change one bit of a file where these bytes are."""
    data = bytearray(path.read_bytes())
    assert data.count(what) == 1
    data[data.index(what)] ^= 1
    path.write_bytes(data)


def test_a_stage_ends_in_one_file(store: Store) -> None:
    fill(store)
    assert len(files(store)) == 20
    store.pack("s", KEYS)
    (name,) = files(store)
    assert name.startswith("s/packs/20-")
    assert_whole(store)
    assert_whole(elsewhere(store))
    assert not store.has("s", "ab" * 32)
    assert load_file(store.root / name)["keys"].shape == (20, 64)


def test_packing_again_and_elsewhere_gives_the_same_file(store: Store, tmp_path: Path) -> None:
    fill(store)
    store.pack("s", KEYS)
    (name,) = files(store)
    data = (store.root / name).read_bytes()
    other = Store(tmp_path / "other")
    fill(other, list(reversed(KEYS)))
    other.pack("s", KEYS)
    assert (files(other), (other.root / name).read_bytes()) == ([name], data)
    stamp = (store.root / name).stat().st_mtime_ns
    store.pack("s", KEYS)
    fill(store, KEYS[:3])  # as another run does that began before
    store.pack("s", KEYS)
    assert (files(store), (store.root / name).stat().st_mtime_ns) == ([name], stamp)


def test_only_what_is_asked_for_is_packed(store: Store) -> None:
    fill(store)
    store.pack("s", [*KEYS[:5], "ff" * 32])
    assert len(files(store)) == 1 + 15
    assert_whole(store)
    store.pack("none", KEYS)


def test_small_arrays_take_little_more_than_their_bytes(store: Store) -> None:
    fill(store, n_values=100)
    store.pack("s", KEYS)
    (name,) = files(store)
    n_rows = sum(number % 3 for number in range(20))
    assert (store.root / name).stat().st_size < 401 * n_rows + 300 * 20 + 500


def test_large_stages_end_in_several_files(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MIN_ENTRIES", 4)
    monkeypatch.setattr(packing, "MAX_ENTRIES", 6)
    fill(store)
    store.pack("s", KEYS)
    assert [int(Path(name).name.split("-")[0]) for name in files(store)] == [6, 6, 8]
    assert_whole(elsewhere(store))


def test_a_million_artifacts_are_packed_a_part_at_a_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "AT_ONCE", 7)
    opened: list[int] = []
    replace = packing._replace
    monkeypatch.setattr(
        packing, "_replace", lambda *given: (opened.append(len(given[1])), replace(*given))
    )
    other = Store(tmp_path / "other")
    for each, keys in ((store, KEYS), (other, KEYS[::-1])):
        fill(each, keys)
        each.pack("s", KEYS)
    assert opened == 2 * [6, 7, 7]
    assert files(store) == files(other)
    assert_whole(elsewhere(store))


def test_size_ends_a_file_of_enough_artifacts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MIN_ENTRIES", 5)
    monkeypatch.setattr(packing, "MAX_BYTES", 1)
    fill(store)
    store.pack("s", KEYS)
    assert [int(Path(name).name.split("-")[0]) for name in files(store)] == [5, 5, 5, 5]


def test_a_clip_a_day_does_not_make_a_file_a_day(store: Store) -> None:
    for key in KEYS:
        fill(store, [key])
        store.pack("s", [key])
    assert len(files(store)) <= packing.MAX_SMALL
    assert_whole(store)
    assert_whole(elsewhere(store))


def test_artifacts_of_earlier_versions_are_packed_with_a_check(store: Store) -> None:
    path = store.root / "s" / KEYS[1][:2] / f"{KEYS[1]}.safetensors"
    path.parent.mkdir(parents=True)
    arrays = {"values": np.full((1, 5), 1, np.float32), "present": np.ones(1, bool)}
    save_file(arrays, path, metadata={"emotiw": '{"number": 1}'})
    long_ago = path.stat().st_mtime_ns - 10**15
    os.utime(path, ns=(long_ago, long_ago))
    store.pack("s", KEYS)
    (name,) = files(store)
    assert (store.root / name).stat().st_mtime_ns == long_ago
    assert_whole(store, KEYS[1:2])
    flip(store.root / name, np.full(5, 1, np.float32).tobytes())
    assert not store.packs("s").all()[0].is_whole(0)


def test_damage_costs_the_artifact_that_it_hits(store: Store) -> None:
    fill(store)
    store.pack("s", KEYS)
    (name,) = files(store)
    flip(store.root / name, np.full(5, 7, np.float32).tobytes())
    flip(store.root / name, b'{"number":5}')
    other = elsewhere(store)
    assert [key for key in KEYS if not other.has("s", key)] == [KEYS[5]]
    with pytest.raises(DamagedArtifactError, match=KEYS[7]):
        other.read("s", KEYS[7])
    assert other.damaged == {KEYS[5], KEYS[7]}
    for again in (other, elsewhere(store)):  # every process knows from now on
        assert [key for key in KEYS if not again.has("s", key)] == [KEYS[5], KEYS[7]]
        assert again.damaged == {KEYS[5], KEYS[7]}
    theirs = PackIndex(store.packs("s").folder)
    theirs.refresh()
    with pytest.raises(DamagedArtifactError):
        theirs.all()[0].noted(sorted(KEYS).index(KEYS[5]))
    fill(store, [KEYS[5], KEYS[7]])
    assert_whole(store)
    store.pack("s", KEYS)
    assert files(store) == [name]  # as if nothing had happened
    assert_whole(elsewhere(store))
    theirs.has_changed()
    assert [theirs.find(key) is not None for key in KEYS] == [True] * 20
    assert [theirs.all()[0].noted(row)["number"] for row in range(20)] == [
        KEYS.index(key) for key in sorted(KEYS)
    ]


def test_damage_found_by_another_process_is_known_here(store: Store) -> None:
    fill(store)
    store.pack("s", KEYS)
    assert store.has("s", KEYS[7])
    other = PackIndex(store.packs("s").folder)
    (pack,) = other.all()
    other.mark_bad(pack, KEYS[7])
    assert not store.has("s", KEYS[7])
    assert store.has("s", KEYS[8])


def test_of_two_copies_the_whole_one_is_read(store: Store, tmp_path: Path) -> None:
    fill(store)
    store.pack("s", KEYS)
    other = Store(tmp_path / "other")
    fill(other, KEYS[5:9])
    other.pack("s", KEYS)
    (name,) = files(other)
    (other.root / name).rename(store.root / name)
    for path in store.root.rglob("*.safetensors"):
        number = 7 if path.name.startswith("20") else 5
        flip(path, np.full((number % 3) * 5, number, np.float32).tobytes())
    assert_whole(elsewhere(store))


@pytest.mark.parametrize("at", [3, 40])
def test_a_damaged_header_makes_its_artifacts_absent(store: Store, at: int) -> None:
    fill(store)
    store.pack("s", KEYS)
    (name,) = files(store)
    data = bytearray((store.root / name).read_bytes())
    data[at] ^= 1
    (store.root / name).write_bytes(data)
    other = elsewhere(store)
    assert not any(other.has("s", key) for key in KEYS)
    assert (other.packs("s").all(), other.packs("s").unreadable) == ([], {store.root / name})
    fill(other)
    other.pack("s", KEYS)  # into a file of the same name
    assert files(other) == [name]
    assert_whole(elsewhere(store))


def test_a_damaged_loose_artifact_is_not_packed(store: Store) -> None:
    fill(store)
    store.path("s", KEYS[3]).write_bytes(b"")
    flip(store.path("s", KEYS[4]), np.full(5, 4, np.float32).tobytes())
    store.pack("s", KEYS)
    assert [key for key in KEYS if not store.has("s", key)] == [KEYS[3], KEYS[4]]


def test_what_others_pack_is_found(store: Store) -> None:
    ours = elsewhere(store)
    assert not ours.has("s", KEYS[0])
    index = ours.packs("s")
    fill(store)
    _index_of.cache_clear()
    Store(store.root).pack("s", KEYS)
    assert all(index.has_changed() or index.find(key) for key in KEYS)
    assert index.find(KEYS[0]) is not None


def test_a_pack_that_became_part_of_another_is_found_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, KEYS[:1])
    store.pack("s", KEYS)
    (old,) = store.packs("s").all()
    theirs = PackIndex(store.packs("s").folder)
    fill(store, KEYS[1:])
    monkeypatch.setattr(packing, "MAX_SMALL", 1)
    theirs.refresh()
    packing.put_together(theirs, store.loose("s").values())
    assert not old.path.exists()
    with monkeypatch.context() as patch:  # it went right after a look at the folder
        patch.setattr(PackIndex, "has_changed", lambda *_, **__: False)
        assert store.metadata("s", KEYS[0]) == {"number": 0}
    assert_whole(store)


@pytest.mark.parametrize(
    "step", ["os.fsync", "pathlib.Path.replace", "os.utime", "pathlib.Path.unlink"]
)
def test_a_cut_at_any_step_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    fill(store)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, cut)
        with pytest.raises(KeyboardInterrupt):
            store.pack("s", KEYS)
    assert_whole(elsewhere(store))
    store.pack("s", KEYS)
    assert len([name for name in files(store) if ".partial-" not in name]) == 1
    assert_whole(elsewhere(store))


def test_any_number_may_pack_and_read_at_once(store: Store) -> None:
    def work(first: int) -> None:
        own = PackIndex(store.packs("s").folder)
        ours = Store(store.root)
        ours.packs = lambda stage: own  # type: ignore[method-assign]
        for begin in range(0, 20, 5):
            keys = KEYS[begin:] if first % 2 else KEYS[: begin + 5]
            fill(ours, keys)
            ours.pack("s", keys)
            assert_whole(ours, keys)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert_whole(elsewhere(store))
    store.pack("s", KEYS)
    assert not [name for name in files(store) if "loose" in name or ".partial-" in name]


def test_a_missing_artifact_is_told(store: Store) -> None:
    fill(store)
    store.pack("s", KEYS)
    ask: Callable[[str, str], object]
    for ask in (store.read, store.metadata):
        with pytest.raises(TableError, match="is missing"):
            ask("s", "ff" * 32)
    assert isinstance(store.packs("s").all()[0], Pack)
