"""Whoever changes a recipe or a file between two stages gets the right value, or a sentence."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from emotiw.analysis.handed_in import run_behind
from emotiw.analysis.leaderboard import rank_runs
from emotiw.analysis.report.page import write_report
from emotiw.cli.net import caught
from emotiw.core.errors import EmotiwError, MissingStageError, TableError
from emotiw.core.notices import EmotiwWarning
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.fuse import fuse_all
from emotiw.runs.stages.index import index
from emotiw.runs.stages.submit import submit
from emotiw.runs.stages.train import train_all
from emotiw.runs.status import status_of
from tests.runs.small import small_recipe, small_run

OTHER_MODEL = "models.voice.c=0.0001"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("edits")
    small_recipe(home)
    run_all(small_run(home))
    return home


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Path:
    """A finished run of one's own to change."""
    for name in ("clips", "runs/small"):
        shutil.copytree(finished / name, tmp_path / name)
    for name in ("small.yaml", "light.yaml", "own_bytes.py"):
        text = (finished / name).read_text().replace(str(finished), str(tmp_path))
        (tmp_path / name).write_text(text)
    (tmp_path / "runs/store").symlink_to(finished / "runs/store")
    run_all(small_run(tmp_path))
    return tmp_path


def rewritten(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    """Change the rows of a CSV as a person would."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def with_speakers(row: dict[str, str]) -> None:
    row["group"] = f"speaker {int(row['clip_id'][-2:]) // 3}" if row["label"] else ""


def with_the_truth(row: dict[str, str]) -> None:
    if row["split"] == "train" and row["Dark"]:
        is_bright = int(row["clip_id"][-2:]) % 2
        row["Dark"], row["Bright"] = ("0.25", "0.75") if is_bright else ("0.75", "0.25")


def accuracy(results: list[object], name: str) -> float:
    return next(
        one.value  # type: ignore[attr-defined]
        for one in results
        if one.name == name and one.metric.name == "accuracy"  # type: ignore[attr-defined]
    )


def test_nothing_is_changed_by_hand_in_a_fresh_run(home: Path) -> None:
    found = status_of(small_run(home))
    assert (found.to_do, found.edits, found.holder) == ([], [], "")


def test_speakers_filled_into_the_manifest_stay_and_count(home: Path) -> None:
    run = small_run(home)
    (home / "clips/Dark/empty.wav").unlink()
    run_all(run)
    rewritten(run.manifest_path, with_speakers)
    written = run.manifest_path.read_bytes()
    summary = run_all(run)
    assert run.manifest_path.read_bytes() == written
    assert summary.results is not None
    assert (summary.results[0].n_groups, summary.results[0].knows_groups) == (4, True)
    assert [str(edit)[:32] for edit in summary.edits] == ["manifest.csv was changed by hand"]
    assert summary.edits[0].n_rows == 12
    index(run)
    assert run.manifest_path.read_bytes() == written


def test_a_manifest_changed_by_hand_is_not_lost_when_clips_come(home: Path) -> None:
    run = small_run(home)
    (home / "clips/Dark/empty.wav").unlink()
    index(run)
    rewritten(run.manifest_path, with_speakers)
    (home / "clips/Bright/new.wav").write_bytes(b"\x99" * 50)
    with pytest.raises(TableError, match=r"manifest.csv was changed by hand .*12 rows.*--force"):
        run_all(run)
    assert "new" in index(run, force=True)
    assert status_of(run).edits == []


def test_a_changed_model_is_not_fused_from_the_scores_of_the_other(home: Path) -> None:
    with pytest.raises(
        MissingStageError, match=r"train:voice is out of date: models.voice.c was 5.0, is 0.0001"
    ):
        fuse_all(small_run(home, OTHER_MODEL))


def test_a_changed_model_is_trained_fused_and_told(home: Path) -> None:
    changed = small_run(home, OTHER_MODEL)
    train_all(changed)
    with pytest.raises(MissingStageError, match=r"fuse is out of date: scores/voice.csv"):
        submit(changed)
    _, results = fuse_all(changed)
    whole = small_run(home, OTHER_MODEL, runs=home / "elsewhere")
    assert results == run_all(whole).results
    again = open_run(home / "runs/small")
    assert again.recipe.models["voice"].options.c == 0.0001  # type: ignore[attr-defined]


def test_scores_made_with_other_folds_are_not_fused(home: Path) -> None:
    with pytest.raises(MissingStageError, match=r"folds.n_folds was 2, is 3"):
        fuse_all(small_run(home, "folds.n_folds=3"))


def test_a_model_is_not_trained_on_features_of_other_settings(home: Path) -> None:
    with pytest.raises(
        MissingStageError, match=r"features.bytes.scale was 1.0, is 2.0: run `emotiw features"
    ):
        train_all(small_run(home, "features.bytes.scale=2.0"))


def test_scores_replaced_by_the_truth_say_so_everywhere(home: Path) -> None:
    run = small_run(home)
    rewritten(run.scores_path("voice"), with_the_truth)
    summary = run_all(run)
    assert summary.results is not None
    # the empty clip has no scores, and stays wrong
    assert accuracy(list(summary.results), "voice") == pytest.approx(12 / 13)
    told = "scores/voice.csv was changed by hand on "
    assert told in str(summary.edits[0])
    assert told in "".join(line.note for line in rank_runs(run.recipe.spec, [run.folder])[0])
    assert told in write_report(run, home / "report.html").path.read_text()
    assert json.loads((run.folder / "provenance.json").read_text())["edited"][0]["n_rows"] == 12
    marked = [row for row in run_ledger(run) if told in row["reason"]]
    assert {row["stage"] for row in marked} == {"train:voice"}
    assert len(marked) == 12


def run_ledger(run: Run) -> list[dict[str, str]]:
    with run.ledger_path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_scores_changed_by_hand_are_not_overwritten(home: Path) -> None:
    run = small_run(home)
    rewritten(run.scores_path("voice"), with_the_truth)
    changed = small_run(home, OTHER_MODEL)
    with pytest.raises(TableError, match=r"scores/voice.csv was changed by hand .*--force"):
        run_all(changed)
    assert run_all(changed, force=True).edits == []


@pytest.mark.parametrize("kept", [0, 150])
@pytest.mark.parametrize("name", ["manifest.csv", "features/bytes.csv", "fused.csv"])
def test_a_file_that_was_cut_is_named_and_how_to_go_on(home: Path, name: str, kept: int) -> None:
    run = small_run(home)
    path = run.folder / name
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EmotiwError) as raised:
        run_all(run)
    told = f"{name} was changed by hand on .*: mend it, or remove it, and it is made anew"
    assert re.search(told, str(raised.value))
    path.unlink()
    assert run_all(run).edits == []


def test_a_folder_in_the_place_of_a_file_is_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = small_run(home)
    run.fused_path.unlink()
    run.fused_path.mkdir()
    assert caught(lambda: run_all(run)) == 2
    assert f"{run.fused_path}: not a regular file (a folder)" in capsys.readouterr().err


def test_a_feature_table_changed_by_hand_is_trained_on(home: Path) -> None:
    run = small_run(home)
    path = run.features_path("bytes")
    path.write_text("".join(line for line in path.open() if not line.startswith("clip03")))
    with pytest.raises(MissingStageError, match=r"train:voice is out of date: features/bytes.csv"):
        fuse_all(run)
    train_all(run)
    assert not run.scores("voice").present[list(run.scores("voice").clip_ids).index("clip03")]
    extract_all(run)
    assert "clip03" not in path.read_text()
    assert [edit.name for edit in status_of(run).edits] == ["features/bytes.csv"]


def test_fused_scores_changed_by_hand_are_handed_in_and_judged(home: Path) -> None:
    run = small_run(home)

    def swapped(row: dict[str, str]) -> None:
        row["Dark"], row["Bright"] = row["Bright"], row["Dark"]

    def answers() -> dict[str, object]:
        from submissions.checker import check_submission

        ids = [clip.clip_id for clip in run.cohort().select("test")]
        return dict(check_submission(run.recipe.spec, submit(run)[0], expected_ids=ids).answers)

    before = answers()
    rewritten(run.fused_path, swapped)
    other = {"Dark": "Bright", "Bright": "Dark"}
    assert answers() == {clip_id: other[str(label)] for clip_id, label in before.items()}
    summary = run_all(run)
    assert [edit.name for edit in summary.edits] == ["fused.csv"]


def test_a_submission_changed_by_hand_is_checked_as_it_is(home: Path) -> None:
    run = small_run(home)
    path, report = submit(run)
    assert report.is_ok
    assert report.path == path  # the run has been moved here
    with ZipFile(path, "w") as archive:
        archive.writestr("clip12.txt", "dark")
    again = submit(run)[1]
    assert again.kinds >= {"wrong case", "missing", "changed by hand"}
    assert not again.is_ok
    assert run_all(run).check == again
    written_anew = run_all(run, force=True).check
    assert written_anew is not None
    assert written_anew.kinds == report.kinds


def test_a_submission_has_the_score_of_what_it_was_written_from(home: Path) -> None:
    run = small_run(home)
    path, spec = submit(run)[0], run.recipe.spec
    known = run_behind(spec, path)
    assert known is not None
    assert known.val is not None
    fuse_all(small_run(home, "fusion.method=mean"))
    with pytest.warns(EmotiwWarning, match=r"Us.zip is not what .* would hand in now"):
        later = run_behind(spec, path)
    assert later is not None
    assert (later.run, later.val) == (known.run, None)
    submit(small_run(home, "fusion.method=mean"))
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.warns(EmotiwWarning, match="no score is noted"):
        run_behind(spec, path)


def test_no_submission_without_the_test_clips_that_have_come_since(home: Path) -> None:
    run = small_run(home)
    (home / "clips/clip99.wav").write_bytes(b"\x99" * 50)
    assert status_of(run).to_do == ["index", "submit"]
    with pytest.raises(MissingStageError, match=r"index is out of date: the folder .*emotiw index"):
        submit(run)
    check = run_all(run).check
    assert check is not None
    assert check.n_answers == 5
    (home / "clips").rename(home / "gone")
    assert submit(small_run(home))[1].n_answers == 5


@pytest.mark.parametrize("text", ['{"a":', "{}", "[]"])
def test_a_damaged_report_of_a_check_is_made_anew(home: Path, text: str) -> None:
    run = small_run(home)
    report = submit(run)[1]
    (run.folder / ".emotiw/check.json").write_text(text)
    assert submit(run)[1].findings == report.findings
    assert submit(run)[1].n_answers == report.n_answers
    assert status_of(run).edits == []


def test_a_damaged_page_of_the_ledger_is_named(home: Path) -> None:
    run = small_run(home)
    (run.folder / "ledger/index.csv").write_text("clip,what\na,b\n")
    with pytest.raises(TableError, match=r"ledger/index.csv.*\n.*line 1: no column 'clip_id'"):
        run_all(run)


def test_a_damaged_journal_is_named(home: Path) -> None:
    run = small_run(home)
    (run.folder / ".emotiw/journal.json").write_text('{"a":')
    with pytest.raises(TableError, match=r"journal.json: damaged .* remove it"):
        run_all(run)


def test_a_fusion_changed_by_hand_stays(home: Path) -> None:
    run = small_run(home)
    text = run.fusion_path.read_text()
    run.fusion_path.write_text(text + "# looked at\n")
    assert [edit.n_rows for edit in run_all(run).edits] == [1]
    assert run.fusion_path.read_text().endswith("# looked at\n")
    with pytest.raises(TableError, match=r"fusion.yaml was changed by hand"):
        run_all(small_run(home, "fusion.method=mean"))


def test_a_clip_that_was_replaced_is_read_again(home: Path) -> None:
    run = small_run(home)
    before = run.features_path("bytes").read_bytes()
    (home / "clips/Dark/clip00.wav").write_bytes(b"\x07" * 99)
    found = status_of(run)
    assert "index" in found.to_do
    assert "features:bytes" in found.to_do
    run_all(run)
    assert run.features_path("bytes").read_bytes() != before
    assert status_of(run).to_do == []


def test_a_file_that_is_gone_is_made_anew(home: Path) -> None:
    run = small_run(home)
    before = run.fused_path.read_bytes()
    run.fused_path.unlink()
    assert "fused.csv is missing" in str(status_of(run).stages)
    run_all(run)
    assert run.fused_path.read_bytes() == before


def test_scores_without_any_record_are_not_overwritten_unasked(home: Path) -> None:
    run = small_run(home)
    shutil.rmtree(run.folder / ".emotiw")  # as an earlier version left it
    run_all(run)
    shutil.rmtree(run.folder / ".emotiw")
    rewritten(run.scores_path("voice"), with_the_truth)
    with pytest.raises(EmotiwError, match=r"nothing says that a stage has written it.*--force"):
        run_all(run)
