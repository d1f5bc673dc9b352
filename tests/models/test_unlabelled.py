"""Clips without labels teach no model anything of what it is judged on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, LeakageError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from emotiw.evaluation.notes import notes_of
from emotiw.evaluation.results import evaluate
from emotiw.models.groups.pseudo_labels import PseudoLabels
from emotiw.models.inner_tables import inner_tables
from emotiw.models.model import Examples, Model, Unlabelled
from emotiw.models.out_of_fold import Fit, OutOfFold
from emotiw.models.registry import MODELS
from emotiw.models.tabular.logistic import Logistic

TASK = Classification(("Angry", "Sad"))
SPEC = FeatureSpec("toy", (3,), "clip")


def content_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def clip(name: str, split: Any, group: str | None, label: str | None = None, **more: Any) -> Clip:
    return Clip(
        name, Path(name), split, label, group=group, content=content_of(more.pop("of", name))
    )


def cohort(*, rename: str = "", knows: bool = True) -> Cohort:
    """Four training speakers, one of validation, one of test; unlabelled clips of all and others.

    Some unlabelled clips are copies of labelled ones, under the name of somebody else.
    """
    clips = [
        clip(f"{rename}{s}{n}", "train", f"s{s}", TASK.labels[n % 2], of=f"{s}{n}")
        for s in range(4)
        for n in range(4)
    ]
    clips += [clip(f"{rename}v{n}", "val", "v0", TASK.labels[n % 2], of=f"v{n}") for n in range(4)]
    clips += [clip(f"{rename}t{n}", "test", "t0", TASK.labels[n % 2], of=f"t{n}") for n in range(4)]
    for number, group in enumerate(["s0", "s1", "s2", "s3", "v0", "t0", "u0", "u1", "u1"]):
        own = group if knows or group.startswith("s") else None
        clips.append(clip(f"{rename}x{number}", "unlabelled", own, "Sad", of=f"x{number}"))
    for number, of in enumerate(["00", "31", "v1", "t1", "x7"]):  # the last of an unlabelled one
        clips.append(clip(f"{rename}y{number}", "unlabelled", "u2", of=of))
    return Cohort(clips, task=TASK).with_folds("grouped", n_folds=4)


def table_of(clips: Cohort) -> FeatureTable:
    arrays = {}
    for one in clips.answered():
        rng = np.random.default_rng(int(one.content[:8], 16))
        row = rng.normal(size=(1, 3)) + (2.0 if one.label == "Sad" else 0.0)
        arrays[one.clip_id] = FeatureArray.all_present(row.astype(np.float32))
    return FeatureTable(SPEC, arrays)


def work_of(clips: Cohort, *splits: str, **more: Any) -> OutOfFold:
    return OutOfFold(clips, table_of(clips), TASK, unlabelled=splits, **more)


def test_nobody_asks_for_an_unlabelled_clip() -> None:
    clips = cohort()
    assert clips.counts == {"train": 16, "val": 4, "test": 4, "unlabelled": 14}
    assert all(one.truth is None for one in clips.select("unlabelled"))
    assert not any(name.startswith(("x", "y")) for name in clips.answer_key())
    assert {one.split for one in clips.rows} == {"train", "val", "test"}
    assert clips.rows.folds == clips.folds
    work = work_of(clips, "unlabelled")
    rows = {fit.fold: np.full((len(fit.scored), 2), 0.5) for fit in work.fits()}
    assert set(work.table_of("voice", rows).clip_ids) == set(clips.rows.clip_ids)


def test_a_copy_of_a_labelled_clip_stands_for_it_and_not_the_reverse() -> None:
    one = clip("b", "train", None, "Sad")
    other = replace(one, clip_id="a", split="unlabelled", label="Angry")
    third = clip("c", "train", None, "Angry")
    both = Cohort([one, other, third], task=TASK).with_folds("grouped", n_folds=2)
    assert both.originals == {"a": "b", "b": "b", "c": "c"}
    assert set(both.folds) == {"b", "c"}


def test_a_copy_of_a_test_clip_among_the_training_clips_has_a_fold() -> None:
    one, third = clip("b", "train", None, "Sad"), clip("c", "train", None, "Angry")
    other = replace(one, clip_id="a", split="test", label=None)
    both = Cohort([one, other, third], task=TASK).with_folds("grouped", n_folds=2)
    assert set(both.folds) == {"b", "c"}


@pytest.mark.parametrize("splits", [("unlabelled",), ("unlabelled", "test"), ("test",)])
def test_no_fit_sees_groups_or_copies_of_what_it_is_judged_on(splits: tuple[str, ...]) -> None:
    clips = cohort()
    work = work_of(clips, *splits)
    judged = {"val", "test"} - set(splits)
    fits = [*work.fits(), *work.inner_fits(), *work.outer_fits_on_others()]
    assert len(fits) == 5 + 6 + 4
    for fit in fits:
        found = work.training_of(fit).unlabelled
        assert found is not None
        held_out = [c for c, fold in clips.folds.items() if fold in (fit.fold, fit.beside)]
        held_out += [one.clip_id for one in clips if one.split in judged]
        groups = {clips.groups[c] for c in held_out}
        assert groups == found.held_out
        assert not groups & set(found.clips.groups)
        labelled = {one.content for one in clips if one.split in {"train", *judged}}
        contents = [clips[c].content for c in found.clips.clip_ids]
        assert not labelled & set(contents)
        assert len(set(contents)) == len(contents)
        seen = work.seen_by(fit)
        assert seen == {clips.groups[c] for c in (*fit.training, *found.clips.clip_ids)}
        assert not seen & groups
    names = {clips[c].split for fit in work.fits() for c in work.unlabelled.clip_ids(fit.fold)}
    assert names == set(splits)


class TestTheGuard:
    def clips(self, *groups: str) -> Examples:
        names = tuple(f"c{n}" for n in range(len(groups)))
        row = FeatureArray.all_present(np.ones((1, 3), np.float32))
        return Examples(FeatureTable(SPEC, dict.fromkeys(names, row)), names, groups)

    def test_refuses_a_clip_of_a_held_out_group(self) -> None:
        with pytest.raises(LeakageError, match=r"unlabelled clips are of 1 groups .* 'bob'"):
            Unlabelled(self.clips("ann", "bob"), frozenset({"bob"}))

    def test_refuses_a_pseudo_label_that_has_seen_the_held_out_group(self) -> None:
        known = Unlabelled(self.clips("ann", "ann"), frozenset({"bob"}))
        told: Any = (np.array([0, 1]), np.ones(2))
        assert known.guessed(*told, taught_by=["ann", "cid"]).learnt.tolist() == [0, 1]
        with pytest.raises(LeakageError, match=r"pseudo-labels were guessed .* 'bob'"):
            known.guessed(*told, taught_by=["ann", "bob"])

    def test_leaves_guesses_behind_where_more_is_held_out(self) -> None:
        known = Unlabelled(self.clips("ann", "cid"), frozenset({"bob"}))
        told = known.guessed(np.array([0, 1]), np.ones(2), taught_by=["dan"])
        fewer = told.holding_out(["cid"])
        assert fewer.clips.groups == ("ann",)
        assert fewer.guesses is None
        assert fewer.held_out == {"bob", "cid"}

    def test_stops_a_model_that_brings_the_labels_of_others_along(self, tmp_path: Path) -> None:
        class Cheat(Logistic):
            def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
                found = examples.unlabelled
                assert found is not None
                guesses = np.zeros(len(found), int)
                everybody = {"s0", "s1", "s2", "s3"}  # of a model that was trained on all
                told = found.guessed(guesses, np.ones(len(found)), taught_by=everybody)
                super().fit(replace(examples, unlabelled=told))

        work = work_of(cohort(), "unlabelled")
        held_out, *_, final = work.fits()
        make = lambda: Cheat(Logistic.Options(), spec=SPEC, task=TASK, seed=0)  # noqa: E731
        with pytest.raises(LeakageError, match="judged on"):
            work.run(held_out, make, tmp_path / "a")
        work.run(final, make, tmp_path / "b")


def test_scores_say_what_their_models_were_adapted_on(tmp_path: Path) -> None:
    clips = cohort()
    work = work_of(clips, "test", "unlabelled")
    rows = {fit.fold: np.full((len(fit.scored), 2), 0.5) for fit in work.fits()}
    table = work.table_of("voice", rows)
    assert table.adapted_on == ("the unlabelled test clips", "unlabelled clips")
    table.write_csv(tmp_path / "voice.csv")
    assert ScoreTable.read_csv(tmp_path / "voice.csv").adapted_on == table.adapted_on
    result = evaluate(table, clips, split="val")
    assert result.judged_on == "val, adapted on the unlabelled test clips and unlabelled clips"
    assert any(note.startswith("voice: adapted on the unlabelled") for note in notes_of([result]))
    unknown = work_of(cohort(knows=False), "unlabelled")
    assert unknown.adapted_on == ("unlabelled clips, some of unknown speakers",)
    assert work_of(clips).adapted_on == ()
    assert "together" in work_of(clips, takes_together="group").adapted_on[0]
    assert work_of(clips, takes_together="corpus").adapted_on == ()  # there is but one


def shifted(n_unlabelled: int = 80) -> tuple[Examples, Examples]:
    """Labelled clips told apart by one column; others by that, weaker, and by a second one."""
    rng = np.random.default_rng(3)

    def some(n: int, first: float, second: float, name: str) -> Examples:
        codes = np.arange(n) % 2
        rows = rng.normal(size=(n, 3))
        rows[:, 0] += first * (2 * codes - 1)
        rows[:, 1] += second * (2 * codes - 1)
        ids = tuple(f"{name}{row:03}" for row in range(n))
        arrays = {
            c: FeatureArray.all_present(r[None].astype(np.float32))
            for c, r in zip(ids, rows, strict=True)
        }
        groups = tuple(f"{name} speaker {row // 4 % 6}" for row in range(n))
        return Examples(FeatureTable(SPEC, arrays), ids, groups, codes)

    learnt, there = some(96, 2.0, 0.0, "here"), some(n_unlabelled + 200, 0.8, 2.0, "there")
    clips = replace(there.subset(range(n_unlabelled)), targets=None)
    judged = there.subset(range(n_unlabelled, len(there)))
    return replace(learnt, unlabelled=Unlabelled(clips)), judged


def right(model: Model, judged: Examples) -> float:
    said = model.predict(replace(judged, targets=None)).argmax(1)
    return float((said == judged.targets).mean())


def made(name: str, **options: Any) -> Model:
    kind = MODELS.resolve(name)
    return kind(kind.Options.model_validate(options), spec=SPEC, task=TASK, seed=0)


class TestPseudoLabels:
    def test_teach_what_labels_don_t(self) -> None:
        learnt, judged = shifted()
        plain, guessing = (
            made("logistic", c=1),
            made("pseudo_labels", learner={"model": "logistic", "c": 1}),
        )
        for model in (plain, guessing):
            model.fit(learnt)
        assert right(guessing, judged) > right(plain, judged) + 0.05

    def test_shuffled_they_teach_nothing(self) -> None:
        class Shuffled(PseudoLabels):
            def guess(
                self, unlabelled: Unlabelled, probabilities: Any, taught_by: Collection[str]
            ) -> Unlabelled:
                found = super().guess(unlabelled, probabilities, taught_by)
                assert found.guesses is not None
                guesses = found.guesses.copy()
                guesses[found.learnt] = np.random.default_rng(0).permutation(guesses[found.learnt])
                return replace(found, guesses=guesses)

        learnt, judged = shifted()
        plain = made("logistic", c=1)
        options = PseudoLabels.Options.model_validate({"learner": {"model": "logistic", "c": 1}})
        shuffled = Shuffled(options, spec=SPEC, task=TASK, seed=0)
        for model in (plain, shuffled):
            model.fit(learnt)
        assert right(shuffled, judged) < right(plain, judged) + 0.03

    def test_no_member_learns_from_guesses_of_one_that_has_seen_its_part(self) -> None:
        told: list[tuple[Unlabelled, frozenset[str]]] = []

        class Noted(Logistic):
            def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
                assert examples.unlabelled is not None
                told.append((examples.unlabelled, frozenset(examples.groups)))
                super().fit(examples, folder=folder)

        learnt, _ = shifted()
        model = made("pseudo_labels", n=3, rounds=2)
        model._made = lambda seed: Noted(Logistic.Options(), spec=SPEC, task=TASK, seed=seed)  # type: ignore[attr-defined]
        model.fit(learnt)
        assert len(told) == 7
        first, second, final = told[:3], told[3:6], told[6]
        assert all(not one.taught_by for one, _ in first)
        for one, groups in second:
            assert one.taught_by == groups
            assert one.held_out == frozenset(learnt.groups) - groups
        assert final[0].taught_by == final[1] == frozenset(learnt.groups)

    def test_say_so_where_there_is_nothing_to_guess(self) -> None:
        learnt, judged = shifted()
        model = made("pseudo_labels", learner={"model": "logistic"})
        with pytest.warns(UserWarning, match="no unlabelled clips"):
            model.fit(replace(learnt, unlabelled=None))
        plain = made("logistic")
        plain.fit(replace(learnt, unlabelled=None))
        assert right(model, judged) == right(plain, judged)

    def test_refuse_learners_that_can_t(self) -> None:
        with pytest.raises(ConfigError, match="doesn't learn from guessed labels"):
            made("pseudo_labels", learner={"model": "vote"})
        learnt, _ = shifted()
        trees = {"model": "boosting", "n_trees": 3, "min_samples_leaf": 3}
        with pytest.raises(ConfigError, match="weight: 1"):
            made("pseudo_labels", learner=trees).fit(learnt)
        made("pseudo_labels", learner=trees, weight=1, n=2, rounds=1).fit(learnt)


def test_names_of_clips_change_nothing(tmp_path: Path) -> None:
    found: list[npt.NDArray[np.float64]] = []
    for rename in ("", "z"):
        clips = cohort(rename=rename)
        work = work_of(clips, "unlabelled")
        make = lambda: made("pseudo_labels", learner={"model": "logistic"}, n=2, confidence=0.5)  # noqa: E731
        scores = {
            fit.fold: work.run(fit, make, tmp_path / f"{rename}{fit.name}") for fit in work.fits()
        }
        rows = work.table_of("voice", scores)
        found.append(rows.aligned_to([f"{rename}{c}" for c in cohort().rows.clip_ids]))
    assert np.array_equal(found[0], found[1])


def test_what_a_nested_fusion_is_fitted_on_has_not_seen_its_fold(tmp_path: Path) -> None:
    work = work_of(cohort(), "unlabelled")
    plain = Logistic.Options()

    def score(fit: Fit) -> npt.NDArray[np.float64]:
        make = lambda: Logistic(plain, spec=SPEC, task=TASK, seed=0)  # noqa: E731
        return work.run(fit, make, tmp_path / fit.name)

    inner = inner_tables("voice", work, score, list)
    assert len(inner) == 4
    for fold, table in inner.items():
        hidden = {work.cohort.groups[c] for c, own in work.cohort.folds.items() if own == fold}
        assert not hidden & frozenset().union(*table.seen_groups.values())
        assert any("u0" in seen for seen in table.seen_groups.values())


class TestCorpora:
    def both(self, **preparation: Any) -> tuple[Model, Examples, Examples]:
        learnt, there = shifted(40)
        learnt = replace(learnt, corpora=("here",) * len(learnt))
        moved = {c: FeatureArray.all_present(4 + 3 * a.values) for c, a in there.table.items()}
        table = FeatureTable(SPEC, moved)
        found = learnt.unlabelled
        assert found is not None
        clips = replace(found.clips, table=table, corpora=("there",) * len(found))
        judged = replace(there, table=table, corpora=("there",) * len(there))
        model = made("logistic", preparation=preparation)
        learnt = replace(learnt, unlabelled=Unlabelled(clips))
        model.fit(learnt)
        return model, judged, learnt

    def test_another_corpus_is_standardised_by_its_unlabelled_clips(self) -> None:
        model, judged, _ = self.both(standardise="corpus")
        plain, _, _ = self.both()
        asked = replace(judged, targets=None)
        together, alone = model.predict(asked), model.predict(asked.subset([5]))
        assert np.allclose(together[5], alone[0])
        assert right(model, judged) > right(plain, judged) + 0.1

    def test_coral_recolours_the_clips_that_train(self, tmp_path: Path) -> None:
        model, judged, learnt = self.both(align="coral")
        preparation: Any = model._preparation  # type: ignore[attr-defined]
        vectors = np.concatenate([array.values for array in learnt.arrays()])
        mine = preparation.apply(vectors, learnt.groups, learnt.corpora)
        assert learnt.unlabelled is not None
        others = learnt.unlabelled.clips
        theirs = np.concatenate([array.values for array in others.arrays()])
        yours = preparation.apply(theirs, others.groups, others.corpora)
        assert np.allclose(mine.mean(0), yours.mean(0), atol=1e-3)
        before = (vectors - preparation.state["mean"]) / preparation.state["sd"]
        apart = [np.linalg.norm(np.cov(v.T) - np.cov(yours.T)) for v in (before, mine)]
        assert apart[1] < 0.2 * apart[0]
        as_is = (theirs - preparation.state["mean"]) / preparation.state["sd"]
        assert np.allclose(yours, as_is, atol=1e-4)
        model.save(tmp_path)
        asked = replace(judged, targets=None)
        assert np.array_equal(type(model).load(tmp_path).predict(asked), model.predict(asked))

    def test_coral_asks_for_clips_of_another_corpus(self) -> None:
        learnt, _ = shifted()
        with pytest.raises(ConfigError, match="coral needs unlabelled clips of a corpus"):
            made("logistic", preparation={"align": "coral"}).fit(learnt)
