"""A finished run is known by a few small files; a stage writes its own page and nobody else's."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emotiw.core.errors import ConfigError
from emotiw.core.ledger import Ledger
from emotiw.core.store import Store
from emotiw.runs.edits import edits_of, outdated
from emotiw.runs.pipeline import run_all
from emotiw.runs.records import Record, Records
from emotiw.runs.run import Run, open_run, reopen_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index
from tests.runs.small import small_recipe, small_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("books")
    small_recipe(home)
    run = small_run(home)
    run_all(run)
    return run


def forbidden(*_: Any, **__: Any) -> Any:
    raise AssertionError("a finished run looks at its clips one by one")


def test_a_finished_run_reads_neither_clips_nor_arrays_nor_the_manifest(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_all(finished)
    for owner, name in ((Run, "cohort"), (Run, "scores"), (Store, "has"), (Store, "read")):
        monkeypatch.setattr(owner, name, forbidden)
    again = run_all(small_run(finished.folder.parents[1]))
    assert again.results == first.results
    assert str(again.check) == str(first.check)
    assert [row.clip_id for row in again.failures] == ["empty"]


def test_every_stage_is_written_once_and_the_ledger_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_recipe(tmp_path)
    written: list[str] = []
    commit = Records.commit

    def noted(self: Records, stage: str, record: Record, files: dict[str, bytes]) -> None:
        written.extend([stage] * sum(name.startswith("ledger") for name in files))
        commit(self, stage, record, files)

    monkeypatch.setattr(Records, "commit", noted)
    run_all(small_run(tmp_path))
    pages = ["index", "features:bytes", "train:voice", "train:other", "submit"]
    assert Counter(written) == Counter([*pages, "ledger"])
    assert written[-1] == "ledger"


def test_the_ledger_is_all_pages(finished: Run) -> None:
    whole = Ledger.read_csv(finished.ledger_path)
    assert whole.rows() == finished.ledger().rows()
    stages = list(dict.fromkeys(row.stage for row in whole.rows()))
    assert stages == ["index", "features:bytes", "train:other", "train:voice", "submit"]
    assert finished.ledger("features:bytes").rows() == whole.rows("features:bytes")


def test_a_commit_that_was_decided_is_finished_by_whoever_comes(tmp_path: Path) -> None:
    small_recipe(tmp_path)
    run = small_run(tmp_path)
    run_all(run)
    before = run.fused_path.read_bytes()
    cut = Records(run.folder)
    record = cut.get("fuse")
    assert record is not None

    class Killed(BaseException):
        pass

    def killed(self: Path, target: Path) -> Path:
        if target == run.fused_path:
            raise Killed
        return replace(self, target)

    replace = Path.replace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(Killed):
            cut.commit("fuse", record, {"fusion.txt": b"new\n", "fused.csv": b"new\n"})
    assert (run.fused_path.read_bytes(), run.summary_path.read_bytes()) == (before, b"new\n")
    again = reopen_run(run.folder)
    assert again.fused_path.read_bytes() == b"new\n"
    assert not again.records.needs_recovery()


def test_changed_rows_are_counted(tmp_path: Path) -> None:
    records = Records(tmp_path)
    data = b"clip_id,x\na,1\nb,2\nc,3\n"
    record = Record({}, {}, {"t.csv": hashlib.sha256(data).hexdigest()})
    records.commit("s", record, {"t.csv": data})
    assert edits_of(records) == []
    for text, n_rows in (
        (b"clip_id,x\na,1\nb,5\nc,3\n", 1),
        (b"clip_id,x\na,1\nc,3\n", 1),
        (b"clip_id,x\na,1\nb,2\nc,3\nd,4\ne,5\n", 2),
        (b"\xef\xbb\xbfclip_id,x\r\na,1\r\nb,2\r\nc,3\r\n", 0),
    ):
        (tmp_path / "t.csv").write_bytes(text)
        (edit,) = edits_of(records)
        assert (edit.name, edit.n_rows) == ("t.csv", n_rows)
    later = Record({}, {"t.csv": record.files["t.csv"]}, {})
    records.commit("later", later, {})
    assert outdated(records) == ["later is out of date: t.csv has changed since"]


def test_a_clip_that_failed_is_tried_again_when_it_is_asked_for(tmp_path: Path) -> None:
    small_recipe(tmp_path)
    run = small_run(tmp_path)
    run_all(run)
    tried: list[str] = []

    def noted(self: Any, source: Any) -> Any:
        tried.append(source.clip_id)
        return extract(self, source)

    kind = type(run.recipe.features["bytes"].options).__module__
    extractor = sys.modules[kind].Bytes
    extract = extractor.extract
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extractor, "extract", noted)
        extract_all(run)
        assert tried == []
        extract_all(run, force=True)
        assert tried == ["empty"]


def test_a_folder_called_as_a_recipe_is_not_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_run("demo", ["data.root=demo"]).recipe.name == "demo"
    with pytest.raises(ConfigError, match="not the folder of a run"):
        open_run(tmp_path / "demo")


def test_test_clips_that_repeat_training_clips_are_told_of(tmp_path: Path) -> None:
    small_recipe(tmp_path)
    clips = tmp_path / "clips"
    (clips / "twin.wav").write_bytes((clips / "Dark/clip00.wav").read_bytes())
    told = "1 validation or test clips repeat training clips, e.g. twin clip00: no model learns"
    with pytest.warns(UserWarning, match=told):
        index(small_run(tmp_path))
