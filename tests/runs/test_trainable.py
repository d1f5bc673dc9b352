"""What no model could learn from is refused before any feature is extracted, with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.core.errors import ConfigError
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run

RECIPE = """
challenge: folder
data: {root: clips}
features: {voice: {extractor: opensmile}}
models: {voice: {model: svm, features: voice}}
"""


def run_of(home: Path, names: list[str], *settings: str) -> Run:
    for name in names:
        path = home / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (home / "recipe.yaml").write_text(RECIPE)
    return open_run(home / "recipe.yaml", settings)


@pytest.mark.parametrize(
    ("names", "settings", "told"),
    [
        (["a.wav", "b.wav"], [], r"nothing to train on: .*0 train, 0 val, 2 test\).*emotiw start"),
        (["happy/a.wav", "happy/b.wav"], [], "all 2 training clips are labelled 'Happy'"),
        (
            ["happy/a.wav", "sad/b.wav"],
            [],
            r"5 folds asked for.* 2 groups: say folds: {n_folds: 2}",
        ),
        (
            ["happy/spk1_a.wav", "sad/spk1_b.wav"],
            ["data.options={group_pattern: 'spk\\d'}", "folds.n_folds=2"],
            r"there are 1 groups: mark validation clips and say folds: {n_folds: 0}",
        ),
    ],
)
def test_what_can_not_be_trained_costs_no_features(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    settings: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = run_of(tmp_path, names, *settings)
    with pytest.raises(ConfigError, match=told):
        run_all(run)
    assert run.manifest_path.is_file()
    assert not run.features_path("voice").exists()
