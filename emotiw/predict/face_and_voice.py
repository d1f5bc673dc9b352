"""Without a run: the bundled face network and the bundled voice model, one answer for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import escaped
from emotiw.core.device import CPU
from emotiw.core.errors import MediaError
from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.label_names import translated
from emotiw.core.progress import Progress
from emotiw.core.task import Classification, Task
from emotiw.predict.by_person import people
from emotiw.predict.face_weight import face_weights, mean_of_people, mean_of_person
from emotiw.predict.frame_network import FrameCNN
from emotiw.predict.one_answer import FACE, VOICE, least_sure, one_answer
from emotiw.predict.prediction_rows import Row
from emotiw.predict.voice_lane import NO_SOUND, Listener, VoiceLane
from emotiw.predict.windows import Footage, Span, frames_between
from features.faces.face_options import FaceOptions

BUNDLED_VOICE = "emotion_voice"
Scores = npt.NDArray[np.float64]


class FaceAndVoice:
    """Scores by a network of single faces, and by a model of voices where somebody speaks.

    A person's scores are the mean over all frames with their face, each by its quality; those of
    everyone's faces the mean over people. The voice, of which nobody knows whose it is, counts for
    everyone together.

    Args:
        weights: the card of the frame CNN; the bundled one where None.
        faces: how faces are found.
        device: where networks compute, as a recipe says it.

    Raises:
        ConfigError: if there is no such card, it knows no labels, or there is no such device.
    """

    def __init__(
        self,
        weights: str | None = None,
        faces: FaceOptions | None = None,
        *,
        device: str = CPU,
    ) -> None:
        self.device = device
        self._network = FrameCNN(weights, device)
        self.face_options = faces or FaceOptions(reidentify=True)  # people are read, not tracks
        self.needs_faces, self.is_deaf = True, False
        self.task: Task = Classification(self._network.labels)
        listener = Listener(BUNDLED_VOICE)
        names = [translated(label, self._network.labels) for label in listener.labels]
        self._listener = None if None in names else listener
        self._places = [self._network.labels.index(name) for name in names if name is not None]

    def rows(self, file: Footage, progress: Progress) -> tuple[list[Row], list[str]]:
        """Return the rows of the whole file, whose images aren't read again, and windows; notes.

        Raises:
            MediaError: if the file has no images, and its sound can't be judged.
        """
        tracks = file.tracks
        if tracks is None and self._listener is None:
            raise MediaError(
                f"{escaped(file.path.name)}: no images to read; this network knows faces only"
            )
        lane, notes = VoiceLane(), list[str]()
        if self._listener is not None and file.duration_sec > 0:
            lane, notes = self._listener.listen(file.path, file.duration_sec, progress)
        elif tracks is None:
            notes.append(NO_SOUND)
        seen = None
        if tracks is not None:
            seen = _Seen(tracks, self._network.scores(tracks, progress))
            if not len(tracks):
                notes.insert(0, "no face found")
        is_alone = seen is None or len(people(seen.tracks)) < 2
        if not is_alone and any(each.scores for each in lane.utterances):
            notes.append("several people: the voice counts for everyone together")
        found = []
        spans = [(True, (0.0, file.duration_sec)), *((False, span) for span in file.spans)]
        for is_whole, span in spans:
            everyone = [] if seen is None else seen.people_in(None if is_whole else span)
            row = Row(None, *span, is_whole, sum(p.n_faces for p in everyone), None)
            row = replace(row, n_people=len(everyone), speech_sec=lane.speech_sec(span))
            found.append(self._answered(row, _together(everyone), self._heard(lane, span)))
            for person in [] if is_alone else everyone:
                own = Row(person.number, *span, is_whole, person.n_faces, None, n_people=1)
                found.append(self._answered(own, person.scores, None))
        return found, notes

    def _heard(self, lane: VoiceLane, span: Span) -> Scores | None:
        """Return the voice's scores of all labels; those it doesn't know keep their even share."""
        scores = lane.scores(span)
        if scores is None:
            return None
        even = 1 / len(self._network.labels)
        full = np.full(len(self._network.labels), even)
        full[self._places] = np.array(scores) * even * len(scores)
        return full

    def _answered(self, row: Row, face: Scores | None, voice: Scores | None) -> Row:
        """Return the row with scores, and whether they are too even to be relied on."""
        by_model = {
            name: tuple(scores.tolist())
            for name, scores in ((FACE, face), (VOICE, voice))
            if scores is not None
        }
        limits = {FACE: self._network.unsure_below}
        if self._listener is not None:
            known = len(self._places) / len(self._network.labels)  # as its scores are shared out
            limits[VOICE] = self._listener.unsure_below * known
        scores = one_answer(by_model.get(FACE), by_model.get(VOICE), row.speech_sec)
        least = least_sure({name: limits[name] for name in by_model})
        is_unsure = scores is not None and max(scores) < least
        return replace(row, scores=scores, by_model=by_model, is_unsure=is_unsure)


class _Person(NamedTuple):
    number: int
    scores: Scores
    trust: float
    seen_sec: float
    n_faces: int


class _Seen:
    """The faces of a file with their scores and weights."""

    def __init__(self, tracks: FaceTracks, scores: Scores) -> None:
        self.tracks = tracks
        self._scores, self._weights = scores, face_weights(tracks)
        shown = tracks.shown_sec
        is_still = tracks.n_frames < 2
        self._shown_sec = np.full(len(shown), np.inf) if is_still else np.diff(shown)[:, 0]

    def people_in(self, span: Span | None) -> list[_Person]:
        """Return who is seen in a span, or in the whole file, the main face first."""
        is_inside = self.tracks.origin != Origin.FALLBACK
        if span is not None:
            first, after = frames_between(self.tracks.shown_sec, *span)
            is_inside &= (self.tracks.frame >= first) & (self.tracks.frame < after)
        found = []
        for number in people(self.tracks):
            rows = np.flatnonzero(is_inside & (self.tracks.track == number))
            if len(rows):
                scores, trust = mean_of_person(self._scores[rows], self._weights[rows])
                seen_sec = float(self._shown_sec[self.tracks.frame[rows]].sum())
                found.append(_Person(number, scores, trust, seen_sec, len(rows)))
        return found


def _together(everyone: Sequence[_Person]) -> Scores | None:
    if not everyone:
        return None
    _, means, trusts, seen_sec, _ = zip(*everyone, strict=True)
    return mean_of_people(np.array(means), np.array(trusts), np.array(seen_sec))
