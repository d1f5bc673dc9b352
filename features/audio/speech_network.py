"""Embeddings of speech networks that learned without labels: wav2vec 2.0, HuBERT, WavLM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import OnDevice
from emotiw.core.errors import ConfigError, WeightsError, suggest
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import WeightsCard, locate, read_card, verify
from features.audio.signal import SignalOptions, Waveform
from features.audio.sound_extractor import SoundExtractor, sound_spec

if TYPE_CHECKING:
    from torch import Tensor

ARCHITECTURES = (
    "wav2vec2_base",
    "wav2vec2_large",
    "wav2vec2_large_lv60k",
    "wav2vec2_xlsr_300m",
    "hubert_base",
    "hubert_large",
    "wavlm_base",
    "wavlm_large",
    "wav2vec2_model",
    "wavlm_model",
)
RATE = 16_000
HOP = 320  # samples between two rows, in all of these networks


class SpeechNetworkOptions(Strict):
    """Options of speech network embeddings.

    Attributes:
        weights: a weights card, by name or file.
        layers: transformer layers, from 1; the mean of them is taken, and of all by default.
        pooling: ``mean`` over time gives one row per clip, ``none`` one per 20 ms.
        max_sec: longer clips are cut into equal parts that are embedded one by one, because
            the cost of attention grows with the square of the length.
        signal: how the sound is prepared, at 16 kHz.
    """

    weights: str
    layers: tuple[int, ...] | None = None
    pooling: Literal["mean", "none"] = "mean"
    max_sec: float = Field(default=30.0, ge=1)
    signal: SignalOptions = SignalOptions()


class SpeechNetwork(OnDevice, SoundExtractor):
    """Embeds speech with a pretrained network.

    Each clip passes through the network alone and without padding: with padding beside it, the
    group norm of the first layers would mix the silence into a clip's features. So neither batch
    size nor the company of other clips can change them.

    Source:
        Baevski et al. 2020, Hsu et al. 2021, Chen et al. 2022, as ``torchaudio.models`` has them.
    """

    Options = SpeechNetworkOptions

    def __init__(self, name: str, options: SpeechNetworkOptions) -> None:
        super().__init__(name, options)
        self.card = read_card(options.weights)
        _check(self.card, options)
        locate(self.card)  # what was never fetched is told at once
        hop_sec = None if options.pooling == "mean" else HOP / RATE
        self.spec = sound_spec(name, self.card.embedding, hop_sec)

    def rows(self, waveform: Waveform, sampling_rate: int) -> npt.NDArray[np.float64]:
        """Return embeddings over time, or their mean."""
        n_parts = int(np.ceil(len(waveform) / (self.options.max_sec * RATE)))
        parts = np.array_split(waveform, n_parts)
        rows = np.concatenate([self._embed(part) for part in parts])  # (n, embedding)
        if self.options.pooling == "mean":
            rows = rows.mean(axis=0, keepdims=True)
        return rows

    def _load(self) -> None:
        network, self._is_normalised = _build(self.card, load_state(verify(self.card).path))
        n_layers = len(network.encoder.transformer.layers)
        self._layers = self.options.layers or tuple(range(1, n_layers + 1))
        if min(self._layers) < 1 or max(self._layers) > n_layers:
            raise ConfigError(
                f"layers {list(self._layers)}: {self.card.name!r} has 1 to {n_layers}"
            )
        self._network = network.to(self.device)

    def _embed(self, waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        import torch

        if self._network is None:
            self._load()
        batch = torch.from_numpy(np.ascontiguousarray(waveform))[None].to(self.device)
        if self._is_normalised:
            batch = torch.nn.functional.layer_norm(batch, batch.shape)
        with torch.inference_mode():
            outputs, _ = self._network.extract_features(batch, num_layers=max(self._layers))
        chosen = torch.stack([outputs[layer - 1][0] for layer in self._layers])
        # (layers, time, embedding) -> (time, embedding)
        return np.asarray(chosen.mean(dim=0).cpu().numpy(), dtype=np.float64)


def _check(card: WeightsCard, options: SpeechNetworkOptions) -> None:
    if card.backbone not in ARCHITECTURES:
        hint = suggest(card.backbone, ARCHITECTURES)
        raise ConfigError(
            f"weights {card.name!r}: {card.backbone!r} is no speech network{hint} "
            f"(known: {', '.join(ARCHITECTURES)})"
        )
    if options.signal.sampling_rate != RATE or card.size != RATE:
        raise ConfigError(f"weights {card.name!r}: speech networks hear {RATE} Hz, nothing else")


def _build(card: WeightsCard, state: dict[str, Tensor]) -> tuple[Any, bool]:
    """Return the network, and whether it wants waveforms of mean 0 and variance 1."""
    import torchaudio

    options = dict(card.options)
    is_normalised = bool(options.pop("normalised", False))
    try:
        network = getattr(torchaudio.models, card.backbone)(**options)
        # a head for speech recognition has no use here
        network.load_state_dict({k: v for k, v in state.items() if not k.startswith("aux.")})
    except (RuntimeError, TypeError) as error:
        raise WeightsError(f"weights {card.name!r} don't fit {card.backbone!r}: {error}") from error
    return network.eval(), is_normalised
