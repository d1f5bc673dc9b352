"""What is heard in a file, a few seconds at a time: speech or not, and what the voice says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from emotiw.core.errors import MediaError
from emotiw.core.machine_faults import require_machine
from emotiw.core.media.reading_report import notes_of
from emotiw.core.progress import Progress
from emotiw.predict.media_chunks import sound_chunks
from emotiw.predict.windows import Span
from features.audio.signal import why_unheard
from features.audio.voice_scores import Voice, VoiceOptions
from features.extractor import ClipSource

NO_SOUND = "no sound"
UNIT_SEC = 4.0  # about an utterance, which is what the model has learnt from
LONGEST_SEC = 6.0  # a file up to this length is one unit


@dataclass(frozen=True)
class Utterance:
    """A few seconds of sound.

    Attributes:
        start_sec: of it.
        end_sec: of it.
        speech_sec: of these, how many are speech.
        scores: of the voice; None where there is too little speech.
    """

    start_sec: float
    end_sec: float
    speech_sec: float
    scores: tuple[float, ...] | None


@dataclass(frozen=True)
class VoiceLane:
    """All utterances of a file in the order of time."""

    utterances: tuple[Utterance, ...] = ()

    def speech_sec(self, span: Span) -> float:
        """Return the seconds of speech in a span, where utterances have it spread evenly."""
        return sum(each.speech_sec * _share(each, span) for each in self.utterances)

    def scores(self, span: Span) -> tuple[float, ...] | None:
        """Return the mean over a span, by seconds of speech; None where nobody speaks."""
        said = [
            (each.scores, each.speech_sec * _share(each, span))
            for each in self.utterances
            if each.scores is not None
        ]
        said = [(scores, weight) for scores, weight in said if weight > 0]
        if not said:
            return None
        scores, weights = zip(*said, strict=True)
        return tuple(np.average(np.array(scores), axis=0, weights=weights).tolist())


def _share(utterance: Utterance, span: Span) -> float:
    """Return how much of an utterance lies in a span."""
    overlap = min(utterance.end_sec, span[1]) - max(utterance.start_sec, span[0])
    return max(0.0, overlap) / max(utterance.end_sec - utterance.start_sec, 1e-9)


def units(duration_sec: float) -> list[Span]:
    """Return the spans that are heard one by one, all of one length.

    Examples:
        >>> units(5.0), units(9.0)
        ([(0.0, 5.0)], [(0.0, 4.5), (4.5, 9.0)])
    """
    if duration_sec <= 0:
        return []
    n = 1 if duration_sec <= LONGEST_SEC else round(duration_sec / UNIT_SEC)
    edges = np.linspace(0, duration_sec, n + 1).round(6).tolist()
    return list(pairwise(edges))


class Listener:
    """Hears files by a voice model.

    Args:
        weights: its card.
    """

    def __init__(self, weights: str) -> None:
        self._voice = Voice("voice", VoiceOptions(weights=weights))
        self.labels = self._voice.card.labels
        self.unsure_below = self._voice.card.unsure_below

    def listen(
        self, path: Path, duration_sec: float, progress: Progress
    ) -> tuple[VoiceLane, list[str]]:
        """Return what is heard in a file, and notes; of a long file some seconds lie in memory."""
        spans = units(duration_sec)
        if len(spans) == 1:  # read as a run reads a clip, with all that is told of damage
            source = ClipSource(path.stem, path)
            return self._heard([(spans[0], source)])
        damage: list[str] = []
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            chunks = zip(spans, sound_chunks(path, spans, folder, damage), strict=True)
            told = progress.track(chunks, stage="voices, by 4 s", total=len(spans))
            sources = ((s, None if c is None else ClipSource("chunk", c)) for s, c in told)
            lane, notes = self._heard(sources)
        return lane, [*damage, *notes]

    def _heard(
        self, sources: Iterator[tuple[Span, ClipSource | None]] | Sequence[tuple[Span, ClipSource]]
    ) -> tuple[VoiceLane, list[str]]:
        found: list[Utterance] = []
        notes: dict[str, None] = {}
        states: set[str] = set()
        for (start, end), source in sources:
            speech_sec, scores = 0.0, None
            if source is not None:
                try:
                    extraction = self._voice.extract(source)
                except MediaError as error:
                    require_machine(error)
                    notes[f"sound: {error}"] = None
                    continue
                quality = extraction.quality
                notes |= dict.fromkeys(notes_of(quality))
                states.add(why_unheard(quality))
                speech_sec = float(quality.get("speech_sec", 0.0))
                if extraction.array.present.any():
                    scores = tuple(extraction.array.values[0].astype(float).tolist())
            else:
                states.add("missing")
            found.append(Utterance(start, end, speech_sec, scores))
        if found and all(each.scores is None for each in found):
            notes[_unheard(states)] = None
        return VoiceLane(tuple(found)), list(notes)


def _unheard(states: set[str]) -> str:
    if states == {"missing"}:
        return NO_SOUND
    if states <= {"missing", "silent", "empty"}:
        return "the sound is silent"
    if "damaged" in states:
        return "no sample of the sound is a number"
    return "no speech in the sound"
