"""The network of a card asked about pictures: arrays in and out, whatever it computes with.

On a processor, networks that can be written in ONNX are run by onnxruntime: the frame CNN takes
two thirds of torch's time, and nothing has to import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.device import CPU, arithmetic
from emotiw.core.errors import ConfigError
from emotiw.core.kept_arrays import arrays_of
from emotiw.core.weights import WeightsCard
from features.backbones.frame_cnn_graph import draw_frame_cnn
from features.backbones.onnx_graph import OnnxGraph
from features.backbones.prepare import prepare_faces

Floats = npt.NDArray[np.float32]
DRAWN = {"frame_cnn": draw_frame_cnn}  # how to write a backbone in ONNX up to its embedding
Answers = tuple[Floats, Floats | None]


class AskedNetwork:
    """Embeddings, and logits where the network classifies.

    Args:
        card: of the network; its weights are read at the first question.
        precision: ``float32``, or ``bfloat16`` by torch.
    """

    def __init__(self, card: WeightsCard, precision: str = "float32") -> None:
        self.card = card
        self._precision = precision
        self.to(CPU)

    def to(self, device: str) -> None:
        """Compute there from now on, ``cpu`` or ``cuda:<number>``."""
        self._device = device
        self._ask: Callable[[Floats], Answers] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_ask": None}  # whoever gets it asks anew

    def __call__(self, pictures: npt.NDArray[np.uint8]) -> Answers:
        """Return ``(n, embedding)`` and ``(n, n_labels)``, the means over the views of the card.

        Args:
            pictures: ``(n, side, side, 3)`` uint8 RGB.

        Raises:
            WeightsError: if the weights are missing, damaged, or not those of the card.
            ConfigError: if the backbone is unknown or its options don't fit.
        """
        if self._ask is None:
            in_onnx = self._device == CPU and self._precision == "float32"
            is_drawn = in_onnx and self.card.backbone in DRAWN
            self._ask = self.by_onnxruntime() if is_drawn else self.by_torch()
        return self._ask(prepare_faces(pictures, self.card))

    def by_onnxruntime(self) -> Callable[[Floats], Answers]:
        """Return what answers for prepared pictures, ``(n, channels, size, size)``."""
        card = self.card
        weights = arrays_of(card)
        if not card.labels:
            weights = {n: array for n, array in weights.items() if not n.startswith("head.")}
        graph = OnnxGraph(weights, f"weights {card.name!r}")
        prefixes = [f"members.{n}." for n in range(card.members)] if card.members > 1 else [""]
        try:
            parts = [
                DRAWN[card.backbone](graph, "input", prefix, **card.options_of(n))
                for n, prefix in enumerate(prefixes)
            ]
        except TypeError as error:
            raise ConfigError(f"weights card {card.name!r}: {error}") from error
        embedding = graph.op("Concat", *parts, axis=1)
        outputs = {"embedding": embedding}
        if card.labels:
            outputs["logits"] = graph.linear(embedding, "head")
        shape = (len(card.mean), card.size, card.size)
        session = graph.session(shape, outputs)

        def ask(inputs: Floats) -> Answers:
            found = session.run(list(outputs), {"input": inputs})
            if card.mirrored:
                other = session.run(list(outputs), {"input": inputs[..., ::-1]})
                found = [(one + two) / 2 for one, two in zip(found, other, strict=True)]
            return found[0], found[1] if card.labels else None

        return ask

    def by_torch(self) -> Callable[[Floats], Answers]:
        """Return the same of any network, wherever it is to compute."""
        import torch

        from features.backbones.loading import load_network

        # channels last: the order in memory that convolutions are fastest in
        layout = torch.channels_last
        network = load_network(self.card).to(self._device).to(memory_format=layout)

        def ask(inputs: Floats) -> Answers:
            with torch.inference_mode(), arithmetic(self._precision, self._device):
                shown = torch.from_numpy(inputs).to(self._device, memory_format=layout)
                embedding, logits = network.embed_and_score(shown)
            scores = None if logits is None else logits.float().cpu().numpy()
            return embedding.float().cpu().numpy(), scores

        return ask
