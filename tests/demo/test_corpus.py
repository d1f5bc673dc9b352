"""The files: layout, sameness, and damage that is what it says."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ConfigError, MediaError
from emotiw.core.media import MediaReader, read_audio
from emotiw.demo import synthetic_clip
from emotiw.demo.contents import DemoClip, DemoCorpus
from emotiw.demo.corpus import DAMAGES, FOLDERS, make_corpus
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import LABELS, Difficulty
from emotiw.demo.synthetic_clip import ClipRecipe, render_clip
from tests.short_clips import make_short_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> DemoCorpus:
    folder = tmp_path_factory.mktemp("demo")
    counts = {"n_train_per_label": 0, "n_val_per_label": 1, "n_test_per_label": 1}
    return make_short_corpus(folder, **counts)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the recipe where a clip would be, for tests that only look at what is written."""
    monkeypatch.setattr(synthetic_clip, "render_clip", lambda recipe: repr(recipe).encode())


def broken(corpus: DemoCorpus, damage: Damage) -> list[DemoClip]:
    return [clip for clip in corpus.clips if clip.damage is damage]


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("quick")
def test_layout_is_that_of_afew(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path, n_train_per_label=1, n_val_per_label=1, n_test_per_label=1)
    n_damaged = {split: sum(where == split for where, _, _ in DAMAGES) for split in FOLDERS}
    for split in ("train", "val"):
        paths = sorted((corpus.folder / FOLDERS[split]).glob("*/*.avi"))
        assert len(paths) == len(LABELS) + n_damaged[split]
        assert {path.parent.name for path in paths} == set(LABELS)
    tests = sorted((corpus.folder / "Test_AFEW").iterdir())
    assert len(tests) == len(LABELS) + n_damaged["test"]
    assert all(path.is_file() and path.suffix == ".avi" for path in tests)
    names = [path.stem for path in corpus.folder.rglob("*.avi")]
    assert all(len(name) == 9 and name.isdigit() for name in names)
    assert len(set(names)) == len(names) == len(corpus.clips)
    assert any(name.startswith("0") for name in names)


def test_the_challenge_reader_takes_it_for_afew(corpus: DemoCorpus) -> None:
    manifest, *_ = read_challenge(load_spec("afew2017"), corpus.folder)
    labels = {clip.clip_id: clip.label for clip in manifest}
    assert labels == {
        clip.clip_id: None if clip.split == "test" else clip.label for clip in corpus.clips
    }


def test_truth_is_written_for_the_test_clips_alone(corpus: DemoCorpus) -> None:
    with (corpus.folder / "demo_truth.csv").open(newline="") as file:
        rows = {row["clip_id"]: row["label"] for row in csv.DictReader(file)}
    assert rows == corpus.truth
    assert set(rows) == {path.stem for path in (corpus.folder / "Test_AFEW").iterdir()}
    assert sorted(set(rows.values())) == sorted(LABELS)


def test_whole_clips_are_real_media(corpus: DemoCorpus) -> None:
    whole = broken(corpus, Damage.NONE)
    assert len(whole) == 2 * len(LABELS)
    for clip in whole[::6]:
        with MediaReader(clip.path) as reader:
            frames = list(reader.frames(keep_audio=True))
            sound = reader.audio()
            assert reader.info.fps == 25
            assert reader.info.declared_frames == len(frames)
            assert 8 <= len(frames) <= 10
            assert frames[0].rgb.shape == (240, 320, 3)
            assert abs(sound.duration_sec - len(frames) / 25) < 0.2
            assert np.sqrt(np.mean(sound.waveform**2)) > 0.005


def test_damage_is_what_the_notes_say(corpus: DemoCorpus) -> None:
    notes = (corpus.folder / "DAMAGED.txt").read_text()
    assert len(corpus.damaged) == sum(split != "train" for split, _, _ in DAMAGES)
    for clip in corpus.damaged:
        assert f"{clip.path.relative_to(corpus.folder).as_posix()}: {clip.damage.value}" in notes
    for clip in broken(corpus, Damage.TRUNCATED):
        with MediaReader(clip.path) as reader:
            n_decoded = len(list(reader.frames(keep_audio=True)))
            assert 1 < n_decoded < reader.info.declared_frames
            assert len(reader.audio().waveform) > 0
    for clip in broken(corpus, Damage.ONE_FRAME):
        with MediaReader(clip.path) as reader:
            assert len(list(reader.frames(keep_audio=True))) == 1
            assert reader.audio().duration_sec > 0.25
    for clip in broken(corpus, Damage.NO_AUDIO):
        with MediaReader(clip.path) as reader:
            assert reader.info.has_video
            assert not reader.info.has_audio
    for clip in broken(corpus, Damage.SILENT):
        assert np.abs(read_audio(clip.path).waveform).max() < 1e-4
    for clip in broken(corpus, Damage.NO_FACE):
        assert np.abs(read_audio(clip.path).waveform).max() > 0.02


def test_a_training_clip_is_no_video_at_all(tmp_path: Path) -> None:
    assert [split for split, _, what in DAMAGES if what is Damage.UNREADABLE] == ["train"]
    path = tmp_path / "000000001.avi"
    path.write_bytes(render_clip(ClipRecipe((0,), "Happy", Difficulty(), Damage.UNREADABLE)))
    with pytest.raises(MediaError):
        MediaReader(path)


def test_clips_depend_neither_on_other_splits_nor_on_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    for workers, n_test in ((1, 1), (2, 0)):
        counts = {"n_train_per_label": 0, "n_val_per_label": 1, "n_test_per_label": n_test}
        with monkeypatch.context() as patched:  # all but three of them are there already
            patched.setattr(synthetic_clip, "render_clip", lambda recipe: b"there")
            corpus = make_corpus(tmp_path / str(workers), **counts)
        missing = [clip.path for clip in corpus.clips if clip.split == "val"][::3]
        for path in missing:
            path.unlink()
        make_corpus(corpus.folder, workers=workers, **counts)
        made[workers] = {path.name: path.read_bytes() for path in missing}
    assert made[1] == made[2]
    assert len(made[1]) == 3
    with MediaReader(missing[0]) as reader:
        assert 30 <= reader.info.declared_frames <= 50


@pytest.mark.usefixtures("quick")
def test_more_clips_leave_the_others_as_they_are(tmp_path: Path) -> None:
    counts = {"n_val_per_label": 1, "n_test_per_label": 0}
    few = make_corpus(tmp_path / "few", n_train_per_label=2, **counts)
    many = make_corpus(tmp_path / "many", n_train_per_label=5, **counts)
    ours, theirs = fingerprints(few.folder), fingerprints(many.folder)
    del ours["demo_settings.json"], theirs["demo_settings.json"]
    assert ours.items() <= theirs.items()
    assert len(theirs) == len(ours) + 3 * len(LABELS)


@pytest.mark.usefixtures("quick")
def test_another_seed_gives_other_clips_under_other_ids(corpus: DemoCorpus, tmp_path: Path) -> None:
    other = make_corpus(
        tmp_path, n_train_per_label=0, n_val_per_label=1, n_test_per_label=0, seed=1
    )
    ours = {clip.clip_id for clip in corpus.clips}
    assert not ours & {clip.clip_id for clip in other.clips}


@pytest.mark.usefixtures("quick")
def test_an_interrupted_corpus_is_completed_and_a_whole_one_left_alone(tmp_path: Path) -> None:
    def make() -> DemoCorpus:
        return make_corpus(tmp_path, n_train_per_label=0, n_val_per_label=1, n_test_per_label=0)

    make()
    before = fingerprints(tmp_path)
    lost, kept = sorted(tmp_path.rglob("*.avi"))[:2]
    lost.unlink()
    time = kept.stat().st_mtime_ns
    make()
    assert fingerprints(tmp_path) == before
    assert kept.stat().st_mtime_ns == time


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Train_AFEW").mkdir()
    with pytest.raises(ConfigError, match="Train_AFEW"):
        make_corpus(tmp_path)
    assert not list(tmp_path.rglob("*.avi"))


def test_other_settings_in_the_same_folder_are_refused(tmp_path: Path) -> None:
    none = {"n_train_per_label": 0, "n_val_per_label": 0, "n_test_per_label": 0}
    make_corpus(tmp_path, **none)
    with pytest.raises(ConfigError, match="other settings"):
        make_corpus(tmp_path, seed=1, **none)


def test_all_wrong_numbers_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"(?s)2 problems.*val.*-1.*seed.*-2"):
        make_corpus(tmp_path, n_val_per_label=-1, seed=-2)
