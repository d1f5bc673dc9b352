"""What people's folders hold beside clips: each has one row of the ledger, and nothing hangs."""

from __future__ import annotations

import os
import socket
import wave
from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ManifestError
from emotiw.core.ledger import LedgerRow
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index

RECIPE = """
challenge: folder
name: small
data: {{root: {root}}}
paths: {{runs: {runs}}}
features: {{voice: {{extractor: opensmile}}}}
execution: {{workers: 1}}
"""


def write_tone(path: Path, hz: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 9000 * np.sin(2 * np.pi * hz * np.arange(8000) / 16_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two healthy clips."""
    write_tone(tmp_path / "clips" / "Happy" / "a.wav", 200)
    write_tone(tmp_path / "clips" / "b.wav", 300)
    return tmp_path / "clips"


def run_of(root: Path) -> Run:
    recipe = root.parent / "recipe.yaml"
    recipe.write_text(RECIPE.format(root=root, runs=root.parent / "runs"))
    return open_run(recipe)


def by_clip(rows: list[LedgerRow]) -> dict[str, str]:
    return {row.clip_id: row.reason or row.status for row in rows}


@pytest.mark.timeout(60)
def test_what_is_no_file_is_a_row_and_is_never_opened(root: Path) -> None:
    os.mkfifo(root / "pipe.mp4")
    (root / "zero.mp4").symlink_to("/dev/zero")
    (root / "nothing.mp4").symlink_to("nowhere.mp4")
    (root / "round.mp4").symlink_to("round.mp4")
    (root / "folder.mp4").mkdir()
    (root / "Happy" / "up").symlink_to("..")
    (root / "linked.wav").symlink_to("b.wav")
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as plug:
        os.chdir(root)  # the name of a socket may not be long
        plug.bind("socket.mp4")
        os.chdir(here)
    run = run_of(root)
    index(run)
    rows = extract_all(run)["voice"]
    expected = {
        "a": "ok",
        "b": "ok",
        "linked": "ok",
        "pipe": "pipe.mp4: not a regular file (a named pipe)",
        "zero": "zero.mp4: not a regular file (a device)",
        "socket": "socket.mp4: not a regular file (a socket)",
        "folder": "folder.mp4: not a regular file (a folder)",
        "nothing": "nothing.mp4: a link to nothing",
        "round": "round.mp4: Too many levels of symbolic links",
    }
    assert by_clip(run.ledger().rows("index")) == expected
    assert by_clip(rows) == expected


def test_what_is_no_file_has_no_claim_to_a_name(root: Path) -> None:
    for path in (root / "Happy" / "a.mp4", root / "c.mp4", root / "Happy" / "c.mp4"):
        os.mkfifo(path)
    run = run_of(root)
    assert index(run).clip_ids == ("a", "b", "c")
    told = by_clip([row for row in run.ledger().rows("index") if row.status == "failed"])
    pipe = "not a regular file (a named pipe)"
    assert told == {
        "Happy/a.mp4": f"{pipe}, and another file is called 'a' too",
        "c": f"c.mp4: {pipe}",
        "c.mp4": f"{pipe}, and another file is called 'c' too "
        "(a test clip, which a submission now lacks)",
    }


def test_a_folder_with_the_name_of_a_clip_is_none_where_it_holds_clips(root: Path) -> None:
    write_tone(root / "frames.mp4" / "c.wav", 400)
    assert index(run_of(root)).clip_ids == ("a", "b", "c")


ODD = {
    "new\nline": "a line break",
    "tab\there": "a tab",
    "back\\slash": "a backslash",
    "caf\udce9": "bytes that are not UTF-8",
    "gpj\u202e": "U+202E (right-to-left override)",
    "bell\a": "U+0007 (control code)",
}


def test_an_odd_name_costs_one_clip_and_no_more(root: Path) -> None:
    for name in ODD:
        write_tone(root / "Happy" / f"{name}.wav", 500)
    write_tone(root / "new\nline.wav", 500)
    run = run_of(root)
    assert index(run).clip_ids == ("a", "b")
    found = {row.clip_id: row for row in run.ledger().rows("index") if row.status == "failed"}
    expected = {
        "Happy/new\\nline.wav", "Happy/tab\\there.wav", "Happy/back\\\\slash.wav",
        "Happy/caf\\udce9.wav", "Happy/gpj\\u202e.wav", "Happy/bell\\x07.wav", "new\\nline.wav",
    }  # fmt: skip
    assert found.keys() == expected
    for name, says in zip(list(ODD), ODD.values(), strict=True):
        assert any(f"it holds {says}" in row.reason for row in found.values()), name
    is_test = [name for name, row in found.items() if row.quality["split"] == "test"]
    assert is_test == ["new\\nline.wav"]
    assert "a test clip, which a submission now lacks" in found["new\\nline.wav"].reason
    for table in (run.manifest_path, run.ledger_path):
        assert table.read_bytes().decode()
    assert by_clip(extract_all(run)["voice"]) == {"a": "ok", "b": "ok"}


def test_a_folder_whose_name_is_no_text_costs_its_clips(root: Path) -> None:
    write_tone(root / "caf\udce9" / "c.wav", 500)
    write_tone(root / "new\nline" / "d.wav", 500)
    run = run_of(root)
    assert index(run).clip_ids == ("a", "b", "d")
    assert run.cohort()["d"].path.is_file()
    row = run.ledger().get("index", "caf\\udce9/c.wav")
    assert row is not None
    assert "a folder above it holds bytes that are not UTF-8" in row.reason


def test_nothing_but_odd_names_is_told(tmp_path: Path) -> None:
    write_tone(tmp_path / "clips" / "tab\there.wav", 500)
    with pytest.raises(ManifestError, match=r"no clips.*tab\\there\.wav: .*it holds a tab"):
        index(run_of(tmp_path / "clips"))


def test_names_that_differ_by_their_normal_form_are_two_clips_and_told(root: Path) -> None:
    write_tone(root / "caf\u00e9.wav", 500)
    write_tone(root / "cafe\u0301.wav", 600)
    run, said = run_of(root), []
    run.progress.warn = said.append  # type: ignore[method-assign]
    assert len(index(run)) == 4
    assert "ids differ by Unicode normal form alone: 'cafe\\u0301' and 'caf\\xe9'" in said[-1]


def test_layouts_whose_names_or_lists_say_it_all_refuse_one_clip(tmp_path: Path) -> None:
    for name in ("03-01-05-01-02-01-24", "03-01-05\n"):
        write_tone(tmp_path / "ravdess" / f"{name}.wav", 200)
    cohort, _, refused = read_challenge(load_spec("ravdess"), tmp_path / "ravdess")
    assert cohort.clip_ids == ("03-01-05-01-02-01-24",)
    assert [each.name for each in refused] == ["03-01-05\\n.wav"]
    listed = tmp_path / "listed"
    write_tone(listed / "clips" / "a.wav", 200)
    (listed / "test.csv").write_text("name,x\na,1\nb\\c,2\n")
    layout = {"splits": {"test": {"table": ["test.csv"], "labelled": False}}, "id": "{name}"}
    spec = load_spec("folder")
    spec = spec.model_copy(
        update={"layout": spec.layout.model_copy(update={"reader": "tables", "options": layout})}
    )
    cohort, warnings, refused = read_challenge(spec, listed)
    assert cohort.clip_ids == ("a",)
    assert [(each.split, "a test clip" in each.reason) for each in refused] == [("test", True)]
    assert "clips that can have no id: 1, e.g. b" in " ".join(warnings)
