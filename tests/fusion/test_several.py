from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression
from fusion.attribution import attribute
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from tests.fusion.made_up_answers import (
    AROUSAL,
    MIXED,
    TWO,
    VALENCE,
    cohort_of,
    mixed_corpus,
    table_of,
)

MIXED_NAMES = ("label", "valence", "AU12")
EVERY: list[dict[str, Any]] = [
    {},
    {"method": "auto", "candidates": ("weighted", "mean")},
    {"calibration": "isotonic"},
    {"method": "mean", "prior": "em"},
    {"method": "median", "calibration": "none"},
]


@pytest.fixture(scope="module")
def mixed() -> tuple[dict[str, ScoreTable], Cohort]:
    return mixed_corpus(80)


def test_two_numbers_with_masks_have_the_weights_of_a_hand() -> None:
    # valence is what the face says, arousal is half of either; rows of unknown arousal are noise
    answers = [(0.2, 0.3), (-0.4, 0.1), (0.6, -0.2), (0.0, None)] * 3
    face = np.array([[0.2, 0.5], [-0.4, 0.3], [0.6, -0.4], [0.0, 1.0]] * 3)
    voice = np.array([[0.9, 0.1], [0.1, -0.1], [-0.8, 0.0], [0.7, -1.0]] * 3)
    cohort = cohort_of(TWO, answers, n_groups=3)
    tables = {"face": table_of("face", TWO, cohort, face)}
    tables["voice"] = table_of("voice", TWO, cohort, voice)
    weights = {"face": 1.0, "voice": 3.0}
    typed = LateFusion(method="fixed", weights=weights).fit(tables, cohort).predict_proba(tables)
    assert typed.loc["c000"].tolist() == pytest.approx([0.2 / 4 + 0.9 * 3 / 4, 0.5 / 4 + 0.3 / 4])
    learnt = LateFusion().fit(tables, cohort).combiner_.to_dict()["answers"]
    assert list(learnt) == ["valence", "arousal"]
    assert learnt["valence"]["weights"]["face"] > 0.8
    # arousal is the mean of both to the digit, so nothing pulls it away from equal weights
    assert learnt["arousal"]["weights"]["face"] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("options", EVERY)
def test_each_answer_is_fused_as_if_it_alone_were_asked_for(
    mixed: tuple[dict[str, ScoreTable], Cohort], options: dict[str, Any]
) -> None:
    tables, cohort = mixed
    whole = fuse(tables, cohort, options=FusionOptions(**options)).fuser
    fused = whole.predict_proba(tables)
    keys = cohort.truths
    for place, answer in enumerate(MIXED.answers):
        alone = answer.as_labels if isinstance(answer, Presence) else answer
        columns = MIXED.columns[place]
        known = {c: truth[place] for c, truth in keys.items() if truth[place] is not None}
        clips = []
        for clip in cohort:
            told: dict[str, Any] = {"answers": ()}
            if clip.clip_id in known:
                value = known[clip.clip_id]
                if isinstance(answer, Presence):
                    value = alone.labels[int(value)]
                told["label" if alone.is_label else "target"] = value
            clips.append(replace(clip, **told))
        singles = {}
        for name, table in tables.items():
            own = table.scores[:, columns]
            own = np.column_stack([1 - own, own]) if isinstance(answer, Presence) else own
            singles[name] = replace(table, task=alone, scores=own)
        method = {k: v for k, v in options.items() if k != "prior"}
        single = LateFusion(**method).fit(singles, Cohort(clips, task=alone)).predict_proba(singles)
        expected = single.to_numpy()[:, -1:] if isinstance(answer, Presence) else single
        np.testing.assert_allclose(fused.to_numpy()[:, columns], expected, atol=1e-12)


@pytest.mark.parametrize("options", EVERY)
def test_what_was_learnt_is_the_same_after_a_way_through_its_file(
    mixed: tuple[dict[str, ScoreTable], Cohort], options: dict[str, Any], tmp_path: Path
) -> None:
    tables, cohort = mixed
    result = fuse(tables, cohort, options=FusionOptions(**options))
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml")
    assert again.task_ == MIXED
    assert again.predict_proba(tables).equals(result.fuser.predict_proba(tables))
    state = yaml.safe_load((tmp_path / "fusion.yaml").read_text())
    assert set(state["calibration"]["face"]) == set(MIXED_NAMES)
    if options.get("method", "weighted") == "weighted":
        assert set(state["fusion"]["answers"]["AU12"]["weights"]) == {"face", "voice"}


def test_order_of_tables_and_rows_means_nothing(
    mixed: tuple[dict[str, ScoreTable], Cohort],
) -> None:
    tables, cohort = mixed
    order = np.random.default_rng(0).permutation(len(cohort))
    shuffled = {
        name: replace(
            table,
            clip_ids=tuple(table.clip_ids[row] for row in order),
            split=tuple(table.split[row] for row in order),
            scores=table.scores[order],
        )
        for name, table in reversed(tables.items())
    }
    one, other = fuse(tables, cohort), fuse(shuffled, cohort)
    assert one.table.to_files() == other.table.to_files()
    assert one.fuser.to_files("f") == other.fuser.to_files("f")


def test_a_summary_tells_of_every_answer(mixed: tuple[dict[str, ScoreTable], Cohort]) -> None:
    tables, cohort = mixed
    result = fuse(tables, cohort, options=FusionOptions(prior="em"), metric="ccc.valence")
    text = result.summary()
    assert "CCC valence, val, paired test" in text
    for name in MIXED_NAMES:
        assert f"{name}: weights: face" in text
    assert "face AU12:" in text  # its calibration
    assert "no AU12 " in text  # frequencies of the test clips
    assert set(result.calibration_errors) == {
        f"{m} {a}" for m in ("face", "voice") for a in ("label", "AU12")
    }
    assert result.metric == "ccc.valence"
    assert fuse(tables, cohort).metric == "accuracy.label"  # what no metric of all can judge


def test_shapley_values_of_several_answers_add_up(
    mixed: tuple[dict[str, ScoreTable], Cohort],
) -> None:
    result = fuse(*mixed)
    found = attribute(result)
    rows = result.rows
    label, valence, au = rows.targets.T
    known = ~np.isnan(valence)

    def merit(scores: Any) -> float:
        right = [scores[:, :2].argmax(1) == label, (scores[:, 3] >= 0.5) == au]
        error = np.where(known, -((scores[:, 2] - valence) ** 2), np.nan) / valence[known].var()
        return float(np.nanmean(np.column_stack([*right, error]), axis=1).mean())

    nothing = np.zeros_like(result.unseen_scores)
    for fold in np.unique(result.fold_of_row):
        own = result.fold_of_row == fold
        nothing[own] = rows.task.prior_scores(rows.targets[~own])
    gain = merit(result.unseen_scores) - merit(nothing)
    assert found.modalities["shapley"].sum() == pytest.approx(gain, abs=1e-12)
    assert found.modalities["weight"].sum() == pytest.approx(1)


def test_numbers_stay_within_ranges_of_their_own() -> None:
    wide = Several((VALENCE, Regression(("dominance",), (0.0, 10.0))))
    cohort = cohort_of(wide, [(0.5, 5.0), (-0.5, 2.0), (0.1, 9.0), (0.9, 1.0)] * 2, n_groups=4)
    table = table_of("face", wide, cohort, np.array([[3.0, 30.0], [-3.0, -3.0]] * 4))
    fused = LateFusion().fit({"face": table}, cohort).predict_proba({"face": table}).to_numpy()
    assert fused.min(axis=0).tolist() == [-1.0, 0.0]
    assert fused.max(axis=0).tolist() == [1.0, 10.0]
    with pytest.raises(ConfigError, match="each of several answers has its own"):
        LateFusion(target_range=(0, 1)).fit({"face": table}, cohort)


def test_what_suits_no_answer_is_refused_in_a_sentence(
    mixed: tuple[dict[str, ScoreTable], Cohort],
) -> None:
    tables, cohort = mixed
    with pytest.raises(ConfigError, match="answer 'valence': method 'logistic' is for class"):
        fuse(tables, cohort, options=FusionOptions(method="logistic"))
    unknown = cohort_of(TWO, [(0.1, None), (0.3, None)] * 4, n_groups=4)
    table = table_of("face", TWO, unknown, np.zeros((8, 2)))
    with pytest.raises(TableError, match="'arousal' is annotated in none of the 8 rows"):
        LateFusion().fit({"face": table}, unknown)
    other = replace(tables["face"], task=Several((Classification(("Happy", "Sad")), VALENCE,
                                                  Regression(("AU12",)))))  # fmt: skip
    with pytest.raises(TableError, match="classification, regression, regression"):
        fuse({"face": tables["face"], "voice": other}, cohort)


@pytest.mark.parametrize("method", ["logistic", "class_weighted", "boosting", "metric_weighted"])
def test_stackers_take_labels_and_presences(method: str, tmp_path: Path) -> None:
    tables, cohort = mixed_corpus()
    task = Several((MIXED.answers[0], MIXED.answers[2]))
    clips = [replace(c, answers=tuple(c.answers[p] for p in (0, 2)) if c.answers else ())
             for c in cohort.answered()]  # fmt: skip
    two = {n: replace(t, task=task, scores=t.scores[:, [0, 1, 3]]) for n, t in tables.items()}
    result = fuse(two, Cohort(clips, task=task), options=FusionOptions(method=method))
    result.fuser.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml")
    assert again.predict_proba(two).equals(result.fuser.predict_proba(two))
    assert result.cross_fitted["accuracy.label"] > 0.8


def test_one_presence_is_fused_as_two_labels() -> None:
    tables, cohort = mixed_corpus()
    task = Presence(("AU12",))
    clips = [replace(c, answers=(), target=c.answers[2]) if c.answers else c
             for c in cohort.answered()]  # fmt: skip
    one = {n: replace(t, task=task, scores=t.scores[:, 3:]) for n, t in tables.items()}
    single = Cohort(clips, task=task)
    found = LateFusion().fit(one, single).predict_proba(one)["AU12"]
    several = LateFusion().fit(tables, cohort).predict_proba(tables)["AU12"]
    np.testing.assert_allclose(found, several, atol=1e-12)
    result = fuse(one, single)
    assert result.result().metric.name == "f1"
    assert AROUSAL.labels == ("arousal",)
