"""A run that is cut at any commit ends, gone on with, in the files of a run that was not.

Every seventh cut is tried, and all of them with EMOTIW_EVERY_CUT=1 in the environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from tests.runs.small import small_recipe, small_run

CHANGE = "models.voice.c=0.0001"
NOBODY = 2**22 + 1  # no process has a number so high
LEFT_OUT = {"provenance.json", "run.log"}  # the state of git, times


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a run but its bookkeeping, the ledger without its seconds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name in LEFT_OUT or name.startswith(".emotiw"):
            continue
        data = path.read_bytes()
        if name.startswith("ledger"):
            rows = [line.split(b",") for line in data.splitlines()]
            data = b"\n".join(b",".join(row[:4] + row[5:]) for row in rows)
        found[name] = b"\n".join(line for line in data.splitlines() if b"  runs: " not in line)
    return found


@contextmanager
def snapshots(folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Copy a folder before and after each of its files is put in place or removed."""
    taken: list[Path] = []
    known: set[str] = set()

    def take() -> None:
        digest = hashlib.sha256(repr(sorted(everything(folder).items())).encode()).hexdigest()
        if digest not in known:
            known.add(digest)
            taken.append(into / f"{len(taken):03}")
            shutil.copytree(folder, taken[-1])
            for partial in taken[-1].rglob(".partial-*"):  # its writer was killed
                here = partial.name.removeprefix(".partial-").partition("-")[0]
                partial.rename(partial.with_name(f".partial-{here}-{NOBODY}-x"))

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            real = getattr(Path, name)

            def cut(self: Path, *args: object, real: object = real, **more: object) -> object:
                is_here = self.is_relative_to(folder)
                if is_here:
                    take()
                done = real(self, *args, **more)  # type: ignore[operator]
                if is_here:
                    take()
                return done

            patch.setattr(Path, name, cut)
        yield taken


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".partial", "holder", "lock"))
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe, run to its end as it is and changed; the store is shared by all runs here."""
    home = tmp_path_factory.mktemp("cuts")
    small_recipe(home)
    run_all(small_run(home, runs=home / "a"))
    run_all(small_run(home, CHANGE, runs=home / "b"))
    return home


@pytest.mark.parametrize(
    ("start", "change"), [(None, ""), ("a", CHANGE)], ids=["from nothing", "over a finished run"]
)
def test_a_cut_run_goes_on_to_the_same_files(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str | None, change: str
) -> None:
    runs = tmp_path / "runs"
    (runs / "small").mkdir(parents=True)
    if start is not None:
        shutil.copytree(home / start / "small", runs / "small", dirs_exist_ok=True)
    with snapshots(runs / "small", tmp_path / "cuts", monkeypatch) as cuts:
        run_all(small_run(home, *([change] if change else []), runs=runs))
    wanted = {"": files_of(home / "a/small"), CHANGE: files_of(home / "b/small")}
    assert files_of(runs / "small") == wanted[change]
    assert len(cuts) > 30
    for cut in cuts[:: int(os.environ.get("EMOTIW_EVERY_CUT", "7"))]:
        for goes_on_as in ("", CHANGE):
            again = tmp_path / "again" / f"{cut.name}{'b' if goes_on_as else 'a'}"
            shutil.copytree(cut, again / "small")
            run_all(small_run(home, *([goes_on_as] if goes_on_as else []), runs=again))
            assert files_of(again / "small") == wanted[goes_on_as], (cut.name, goes_on_as)
            leftovers = [path for path in (again / "small").rglob("*") if ".partial" in path.name]
            assert not leftovers, (cut.name, leftovers)


def test_the_two_recipes_differ_where_it_counts(home: Path) -> None:
    one, other = (files_of(home / name / "small") for name in ("a", "b"))
    assert {n for n in one if one[n] != other[n]} >= {"scores/voice.csv", "fused.csv"}
    assert open_run(home / "b/small").recipe.models["voice"].options.c == 0.0001  # type: ignore[attr-defined]
