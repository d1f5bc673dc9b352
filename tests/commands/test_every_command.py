"""What holds of all commands: examples, JSON, options of one name, and output that nothing cuts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from emotiw.challenges.spec import spec_names
from emotiw.cli.app import app
from emotiw.core.weights import card_names
from emotiw.runs.recipe import packaged_recipes
from emotiw.runs.run import open_run
from tests.ablation.small import make_small

ROOT = Path(__file__).parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")
BOX = set("─━│┃┌┐└┘├┤╭╮╰╯╷╵╶╴┏┓┗┛")


def commands(group: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Every command with the words that call it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


EVERY = dict(commands())


def options_of(command: Any) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


def call(*words: str | Path, width: int = 40, status: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_each_help_ends_with_an_example(words: tuple[str, ...]) -> None:
    text = EVERY[words].help or ""
    example = text.strip().split("\n\n")[-1]
    shown = ("faces",) if words == ("faces", "find") else words  # its name may be left out
    assert example.startswith(f"emotiw {' '.join(shown)}"), text
    known = options_of(EVERY[words])
    first = example.split("&&")[0]
    assert {word for word in first.split() if word.startswith("--")} <= known
    assert " ".join(example.split()) in " ".join(call(*words, "--help", width=400).split())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_options_have_one_name_each(words: tuple[str, ...]) -> None:
    known = options_of(EVERY[words])
    assert "--json" in known
    if "--output" in known:
        assert "--out" in known
    if "--set" in known and words != ("status",):
        assert "--quiet" in known
    for each in EVERY[words].params:
        if each.name in {"config", "run_a", "run_b"} and each.param_type_name == "argument":
            assert each.metavar == "RECIPE|RUN"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe and the folder of its finished run."""
    import emotiw

    folder = tmp_path_factory.mktemp("every")
    recipe = make_small(
        folder, {"a_modality_with_a_rather_long_name": 1.5, "voice": 0.8}, n_train=18, n_val=9
    )
    run = emotiw.open_run(recipe)
    emotiw.run_all(run)
    emotiw.ablate(run, {"fusion": ["weighted", "mean"]}, metric="accuracy")
    return recipe, open_run(recipe).folder


def cases(recipe: Path, run: Path) -> dict[str, tuple[str | Path, ...]]:
    challenge = recipe.parent / "small.yaml"
    return {
        "index": ("index", recipe),
        "features": ("features", recipe),
        "train": ("train", recipe),
        "fuse": ("fuse", recipe),
        "run": ("run", recipe),
        "status": ("status", recipe),
        "ablate": ("ablate", run),
        "compare": ("compare", run, recipe),
        "leaderboard": ("leaderboard", challenge, "--runs", run.parent),
        "challenges list": ("challenges", "list"),
        "challenges show": ("challenges", "show", "afew2017"),
        "recipes list": ("recipes", "list"),
        "recipes show": ("recipes", "show", "afew"),
        "attempts list": ("attempts", "list", "afew2017", "--folder", run),
        "store status": ("store", "status", run),
        "store check": ("store", "check", run),
        "store clear": ("store", "clear", run),
        "weights list": ("weights", "list"),
        "weights verify": ("weights", "verify", "emotion_cnn"),
    }


CASES = list(cases(Path(), Path()))


@pytest.mark.parametrize("name", CASES)
def test_json_is_json(small: tuple[Path, Path], name: str) -> None:
    def refused(text: str) -> Any:
        raise AssertionError(f"{text} is no JSON")

    told = json.loads(call(*cases(*small)[name], "--json"), parse_constant=refused)
    assert told or name == "features"


@pytest.mark.parametrize("name", CASES)
def test_a_pipe_gets_whole_lines_whatever_the_width(small: tuple[Path, Path], name: str) -> None:
    call("run", small[0], "--quiet")  # nothing is left to be told of once
    narrow, wide = (call(*cases(*small)[name], width=width) for width in (40, 400))
    assert narrow == wide
    assert not BOX & set(narrow)
    assert "…" not in narrow
    assert not [line for line in narrow.splitlines() if line != line.rstrip()] or "show" in name


@pytest.mark.parametrize("name", [name for name in CASES if "show" not in name])
def test_a_narrow_terminal_cuts_no_name(
    small: tuple[Path, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    shown = ANSI.sub("", call(*cases(*small)[name], width=60))
    assert "…" not in shown
    if name in {"train", "fuse", "run", "compare"}:
        squeezed = re.sub(r"[\s─]", "", shown)
        assert "voice" in squeezed


def test_scores_from_elsewhere_as_json(tmp_path: Path) -> None:
    labels = "".join(f"c{n},{'Sad' if n % 2 else 'Happy'},g{n // 4},{n // 8}\n" for n in range(24))
    (tmp_path / "labels.csv").write_text(f"clip_id,label,group,fold\n{labels}")
    scores = "".join(f"c{n},{0.4 + 0.2 * (n % 2)},{0.6 - 0.2 * (n % 2)}\n" for n in range(24))
    (tmp_path / "a.csv").write_text(f"clip_id,Sad,Happy\n{scores}")
    words = ("fuse", "--scores", tmp_path / "a.csv", "--labels", tmp_path / "labels.csv")
    told = json.loads(call(*words, "--out", tmp_path / "out", "--json"))
    assert {row["metric"] for row in told} >= {"accuracy", "uar"}


def test_attempts_and_checks_as_json(tmp_path: Path) -> None:
    path = tmp_path / "team.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("1.txt", "Sad")
    place = ("--folder", tmp_path, "--json")
    added = json.loads(call("attempts", "add", "afew2017", path, *place))
    assert (added["left"], added["attempt"]["number"]) == (6, 1)
    noted = json.loads(call("attempts", "result", "afew2017", "1", "--value", "55.5", *place))
    assert noted["attempt"]["test"] == 55.5
    words = ("submit", "--check", path, "--challenge", "afew2017", "--json")
    assert json.loads(call(*words, status=1))["is_ok"] is False
    made = json.loads(call("challenges", "new", tmp_path / "mine.yaml", "--json"))
    assert made["challenge"] == str(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("emotiw run rav", {"ravdess", "ravdess_audio", "ravdess_av"}),
        ("emotiw challenges show afew201", {f"afew201{year}" for year in range(3, 10)}),
        ("emotiw weights fetch hub", {"hubert_base", "hubert_large"}),
        ("emotiw recipes show gaf", {"gaf"}),
        ("emotiw run conf", {"configs/"}),
    ],
)
def test_a_shell_completes_names(typed: str, offered: set[str]) -> None:
    words = typed.split()
    asked = {"_EMOTIW_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    environment = {**asked, "COMP_CWORD": str(len(words) - 1)}
    code = "from emotiw.cli.app import app; app(prog_name='emotiw')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**_environment(), **environment},
        capture_output=True, text=True,
    )  # fmt: skip
    assert offered <= set(done.stdout.split()), done.stderr
    assert all(name.startswith(words[-1]) for name in done.stdout.split())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_what_is_completed_is_what_comes_along() -> None:
    from emotiw.cli.completion import cards_or_files, challenges_or_files, recipes

    assert recipes("") == sorted(packaged_recipes())
    assert [n for n in challenges_or_files("") if not n.endswith(("/", ".yaml"))] == spec_names()
    assert [n for n in cards_or_files("") if not n.endswith(("/", ".yaml"))] == card_names()


def test_exit_statuses_are_told_alike_everywhere() -> None:
    from emotiw.cli import net
    from emotiw.core.stopping import STATUSES

    document = (ROOT / "docs" / "exit_codes.md").read_text("utf-8")
    in_document = {int(number) for number in re.findall(r"^\| (\d+) \|", document, re.MULTILINE)}
    in_net = {int(n) for n in re.findall(r"^ *(\d+)(?:  |:)", str(net.__doc__), re.MULTILINE)}
    assert in_document == {0, 1, 2, 3, 70, *STATUSES}
    assert in_net <= in_document
    shown = " ".join(call("--help", width=400).split())
    assert "Exit status: 0 done" in shown
    for number in in_document - {143, 130}:
        assert f"{number} " in shown or f"{number}," in shown
