"""What a run's value stands beside: chance, and what was published by the same protocol."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from emotiw.analysis.report import headline
from emotiw.challenges.spec import load_spec


def test_chance_is_of_the_labels_that_occur() -> None:
    spec = SimpleNamespace(metric="uar", labels=tuple("abcdefgh"))
    facts: Any = SimpleNamespace(spec=spec, sample=SimpleNamespace(y_true=np.array([0, 3, 3, 7])))
    assert headline._chance(facts) == 100 / 3


def test_folds_of_its_own_stand_beside_no_published_protocol(tmp_path: Path) -> None:
    facts: Any = SimpleNamespace(spec=load_spec("ravdess"), run=SimpleNamespace(folder=tmp_path))
    assert len(headline._comparable(facts, "train")) == 4
    (tmp_path / "recipe.yaml").write_text("folds: {scheme: grouped, n_folds: 10}\n")
    assert not headline._comparable(facts, "train")
