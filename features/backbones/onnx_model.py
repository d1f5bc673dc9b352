"""A network from elsewhere as an ONNX file, run by onnxruntime; that is how HSEmotion's come."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.core.weights import WeightsCard, locate
from features.backbones.network import FaceNetwork
from features.backbones.onnx_session import open_session


class OnnxModel(FaceNetwork):
    """One ONNX file; it can't be fine-tuned.

    Args:
        path: the file.
        embedding_output: the name of the output to take as the embedding; the first by default.
        logits_output: the name of the output with one logit per label; None if there is none.
    """

    def __init__(
        self,
        path: str,
        *,
        embedding_output: str | None = None,
        logits_output: str | None = None,
    ) -> None:
        super().__init__()
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
        name = self._session.get_inputs()[0].name
        found = self._session.run(self._outputs, {name: faces.float().cpu().numpy()})
        tensors = [torch.from_numpy(array).flatten(1) for array in found]
        return tensors[0], tensors[1] if len(tensors) > 1 else None


def build(card: WeightsCard) -> OnnxModel:
    """Return the network of a card."""
    return OnnxModel(str(locate(card)), **card.options)
