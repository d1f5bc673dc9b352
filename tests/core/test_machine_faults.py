"""The machine's faults are told from a clip's, through whatever wraps them."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from emotiw.core import machine_faults
from emotiw.core.errors import MachineError, MediaError
from emotiw.core.files import atomic_write
from emotiw.core.machine_faults import require_clips, require_machine
from emotiw.core.media import MediaReader, read_still


def says(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ESTALE],
)
def test_what_the_system_refuses_to_everyone_is_the_machines(number: int) -> None:
    with pytest.raises(MachineError, match=os.strerror(number)):
        require_machine(says(number))


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.EISDIR, errno.ENAMETOOLONG])
def test_what_it_says_of_one_file_is_the_clips(number: int) -> None:
    require_machine(says(number))


def test_a_fault_is_found_below_what_was_made_of_it() -> None:
    try:
        try:
            raise says(errno.EMFILE)
        except OSError:
            raise MediaError("clip.mp4: not a video, sound or image file") from None
    except MediaError as error:
        with pytest.raises(MachineError, match="Too many open files"):
            require_machine(error)


def test_a_decoder_speaks_of_its_data_with_the_systems_words() -> None:
    import av

    for number in (errno.EIO, errno.ENOSPC, errno.ENODEV, errno.EINVAL):
        with pytest.raises(av.FFmpegError) as caught:
            av.error.err_check(-number)
        require_machine(caught.value)
    with pytest.raises(av.FFmpegError) as caught:
        av.error.err_check(-errno.EMFILE)
    with pytest.raises(MachineError, match="Too many open files"):
        require_machine(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        says(errno.ENOMEM),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        ImportError("libx.so: failed to map segment from shared object"),
    ],
)
def test_a_clip_may_ask_for_more_than_there_is_but_there_must_be_some(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_machine(error)  # there is a gigabyte
    monkeypatch.setattr(machine_faults, "ROOM", 1 << 60)
    with pytest.raises(MachineError, match=r"out of memory; fewer execution\.workers"):
        require_machine(error)


def test_room_is_looked_for_once_the_clips_own_is_given_back() -> None:
    kept: list[int] = []

    class Large:
        def __del__(self) -> None:
            kept.clear()

    def hold() -> None:
        large = Large()
        kept.append(id(large))
        raise MemoryError

    with pytest.raises(MemoryError) as caught:
        hold()
    assert kept
    require_machine(caught.value)
    assert not kept


def test_no_threads_and_no_memory_on_a_gpu_are_the_machines() -> None:
    for text in ("can't start new thread", "CUDA out of memory. Tried to allocate 2.00 GiB"):
        with pytest.raises(MachineError, match=text[:12]):
            require_machine(RuntimeError(text))


def test_broken_clips_are_their_own(tmp_path: Path) -> None:
    for name, data in {"a.mp4": b"nothing", "b.png": b"\x89PNG\r\n\x1a\n", "c.wav": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(MediaError) as caught:
            read_still(tmp_path / name) if name == "b.png" else MediaReader(tmp_path / name)
        require_machine(caught.value)


def test_a_clip_is_gone_alone_or_with_all_others(tmp_path: Path) -> None:
    root = tmp_path / "clips"
    clip = root / "Happy" / "a.mp4"
    clip.parent.mkdir(parents=True)
    require_clips(root, clip)  # the other folders are there
    clip.parent.rmdir()
    with pytest.raises(MachineError, match=r"clips: the folder .* is lost \(it is empty\)"):
        require_clips(root, clip)
    shutil.rmtree(root)
    with pytest.raises(MachineError, match=r"clips: the folder .* is lost \(No such file"):
        require_clips(root, clip)
    elsewhere = tmp_path / "b.mp4"
    elsewhere.touch()
    require_clips(root, elsewhere)  # broken, but there


def test_what_cannot_be_written_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    target = tmp_path / "runs" / "scores.csv"
    with pytest.raises(MachineError, match=r"runs/scores\.csv: can't be written \(.*kept"):
        atomic_write(target, b"1")
    (tmp_path / "ledger.csv").mkdir()
    with pytest.raises(MachineError, match=r"ledger\.csv: can't be written \(Is a directory"):
        atomic_write(tmp_path / "ledger.csv", b"1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.csv", "runs"]
