"""The stage of training where a challenge asks step by step: rows, ledger, keys, settings."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emotiw.core.errors import ConfigError
from emotiw.evaluation.results import evaluate
from emotiw.runs.recipe import load_recipe
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.fits import fits_of
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all, train_stage
from tests.in_process import IN_PROCESS

OWN = '''
    """Files of bytes: a row every half second, and what was answered a second later."""

    import numpy as np

    from emotiw.challenges.reader import Reader
    from emotiw.core.config import Strict
    from emotiw.core.feature_table import FeatureArray, FeatureSpec
    from emotiw.core.steps import Steps
    from features.extractor import ClipSource, Extraction, Extractor


    class Levels(Extractor):
        Options = Strict
        needs = "media"

        def __init__(self, name, options):
            self.spec = FeatureSpec(name, (1,), "frame")

        def extract(self, source):
            data = np.frombuffer(source.path.read_bytes(), np.uint8).astype(np.float32)
            begins = np.arange(len(data)) / 2
            present = data != 255
            times = np.stack([begins, begins + 0.5], axis=1)
            values = np.where(present, data, 0)[:, None]
            return Extraction(FeatureArray(values, present, times), {})


    class Answers(Reader):
        late: int = 2

        def read(self, builder):
            for path in sorted(builder.root.glob("*.wav")):
                data = np.frombuffer(path.read_bytes(), np.uint8).astype(float)
                level = np.roll(data, self.late)[:, None] / 100 - 1
                both = np.hstack([level, -level])
                both[::7, 1] = np.nan
                times = np.arange(len(data)) / 2 + 0.25
                steps = Steps(tuple(map(str, range(len(data)))), times, both)
                number = int(path.stem[4:])
                split = "val" if number % 5 == 4 else "train"
                builder.add(path.stem, path, split, group=f"g{number % 4}", steps=steps)
'''
CHALLENGE: dict[str, Any] = {
    "name": "levels",
    "title": "How high, step by step",
    "year": 2026,
    "unit": "segment",
    "task": "regression",
    "targets": [
        {"name": "valence", "minimum": -1, "maximum": 1},
        {"name": "arousal", "minimum": -1, "maximum": 1},
    ],
    "layout": {"reader": "own_levels:Answers"},
    "metric": "ccc",
    "submission": {"format": "table", "columns": [{"name": "clip", "holds": "id"}]},
    "sources": [],
}


def made_run(home: Path, *settings: str) -> Run:
    """A run of ten files, of which one is half silent and one silent."""
    rng, clips = np.random.default_rng(0), home / "clips"
    if not clips.is_dir():
        clips.mkdir(parents=True)
        for number in range(10):
            data = rng.integers(0, 200, 30, dtype=np.uint8)
            if number == 3:
                data[15:] = 255
            if number == 5:
                data[:] = 255
            (clips / f"clip{number:02}.wav").write_bytes(data.tobytes())
        (home / "own_levels.py").write_text(textwrap.dedent(OWN))
        (home / "levels.yaml").write_text(yaml.safe_dump(CHALLENGE))
        model = {"model": "logistic", "features": "levels", "c": 100.0}
        steps = {"delay_sec": 1, "context_sec": 0.4, "stride_sec": 0, "tolerance_sec": 0}
        recipe = {
            "challenge": str(home / "levels.yaml"),
            "name": "steps",
            "data": {"root": str(clips)},
            "paths": {"runs": str(home / "runs")},
            "features": {"levels": {"extractor": "own_levels:Levels"}},
            "models": {
                "late": {**model, "steps": steps},
                "early": {**model, "steps": {**steps, "delay_sec": 0}},
            },
            "folds": {"n_folds": 2},
            "fusion": {"method": "mean"},
            "execution": IN_PROCESS,
        }
        (home / "steps.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    return open_run(home / "steps.yaml", settings)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = made_run(tmp_path)
    index(made)
    extract_all(made)
    return made


def test_every_step_is_scored_by_who_has_not_seen_its_group(run: Run) -> None:
    tables = train_all(run)
    rows, table = run.cohort().rows, tables["late"]
    assert sorted(table.clip_ids) == sorted(rows.clip_ids)
    assert (
        evaluate(table, rows, "ccc").value
        > 0.9
        > 0.5
        > evaluate(tables["early"], rows, "ccc").value
    )
    of_silent = {f for row, f in zip(table.clip_ids, table.fold, strict=True) if "clip05" in row}
    assert of_silent == {run.cohort().folds["clip05"]}
    by_clip = {row.clip_id: row for row in run.ledger("train:late").rows()}
    assert by_clip["clip00"].status == "partial"  # its first second speaks of what was before it
    assert "2 of 30 steps without scores" in by_clip["clip00"].reason
    assert "15 of 30 steps" in by_clip["clip03"].reason
    assert by_clip["clip05"].status == "missing"


def test_only_what_is_not_there_is_made(run: Run) -> None:
    train_all(run)
    assert fits_of(run, "late").to_do == []
    assert train_stage(run, run.recipe.models["late"]).is_to_do() is False
    later = open_run(run.folder.parent.parent / "steps.yaml", ["models.late.steps.delay_sec=0.5"])
    assert fits_of(later, "late").to_do == [0, 1, None]
    assert train_stage(later, later.recipe.models["late"]).is_to_do()


def test_other_answers_or_times_are_other_fits(run: Run) -> None:
    keys = fits_of(run, "late").fit_keys
    path = run.folder / "steps.csv"
    lines = path.read_text().splitlines()
    for column, value in ((2, "0.26"), (3, "0.125")):
        cells = lines[1].split(",")
        cells[column] = value
        path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
        changed = fits_of(open_run(run.folder.parent.parent / "steps.yaml"), "late").fit_keys
        fold = run.cohort().folds["clip00"]
        assert changed[fold] == keys[fold]  # held out there
        assert all(changed[f] != keys[f] for f in keys if f != fold)


def test_steps_are_settings_of_challenges_that_have_some(tmp_path: Path) -> None:
    made_run(tmp_path)
    recipe = tmp_path / "steps.yaml"
    with pytest.raises(
        ConfigError, match=r"yaml:15: unknown key .models.late.steps.delay.*delay_sec"
    ):
        load_recipe(recipe, ["models.late.steps={delay: 1}"])
    written = recipe.read_text().replace(str(tmp_path / "levels.yaml"), "engagewild2019")
    recipe.write_text(written)
    with pytest.raises(ConfigError, match="asks for one answer per clip, and has no steps"):
        load_recipe(recipe)


def test_scores_from_elsewhere_are_taken_step_by_step(run: Run) -> None:
    table = train_all(run, ["late"])["late"]
    found = table.to_frame().dropna()[["clip_id", "fold", "valence", "arousal"]]
    found.to_csv(run.recipe.settings.data.root / "theirs.csv", index=False)
    recipe = run.folder.parent.parent / "steps.yaml"
    written = yaml.safe_load(recipe.read_text())
    written["models"]["theirs"] = {"model": "imported", "path": "theirs.csv"}
    recipe.write_text(yaml.safe_dump(written, sort_keys=False))
    again = open_run(recipe)
    taken = train_all(again, ["theirs"])["theirs"]
    rows = again.cohort().rows
    assert set(taken.clip_ids) == set(found["clip_id"])
    assert taken.owners == tuple(rows.owners[row_id] for row_id in taken.clip_ids)
    assert taken.times.tolist() == [rows.times[row_id] for row_id in taken.clip_ids]
    assert np.allclose(taken.scores, table.aligned_to(taken.clip_ids))
