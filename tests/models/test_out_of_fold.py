"""No model ever scores what it has seen, and names change nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.inner_tables import inner_tables
from emotiw.models.model import Examples
from emotiw.models.out_of_fold import Fit, OutOfFold, is_damaged, is_fitted

LABELS = ("Angry", "Happy", "Sad")
SPEC = FeatureSpec("toy", (2,), "clip")
TASK = Classification(LABELS)


class Spy:
    """The nearest class mean, with a record of what it learns from and what it scores."""

    fitted: ClassVar[list[Examples]] = []
    scored: ClassVar[list[tuple[frozenset[str], Examples]]] = []

    def __init__(self) -> None:
        self.means: list[list[float]] = []
        self.seen: frozenset[str] = frozenset()

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        assert examples.targets is not None
        Spy.fitted.append(examples)
        self.seen = frozenset(examples.groups)
        rows = np.concatenate([array.values for array in examples.arrays()])
        self.means = [
            [float(x) for x in rows[examples.targets == code].mean(axis=0)]
            if (examples.targets == code).any()
            else [99.0, 99.0]
            for code in range(3)
        ]

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        assert examples.targets is None
        Spy.scored.append((self.seen, examples))
        rows = np.concatenate([array.values for array in examples.arrays()]).astype(np.float64)
        apart = ((rows[:, None] - np.array(self.means)) ** 2).sum(axis=2)
        weights = np.exp(apart.min(axis=1, keepdims=True) - apart)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"means": self.means, "seen": sorted(self.seen)})
        (folder / "spy.json").write_text(text)

    @classmethod
    def load(cls, folder: Path) -> Self:
        spy = cls()
        noted = json.loads((folder / "spy.json").read_text())
        spy.means, spy.seen = noted["means"], frozenset(noted["seen"])
        return spy


@pytest.fixture(autouse=True)
def forget() -> None:
    Spy.fitted.clear()
    Spy.scored.clear()


def content_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def rows_of(content: str, label: str) -> FeatureArray:
    noise = np.random.default_rng(int(content[:8], 16)).normal(size=2)
    means = {"Angry": [0, 2], "Happy": [2, 0], "Sad": [0, 0]}
    return FeatureArray.all_present((noise + means[label])[None].astype(np.float32))


class Corpus:
    """Clips of several speakers, whose content is known by the name they were born with."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.contents: dict[str, str] = {}
        self.arrays: dict[str, FeatureArray] = {}

    def add(self, clip_id: str, split: Any, label: str, born: str = "", **more: Any) -> None:
        content = content_of(born or clip_id)
        self.clips.append(Clip(clip_id, Path(clip_id), split, label, **more))
        self.contents[clip_id] = content
        self.arrays[clip_id] = rows_of(content, label)

    def cohort(self, task: Task = TASK, folds: dict[str, int] | None = None) -> Cohort:
        """Return the clips with these folds, or with three."""
        clips = [replace(clip, content=self.contents[clip.clip_id]) for clip in self.clips]
        if folds is None:
            return Cohort(clips, task=task).with_folds("grouped", n_folds=3)
        return Cohort((replace(clip, fold=folds.get(clip.clip_id)) for clip in clips), task=task)

    def work(self, task: Task = TASK, folds: dict[str, int] | None = None) -> OutOfFold:
        return OutOfFold(self.cohort(task, folds), FeatureTable(SPEC, self.arrays), task)


def small(rename: Any = lambda name: name) -> Corpus:
    corpus = Corpus()
    for speaker in range(6):
        for n, label in enumerate(LABELS):
            born = f"train-{speaker}-{n}"
            corpus.add(rename(born), "train", label, born, group=f"speaker{speaker}")
    for n, label in enumerate(LABELS):
        corpus.add(rename(f"val-{n}"), "val", label, f"val-{n}", group="another")
        corpus.add(rename(f"test-{n}"), "test", label, f"test-{n}")
    return corpus


def scores_of(work: OutOfFold, folder: Path) -> ScoreTable:
    scores = {fit.fold: work.run(fit, Spy, folder / fit.name) for fit in work.fits()}
    return work.table_of("spy", scores)


def test_no_model_scores_a_group_that_it_has_seen(tmp_path: Path) -> None:
    scores_of(small().work(), tmp_path)
    assert len(Spy.scored) == 4
    for seen, examples in Spy.scored:
        assert not seen & set(examples.groups)


def test_every_clip_is_scored_once_by_the_model_that_may(tmp_path: Path) -> None:
    corpus = small()
    work = corpus.work()
    table = scores_of(work, tmp_path)
    assert set(table.clip_ids) == {clip.clip_id for clip in corpus.clips}
    assert table.present.all()
    for clip_id, split, fold in zip(table.clip_ids, table.split, table.fold, strict=True):
        assert fold == (work.cohort.folds[clip_id] if split == "train" else None)
    table.require_unseen(work.cohort.groups)
    assert table.seen_groups[None] == {f"speaker{n}" for n in range(6)}
    assert [fit.name for fit in work.fits()] == ["fold0", "fold1", "fold2", "final"]


def test_a_fusion_that_holds_out_a_fold_gets_scores_that_know_nothing_of_it(
    tmp_path: Path,
) -> None:
    work = small().work()
    fits: list[str] = []

    def score(fit: Fit) -> Any:
        fits.append(fit.name)
        return work.run(fit, Spy, tmp_path / fit.name)

    tables = inner_tables("spy", work, score, list)
    assert fits == ["fold0+1", "fold0+2", "fold1+2", "fold0", "fold1", "fold2"]
    assert set(tables) == {0, 1, 2}
    folds, groups = work.cohort.folds, work.cohort.groups
    for held_out, table in tables.items():
        hidden = {groups[c] for c, fold in folds.items() if fold == held_out}
        assert not hidden & frozenset().union(*table.seen_groups.values())
        assert {folds[c] for c in table.clip_ids if c in folds} == {0, 1, 2} - {held_out}
        assert sum(split == "val" for split in table.split) == 3
        table.require_unseen(groups)


def test_what_is_learned_and_what_is_held_out_share_nothing() -> None:
    work = small().work()
    training = set(work.cohort.folds)
    for fit in work.fits():
        assert not set(fit.training) & set(fit.scored)
        if fit.fold is not None:
            assert set(fit.training) | set(fit.scored) == training


def test_labels_of_held_out_clips_do_not_matter(tmp_path: Path) -> None:
    corpus = small()
    before = scores_of(corpus.work(), tmp_path / "before")
    corpus.clips = [
        replace(clip, label="Sad" if clip.split != "train" else clip.label) for clip in corpus.clips
    ]
    after = scores_of(corpus.work(), tmp_path / "after")
    np.testing.assert_array_equal(before.scores, after.scores)


def test_renaming_and_reordering_clips_changes_no_score(tmp_path: Path) -> None:
    def rename(born: str) -> str:
        return f"{content_of('salt' + born)[:6]}"

    before, corpus = small(), small(rename)
    corpus.clips.reverse()
    old = scores_of(before.work(), tmp_path / "old")
    new = scores_of(corpus.work(), tmp_path / "new")
    np.testing.assert_array_equal(
        old.scores, new.aligned_to([rename(clip_id) for clip_id in old.clip_ids])
    )


def test_identical_training_clips_count_once(tmp_path: Path) -> None:
    plain, doubled = small(), small()
    for copy in range(3):
        doubled.add(f"a-copy-{copy}", "train", "Angry", "train-0-0", group="speaker0")
    doubled.add("test-copy", "test", "Sad", "test-2")
    old = scores_of(plain.work(), tmp_path / "old")
    n_seen = [len(examples) for examples in Spy.fitted]
    Spy.fitted.clear()
    new = scores_of(doubled.work(), tmp_path / "new")
    assert [len(examples) for examples in Spy.fitted] == n_seen
    np.testing.assert_array_equal(old.scores, new.aligned_to(old.clip_ids))
    for copy, original in [("a-copy-0", "train-0-0"), ("test-copy", "test-2")]:
        np.testing.assert_array_equal(new.aligned_to([copy]), new.aligned_to([original]))


def test_a_clip_with_two_labels_teaches_both(tmp_path: Path) -> None:
    corpus = small()
    corpus.add("second-opinion", "train", "Sad", "train-0-0", group="speaker0")
    work = corpus.work()
    (final,) = [fit for fit in work.fits() if fit.fold is None]
    assert {"train-0-0", "second-opinion"} <= set(final.training)


def test_a_copy_in_another_group_is_no_back_door(tmp_path: Path) -> None:
    corpus = small()
    folds = corpus.cohort().folds
    elsewhere = next(c for c in folds if folds[c] != folds["train-0-0"])
    corpus.add("copy", "train", "Angry", "train-0-0", group=corpus.cohort().groups[elsewhere])
    work = corpus.work(folds={**folds, "copy": folds[elsewhere]})
    for fit in work.fits():
        learned = {corpus.contents[clip_id] for clip_id in fit.training}
        if fit.fold is not None:
            assert not learned & {corpus.contents[clip_id] for clip_id in fit.scored}


@pytest.mark.parametrize("split", ["val", "test"])
def test_no_model_learns_from_a_copy_of_a_val_or_test_clip(tmp_path: Path, split: str) -> None:
    corpus = Corpus()
    for n in range(6):
        corpus.add(f"t{n}", "train", LABELS[n % 3], group=f"speaker{n}")
    corpus.add("v", split, "Angry", "t0", group="another")
    work = corpus.work()
    assert all("t0" not in fit.training for fit in work.fits())
    assert any("t0" in fit.scored for fit in work.fits())
    scores_of(work, tmp_path).require_unseen({"v": "another"})


def test_training_clips_that_are_all_scored_elsewhere_are_refused() -> None:
    corpus = Corpus()
    for n in range(6):
        corpus.add(f"t{n}", "train", LABELS[n % 3])
        corpus.add(f"v{n}", "val", LABELS[n % 3], f"t{n}")
    with pytest.raises(ConfigError, match="every training clip repeats a validation or test clip"):
        list(corpus.work().fits())


def test_clips_without_the_feature_or_a_label_have_a_row_without_scores(tmp_path: Path) -> None:
    corpus = small()
    del corpus.arrays["train-1-1"], corpus.arrays["val-0"], corpus.arrays["test-0"]
    corpus.add("unlabelled", "train", "Sad")
    corpus.clips[-1] = replace(corpus.clips[-1], label=None)
    folds = small().cohort().folds
    table = scores_of(corpus.work(folds=folds), tmp_path)
    absent = {c for c, there in zip(table.clip_ids, table.present, strict=True) if not there}
    assert absent == {"train-1-1", "val-0", "test-0", "unlabelled"}
    fold_of = dict(zip(table.clip_ids, table.fold, strict=True))
    assert fold_of["train-1-1"] == folds["train-1-1"]
    assert all(there not in ex.clip_ids for ex in Spy.fitted for there in absent)


def test_without_folds_training_clips_get_no_scores(tmp_path: Path) -> None:
    corpus = small()
    work = corpus.work(folds={})
    assert [fit.name for fit in work.fits()] == ["final"]
    table = scores_of(work, tmp_path)
    splits = {split for split, there in zip(table.split, table.present, strict=True) if there}
    assert splits == {"val", "test"}


def test_nothing_to_score_is_no_error(tmp_path: Path) -> None:
    corpus = Corpus()
    for n in range(6):
        corpus.add(f"t{n}", "train", LABELS[n % 3])
    table = scores_of(corpus.work(), tmp_path)
    assert table.present.all()
    assert len(Spy.scored) == 3


def test_a_finished_fit_is_not_fitted_again(tmp_path: Path) -> None:
    one = scores_of(small().work(), tmp_path)
    assert len(Spy.fitted) == 4
    two = scores_of(small().work(), tmp_path)
    assert len(Spy.fitted) == 4
    np.testing.assert_array_equal(one.scores, two.scores)


def test_a_fit_that_was_cut_off_while_saving_is_fitted_again(tmp_path: Path) -> None:
    one = scores_of(small().work(), tmp_path)
    (tmp_path / "fold1" / "model" / "complete").unlink()
    (tmp_path / "fold1" / "model" / "spy.json").write_text("{")
    two = scores_of(small().work(), tmp_path)
    assert len(Spy.fitted) == 5
    np.testing.assert_array_equal(one.scores, two.scores)


def test_targets_are_those_of_the_task() -> None:
    corpus = small()
    corpus.clips = [replace(clip, target=0.5) for clip in corpus.clips]
    labels = corpus.work().examples(["train-0-0", "train-0-2"], with_targets=True).targets
    assert labels is not None
    assert labels.tolist() == [0, 2]
    assert labels.dtype == np.int64
    work = corpus.work(Regression(("valence",)))
    targets = work.examples(["train-0-0", "train-0-2"], with_targets=True).targets
    assert targets is not None
    assert targets.tolist() == [0.5, 0.5]
    assert targets.dtype == np.float64
    assert work.examples(["train-0-0"], with_targets=False).targets is None


def test_labels_are_no_targets() -> None:
    with pytest.raises(
        ConfigError, match="no training clip has both a label or target and feature 'toy'"
    ):
        small().work(Regression(("valence",)))


def test_nothing_to_learn_from_is_one_clear_error() -> None:
    corpus = small()
    for clip_id in [c for c in corpus.arrays if c.startswith("train")]:
        del corpus.arrays[clip_id]
    with pytest.raises(ConfigError, match="feature 'toy'"):
        corpus.work()
    corpus = small()
    with pytest.raises(ConfigError, match="no training clip outside fold 0"):
        list(corpus.work(folds={c.clip_id: 0 for c in corpus.clips if c.split == "train"}).fits())


def test_a_damaged_fit_is_fitted_again(tmp_path: Path) -> None:
    work = small().work()
    [fit, *_] = work.fits()
    scores = work.run(fit, Spy, tmp_path)
    assert is_fitted(tmp_path)
    path = tmp_path / "model" / "spy.json"
    text = path.read_text()
    path.write_text(text.replace("0", "1", 1))
    assert (is_fitted(tmp_path), is_damaged(tmp_path)) == (False, True)
    assert np.array_equal(work.run(fit, Spy, tmp_path), scores)
    assert len(Spy.fitted) == 2
    assert (path.read_text(), is_fitted(tmp_path)) == (text, True)


def test_a_fit_of_an_earlier_version_without_checksums_is_kept(tmp_path: Path) -> None:
    work = small().work()
    [fit, *_] = work.fits()
    work.run(fit, Spy, tmp_path)
    (tmp_path / "model" / "sha256sums").unlink()
    work.run(fit, Spy, tmp_path)
    assert len(Spy.fitted) == 1


class Stopped(Spy):
    """Keeps a checkpoint, and goes on from it."""

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        assert folder is not None
        if (folder / "state").is_file() and (folder / "state").read_text() != "good":
            raise WeightsError("damaged")
        super().fit(examples, folder=folder)


def test_a_damaged_checkpoint_is_begun_anew(tmp_path: Path) -> None:
    work = small().work()
    [fit, *_] = work.fits()
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "state").write_text("bad")
    scores = work.run(fit, Stopped, tmp_path)
    assert np.array_equal(work.run(fit, Spy, tmp_path / "other"), scores)


def test_missing_weights_are_no_damaged_checkpoint(tmp_path: Path) -> None:
    class Lacking(Spy):
        def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
            raise WeightsError("no such weights")

    work = small().work()
    [fit, *_] = work.fits()
    with pytest.raises(WeightsError, match="no such weights"):
        work.run(fit, Lacking, tmp_path)
