"""A network from elsewhere as an ONNX file, run by onnxruntime; that is how HSEmotion's come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.weights import WeightsCard, locate
from features.backbones.network import FaceNetwork
from features.backbones.onnx_session import open_session

Floats = npt.NDArray[np.float32]
LEAST = 1e-12  # of a probability


class OnnxModel(FaceNetwork):
    """One ONNX file; it can't be fine-tuned.

    Args:
        path: the file.
        embedding_output: the name of the output to take as the embedding; the first by default.
        logits_output: the name of the output with one logit per label; None if there is none.
        probabilities_output: likewise, of an output with one probability per label.
    """

    def __init__(
        self,
        path: str,
        *,
        embedding_output: str | None = None,
        logits_output: str | None = None,
        probabilities_output: str | None = None,
    ) -> None:
        super().__init__()
        if logits_output and probabilities_output:
            raise ConfigError(f"{path}: give logits_output or probabilities_output, not both")
        self._path, self._is_probable = path, probabilities_output is not None
        logits_output = logits_output or probabilities_output
        n_threads = torch.get_num_threads()  # no oversubscription
        self._session = open_session(Path(path), n_threads=n_threads)
        names = [output.name for output in self._session.get_outputs()]
        self._outputs = [embedding_output or names[0], *([logits_output] if logits_output else [])]
        unknown = set(self._outputs) - set(names)
        if unknown:
            raise ConfigError(f"{path} has no output {sorted(unknown)}; it has {names}")

    def embed(self, faces: Tensor) -> Tensor:
        """Return the embedding output, flattened to ``(batch, dim)``."""
        return self._one_view(faces)[0]

    def _one_view(self, faces: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the embedding and, if named, the logits output."""
        read = self._session.get_inputs()[0]
        shown = faces.float().cpu().numpy()
        size = read.shape[0] if isinstance(read.shape[0], int) else len(shown)
        found = []
        try:
            for begin in range(0, len(shown), size):
                batch = _filled(shown[begin : begin + size], size)
                found.append(self._session.run(self._outputs, {read.name: batch}))
        except Exception as error:  # onnxruntime raises classes of its own for every kind
            told = f"{self._path}: reads {read.shape}, and is shown {list(shown.shape)}"
            raise WeightsError(f"{told}: {str(error).splitlines()[0]}") from error
        embedding, *logits = (
            torch.from_numpy(np.concatenate(parts)[: len(shown)]).flatten(1)
            for parts in zip(*found, strict=True)
        )
        if self._is_probable:
            logits = [probabilities.clamp(min=LEAST).log() for probabilities in logits]
        return embedding, logits[0] if logits else None


def _filled(faces: Floats, size: int) -> Floats:
    """Return a batch of that size, whose last face is repeated."""
    return np.concatenate([faces, faces[-1:].repeat(size - len(faces), axis=0)])


def build(card: WeightsCard) -> OnnxModel:
    """Return the network of a card."""
    return OnnxModel(str(locate(card)), **card.options)
