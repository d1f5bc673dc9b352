"""Bundled weights on the very corpora that they have learnt from: nothing of it is held out."""

from __future__ import annotations

import pytest

from emotiw.challenges.spec import spec_names
from emotiw.core.weights import card_names, read_card
from emotiw.runs.stages.features import learnt_on
from features.registry import EXTRACTORS


@pytest.mark.parametrize(
    ("extractor", "challenge", "told"),
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
    extractor: str, challenge: str, told: str
) -> None:
    kind = EXTRACTORS.resolve(extractor)
    assert learnt_on(kind("x", kind.Options()), challenge) == told


def test_cards_name_challenges_that_there_are() -> None:
    for name in card_names():
        assert set(read_card(name).learnt_on) <= set(spec_names()), name
