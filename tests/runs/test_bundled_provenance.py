"""Bundled weights on the very corpora that they have learnt from: nothing of it is held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.challenges.spec import spec_names
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.weights import card_names, read_card
from emotiw.runs.stages.features import learnt_on
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
