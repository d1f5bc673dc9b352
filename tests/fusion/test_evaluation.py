from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import LeakageError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Regression
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.result import FusionResult
from tests.fusion.made_up import LABELS, Corpus, made_up_corpus, with_other_splits


def fused(
    corpus: Corpus, tables: dict[str, ScoreTable] | None = None, **options: object
) -> FusionResult:
    return fuse(
        tables or corpus.tables,
        corpus.cohort,
        options=FusionOptions.model_validate(options),
    )


def test_fused_rows_come_from_fusions_that_have_not_seen_their_group(corpus: Corpus) -> None:
    result = fused(corpus)
    result.table.require_unseen(corpus.groups)
    assert set(result.table.fold) == {0, 1, 2, 3, 4}
    assert result.folds == dict.fromkeys(range(5), 60)


def test_two_modalities_beat_each_alone(corpus: Corpus) -> None:
    result = fused(corpus)
    alone = [figures["accuracy"] for figures in result.modalities.values()]
    assert result.cross_fitted["accuracy"] > max(alone)


def test_folds_are_dealt_out_by_group_where_none_are_published(corpus: Corpus) -> None:
    table = fuse(corpus.tables, corpus.unfolded).table
    table.require_unseen(corpus.groups)


def test_names_and_order_of_clips_change_nothing(corpus: Corpus) -> None:
    new_name = {
        old: f"{hash_} {old}" for hash_, old in enumerate(sorted(corpus.answers, reverse=True))
    }
    rng = np.random.default_rng(1)

    def renamed(table: ScoreTable) -> ScoreTable:
        rows = rng.permutation(len(table))
        return replace(
            table,
            clip_ids=tuple(new_name[table.clip_ids[row]] for row in rows),
            scores=table.scores[rows],
            fold=tuple(table.fold[row] for row in rows),
        )

    there = fuse(corpus.tables, corpus.unfolded).table
    tables = {name: renamed(table) for name, table in reversed(corpus.tables.items())}
    answers = {new_name[c]: a for c, a in corpus.answers.items()}
    groups = {new_name[c]: g for c, g in corpus.groups.items()}
    here = fuse(tables, Corpus(tables, answers, groups, {}).cohort).table
    ids = sorted(corpus.answers)
    assert np.array_equal(there.aligned_to(ids), here.aligned_to([new_name[c] for c in ids]))


def test_in_sample_scores_are_refused_by_name(corpus: Corpus) -> None:
    voice = corpus.tables["voice"]
    everyone = frozenset(corpus.groups.values())
    leaky = replace(voice, seen_groups={**voice.seen_groups, 3: everyone})
    with pytest.raises(LeakageError, match=r"voice.*60 problems") as caught:
        fused(corpus, {"voice": leaky, "face": corpus.tables["face"]})
    assert "its model was trained on its group" in str(caught.value)


def test_scores_of_unknown_origin_are_refused(corpus: Corpus) -> None:
    unknown = replace(corpus.tables["voice"], seen_groups={})
    with pytest.raises(LeakageError, match="nothing says what its model was trained on"):
        fused(corpus, {"voice": unknown})


def test_validation_is_fitted_on_too_but_reported_unseen(corpus: Corpus) -> None:
    splits = with_other_splits(corpus)
    result = fused(splits)
    assert result.n_clips == 270
    assert result.fuser.seen_groups_ == set(corpus.groups.values()) - {"speaker9"}
    result.table.require_unseen(corpus.groups)
    test_rows = [
        f for s, f in zip(result.table.split, result.table.fold, strict=True) if s == "test"
    ]
    assert set(test_rows) == {None}


def test_fitting_on_training_clips_scores_validation_with_the_final_fusion(corpus: Corpus) -> None:
    splits = with_other_splits(corpus)
    result = fused(splits, fit_on="train")
    assert result.n_clips == 240
    assert "speaker8" not in result.fuser.seen_groups_
    result.table.require_unseen(corpus.groups)


def test_one_group_is_too_few_to_cross_fit(corpus: Corpus) -> None:
    with pytest.raises(TableError, match="at least two groups, got one"):
        fused(replace(with_other_splits(corpus), folds={}), fit_on="val")


def test_answers_of_test_clips_are_never_looked_at(corpus: Corpus) -> None:
    splits = with_other_splits(corpus)
    honest = fused(splits)
    answers = {
        c: ("no label" if g == "speaker9" else corpus.answers[c]) for c, g in corpus.groups.items()
    }
    other = fused(replace(splits, answers=answers))
    assert np.array_equal(honest.table.scores, other.table.scores)
    assert honest.summary() == other.summary()


def test_models_that_saw_a_held_out_fold_make_the_figure_not_nested(corpus: Corpus) -> None:
    assert not fused(corpus).is_nested
    elsewhere = {
        name: replace(table, fold=(None,) * len(table), seen_groups={None: frozenset()})
        for name, table in corpus.tables.items()
    }
    assert fused(corpus, elsewhere).is_nested


def test_a_group_in_two_published_folds_is_refused(corpus: Corpus) -> None:
    torn = dict(corpus.folds)
    torn[next(c for c, g in corpus.groups.items() if g == "speaker0")] = 4
    with pytest.raises(TableError, match="group 'speaker0' is in folds"):
        fuse(corpus.tables, replace(corpus, folds=torn).cohort)


def test_noise_stays_at_chance() -> None:
    accuracies = []
    for seed in range(10):
        noise = made_up_corpus({"one": 0.0, "two": 0.0}, seed=seed)
        accuracies.append(fused(noise).cross_fitted["accuracy"])
    # 3000 clips in all: three standard errors are 2.6 points
    assert abs(np.mean(accuracies) - 1 / len(LABELS)) < 0.026


def test_shuffled_labels_stay_at_chance(corpus: Corpus) -> None:
    accuracies = []
    for seed in range(10):
        shuffled = np.random.default_rng(seed).permutation(list(corpus.answers.values()))
        answers = dict(zip(corpus.answers, map(str, shuffled), strict=True))
        accuracies.append(fused(replace(corpus, answers=answers)).cross_fitted["accuracy"])
    assert abs(np.mean(accuracies) - 1 / len(LABELS)) < 0.026


def test_regression_weights_and_clipping() -> None:
    rng = np.random.default_rng(0)
    ids = tuple(f"c{number}" for number in range(200))
    truth = rng.uniform(0, 1, size=200)
    task = Regression(("engagement",))

    def table(name: str, noise: float) -> ScoreTable:
        scores = (truth + rng.normal(scale=noise, size=200))[:, None]
        seen: dict[int | None, frozenset[str]] = {None: frozenset()}
        return ScoreTable(name, task, ids, scores, ("val",) * 200, (None,) * 200, seen)

    tables = {"good": table("good", 0.1), "bad": table("bad", 0.2)}
    cohort = Cohort(
        Clip(c, Path(), "val", target=target, group=f"g{number % 10}")
        for number, (c, target) in enumerate(zip(ids, truth.tolist(), strict=True))
    )
    result = fuse(tables, cohort, options=FusionOptions(target_range=(0, 1)))
    assert result.table.task == task
    assert result.cross_fitted["mse"] < result.modalities["good"]["mse"]
    assert result.table.scores.min() >= 0
    assert result.table.scores.max() <= 1
    # independent errors weigh by the inverse of their variance: 4 to 1
    assert result.fuser.combiner_.to_dict()["weights"]["good"] == pytest.approx(0.8, abs=0.05)


def test_a_missing_modality_leaves_the_others() -> None:
    corpus = made_up_corpus({"voice": 2.0, "face": 1.0}, seed=3)
    voice = corpus.tables["voice"]
    holes = np.where(np.arange(len(voice))[:, None] % 3 == 0, np.nan, voice.scores)
    result = fused(
        corpus,
        {"voice": replace(voice, scores=holes), "face": corpus.tables["face"]},
        calibration="none",
    )
    alone = corpus.tables["face"].predictions()
    both = result.table.predictions()
    without_voice = [c for c, row in zip(voice.clip_ids, holes, strict=True) if np.isnan(row[0])]
    assert [both[c] for c in without_voice] == [alone[c] for c in without_voice]
    assert result.table.present.all()


def nested_tables(corpus: Corpus) -> dict[str, dict[int, ScoreTable]]:
    """Per fold, the same scores said to come from models that have not seen the fold either."""
    inner: dict[str, dict[int, ScoreTable]] = {name: {} for name in corpus.tables}
    for held_out in range(5):
        away = {g for c, g in corpus.groups.items() if corpus.folds[c] == held_out}
        for name, table in corpus.tables.items():
            seen = {f: seen - away for f, seen in table.seen_groups.items()}
            inner[name][held_out] = replace(table, seen_groups=seen)
    return inner


@pytest.mark.parametrize("knows_groups", [True, False])
def test_copies_are_fitted_on_once_judged_all_and_never_torn_apart(
    corpus: Corpus, knows_groups: bool
) -> None:
    tables, twice = {}, {}
    for name, own in corpus.tables.items():
        elsewhere = {"fold": (None,) * len(own), "seen_groups": {None: frozenset()}}
        tables[name] = own if knows_groups else replace(own, **elsewhere)
        table = tables[name]
        twice[name] = replace(
            table,
            clip_ids=(*table.clip_ids, *(f"copy of {c}" for c in table.clip_ids)),
            scores=np.tile(table.scores, (2, 1)),
            split=table.split * 2,
            fold=table.fold * 2,
        )
    once = [
        replace(clip, content=f"hash of {clip.clip_id}", fold=None)
        for clip in (corpus.cohort if knows_groups else corpus.unfolded)
    ]
    if not knows_groups:
        once = [replace(clip, group=None) for clip in once]
    copies = [replace(clip, clip_id=f"copy of {clip.clip_id}") for clip in once]
    alone, result = fuse(tables, Cohort(once)), fuse(twice, Cohort([*once, *copies]))
    assert result.n_clips == alone.n_clips == 300
    assert result.n_groups == alone.n_groups == (10 if knows_groups else 300)
    ids = sorted(corpus.answers)
    expected = alone.table.aligned_to(ids)
    assert np.array_equal(result.table.aligned_to(ids), expected)
    assert np.array_equal(result.table.aligned_to([f"copy of {c}" for c in ids]), expected)
    assert (result.result().n, alone.result().n) == (600, 300)
    assert result.cross_fitted == pytest.approx(alone.cross_fitted)
    assert result.interval("uar") == pytest.approx(alone.interval("uar"))
    assert [d.p for d in result.comparisons] == [d.p for d in alone.comparisons]


def test_two_tables_of_one_name_are_told_apart_by_what_they_are_called_here(
    corpus: Corpus,
) -> None:
    both = {"a": corpus.tables["voice"], "b": replace(corpus.tables["face"], name="voice")}
    result = fuse(both, corpus.cohort)
    assert list(result.modalities) == [d.theirs.name for d in result.comparisons] == ["a", "b"]
    assert result.modalities["a"] != result.modalities["b"]


def test_inner_tables_make_the_figure_nested(corpus: Corpus) -> None:
    result = fuse(corpus.tables, corpus.cohort, inner=nested_tables(corpus))
    assert result.is_nested
    result.table.require_unseen(corpus.groups)


def test_what_comes_from_elsewhere_without_inner_tables_is_not_nested(corpus: Corpus) -> None:
    inner = {"voice": nested_tables(corpus)["voice"]}
    assert not fuse(corpus.tables, corpus.cohort, inner=inner).is_nested
    assert fuse({"voice": corpus.tables["voice"]}, corpus.cohort, inner=inner).is_nested


def test_a_rule_that_learns_nothing_is_nested_by_itself(corpus: Corpus) -> None:
    options = FusionOptions(method="mean", calibration="none")
    assert fuse(corpus.tables, corpus.cohort, options=options).is_nested


def test_inner_tables_that_saw_the_held_out_fold_are_refused(corpus: Corpus) -> None:
    leaky = nested_tables(corpus)
    leaky["face"][3] = corpus.tables["face"]
    with pytest.raises(LeakageError, match="for fold 3: a model of theirs was trained on 2 groups"):
        fuse(corpus.tables, corpus.cohort, inner=leaky)


def test_fitting_on_fused_scores_again_is_refused_where_they_have_seen_the_clip(
    corpus: Corpus,
) -> None:
    table = fused(corpus).table
    assert fuse({"fused": table}, corpus.unfolded).n_clips == 300
    all_seen = replace(
        table, fold=(None,) * len(table), seen_groups={None: frozenset(corpus.groups.values())}
    )
    with pytest.raises(LeakageError):
        fuse({"fused": all_seen}, corpus.unfolded)


def test_the_choice_between_methods_is_made_inside_every_fold(corpus: Corpus) -> None:
    result = fused(corpus, method="auto", candidates=("rank", "weighted", "max"))
    chosen = result.fuser.combiner_.to_dict()["chosen"]
    assert chosen == "weighted"
    assert f"method chosen inside: {chosen}" in result.summary()


def test_optimism_of_a_flexible_method_on_noise_is_seen() -> None:
    noise = made_up_corpus({"one": 0.0, "two": 0.0}, n_speakers=4, per_speaker=40)
    result = fused(replace(noise, folds={}), method="boosting", n_folds=2)
    assert result.in_sample["accuracy"] > 0.8
    assert result.cross_fitted["accuracy"] < 0.45
    assert result.optimism["accuracy"] > 0.4
