"""Groups: whose mood counts, where people stand, and the names that the real data would have."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ConfigError, MediaError
from emotiw.core.media import MediaReader, read_audio, read_still
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import Difficulty
from emotiw.demo.gathering import (
    FEELINGS,
    MOODS,
    GroupRecipe,
    draw_feelings,
    draw_places,
    perform_group,
)
from emotiw.demo.group_corpus import (
    CLIP_DAMAGES,
    FEWEST_FRAMES,
    STILL_DAMAGES,
    GroupCorpus,
    make_group_corpus,
)

MOOD_OF = {feeling: mood for mood, feelings in FEELINGS.items() for feeling in feelings}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> GroupCorpus:
    folder = tmp_path_factory.mktemp("groups")
    return make_group_corpus(folder, n_train_per_label=0, n_val_per_label=0, n_test_per_label=1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes small pictures in place of groups, for tests that look at files alone."""
    from emotiw.demo import gathering
    from emotiw.demo.synthetic_clip import Performance

    def perform(recipe: GroupRecipe) -> Performance:
        grey = int(np.random.default_rng(recipe.seed).integers(256))
        frames = [np.full((48, 64, 3), grey, np.uint8)] * recipe.n_frames
        return Performance(frames, np.zeros(16_000, np.float32))

    monkeypatch.setattr(gathering, "perform_group", perform)


def test_more_than_half_share_the_mood_and_the_one_in_front_often_does_not() -> None:
    rng = np.random.default_rng(0)
    misled = []
    for mood in MOODS:
        for n_people in range(2, 7):
            for _ in range(100):
                moods = [MOOD_OF[feeling] for feeling in draw_feelings(mood, n_people, rng)]
                assert len(moods) == n_people
                assert moods.count(mood) > n_people / 2
                misled.append(moods[0] != mood)
    assert 0.4 < np.mean(misled) < 0.56  # six in ten of the groups of three or more


@pytest.mark.parametrize("n_people", range(2, 7))
def test_the_one_in_front_has_the_largest_face_and_nobody_hides_a_face(n_people: int) -> None:
    rng = np.random.default_rng(n_people)
    for _ in range(50):
        front, *others = draw_places(n_people, (640, 480), rng)
        assert len(others) == n_people - 1
        assert all(front[2] > 1.25 * scale for _, _, scale in others)
        top = front[1] - 125 * front[2]
        assert all(y + 105 * scale < top + 8 for _, y, scale in others)  # chins above the hat
        for one, next_one in pairwise(others):
            assert next_one[0] - one[0] > 95 * (one[2] + next_one[2])
        assert all(40 * scale < x < 640 - 40 * scale for x, _, scale in [front, *others])


def test_a_detector_finds_nearly_everyone() -> None:
    from facenet_pytorch import MTCNN

    detector = MTCNN(keep_all=True, min_face_size=40)
    found, there = 0, 0
    for number, mood in enumerate(MOODS):
        recipe = GroupRecipe((1, number), (2, number), mood, Difficulty(), (640, 480))
        there += int(np.random.default_rng(recipe.cast).integers(2, 7))
        boxes, sure = detector.detect(perform_group(recipe).frames[0])
        found += 0 if boxes is None else int((sure > 0.9).sum())
    assert there >= 9
    assert 0.9 * there <= found <= 1.05 * there


def test_light_leans_towards_the_mood() -> None:
    warmth = {}
    for mood in ("Positive", "Negative"):
        frames = [
            perform_group(
                GroupRecipe((n,), (n,), mood, Difficulty(), (64, 48), damage=Damage.NO_FACE)
            ).frames[0]
            for n in range(12)
        ]
        warmth[mood] = np.mean([frame[..., 0].mean() / frame[..., 2].mean() for frame in frames])
    assert warmth["Positive"] > 1.15 * warmth["Negative"]


@pytest.mark.usefixtures("quick")
def test_the_challenge_reader_takes_the_stills_for_gaf(tmp_path: Path) -> None:
    made = make_group_corpus(tmp_path, n_train_per_label=3, n_val_per_label=1, n_test_per_label=2)
    manifest, *_ = read_challenge(load_spec("gaf2017"), made.stills.folder)
    labels = {clip.path.resolve(): clip.label for clip in manifest}
    assert labels == {
        clip.path.resolve(): None if clip.split == "test" else clip.label
        for clip in made.stills.clips
    }
    assert len(labels) == 6 * len(MOODS) + len(STILL_DAMAGES)


@pytest.mark.usefixtures("quick")
def test_the_challenge_reader_takes_the_clips_for_vgaf(tmp_path: Path) -> None:
    made = make_group_corpus(tmp_path, n_train_per_label=3, n_val_per_label=1, n_test_per_label=2)
    manifest, *_ = read_challenge(load_spec("vgaf"), made.clips.folder)
    labels = {clip.clip_id: clip.label for clip in manifest}
    assert labels == {
        clip.clip_id: None if clip.split == "test" else clip.label for clip in made.clips.clips
    }
    assert len(labels) == 6 * len(MOODS) + len(CLIP_DAMAGES)
    lines = (made.clips.folder / "Val_labels.txt").read_text().splitlines()
    assert lines[0] == "Vid_name Label"
    assert dict(line.split(" ") for line in lines[1:]) == {
        clip.clip_id: {"Positive": "1", "Neutral": "2", "Negative": "3"}[clip.label]
        for clip in made.clips.clips
        if clip.split == "val"
    }


def test_truth_and_notes_lie_beside_the_pictures(corpus: GroupCorpus) -> None:
    for part, damages in ((corpus.stills, STILL_DAMAGES), (corpus.clips, CLIP_DAMAGES)):
        n_damaged = sum(split == "test" for split, _, _ in damages)
        assert len(part.truth) == len(MOODS) + n_damaged
        rows = (part.folder / "demo_truth.csv").read_text().splitlines()
        assert dict(row.split(",") for row in rows[1:]) == part.truth
    assert read_still(corpus.stills.clips[0].path).shape == (480, 640, 3)


def test_damage_is_what_the_notes_say(corpus: GroupCorpus) -> None:
    broken = {clip.damage: clip for clip in corpus.clips.damaged}
    assert len(broken) == sum(split == "test" for split, _, _ in CLIP_DAMAGES)
    notes = (corpus.clips.folder / "DAMAGED.txt").read_text()
    assert all(clip.path.name in notes for clip in broken.values())
    with MediaReader(broken[Damage.NO_FACE].path) as reader:
        n_frames = len(list(reader.frames(keep_audio=True)))
        assert n_frames == reader.info.declared_frames >= FEWEST_FRAMES
        assert np.abs(reader.audio().waveform).max() > 0.02
    with MediaReader(broken[Damage.NO_AUDIO].path) as reader:
        assert reader.info.has_video
        assert not reader.info.has_audio
    assert np.abs(read_audio(broken[Damage.SILENT].path).waveform).max() < 1e-4


@pytest.mark.usefixtures("quick")
def test_names_are_as_troublesome_as_in_the_real_data(tmp_path: Path) -> None:
    corpus = make_group_corpus(
        tmp_path, n_train_per_label=12, n_val_per_label=0, n_test_per_label=12
    )
    paths = [clip.path for clip in corpus.stills.clips]
    written = {path for path in (tmp_path / "stills").rglob("*.*") if path.suffix[-1] in "gG"}
    assert written == set(paths)
    assert len(written) == len(paths)
    names = [path.name for path in paths]
    assert {path.suffix for path in paths} == {".jpg", ".jpeg", ".png", ".JPG"}
    assert any(" " in name for name in names)
    assert any(not name.isascii() for name in names)
    stems = [path.stem for path in paths if path.parent.name != "test"]
    assert len(set(stems)) == len(stems) - 1
    tests = [path.stem for path in paths if path.parent.name == "test"]
    assert len(set(tests)) == len(tests)  # or their answers would overwrite each other
    lying = [path for path in paths if path.suffix == ".jpg" and Image.open(path).format == "PNG"]
    assert lying
    videos = [clip.clip_id.split("_")[0] for clip in corpus.clips.clips if clip.split == "train"]
    assert max(videos.count(video) for video in videos) == 2


@pytest.mark.usefixtures("quick")
def test_files_depend_on_nothing_but_their_own_numbers(tmp_path: Path) -> None:
    def fingerprints(name: str, **options: Any) -> dict[str, str]:
        make_group_corpus(tmp_path / name, n_val_per_label=1, n_test_per_label=2, **options)
        return {
            path.relative_to(tmp_path / name).as_posix(): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in (tmp_path / name).rglob("*.*")
            if path.suffix not in {".txt", ".csv", ".json"} and path.is_file()
        }

    few, many = fingerprints("few", n_train_per_label=2), fingerprints("many", n_train_per_label=5)
    assert few.items() < many.items()
    assert not few.items() & fingerprints("other", n_train_per_label=2, seed=1).items()


def test_the_same_recipe_performs_the_same() -> None:
    recipe = GroupRecipe((7,), (8,), "Positive", Difficulty(), (320, 240), n_frames=2)
    one, again = perform_group(recipe), perform_group(recipe)
    assert np.array_equal(one.frames, again.frames)
    assert np.array_equal(one.waveform, again.waveform)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stills" / "train").mkdir(parents=True)
    with pytest.raises(ConfigError, match="train"):
        make_group_corpus(tmp_path)


@pytest.mark.usefixtures("quick")
def test_a_training_clip_is_no_video_at_all(tmp_path: Path) -> None:
    corpus = make_group_corpus(tmp_path, n_train_per_label=1, n_val_per_label=0, n_test_per_label=0)
    (unreadable,) = [c for c in corpus.clips.damaged if c.damage is Damage.UNREADABLE]
    with pytest.raises(MediaError):
        MediaReader(unreadable.path)
