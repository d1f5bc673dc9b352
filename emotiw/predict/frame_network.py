"""A frame CNN alone: what it says of every face in every frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.device import placed
from emotiw.core.errors import ConfigError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.progress import Progress
from emotiw.predict.by_person import crops_in_parts
from features.frames.frame_embeddings import BATCH, FrameEmbeddings, FrameEmbeddingsOptions

Scores = npt.NDArray[np.float64]


class FrameCNN:
    """Scores by a network of single faces that knows labels.

    Args:
        weights: the name of a weights card with labels, or a card of one's own.
        device: where it computes, as a recipe says it.

    Raises:
        ConfigError: if there is no such card, it knows no labels, or there is no such device.
    """

    def __init__(self, weights: str | None, device: str) -> None:
        options = FrameEmbeddingsOptions(values="scores")
        if weights is not None:
            options = options.model_copy(update={"weights": weights})
        try:
            self._extractor = FrameEmbeddings("frames", options)
        except ConfigError as error:
            raise ConfigError(
                f"{error}; predict needs a network of labels: --weights CARD"
            ) from error
        placed(self._extractor, device)
        self.labels = tuple(self._extractor.card.labels)
        self.unsure_below = self._extractor.card.unsure_below

    def scores(self, tracks: FaceTracks, progress: Progress) -> Scores:
        """Return ``(n, n_labels)`` probabilities of all faces in all frames."""
        batches = crops_in_parts(tracks, BATCH)
        n_batches = -(-len(tracks) // BATCH)
        told = progress.track(batches, stage=f"expressions, by {BATCH}", total=n_batches)
        parts = [self._extractor.embed(crops) for crops in told]
        nothing = np.zeros((0, len(self.labels)))
        return np.concatenate([nothing, *parts]).astype(np.float64)
