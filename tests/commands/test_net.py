"""Whatever goes wrong under a command is one sentence and an exit status."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from emotiw.cli import net
from emotiw.cli.app import app, main
from emotiw.core.errors import ConfigError, MachineError
from emotiw.core.files import atomic_write
from emotiw.core.stopping import Stopped, stops_on_signals

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(net.DEBUG, raising=False)


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ConfigError("no such recipe"), 2, "error: no such recipe"),
        (MachineError("the disk is gone"), 3, "error: the disk is gone"),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/a.csv"),
            3,
            "error: runs/a.csv: No space left on device; free some space and run the same "
            "command again; it goes on where it stopped",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "runs/.partial-x.csv"), 3, "runs: Per"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), 2, "error: a.csv: No such file"),
        (OSError(errno.EMFILE, "Too many open files"), 3, "ulimit -n"),
        (TimeoutError("timed out"), 3, "error: timed out"),
        (MemoryError(), 3, "error: out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 4 GB"), 3, "out of memory"),
        (ImportError("libx.so: failed to map segment from shared object"), 3, "out of memory"),
        (SystemExit(1), 1, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("as Python has it"), 1, "as Python has it"),
        (Stopped(143), 143, net.STOPPED),
        (Stopped(129), 129, net.STOPPED),
    ],
    ids=repr,
)
def test_one_sentence_and_a_status(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert net.caught(raising(error)) == status
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == bool(told)
    assert not list(Path().iterdir())


def test_a_fault_of_the_toolkit_leaves_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["emotiw", "run", "my recipe.yaml"])
    assert net.caught(raising(KeyError("frames"))) == 70
    (report,) = Path().glob("emotiw-error-*.txt")
    shown = capsys.readouterr().err
    assert shown.startswith("error: unexpected KeyError at test_net.py:")
    assert str(report) in shown
    text = report.read_text()
    for part in (
        "emotiw run 'my recipe.yaml'",
        "\ntorch ",
        "\npython 3",
        "raise error",
        "'frames'",
    ):
        assert part in text
    monkeypatch.setattr(Path, "write_text", raising_once(OSError(errno.EROFS, "Read-only")))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    assert net.caught(raising(KeyError("frames"))) == 70
    assert list((tmp_path / "temp").glob("emotiw-error-*.txt"))


def raising_once(error: OSError) -> Callable[..., int]:
    write_text, first = Path.write_text, [error]

    def fails_once(path: Path, text: str, **options: str) -> int:
        if first:
            raise first.pop()
        return write_text(path, text, **options)

    return fails_once


@pytest.mark.parametrize("asked", ["option", "variable"])
def test_a_traceback_is_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    words = ["submit", "--check", "none.zip"]
    for debug in (False, True):
        option = ["--debug"] if debug and asked == "option" else []
        monkeypatch.setenv(net.DEBUG, "1" if debug and asked == "variable" else "0")
        monkeypatch.setattr(sys, "argv", ["emotiw", *option, *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        shown = capsys.readouterr().err
        assert ("Traceback" in shown) == debug
        assert "error: submit needs a recipe" in shown


@pytest.mark.parametrize(("words", "status"), [(["--help"], 0), (["runn"], 2), (["run"], 2)])
def test_the_command_line_ends_as_ever(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
) -> None:
    monkeypatch.setattr(sys, "argv", ["emotiw", *words])
    assert net.caught(app) == status
    assert "error: unexpected" not in capsys.readouterr().err


def test_ctrl_c_within_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = typer.Typer()
    small.command()(raising(KeyboardInterrupt()))
    monkeypatch.setattr(sys, "argv", ["small"])
    assert net.caught(small) == 130
    assert capsys.readouterr().err == f"{net.STOPPED}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_is_half_written(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)

    def command() -> None:
        from emotiw.core.files import atomic_file

        with atomic_file(Path("whole.csv")) as partial:
            partial.write_text("half")
            os.kill(os.getpid(), number)
            time.sleep(5)

    assert net.caught(command) == 128 + number
    assert capsys.readouterr().err == f"{net.STOPPED}\n"
    assert not list(Path().iterdir())
    assert signal.getsignal(number) is before


def test_an_echo_of_a_signal_does_not_disturb_the_cleaning_up() -> None:
    cleaned = []

    def command() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            cleaned.append(True)

    assert net.caught(command) == 143
    assert cleaned


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stops_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_file_that_finds_no_room_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        status = net.caught(lambda: atomic_write(Path("table.csv"), bytes(10_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert status == 3
    told = capsys.readouterr().err
    assert told.startswith("error: table.csv: ")
    assert "File too large" in told
    assert not list(Path().iterdir())


def test_nobody_reads_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "emotiw", "challenges", "list"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
