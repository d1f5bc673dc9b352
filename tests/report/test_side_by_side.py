"""Several runs on one page: the digits of a comparison, and the clips that one alone gets right."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import emotiw
from emotiw.analysis.comparison import compare_runs
from emotiw.analysis.report.side_by_side import read_together, write_side_by_side
from emotiw.cli.app import app
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.differences import compare, p_text
from emotiw.evaluation.results import evaluate
from emotiw.evaluation.single_metrics import ACCURACY
from emotiw.runs.run import Run, reopen_run
from tests.report.runs import classified, data_of, filmed

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    home = tmp_path_factory.mktemp("several")
    return [filmed(home, name=name, seed=seed) for seed, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def page(runs: list[Run]) -> Path:
    return write_side_by_side(runs, has_samples=False).path


def text_of(page: Path, section: str) -> str:
    text = page.read_text(encoding="utf-8")
    part = text[text.index(f'<section id="{section}"') :]
    return " ".join(
        html.unescape(re.sub(r"<[^>]+>", " ", part[: part.index("</section>")])).split()
    )


def test_values_are_those_of_the_evaluation(runs: list[Run], page: Path) -> None:
    told = text_of(page, "runs")
    assert page == runs[0].folder.parent / "a+b+c.html"
    for run in runs:
        result = evaluate(run.scores("fused"), run.cohort(), "accuracy")
        assert f"{run.folder.name} {ACCURACY.shown(result.value)}" in told
        span = ACCURACY.span(result.low, result.high)
        cell = f"{ACCURACY.shown(result.value)} [{span}]" if span else ACCURACY.shown(result.value)
        assert cell in text_of(page, "modalities")


def test_every_pair_is_tested_as_compare_does(runs: list[Run], page: Path) -> None:
    told = text_of(page, "runs")
    for one, other in ((0, 1), (0, 2), (1, 2)):
        a, b = runs[one], runs[other]
        found = compare(a.scores("fused"), b.scores("fused"), a.cohort(), "accuracy")
        span = ACCURACY.span(found.low, found.high)
        line = f"{NAMES[one]} against {NAMES[other]} {ACCURACY.shown(found.ours.value)} "
        line += f"{ACCURACY.shown(found.theirs.value)} {ACCURACY.number(found.value, sign=True)} "
        assert line + f"[{span}] {p_text(found.p)} " in told
        row = compare_runs(b.folder, a.folder).figures.iloc[0]
        assert (row["difference"], row["p"]) == (pytest.approx(found.value), found.p)
    assert "no sure difference" in told


def test_clips_that_one_alone_gets_right(runs: list[Run], page: Path) -> None:
    answers = runs[0].cohort().answer_key()
    right = []
    for run in runs:
        said = ScoreTable.read_csv(run.fused_path).predictions()
        right.append({clip_id for clip_id in answers if said[clip_id] == answers[clip_id]})
    data: Any = data_of(page)
    assert data["models"] == list(NAMES)
    sets = {s["name"]: {data["clips"][n]["id"] for n in s["clips"]} for s in data["sets"]}
    for number, name in enumerate(NAMES):
        others = set.union(*(own for place, own in enumerate(right) if place != number))
        assert sets[f"right in {name} alone"] == right[number] - others
    assert sets["wrong in every run"] == set(answers) - set.union(*right)
    assert any(sets.values())


def test_what_differs_in_the_recipes_is_told(page: Path) -> None:
    told = text_of(page, "recipes")
    assert "models.face.path face a.csv face b.csv face c.csv" in told
    assert "fusion.method" not in told


def test_runs_with_fewer_clips_are_judged_on_those_that_all_have(
    runs: list[Run], tmp_path: Path
) -> None:
    fewer = filmed(tmp_path, n_clips=10, name="fewer")
    done = write_side_by_side([runs[0], fewer], tmp_path / "r.html", has_samples=False)
    text = done.path.read_text(encoding="utf-8")
    assert "2 runs · 10 validation clips" in text
    assert "4 more clips are judged in a alone or not in all, e.g. clip 10" in text


def test_command_and_function_take_several(runs: list[Run], page: Path, tmp_path: Path) -> None:
    words = ["report", *(str(run.folder) for run in runs), "--no-samples", "--json"]
    done = CliRunner().invoke(app, [*words, "--output", str(tmp_path / "one.html")])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert Path(told["report"]).read_bytes() == page.read_bytes()
    again = emotiw.report([run.folder for run in runs], tmp_path / "two.html", samples=False)
    assert again.path.read_bytes() == page.read_bytes()


def test_what_can_t_be_compared_is_refused(runs: list[Run], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the same run twice"):
        read_together([runs[0], reopen_run(runs[0].folder)])
    with pytest.raises(ConfigError, match="expected 2 to 8 runs"):
        read_together(runs[:1])
    with pytest.raises(ConfigError, match="several challenges: afew2017, ravdess"):
        read_together([runs[0], classified(tmp_path)])
    other = filmed(tmp_path / "other", name="relabelled")
    manifest = other.manifest_path.read_text().replace("Angry", "Happy")
    other.manifest_path.write_text(manifest)
    with pytest.raises(TableError, match="clip 'clip 00' is 'Angry' in one and 'Happy'"):
        read_together([runs[0], reopen_run(other.folder)])
