"""A file is hashed once, as long as nothing about it changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emotiw.core.content_hashes import ContentHashes
from emotiw.core.execution import run_jobs
from emotiw.core.files import sha256_of
from emotiw.core.outcome import Outcome


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    clip = tmp_path / "a.avi"
    clip.write_bytes(b"one")
    os.utime(clip, ns=(10**18, 10**18))
    return clip


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "hashes.json"


def remembered(memory: Path, clip: Path) -> str:
    hashes = ContentHashes(memory)
    digest = hashes.of(clip)
    hashes.save()
    return digest


def test_a_file_that_has_not_changed_is_not_read_again(clip: Path, memory: Path) -> None:
    digest = remembered(memory, clip)
    assert digest == sha256_of(clip)
    # other bytes under the same size and time of change: only memory can know the old hash
    clip.write_bytes(b"two")
    os.utime(clip, ns=(10**18, 10**18))
    assert ContentHashes(memory).of(clip) == digest


def test_another_size_or_time_is_another_file(clip: Path, memory: Path) -> None:
    remembered(memory, clip)
    clip.write_bytes(b"two")
    os.utime(clip, ns=(10**18, 10**18 + 1))
    assert remembered(memory, clip) == sha256_of(clip)
    clip.write_bytes(b"longer")
    os.utime(clip, ns=(10**18, 10**18 + 1))
    assert remembered(memory, clip) == sha256_of(clip)


def test_two_names_of_one_folder_are_one_file(clip: Path, memory: Path) -> None:
    remembered(memory, clip)
    link = clip.parent / "link"
    link.symlink_to(clip.parent, target_is_directory=True)
    clip.write_bytes(b"two")
    os.utime(clip, ns=(10**18, 10**18))
    assert ContentHashes(memory).of(link / "a.avi") == ContentHashes(memory).of(clip)


def test_nothing_new_writes_nothing(clip: Path, memory: Path) -> None:
    ContentHashes(memory).save()
    assert not memory.exists()
    remembered(memory, clip)
    memory.chmod(0o600)
    remembered(memory, clip)
    assert memory.stat().st_mode & 0o777 == 0o600


def test_the_same_files_give_the_same_bytes(clip: Path, memory: Path) -> None:
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
def test_a_damaged_memory_is_forgotten(clip: Path, memory: Path, text: str) -> None:
    memory.write_text(text.replace("CLIP", str(clip.resolve())))
    assert remembered(memory, clip) == sha256_of(clip)
    kept = json.loads(memory.read_text())["files"]
    assert kept[str(clip.resolve())][2] == sha256_of(clip)


def test_a_half_written_memory_is_forgotten(clip: Path, memory: Path) -> None:
    remembered(memory, clip)
    whole = memory.read_bytes()
    for length in range(len(whole)):
        memory.write_bytes(whole[:length])
        assert ContentHashes(memory).of(clip) == sha256_of(clip)


def test_many_are_read_together_and_remembered_alike(
    clip: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiw.core.content_hashes.WORTH_SPREADING", 0)
    clips = [clip, *(clip.with_name(f"{n}.avi") for n in range(20))]
    for number, other in enumerate(clips[1:]):
        other.write_bytes(bytes([number]))
    asked: list[str] = []

    def read(function: Any, jobs: Any) -> Iterator[Outcome[Any]]:
        asked.extend(jobs)
        with ThreadPoolExecutor(4) as engine:
            yield from run_jobs(function, jobs, workers=4, executor=engine)

    remembered(memory, clip)
    hashes = ContentHashes(memory)
    hashes.read_together([*clips, clip.with_name("none.avi")], read)
    assert sorted(asked) == sorted(map(str, clips[1:]))  # one was known
    hashes.save()
    with monkeypatch.context() as patch:
        patch.setattr("emotiw.core.content_hashes.sha256_of", None)  # nothing is read again
        found = [ContentHashes(memory).of(each) for each in clips]
    assert found == [sha256_of(each) for each in clips]


def test_a_missing_clip_is_an_error(tmp_path: Path, memory: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ContentHashes(memory).of(tmp_path / "none.avi")


def test_a_flipped_bit_is_no_hash(clip: Path, memory: Path) -> None:
    digest = remembered(memory, clip)
    text = memory.read_text()
    memory.write_text(text.replace(digest, "0" * 64))
    assert ContentHashes(memory).of(clip) == digest


def test_what_an_earlier_version_remembered_is_kept(clip: Path, memory: Path) -> None:
    remembered(memory, clip)
    memory.write_text(json.dumps(json.loads(memory.read_text())["files"], indent=0))
    digest = ContentHashes(memory).of(clip)
    clip.write_bytes(b"two")
    os.utime(clip, ns=(10**18, 10**18))
    assert ContentHashes(memory).of(clip) == digest


def test_two_at_once_keep_what_both_have_learned(clip: Path, memory: Path) -> None:
    other = clip.with_name("b.avi")
    other.write_bytes(b"b")
    one, two = ContentHashes(memory), ContentHashes(memory)
    one.of(clip)
    two.of(other)
    one.save()
    two.save()
    assert set(json.loads(memory.read_text())["files"]) == {str(clip), str(other)}
