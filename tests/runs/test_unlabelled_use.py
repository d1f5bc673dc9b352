"""What a recipe may let a model learn from without labels, and what every figure says then."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from emotiw.analysis.leaderboard import rank_runs
from emotiw.analysis.report.page import write_report
from emotiw.core.errors import ConfigError
from emotiw.runs.pipeline import run_all
from emotiw.runs.recipe import load_recipe
from emotiw.runs.run import open_run
from tests.runs.test_without_media import corpus

GUESSING = {"model": "pseudo_labels", "features": "voice", "learner": {"model": "logistic"}, "n": 2}


def with_models(folder: Path, **models: object) -> Path:
    return corpus(folder, models=models)


def test_a_model_takes_unlabelled_clips_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    plain = {"model": "logistic", "features": "voice"}
    by_corpus = {**plain, "preparation": {"standardise": "corpus"}}
    recipe = with_models(
        tmp_path,
        plain=plain,
        guessing=GUESSING,
        tested={**GUESSING, "unlabelled": ["test"]},
        not_any={**GUESSING, "unlabelled": []},
        corpus=by_corpus,
    )
    found = {name: entry.unlabelled for name, entry in load_recipe(recipe).models.items()}
    assert found == {
        "plain": (),
        "guessing": ("unlabelled",),
        "tested": ("test",),
        "not_any": (),
        "corpus": ("unlabelled",),
    }


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({**GUESSING, "unlabelled": ["tests"]}, "got 'tests'.*did you mean 'test'"),
        ({**GUESSING, "unlabelled": ["val"]}, "expected unlabelled or test"),
        ({**GUESSING, "unlabelled": 3}, "expected a list"),
        (
            {"model": "svm", "features": "voice", "unlabelled": ["test"]},
            "Svm learns nothing from clips without labels",
        ),
    ],
)
def test_what_can_t_be_is_refused_with_its_line(
    tmp_path: Path, written: dict[str, object], told: str
) -> None:
    recipe = with_models(tmp_path, mine=written)
    with pytest.raises(ConfigError, match=rf"recipe\.yaml:\d+.*{told}"):
        load_recipe(recipe)


@pytest.mark.slow
def test_every_figure_says_what_its_models_were_adapted_on(tmp_path: Path) -> None:
    recipe = with_models(
        tmp_path,
        plain={"model": "logistic", "features": "words"},
        tested={**GUESSING, "unlabelled": ["test"]},
    )
    run = open_run(recipe)
    summary = run_all(run)
    assert summary.results is not None
    words = "adapted on the unlabelled test clips"
    for result in summary.results:
        assert (words in result.judged_on) == (result.name != "plain")
    metrics = pd.read_csv(run.metrics_path, keep_default_na=False)
    adapted = metrics.set_index("modality")["adapted_on"]
    assert set(adapted["fused"]) == {"the unlabelled test clips"}
    assert set(adapted["plain"]) == {""}
    standings, _ = rank_runs(run.recipe.spec, [run.folder])
    notes = {line.who.partition("/")[2]: line.note for line in standings}
    assert words in notes["tested"]
    assert words in notes["fused"]
    assert words not in notes["plain"]
    assert words in write_report(run).path.read_text()
    again = yaml.safe_load((run.folder / "recipe.yaml").read_text())
    assert again["models"]["tested"]["unlabelled"] == ["test"]
