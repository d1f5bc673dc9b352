"""The published scores of real clips: five speaker-independent folds, cross-fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.imported_scores import import_scores
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from fusion.attribution import attribute
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from tests.fusion.made_up import Corpus

pytestmark = pytest.mark.real_data
LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
PUBLISHED = ("audio_wav2vec2", "video_au_mlp", "video_au_bilstm")


@pytest.fixture(scope="module")
def ravdess(real_data: Path) -> Corpus:
    """The clips and folds as the folders of scores give them."""
    ids = sorted(path.stem for path in (real_data / "ravdess").iterdir())
    groups = {c: c.split("-")[-1] for c in ids}
    cohort = Cohort(
        (Clip(c, Path(), "train", group=groups[c]) for c in ids), task=Classification(LABELS)
    )
    tables = {
        name: import_scores(real_data / "ravdess_scores" / name, cohort, name=name)
        for name in (*PUBLISHED, "published_fusion")
    }
    first = tables[PUBLISHED[0]]
    folds = {c: int(f or 0) for c, f in zip(first.clip_ids, first.fold, strict=True)}
    return Corpus(tables, {c: LABELS[int(c.split("-")[2]) - 1] for c in ids}, groups, folds)


def published(ravdess: Corpus) -> dict[str, ScoreTable]:
    return {name: ravdess.tables[name] for name in PUBLISHED}


def test_three_published_modalities_beat_the_published_fusion(ravdess: Corpus) -> None:
    result = fuse(
        published(ravdess),
        ravdess.cohort,
        references={"published_fusion": ravdess.tables["published_fusion"]},
    )
    assert result.n_clips == 1440
    assert result.n_groups == 24
    assert result.cross_fitted["accuracy"] >= 0.867
    against = result.comparisons[-1]
    assert against.theirs.name == "published_fusion"
    assert against.theirs.value == pytest.approx(0.8674, abs=1e-4)
    text = result.summary()
    assert "in 5 folds" in text
    assert "published_fusion 86.74 % (n = 1,440): difference " in text
    assert not result.is_nested


def test_the_plain_mean_has_its_known_accuracy(ravdess: Corpus) -> None:
    result = fuse(
        {name: ravdess.tables[name] for name in PUBLISHED[:2]},
        ravdess.cohort,
        options=FusionOptions(method="mean", calibration="none"),
    )
    assert 100 * result.cross_fitted["accuracy"] == pytest.approx(83.68, abs=0.005)


def test_a_useless_modality_costs_next_to_nothing(ravdess: Corpus) -> None:
    before = fuse(published(ravdess), ravdess.cohort).cross_fitted["accuracy"]
    table = ravdess.tables[PUBLISHED[0]]
    for seed in range(2):
        scores = np.random.default_rng(seed).dirichlet(np.ones(8), size=1440)
        noise = {"noise": replace(table, name="noise", scores=scores)}
        after = fuse({**published(ravdess), **noise}, ravdess.cohort).cross_fitted["accuracy"]
        assert after >= before - 0.005


def test_shuffled_labels_give_chance(ravdess: Corpus) -> None:
    accuracies = []
    for seed in range(2):
        shuffled = np.random.default_rng(seed).permutation(list(ravdess.answers.values()))
        answers = dict(zip(ravdess.answers, map(str, shuffled), strict=True))
        result = fuse(published(ravdess), replace(ravdess, answers=answers).cohort)
        accuracies.append(result.cross_fitted["accuracy"])
    # always saying the commonest label gives 13.3 %; 2880 clips have a standard error of 0.6
    assert 0.10 < np.mean(accuracies) < 0.15


def test_sound_is_what_the_fusion_leans_on(ravdess: Corpus) -> None:
    result = fuse(published(ravdess), ravdess.cohort)
    table = attribute(result).modalities
    assert table["shapley"].idxmax() == "audio_wav2vec2"
    assert (table["shapley"] > 0.02).all()
