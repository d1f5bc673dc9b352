"""One embedding per video frame: a face network run over the aligned crops of the main face."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.config import Strict
from emotiw.core.device import OnDevice
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.probabilities import softmax
from emotiw.core.weights import read_card
from features.backbones.asked_network import AskedNetwork
from features.extractor import ClipSource, Extraction, Extractor

BATCH = 64  # fixed, so that the same clip always gives the same last bit


class FrameEmbeddingsOptions(Strict):
    """Options of :class:`FrameEmbeddings`.

    Attributes:
        weights: the name of a weights card, or a card of the user's own as a YAML file.
        values: the embedding, the network's own probabilities of its labels, or both.
        precision: of the network's arithmetic. ``bfloat16`` is several times as fast on a GPU and
            on processors made for it; embeddings then keep a cosine of at least 0.999 with those
            of ``float32``.
    """

    weights: str = "emotion_cnn"
    values: Literal["embedding", "scores", "both"] = "embedding"
    precision: Literal["float32", "bfloat16"] = "float32"


class FrameEmbeddings(OnDevice, Extractor):
    """Rows of ``(dim,)`` float32, one per frame of the clip; no face, no row.

    Source:
        The first stage of the CNN-RNN entries to EmotiW, e.g. Fan et al. 2016.
    """

    Options = FrameEmbeddingsOptions
    version: ClassVar[str] = "2"
    needs = "faces"

    def __init__(self, name: str, options: FrameEmbeddingsOptions) -> None:
        super().__init__(name, options)
        self.card = read_card(options.weights)
        wants_scores = options.values != "embedding"
        if wants_scores and not self.card.labels:
            raise ConfigError(f"feature {name!r}: weights {self.card.name!r} score no labels")
        columns: tuple[str, ...] = ()
        if options.values != "scores":
            columns += tuple(f"embedding_{i}" for i in range(self.card.embedding))
        if wants_scores:
            columns += tuple(f"score_{label}" for label in self.card.labels)
        self.spec = FeatureSpec(name, (len(columns),), "frame", columns=columns)
        self._network = AskedNetwork(self.card, options.precision)

    def extract(self, source: ClipSource) -> Extraction:
        """Return the embeddings of the main face."""
        assert source.faces is not None
        values = np.zeros((source.faces.n_frames, *self.spec.shape), dtype=np.float32)
        present = np.zeros(len(values), dtype=bool)
        for frames, crops in source.main_crops_in_parts(BATCH):
            values[frames] = self.embed(crops)
            present[frames] = True
        return Extraction(FeatureArray(values, present, source.faces.shown_sec))

    def embed(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the rows of face crops.

        Args:
            crops: ``(n, side, side, 3)`` uint8 RGB.

        Returns:
            ``(n, dim)`` float32; probabilities are in [0, 1] and sum to 1.
        """
        rows = []
        for start in range(0, len(crops), BATCH):
            embedding, logits = self._network(crops[start : start + BATCH])
            self._check(embedding.shape[1], logits.shape[1] if logits is not None else 0)
            parts = [] if self.options.values == "scores" else [embedding]
            if self.options.values != "embedding" and logits is not None:
                self._check_logits(logits)
                parts.append(softmax(logits))
            rows.append(np.concatenate(parts, axis=1))
            if not np.isfinite(rows[-1]).all():
                raise WeightsError(f"weights {self.card.name!r}: the network's answer is no number")
        return np.concatenate(rows)

    def _check(self, dim: int, n_labels: int) -> None:
        if dim != self.card.embedding:
            raise WeightsError(
                f"weights {self.card.name!r}: the network's embedding has {dim} values, and the "
                f"card says {self.card.embedding}"
            )
        if self.options.values != "embedding" and n_labels != len(self.card.labels):
            raise WeightsError(
                f"weights {self.card.name!r}: the network scores {n_labels} labels, and the card "
                f"names {len(self.card.labels)}"
            )

    def _check_logits(self, logits: npt.NDArray[np.float32]) -> None:
        sums = logits.sum(axis=1, dtype=np.float64)
        is_share = len(self.card.labels) > 1 and logits.min() >= 0 and abs(sums - 1).max() < 1e-4
        if is_share:
            raise WeightsError(
                f"weights {self.card.name!r}: the network gives probabilities where logits are "
                "expected; of an ONNX file take the output before its softmax as logits_output, or "
                "name this one as probabilities_output"
            )
