from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from emotiw.challenges.spec import load_spec, spec_names
from emotiw.cli import attempts, challenges, data
from emotiw.cli.leaderboard import leaderboard
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest
from emotiw.core.errors import ConfigError, SubmissionError
from submissions import write_submission

app = typer.Typer()
app.add_typer(challenges.app, name="challenges")
app.add_typer(data.app, name="data")
app.add_typer(attempts.app, name="attempts")
app.command()(leaderboard)


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_list_and_show() -> None:
    lines = json.loads(run("challenges", "list", "--json"))
    assert [line["name"] for line in lines] == spec_names()
    shown = run("challenges", "show", "vgaf")
    assert "1 = Positive" in shown
    assert "2661 train, 766 val, 756 test" in shown
    assert "[memory] winner Liu et al.: accuracy 76.85 on test" in shown
    assert (
        "  layout\n    Train_labels.txt  train: labels of the clips\n    Train/\n      *.mp4"
        in shown
    )
    told = json.loads(run("challenges", "show", "vgaf", "--json"))
    assert told["attempts"] == 5
    assert "Val_labels.txt  val: labels of the clips" in told["tree"]


def test_the_list_is_searched_and_nothing_in_it_is_cut() -> None:
    def names(*words: str) -> list[str]:
        return [line["name"] for line in json.loads(run("challenges", "list", "--json", *words))]

    assert names("--task", "groups", "--year", "2020") == ["vgaf"]
    assert "emodb" in names("--modality", "audio", "--task", "classification")
    assert "emodb" not in names("--modality", "video")
    assert names("--modality", "image", "--task", "regression") == ["cohesion2019", "happei2016"]
    with pytest.raises(ConfigError, match="did you mean 'groups'"):
        run("challenges", "list", "--task", "group")
    with pytest.raises(ConfigError, match="no modality 'smell'"):
        run("challenges", "list", "--modality", "smell")
    piped = run("challenges", "list").splitlines()
    assert [line.split()[0] for line in piped[1:]] == spec_names()


def test_what_is_assumed_is_shown() -> None:
    shown = run("challenges", "show", "engagenet")
    assert "unproved    submission (assumed)" in shown
    assert "submission: submission table: the CodaLab format was not found" in shown
    assert "assumed, or from memory" not in run("challenges", "show", "mer2025")
    assert "not yet     its labels stand in a file" in run("challenges", "show", "emoreact")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("muse2022", "muse2021_arousal"), ("abaw9", "abaw6_au"), ("ravdes", "ravdess")],
)
def test_a_name_that_is_none_is_told_its_series(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean .*{meant}"):
        load_spec(typed)


@pytest.mark.parametrize("name", spec_names())
def test_every_challenge_can_be_shown(name: str) -> None:
    assert load_spec(name).title in run("challenges", "show", name)


def test_new_challenges_load_at_once(tmp_path: Path) -> None:
    run("challenges", "new", tmp_path / "mine.yaml")
    assert load_spec(tmp_path / "mine.yaml").name == "mine"
    run("challenges", "new", tmp_path / "like_afew.yaml", "--extends", "afew2018")
    spec = load_spec(tmp_path / "like_afew.yaml")
    assert (spec.name, spec.labels) == ("like_afew", load_spec("afew2018").labels)
    assert not spec.figures
    with pytest.raises(ConfigError, match="left as it is"):
        run("challenges", "new", tmp_path / "mine.yaml")
    with pytest.raises(ConfigError, match="lower case"):
        run("challenges", "new", tmp_path / "My Own.yaml")
    with pytest.raises(ConfigError, match="did you mean 'afew20"):
        run("challenges", "new", tmp_path / "other.yaml", "--extends", "afew2081")


def test_a_circle_of_extensions_is_refused(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(f"extends: {two}\n")
    two.write_text(f"extends: {one}\n")
    with pytest.raises(ConfigError, match="in a circle"):
        load_spec(one)


def test_attempts_by_command(tmp_path: Path) -> None:
    spec = load_spec("afew2017")
    path = write_submission(spec, {"1": "Sad"}, tmp_path / "team.zip")
    folder = ("--folder", tmp_path)
    assert "6 left" in run("attempts", "add", "afew2017", path, "--val", "48.3", *folder)
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("Overall Classification Accuracy: 60.030628\n")
    assert "+11.73 to validation" in run("attempts", "result", "afew2017", "1", sheet, *folder)
    listed = json.loads(run("attempts", "list", "afew2017", "--json", *folder))
    assert listed["left"] == 6
    assert listed["attempts"][0]["test"] == 60.030628
    assert "60.03" in run("attempts", "list", "afew2017", *folder)
    with pytest.raises(SubmissionError, match="no such file"):
        run("attempts", "add", "afew2017", tmp_path / "none.zip", *folder)
    with pytest.raises(SubmissionError, match="either the result sheet or"):
        run("attempts", "result", "afew2017", "1", *folder)


def test_an_attempt_is_filled_in_from_its_run(tmp_path: Path) -> None:
    spec, folder = load_spec("afew2017"), tmp_path / "runs" / "mine"
    clips = [
        Clip(str(i), Path(f"{i}.avi"), "val", label) for i, label in enumerate(("Sad", "Fear"))
    ]
    write_manifest(Cohort(clips, task=spec.task), folder / "manifest.csv", root=folder)
    (folder / "recipe.yaml").write_text("challenge: afew2017\n")
    header = ",".join(spec.labels)
    rows = "".join(f"{i},val,,0,0,0,0,0,1,0\n" for i in range(2))
    (folder / "fused.csv").write_text(f"clip_id,split,fold,{header}\n{rows}")
    card = {"name": "fused", "task": "classification", "labels": spec.labels, "seen_groups": {}}
    (folder / "fused.json").write_text(json.dumps(card))
    path = write_submission(spec, {"9": "Sad"}, folder / "submission" / "team.zip")
    told = run("attempts", "add", "afew2017", path)
    assert "attempt 1 at afew2017, run mine, accuracy 50 on validation, 6 left" in told
    listed = json.loads(
        run("attempts", "list", "afew2017", "--json", "--folder", tmp_path / "runs")
    )
    (row,) = listed["attempts"]
    assert (row["run"], row["val"], len(row["config"])) == ("mine", 50.0, 64)


def test_the_leaderboard_of_a_folder_of_runs(tmp_path: Path) -> None:
    spec = load_spec("afew2017")
    for name, challenge in (("mine", "afew2017"), ("other", "vgaf")):
        folder = tmp_path / "runs" / name
        cohort = Cohort([Clip("1", Path("1.avi"), "val", "Sad")], task=spec.task)
        write_manifest(cohort, folder / "manifest.csv", root=folder)
        (folder / "recipe.yaml").write_text(f"challenge: {challenge}\n")
        header = ",".join(spec.labels)
        (folder / "fused.csv").write_text(f"clip_id,split,fold,{header}\n1,val,,0,0,0,0,0,1,0\n")
        card = {"name": "fused", "task": "classification", "labels": spec.labels, "seen_groups": {}}
        (folder / "fused.json").write_text(json.dumps(card))
    shown = run("leaderboard", "afew2017", "--runs", tmp_path / "runs", "--format", "markdown")
    assert "| 1 | mine/fused | run | val | 100.00 |" in shown
    assert "other" not in shown
    board = tmp_path / "board.csv"
    run(
        "leaderboard", "afew2017", "--runs", tmp_path / "runs", "--format", "csv", "--output", board
    )
    assert board.read_text().startswith("rank,who,kind")
    with pytest.raises(ConfigError, match="no folder of runs"):
        run("leaderboard", "afew2017", "--runs", tmp_path / "nowhere")


def test_nothing_is_downloaded_without_a_yes(tmp_path: Path) -> None:
    words = ["data", "fetch", "ravdess", str(tmp_path), "--part", "audio"]
    result = CliRunner().invoke(app, words, input="n\n")
    assert result.exit_code == 1
    assert "ravdess audio: CC BY-NC-SA 4.0, 208 MB" in result.output
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="on request"):
        run("data", "fetch", "afew2017", tmp_path)


def test_commands_are_cheap_to_mount() -> None:
    code = (
        "import sys, emotiw.cli.attempts, emotiw.cli.challenges, emotiw.cli.data, "
        "emotiw.cli.leaderboard\n"
        "print([m for m in ('numpy', 'pandas', 'pydantic', 'yaml', 'rich.table') "
        "if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
