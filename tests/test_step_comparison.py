"""Runs and rows of an ablation whose answers are several, step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotiw.analysis.ablation.ablation_table import Description, Row, compared
from emotiw.analysis.ablation.outputs import cells
from emotiw.analysis.ablation.plot import plot_table
from emotiw.analysis.comparison import compare_runs
from emotiw.analysis.leaderboard import rank_runs
from emotiw.challenges.spec import load_spec
from emotiw.cli.compare import comparison_text
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest, write_steps
from emotiw.core.score_table import ScoreTable
from emotiw.core.steps import Steps
from emotiw.core.task_kinds import told_of
from emotiw.evaluation.differences import compare
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.results import evaluate

SPEC = load_spec("abaw6_va")
N_STEPS = 25


def whole() -> Cohort:
    rng = np.random.default_rng(0)
    clips, steps = [], {}
    for number in range(12):
        told = np.round(rng.uniform(-0.9, 0.9, (N_STEPS, 2)), 3)
        told[number % 5, 0] = np.nan
        names = tuple(f"{step:05d}" for step in range(N_STEPS))
        steps[f"c{number:02}"] = Steps(names, np.arange(N_STEPS) / 25, told)
        about = {"group": f"g{number % 6}", "content": f"{number:064x}"}
        clips.append(Clip(f"c{number:02}", Path(f"c{number:02}.mp4"), "val", **about))
    return Cohort(clips, task=SPEC.task, steps=steps)


def table_of(cohort: Cohort, noise: float, name: str = "fused") -> ScoreTable:
    rows = cohort.rows
    rng = np.random.default_rng(int(1000 * noise))
    truth = np.nan_to_num(np.concatenate([s.answers for s in cohort.answered_steps.values()]))
    n = len(rows)
    return ScoreTable(
        name, SPEC.task, rows.clip_ids, truth + noise * rng.normal(size=truth.shape),
        ("val",) * n, (None,) * n, {None: frozenset()},
        owners=tuple(rows.owners[one] for one in rows.clip_ids),
        time_sec=np.array([rows.times[one] for one in rows.clip_ids]),
    )  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    cohort, folders = whole(), []
    for name, noise in (("rough", 0.8), ("fine", 0.3)):
        folder = tmp_path / name
        write_manifest(cohort, folder / "manifest.csv", root=folder)
        write_steps(cohort, folder / "steps.csv")
        (folder / "recipe.yaml").write_text(f"challenge: {SPEC.name}\nname: {name}\nseed: 0\n")
        table_of(cohort, noise).write_csv(folder / "fused.csv")
        folders.append(folder)
    return folders


def test_two_runs_are_compared_step_by_step(runs: list[Path], tmp_path: Path) -> None:
    found = compare_runs(*runs, metric="ccc.valence")
    cohort = whole()
    tables = [ScoreTable.read_csv(folder / "fused.csv") for folder in runs]
    direct = compare(tables[1], tables[0], cohort.rows, "ccc.valence")
    [row] = found.figures.to_dict("records")
    assert (row["b"], row["difference"], row["p"]) == (direct.ours.value, direct.value, direct.p)
    assert row["n"] == direct.ours.n == 12 * N_STEPS
    assert "CCC valence, n = 300" in comparison_text(found)
    assert len(found.clips) == 12 * N_STEPS
    first = found.clips.iloc[0]
    assert first["clip_id"] == "c00/00000"
    assert first["answer"].startswith("nan; ")
    found.write(tmp_path / "out")


def test_a_leaderboard_judges_steps(runs: list[Path]) -> None:
    standings, unread = rank_runs(SPEC, runs)
    assert not unread
    own = {line.who: line for line in standings if line.kind == "run"}
    assert list(own) == ["fine/fused", "rough/fused"]
    expected = evaluate(table_of(whole(), 0.3), whole().rows, SPEC.metric)
    assert own["fine/fused"].value == pytest.approx(expected.value, abs=1e-6)


def test_an_ablation_is_judged_by_one_of_the_answers(tmp_path: Path) -> None:
    cohort = whole()
    tables = {"a": table_of(cohort, 0.3), "b": table_of(cohort, 0.8)}
    rows = [Row(name, {"modalities": name}, [name], "") for name in tables]
    about = ("t", told_of(SPEC.task), "ccc.arousal", "val", 0, "a", {"modalities": ["a", "b"]})
    description = Description(*about, rows)
    frame = compared(cohort.rows, description, tables)
    direct = compare(tables["b"], tables["a"], cohort.rows, "ccc.arousal")
    assert frame["difference"].iloc[1] == direct.value
    assert frame["n_groups"].tolist() == [6, 6]
    header, _ = cells(frame, ("modalities",), description.judged_by)
    assert "CCC arousal" in header
    plot_table(frame, "t", tmp_path / "a.svg", description.judged_by)
    assert "CCC arousal on 300" in (tmp_path / "a.svg").read_text()
    mean = replace(description, metric="ccc")
    assert compared(cohort.rows, mean, tables)["value"].iloc[0] == pytest.approx(
        np.mean([
            evaluate(tables["a"], cohort.rows, f"ccc.{name}").value for name in SPEC.task.labels
        ])
    )  # fmt: skip
    assert metric_named("ccc", SPEC.task).title == "mean CCC"
