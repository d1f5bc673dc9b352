"""A rule, a calibration and a metric of one's own, from one file that nobody registered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from emotiw.core.errors import ConfigError
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from tests.fusion.made_up import Corpus, made_up_corpus

SOURCE = '''
import numpy as np

from emotiw.evaluation.metric import Metric
from fusion.calibration import Calibration
from fusion.combiners import Combiner


class Loudest(Combiner):
    """Takes the modality that was right most often; the first one says what others don't."""

    def fit(self, rows):
        right = rows.scores.argmax(axis=2) == rows.targets[:, None]
        self.best = int(right.mean(axis=0).argmax())
        return self

    def combine(self, scores):
        return scores[:, self.best]

    def to_dict(self):
        return {"best": self.best}

    def load_dict(self, state):
        self.best = state["best"]
        return self


class Even(Calibration):
    """Halves the way to even probabilities."""

    @classmethod
    def fit(cls, probabilities, truth):
        return cls()

    def apply(self, probabilities):
        return probabilities / 2 + 0.5 / probabilities.shape[1]

    def to_dict(self):
        return {}

    @classmethod
    def from_dict(cls, parameters):
        return cls()


def share_of_angry_found(y_true, y_pred):
    if not (y_true == 0).any():
        raise ValueError("nobody is angry")
    return (y_pred[y_true == 0] == 0).mean()


ANGER = Metric("anger", "anger", "classification", (0.0, 1.0), function=share_of_angry_found,
               no_interval="it is about one label")
VALENCE = Metric("valence", "valence", "regression", (0.0, 1.0), function=lambda t, p: 0.5)
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module beside somebody's own files."""
    name = "my_fusion_parts"
    (tmp_path / f"{name}.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def test_a_rule_of_ones_own_is_fitted_judged_and_read_again(
    corpus: Corpus, mine: str, tmp_path: Path
) -> None:
    options = FusionOptions(method=f"{mine}:Loudest", calibration="none")
    result = fuse(corpus.tables, corpus.cohort, options=options)
    voice = corpus.tables["voice"]
    assert np.array_equal(result.table.scores, voice.aligned_to(result.table.clip_ids))
    assert result.cross_fitted == pytest.approx(result.modalities["voice"])
    assert f"fused 2 modalities by '{mine}:Loudest': face, voice" in result.summary()
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml").predict_proba(corpus.tables)
    assert np.array_equal(again.to_numpy(), result.by_final)


def test_a_calibration_of_ones_own_is_applied_and_read_again(
    corpus: Corpus, mine: str, tmp_path: Path
) -> None:
    tables = {"voice": corpus.tables["voice"]}
    options = FusionOptions(method="mean", calibration=f"{mine}:Even")
    result = fuse(tables, corpus.cohort, options=options)
    plain = tables["voice"].aligned_to(result.table.clip_ids)
    assert np.allclose(result.table.scores, plain / 2 + 1 / 6)
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml").predict_proba(tables)
    assert np.array_equal(again.to_numpy(), result.by_final)


@pytest.mark.parametrize("metric", ["uar", "macro_f1", "weighted_f1", "my_fusion_parts:ANGER"])
def test_any_metric_of_labels_chooses_weights_and_methods(mine: str, metric: str) -> None:
    made = made_up_corpus({"voice": 1.5, "noise": 0.0}, n_speakers=20)
    options = FusionOptions(method="metric_weighted", metric=metric, calibration="none")
    found = fuse(made.tables, made.cohort, options=options, metric=metric)
    weights = found.fuser.combiner_.to_dict()["weights"]
    assert weights["voice"] > weights["noise"]
    assert found.comparisons[0].ours.metric.name == metric.removeprefix(f"{mine}:").lower()
    assert found.comparisons[0].ours.value == found.result().value
    candidates = ("mean", f"{mine}:Loudest")
    auto = FusionOptions(method="auto", metric=metric, candidates=candidates)
    state = fuse(made.tables, made.cohort, options=auto).fuser.combiner_.to_dict()
    assert set(state["inner_figures"]) == set(candidates)
    figures = state["inner_figures"]  # by an error of what is best at most
    assert figures[state["chosen"]] > max(figures.values()) - 0.02


def test_a_metric_of_ones_own_compares_without_a_test(corpus: Corpus, mine: str) -> None:
    result = fuse(corpus.tables, corpus.cohort, metric=f"{mine}:ANGER")
    first = result.comparisons[0]
    is_angry = np.array([corpus.answers[c] == "Angry" for c in result.table.clip_ids])
    found = result.table.scores[is_angry].argmax(axis=1) == 0
    assert first.ours.value == pytest.approx(found.mean())
    assert np.isnan(first.p)
    text = result.summary()
    told = f"no test: it is about one label:\n  fused {100 * found.mean():.2f} %, voice"
    assert told in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"method": "my_fusion_parts:Lodest"},
            "method 'my_fusion_parts:Lodest'.*attribute 'Lodest'",
        ),
        ({"method": "no_such_module:Rule"}, "No module named 'no_such_module'"),
        (
            {"calibration": "my_fusion_parts:Evne"},
            "calibration 'my_fusion_parts:Evne'.*attribute 'Evne'",
        ),
        ({"method": "auto", "metric": "my_fusion_parts:share_of_angry_found"}, "expected a Metric"),
        ({"method": "auto", "metric": "my_fusion_parts:VALENCE"}, "judges a regression, not a"),
        ({"method": "metric_weighted", "metric": "ccc"}, "judges a regression, not a"),
    ],
)
def test_what_is_no_such_part_is_told(
    corpus: Corpus, mine: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        fuse(corpus.tables, corpus.cohort, options=FusionOptions.model_validate(options))


@pytest.mark.parametrize("name", ["method", "calibration", "metric"])
def test_a_misspelt_name_is_told_before_anything_is_imported(name: str) -> None:
    with pytest.raises(ValidationError, match=r"unknown .*known: "):
        FusionOptions.model_validate({name: "wieghted"})
