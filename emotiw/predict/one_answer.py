"""One answer from a face and a voice, and when there is none that could be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emotiw.core.label_names import translated
from emotiw.core.probabilities import log_probabilities, softmax

Scores = tuple[float, ...]
FACE, VOICE = "face", "voice"
# a face and a voice that are each calibrated say nearly independent things: as logarithms they add
# up with these weights, fitted on RAVDESS by benchmarks/face_and_voice.py
TOGETHER = (0.95, 0.75)
SURE_TOGETHER = 0.6  # from there on 80 % of their answers are right, likewise
FULL_SPEECH_SEC = 1.0  # with less speech the voice counts in proportion

# pleasure and arousal of each state, -1 to 1
POSITIONS: Mapping[str, tuple[float, float]] = {
    "Angry": (-0.51, 0.59),
    "Disgust": (-0.60, 0.35),
    "Fear": (-0.64, 0.60),
    "Happy": (0.81, 0.51),
    "Neutral": (0.0, 0.0),
    "Sad": (-0.63, -0.27),
    "Surprise": (0.40, 0.67),
}


def one_answer(face: Scores | None, voice: Scores | None, speech_sec: float) -> Scores | None:
    """Return the scores of face and voice together; of the one that there is; or None.

    Args:
        face: calibrated probabilities.
        voice: likewise, of the same labels.
        speech_sec: seconds of speech behind those of the voice.

    Examples:
        >>> one_answer((0.8, 0.2), None, 0.0)
        (0.8, 0.2)
        >>> print(np.round(one_answer((0.8, 0.2), (0.2, 0.8), 3.0), 3))
        [0.569 0.431]
        >>> print(np.round(one_answer((0.8, 0.2), (0.2, 0.8), 0.0), 3))
        [0.8 0.2]
    """
    if face is None or voice is None:
        return face if voice is None else voice
    heard = min(speech_sec / FULL_SPEECH_SEC, 1.0)
    faces, voices = (log_probabilities(np.array(each)) for each in (face, voice))
    weight = 1 - heard * (1 - TOGETHER[0])
    joined = softmax(weight * faces + heard * TOGETHER[1] * voices)
    return tuple(joined.tolist())


def least_sure(limits: Mapping[str, float]) -> float:
    """Return below which probability of the winner nothing is answered.

    Args:
        limits: of each model that there is something of, as its card says it; where face and voice
            both say something, another holds, unless nobody has measured theirs.

    Examples:
        >>> least_sure({"face": 0.5}), least_sure({"face": 0.5, "voice": 0.4}), least_sure({})
        (0.5, 0.6, 0.0)
    """
    if len(limits) > 1 and all(limits.values()):
        return SURE_TOGETHER
    return max(limits.values(), default=0.0)


def nearest_two(labels: Sequence[str], scores: Scores) -> tuple[str, str]:
    """Return the two most probable labels.

    Examples:
        >>> nearest_two(("a", "b", "c"), (0.3, 0.2, 0.5))
        ('c', 'a')
    """
    first, second = np.argsort(-np.array(scores), kind="stable")[:2]
    return labels[first], labels[second]


def valence_arousal(labels: Sequence[str], scores: Scores) -> tuple[float, float] | None:
    """Return where the scores lie on the two axes, -1 to 1: the mean of the labels' positions.

    None where a label has no known position. This is derived from the labels, and no measurement.

    Source:
        Russell and Mehrabian 1977, table of 151 emotional states (angry, disgusted, fearful,
        happy, sad, surprised); neutral is the origin.

    Examples:
        >>> valence_arousal(("Happy", "Neutral"), (0.5, 0.5))
        (0.405, 0.255)
        >>> valence_arousal(("Dark", "Bright"), (0.5, 0.5)) is None
        True
    """
    known = [translated(label, tuple(POSITIONS)) for label in labels]
    if any(label is None for label in known):
        return None
    places = np.array([POSITIONS[str(label)] for label in known])
    valence, arousal = (np.array(scores) @ places).tolist()
    return round(valence, 6), round(arousal, 6)
