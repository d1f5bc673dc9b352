"""Speakers that are found by ear, in fingerprints that were made up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import adjusted_rand_score

from emotiw.core import probable_groups as module
from emotiw.core.errors import ConfigError
from emotiw.core.probable_groups import fingerprint, probable_groups

Numbers = npt.NDArray[np.float64]
SPEAKERS = np.repeat(np.arange(6), 20)
LABELS = tuple("Happy" if n % 2 else "Sad" for n in range(120))


def prints(*, label_effect: float, n_columns: int = 12) -> Numbers:
    rng = np.random.default_rng(0)
    voices = rng.normal(size=(6, n_columns))
    mood = (
        label_effect
        * np.array([[label == "Happy"] for label in LABELS])
        * rng.normal(size=n_columns)
    )
    return np.asarray(voices[SPEAKERS] + mood + 0.2 * rng.normal(size=(120, n_columns)))


def test_clips_of_one_voice_are_found_together() -> None:
    found = probable_groups([prints(label_effect=0)], [None] * 120)
    assert adjusted_rand_score(SPEAKERS, found) > 0.9
    assert list(dict.fromkeys(found)) == list(
        range(max(found) + 1)
    )  # in the order of first appearance


def test_what_labels_do_to_a_voice_is_taken_out() -> None:
    loud = prints(label_effect=6)
    plain = adjusted_rand_score(SPEAKERS, probable_groups([loud], [None] * 120))
    assert adjusted_rand_score(SPEAKERS, probable_groups([loud], LABELS)) > max(0.75, plain)
    numbers = [float(label == "Happy") for label in LABELS]
    assert adjusted_rand_score(SPEAKERS, probable_groups([loud], numbers)) > max(0.75, plain)


def test_a_fingerprint_tells_voices_of_equal_mean_apart() -> None:
    rng = np.random.default_rng(1)
    shapes = rng.normal(size=(3, 5, 5))
    clips = [fingerprint(rng.normal(size=(200, 5)) @ shapes[n // 10]) for n in range(30)]
    found = probable_groups([np.array(clips)], [None] * 30)
    assert adjusted_rand_score(np.arange(30) // 10, found) == 1.0
    assert fingerprint(np.ones((1, 5))).shape == (5,)
    assert np.isfinite(fingerprint(np.ones((9, 5)))).all()


def test_too_many_clips_are_refused_and_few_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CLIPS", 100)
    with pytest.raises(ConfigError, match="100 clips at most, these are 120"):
        probable_groups([prints(label_effect=0)], LABELS)
    assert probable_groups([np.zeros((1, 3))], ["Sad"]) == [0]
    assert len(probable_groups([np.zeros((3, 3))], ["Sad"] * 3)) == 3
