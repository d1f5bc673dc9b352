"""An ablation is nothing but the runs that one would make by hand, in less time."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from emotiw.analysis.ablation import work
from emotiw.analysis.ablation.ablation_table import Ablation
from emotiw.analysis.ablation.outputs import FILES, remake
from emotiw.analysis.ablation.plan import make_plan
from emotiw.analysis.ablation.work import ablate
from emotiw.cli.app import app
from emotiw.core.errors import ConfigError
from emotiw.core.score_table import ScoreTable
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from tests.ablation.small import make_small

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STRENGTHS = {"face": 1.5, "voice": 0.8, "scene": 0.0}
RULES = ("weighted", "mean")
PRODUCT = AblationSettings(axes={"modalities": "subsets", "fusion": list(RULES)})


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small(tmp_path_factory.mktemp("small"), STRENGTHS)


@pytest.fixture(scope="module")
def product(recipe: Path) -> Ablation:
    return ablate(open_run(recipe), PRODUCT)


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def from_scratch(recipe: Path, home: Path, chosen: tuple[str, ...], **changes: object) -> pd.Series:
    """The validation figures and fused scores of a run of its own, with a store of its own."""
    settings = yaml.safe_load(recipe.read_text())
    settings["paths"] = {"runs": str(home)}
    for part in ("features", "models"):
        settings[part] = {name: settings[part][name] for name in chosen}
    settings |= changes
    path = home / "alone.yaml"
    home.mkdir(parents=True)
    path.write_text(yaml.safe_dump(settings))
    run = open_run(path)
    [value] = [
        result.value
        for result in run_all(run).results or ()
        if (result.name, result.split, result.metric.name) == ("fused", "val", "uar")
    ]
    return pd.Series({"value": value, "scores": ScoreTable.read_csv(run.folder / "fused.csv")})


def assert_same(row: str, ablation: Ablation, alone: pd.Series) -> None:
    mine = ablation.scores(row)
    assert mine.clip_ids == alone["scores"].clip_ids
    assert np.allclose(mine.scores, alone["scores"].scores, atol=1e-8)
    line = ablation.table.set_index("row").loc[row]
    assert line["value"] == pytest.approx(alone["value"], abs=1e-12)


def test_every_row_is_the_run_one_would_make_from_scratch(
    product: Ablation, recipe: Path, tmp_path: Path
) -> None:
    subsets = [s for size in (1, 2, 3) for s in itertools.combinations(STRENGTHS, size)]
    assert len(product.table) == len(subsets) * len(RULES) == 14
    # every set of models by one rule, and all of them by the other
    alone_by = [*((models, RULES[0]) for models in subsets), (subsets[-1], RULES[1])]
    for number, (models, rule) in enumerate(alone_by):
        alone = from_scratch(recipe, tmp_path / str(number), models, fusion={"method": rule})
        assert_same(f"{'+'.join(models)}, {rule}", product, alone)


def test_a_second_call_does_nothing(product: Ablation, recipe: Path) -> None:
    before = stamps(product.folder.parents[1])
    plan = make_plan(open_run(recipe), PRODUCT)
    assert plan.is_done
    assert "nothing to do" in plan.text()
    again = ablate(open_run(recipe), PRODUCT)
    assert stamps(product.folder.parents[1]) == before
    pd.testing.assert_frame_equal(again.table, product.table, rtol=1e-5)


def test_the_table_is_made_again_from_its_folder_alone(product: Ablation, tmp_path: Path) -> None:
    copy = tmp_path / "moved"
    shutil.copytree(product.folder, copy)
    for name in FILES:
        (copy / name).unlink()
    remake(copy)
    assert {n: (copy / n).read_bytes() for n in FILES} == {
        n: (product.folder / n).read_bytes() for n in FILES
    }
    with pytest.raises(ConfigError, match="`emotiw ablate` with a recipe"):
        remake(tmp_path)


def test_what_was_stopped_goes_on(
    product: Ablation, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(recipe, [f"paths.runs={tmp_path}"])
    fuse_row, made = work.fuse_row, itertools.count()

    def stopped(job: work.RowJob) -> float:
        if next(made) == 5:
            raise KeyboardInterrupt
        return fuse_row(job)

    monkeypatch.setattr(work, "fuse_row", stopped)
    with pytest.raises(KeyboardInterrupt):
        ablate(run, PRODUCT)
    kept = stamps(run.folder / "ablation" / "scores")
    assert len(kept) == 5 * 2
    monkeypatch.undo()
    assert [step.to_do for step in make_plan(run, PRODUCT).steps] == [0, 0, 0, 9]
    resumed = ablate(run, PRODUCT)
    after = stamps(run.folder / "ablation" / "scores")
    assert {path: after[path] for path in kept} == kept
    compared = [c for c in product.table.columns if c not in ("seconds", "megabytes")]
    pd.testing.assert_frame_equal(resumed.table[compared], product.table[compared])


def test_killed_in_the_middle_it_comes_to_the_same_bytes(
    product: Ablation, recipe: Path, tmp_path: Path
) -> None:
    axes = ["--axis", "modalities=subsets", "--axis", "fusion=weighted,mean"]
    command = [sys.executable, "-m", "emotiw", "ablate", str(recipe), *axes, "--quiet"]
    command += ["--set", f"paths.runs={tmp_path}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    folder = tmp_path / "recipe" / "ablation"
    limit = time.monotonic() + 200
    while len(list((folder / "scores").glob("*.csv"))) < 4:
        assert process.poll() is None, "it was done before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "ablation.csv").exists()
    kept = stamps(folder / "scores")
    done = ablate(open_run(recipe, [f"paths.runs={tmp_path}"]), PRODUCT)
    after = stamps(folder / "scores")
    whole = {path for path in kept if Path(path).with_suffix(".json").is_file()}
    assert len({p for p in whole if after[p] == kept[p]}) >= 2 * 3  # CSV and JSON, all but the last
    assert len(done.table) == 14
    for path in (product.folder / "scores").glob("*.csv"):
        assert (folder / "scores" / path.name).read_bytes() == path.read_bytes()
    times = ["seconds", "megabytes"]  # the rest of the table is the same to the last digit
    tables = [pd.read_csv(f / "ablation.csv", dtype=str) for f in (folder, product.folder)]
    pd.testing.assert_frame_equal(*(table.drop(columns=times) for table in tables))


def test_rows_are_the_same_whatever_the_number_of_workers(
    product: Ablation, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiw.core.here_first.WORTH_A_POOL_SEC", 0.0)
    run = open_run(recipe, [f"paths.runs={tmp_path}", "execution.workers=2"])
    parallel = ablate(run, AblationSettings(axes={"fusion": list(RULES)}))
    for row, rule in zip(parallel.table["row"], RULES, strict=True):
        alone = product.scores(f"face+voice+scene, {rule}")
        assert np.array_equal(parallel.scores(row).scores, alone.scores)


def test_only_what_differs_is_made(product: Ablation, recipe: Path, tmp_path: Path) -> None:
    shutil.copytree(product.folder.parents[1], tmp_path / "runs")
    run = open_run(recipe, [f"paths.runs={tmp_path / 'runs'}"])
    models = len(list((run.store.root / "models").rglob("complete")))
    asked = AblationSettings(
        axes={
            "models.voice.c": [0.01, 10.0],  # the first is the default
            "weights": {"free": {}, "even": {"fusion": "mean", "calibration": "none"}},
        },
        combine="one at a time",
    )
    plan = make_plan(run, asked)
    assert {step.stage: (step.to_do, step.there) for step in plan.steps} == {
        "train:face": (0, 3),
        "train:voice": (3, 3),
        "train:scene": (0, 3),
        "fuse": (3, 0),
    }
    done = ablate(run, asked)
    assert len(list((run.store.root / "models").rglob("complete"))) == models + 3
    assert list(done.table["row"]) == ["0.01, free", "10.0, free", "0.01, even"]
    stronger = yaml.safe_load(recipe.read_text())["models"]
    stronger["voice"]["c"] = 10.0
    alone = from_scratch(recipe, tmp_path / "a", tuple(STRENGTHS), models=stronger)
    assert_same("10.0, free", done, alone)


def test_rows_that_cannot_be_made_say_why(recipe: Path, tmp_path: Path) -> None:
    run = open_run(recipe, [f"paths.runs={tmp_path}"])
    asked = AblationSettings(axes={"features.scene.path": ["scene.npz", "lost.npz"]})
    done = ablate(run, asked)
    assert list(done.failures) == ["lost.npz"]
    assert "no file" in done.failures["lost.npz"]
    assert done.table["value"].isna().tolist() == [False, True]
    assert "lost.npz" in (done.folder / "ablation.md").read_text()
    assert not make_plan(run, asked).is_done


def test_the_plot_says_what_to_see(product: Ablation) -> None:
    root = ET.parse(product.folder / "ablation.svg").getroot()
    words = " ".join(text.strip() for text in root.itertext() if text.strip())
    assert "UAR (%) on 60 validation clips" in words
    assert "95 % interval over clips; speakers are unknown" in words
    assert "modalities, fusion" in words
    assert "from the reference" in words
    for row in product.table["row"]:
        assert row in words


def test_latex_and_markdown_hold_every_row(product: Ablation) -> None:
    latex = (product.folder / "ablation.tex").read_text()
    for part in (r"\toprule", r"\midrule", r"\bottomrule", r"UAR (\%)", "reference", "$-$"):
        assert part in latex
    assert latex.count(r" \\") == 15
    markdown = (product.folder / "ablation.md").read_text()
    assert markdown.count("\n| ") == 15
    assert "Holm-corrected over 13 rows" in markdown


def test_the_command(product: Ablation, recipe: Path, tmp_path: Path) -> None:
    def emotiw(*words: str) -> str:
        done = CliRunner().invoke(app, ["ablate", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    axes = ("--axis", "modalities=subsets", "--axis", "fusion=weighted,mean")
    assert "14 rows (7 modalities × 2 fusion)" in emotiw(str(recipe), *axes)
    assert "everything is in" in emotiw(str(product.folder.parent))
    runs = ("--set", f"paths.runs={tmp_path}")
    assert "not measured yet" in emotiw(str(recipe), "--plan", *runs)
    assert not list(tmp_path.iterdir())
    declared = tmp_path / "declared.yaml"
    text = "\nablation: {axes: {fusion: [mean, max]}, reference: {fusion: max}, metric: accuracy}\n"
    declared.write_text(recipe.read_text() + text)
    assert "2 rows (2 fusion), compared with: max" in emotiw(str(declared), "--plan")
