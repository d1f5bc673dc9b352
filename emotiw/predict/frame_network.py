"""A frame CNN alone: what it says of every face in every frame, and its means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import escaped
from emotiw.core.device import CPU, placed
from emotiw.core.errors import ConfigError, MediaError
from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.progress import Progress
from emotiw.core.task import Classification, Task
from emotiw.predict.by_person import crops_in_parts, people
from emotiw.predict.prediction_rows import Row
from emotiw.predict.windows import Footage, frames_between
from features.faces.face_options import FaceOptions
from features.frames.frame_embeddings import BATCH, FrameEmbeddings, FrameEmbeddingsOptions

Scores = npt.NDArray[np.float64]


class FrameCNN:
    """Scores by a network of single faces that knows labels.

    A person's scores are the mean over all frames with their face; those of everyone together
    the mean over all faces of all frames, so whoever is seen longer counts for more.

    Args:
        weights: the name of a weights card with labels, or a card of one's own.
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
        options = FrameEmbeddingsOptions(values="scores")
        if weights is not None:
            options = options.model_copy(update={"weights": weights})
        try:
            self._extractor = FrameEmbeddings("frames", options)
        except ConfigError as error:
            raise ConfigError(
                f"{error}; predict needs a network of labels: --weights CARD"
            ) from error
        self.device = device
        placed(self._extractor, device)
        self.face_options = faces or FaceOptions(reidentify=True)  # people are read, not tracks
        self.needs_faces = self.is_deaf = True
        self.task: Task = Classification(tuple(self._extractor.card.labels))

    def rows(self, file: Footage, progress: Progress) -> tuple[list[Row], list[str]]:
        """Return the rows of the whole file, which isn't read again, and of windows; and notes.

        Raises:
            MediaError: if the file has no images.
        """
        tracks = file.tracks
        if tracks is None:
            raise MediaError(
                f"{escaped(file.path.name)}: no images to read; without --run only faces count"
            )
        scores = self._scores(tracks, progress)
        seen = np.asarray(tracks.origin != Origin.FALLBACK)
        found = []
        who = people(tracks)
        notes = [] if len(tracks) else ["no face found"]
        spans = [(True, (0.0, file.duration_sec)), *((False, span) for span in file.spans)]
        for is_whole, (start, end) in spans:
            inside = np.ones(len(tracks), bool)
            if not is_whole:
                first, after = frames_between(tracks.shown_sec, start, end)
                inside = (tracks.frame >= first) & (tracks.frame < after)
            for person in (None, *(who if len(who) > 1 else [])):
                chosen = inside if person is None else inside & (tracks.track == person)
                if person is not None and not chosen.any():
                    continue
                mean = tuple(scores[chosen].mean(axis=0).tolist()) if chosen.any() else None
                n_faces = int((chosen & seen).sum())
                found.append(Row(person, start, end, is_whole, n_faces, mean))
        return found, notes

    def _scores(self, tracks: FaceTracks, progress: Progress) -> Scores:
        batches = crops_in_parts(tracks, BATCH)
        n_batches = -(-len(tracks) // BATCH)
        told = progress.track(batches, stage=f"expressions, by {BATCH}", total=n_batches)
        parts = [self._extractor.embed(crops) for crops in told]
        nothing = np.zeros((0, len(self.task.labels)))
        return np.concatenate([nothing, *parts]).astype(np.float64)
