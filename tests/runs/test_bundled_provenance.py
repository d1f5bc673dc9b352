"""Bundled weights on the very corpora that they have learnt from: nothing of it is held out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from emotiw.challenges.spec import spec_names
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.task import Classification
from emotiw.core.weights import card_names, read_card
from emotiw.models.registry import MODELS
from emotiw.runs.learnt_on import learnt_on, names_of_training
from features.registry import EXTRACTORS


def cohort_of(name: str, split: str = "train", corpus: str = "") -> Cohort:
    extra = {"corpus": corpus} if corpus else {}
    clips = [Clip("a", Path(f"clips/{name}.wav"), split, label="x", extra=extra)]
    return Cohort([*clips, Clip("b", Path("clips/other.wav"), "train", label="y")])


def told(extractor: str, challenge: str, cohort: Cohort) -> str:
    kind = EXTRACTORS.resolve(extractor)
    return learnt_on(kind("x", kind.Options()), challenge, cohort)


@pytest.mark.parametrize(
    ("extractor", "challenge", "seen"),
    [
        ("voice", "ravdess", "train"),
        ("voice", "emodb", "train"),
        ("voice", "crema_d", "other data"),
        ("frames", "fer2013", "train"),
        ("frames", "afew2017", "other data"),
        ("fbank", "ravdess", "other data"),
    ],
)
def test_a_card_says_whose_clips_its_weights_have_seen(
    extractor: str, challenge: str, seen: str
) -> None:
    assert told(extractor, challenge, cohort_of("anna_1")) == seen


RAVDESS = "Actor_24/03-01-05-01-02-01-24"


def test_a_corpus_is_known_by_the_names_of_its_files_whatever_it_is_called() -> None:
    assert told("voice", "folder", cohort_of(RAVDESS)) == "train"
    assert told("voice", "folder", cohort_of("anna_1")) == "other data"
    assert told("fbank", "folder", cohort_of(RAVDESS)) == "other data"


def test_a_clip_without_media_is_known_by_no_name() -> None:
    clips = [Clip("a", Path(), "train", label="x"), Clip("b", Path(f"{RAVDESS}.wav"), "train")]
    assert told("voice", "folder", Cohort(clips[:1])) == "other data"
    assert told("voice", "folder", Cohort(clips)) == "train"


def test_a_corpus_is_known_among_several() -> None:
    assert told("voice", "seven_emotions", cohort_of("anna_1", corpus="emodb")) == "train"
    assert told("voice", "seven_emotions", cohort_of("anna_1", corpus="crema_d")) == "other data"


def test_beyond_training_nothing_is_held_out_for_certain() -> None:
    assert told("voice", "folder", cohort_of(RAVDESS, split="val")) == "unknown"


def test_cards_name_challenges_that_there_are() -> None:
    for name in card_names():
        assert set(read_card(name).learnt_on) <= set(spec_names()), name


def card_of(folder: Path, *learnt: str) -> str:
    entries = read_card("emotion_cnn").model_dump(mode="json") | {"learnt_on": learnt}
    (folder / "own.yaml").write_text(yaml.safe_dump(entries))
    return str(folder / "own.yaml")


@pytest.mark.parametrize("is_inside", [False, True])
def test_a_model_that_starts_from_weights_has_seen_what_they_have(
    is_inside: bool, tmp_path: Path
) -> None:
    weights = card_of(tmp_path, "afew2017")
    kind, options = "face_network", {"weights": weights}
    if is_inside:
        kind, options = "ensemble", {"learner": {"model": "face_network", **options}}
    spec, task = FeatureSpec("faces", (112, 112, 3), "frame", dtype="uint8"), Classification(("x",))
    part = MODELS.resolve(kind)
    model = part(part.Options.model_validate(options), spec=spec, task=task, seed=0)
    assert learnt_on(model, "afew2017", cohort_of("a")) == "train"
    assert learnt_on(model, "afew2013", cohort_of("a")) == "other data"
    before = model.weights_fingerprint
    assert before
    Path(weights).write_text(Path(weights).read_text().replace("sharpen: 0.25", "sharpen: 0.5"))
    again = part(part.Options.model_validate(options), spec=spec, task=task, seed=0)
    assert again.weights_fingerprint not in ("", before)


def test_what_was_learnt_from_a_folder_of_ones_own_is_known_by_its_clips(tmp_path: Path) -> None:
    named = names_of_training("folder", cohort_of("anna_1"))
    weights = card_of(tmp_path, "a corpus that nobody knows", *named)
    frames = EXTRACTORS.resolve("frames")
    part = frames("x", frames.Options(weights=weights))
    assert learnt_on(part, "folder", cohort_of("anna_1")) == "train"
    others = Cohort([Clip("c", Path("c.wav"), "train", label="x")])
    assert learnt_on(part, "folder", others) == "other data"
