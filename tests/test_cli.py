"""What a person sees: one clear message for a mistake, an exit status for a script."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from emotiw.cli.app import main
from tests.in_process import SET_IN_PROCESS

ROOT = Path(__file__).parents[1]


def emotiw(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, as its own would; only the first start takes long."""
    command = ["emotiw", *map(str, arguments)]
    out, err, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        patched.setattr(sys, "argv", command)
        patched.chdir(ROOT)
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    assert "Traceback" not in err.getvalue() + out.getvalue()
    return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())


def zipped(path: Path, texts: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in texts.items():
            file.writestr(name, text)
    return path


def test_every_problem_of_a_recipe_is_told_at_once(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        "challenge: afwe2017\n"
        "data: {root: nowhere}\n"
        "features:\n"
        "  voice: {extractor: opensmil}\n"
        "  face: {extractor: frames, wieghts: x}\n"
        "models:\n"
        "  a: {model: svm, features: vioce}\n"
        "  b: {features: voice}\n"
        "fusion: {method: wieghted}\n"
    )
    done = emotiw("run", recipe)
    assert done.returncode == 2
    for part in (
        "did you mean 'afew2017'",
        "mine.yaml:4: unknown extractor 'opensmil'; did you mean 'opensmile'?",
        "mine.yaml:5: unknown key 'features.face.wieghts'; did you mean 'weights'?",
        "unknown feature 'vioce'; did you mean 'voice'?",
        "'models.b.model' is needed",
        "mine.yaml:9: fusion.method",
    ):
        assert part in done.stderr, done.stderr


def test_an_unknown_key_at_the_top(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("challenge: afew2017\ndata: {rot: x}\nfusoin: {}\n")
    done = emotiw("index", recipe)
    assert done.returncode == 2
    assert "unknown key 'data.rot'; did you mean 'root'?" in done.stderr
    assert "unknown key 'fusoin'; did you mean 'fusion'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "ravdes"], "no such recipe: ravdes; did you mean 'ravdess'?"),
        (["index", "clips", "--set", "data.root=/no/such/folder"], "no folder"),
        (["index", "clips", "--set", "data.root"], "expected NAME=VALUE, like"),
        (["submit"], "submit needs a recipe, or --check FILE"),
        (["leaderboard", "afwe2017"], "did you mean 'afew2017'?"),
    ],
)
def test_mistakes_get_one_clear_message(arguments: list[str], message: str) -> None:
    done = emotiw(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_folder_of_ones_own_with_bad_files(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "empty.mp4").write_bytes(b"")
    (clips / "noise.avi").write_bytes(b"not a video" * 100)
    settings = ["--set", f"data.root={clips}", "--set", f"paths.runs={tmp_path / 'runs'}"]
    done = emotiw("faces", "clips", *settings, "--json", "--set", SET_IN_PROCESS)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["clips"] == {"ok": 0, "partial": 0, "missing": 0, "failed": 2}
    reasons = {row["clip_id"]: row["reason"] for row in told["not_ok"]}
    assert "the file is empty" in reasons["empty"]
    assert "not a video, sound or image file" in reasons["noise"]


def test_checking_a_zip_from_elsewhere(tmp_path: Path) -> None:
    test = tmp_path / "Test"
    test.mkdir()
    for name in ("000143240", "011145880"):
        (test / f"{name}.avi").write_bytes(b"")
    good = zipped(tmp_path / "Team.zip", {"000143240.txt": "Happy", "011145880.txt": "Sad"})
    command = ["submit", "--challenge", "afew2017", "--clips", test, "--check"]
    assert emotiw(*command, good).returncode == 0
    bad = zipped(tmp_path / "Bad.zip", {"000143240.txt": "Hapy", "x/011145880.txt": "Sad"})
    done = emotiw(*command, bad)
    assert done.returncode == 1
    assert "did you mean 'Happy'" in done.stdout
    listed = tmp_path / "ids.txt"
    listed.write_text("000143240\n011145880\n\n")
    command[4] = listed
    assert emotiw(*command, good).returncode == 0
    listed.write_text("")
    assert "names no test clips" in emotiw(*command, good).stderr


def test_the_commands_are_listed() -> None:
    command = [sys.executable, "-m", "emotiw", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("index", "faces", "features", "train", "fuse", "submit", "run", "demo"):
        assert f" {command} " in shown
    assert emotiw("--version").stdout.startswith("emotiw ")


def test_fusing_scores_of_ones_own_without_a_recipe(tmp_path: Path) -> None:
    clips = [f"clip{n:02}" for n in range(24)]
    labels = ["Happy" if n % 2 else "Sad" for n in range(24)]
    header = "clip_id,label,group,fold\n"
    rows = [
        f"{c},{a},speaker{n // 4},{n // 8}\n"
        for n, (c, a) in enumerate(zip(clips, labels, strict=True))
    ]
    (tmp_path / "labels.csv").write_text(header + "".join(rows))
    for name, wrong_every in (("a", 3), ("b", 4)):
        lines = ["clip_id,Sad,Happy\n"]
        for n, (clip, label) in enumerate(zip(clips, labels, strict=True)):
            happy = 0.8 if (label == "Happy") != (n % wrong_every == 0) else 0.2
            lines.append(f"{clip},{1 - happy:.1f},{happy}\n")
        (tmp_path / f"{name}.csv").write_text("".join(lines))
    scores = ["--scores", tmp_path / "a.csv", tmp_path / "b.csv"]
    done = emotiw(
        "fuse", *scores, "--labels", tmp_path / "labels.csv", "--out", tmp_path / "out",
        "--set", "method=mean",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cross-fitted on 24 clips of 6 groups in 3 folds" in done.stdout
    assert (tmp_path / "out" / "fused.csv").read_text().count("\n") == 25
    unknown = emotiw("fuse", *scores, "--labels", tmp_path / "labels.csv", "--set", "metod=mean")
    assert unknown.returncode == 2
    assert "did you mean 'method'?" in unknown.stderr
    assert "needs --labels" in emotiw("fuse", *scores).stderr
