"""A run's fused values are of fusions that knew nothing of the clips they are judged on."""

from __future__ import annotations

import json
from pathlib import Path

from emotiw.runs.pipeline import run_all
from tests.runs.small import small_recipe, small_run


def test_models_of_ours_are_nested_unless_that_is_switched_off(tmp_path: Path) -> None:
    small_recipe(tmp_path, n_clips=18)
    run = small_run(tmp_path, "folds.n_folds=3")
    run_all(run)
    assert json.loads((run.folder / "fusion.json").read_text())["is_nested"]
    assert "\nnested: no model" in (run.folder / "fusion.txt").read_text()
    models = sorted(run.store.root.glob("models/*/*"))
    assert len(models) == 2 * (3 + 3 + 1)
    run = small_run(tmp_path, "folds.n_folds=3", "fusion.nested=false")
    run_all(run)
    assert "not nested" in (run.folder / "fusion.txt").read_text()
    assert sorted(run.store.root.glob("models/*/*")) == models
