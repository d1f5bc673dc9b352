"""What the bundled voice model hears in a clip: scores of emotions, or its descriptors."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.config import Strict
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray
from emotiw.core.probabilities import softmax
from emotiw.core.stored_tensors import load_arrays, require_order
from emotiw.core.weights import WeightsCard, read_card, verify
from features.audio.signal import Signal, SignalOptions, heard_sec, signal_of
from features.audio.sound_extractor import SoundExtractor, row_times, sound_spec
from features.audio.voice_descriptors import FEATURE_SETS, VoiceDescriptors
from features.extractor import ClipSource, Extraction

BACKBONE, NO_SPEECH = "voice", "no speech"
NAMES = ("mean", "sd", "limit", "directions", "taken", "vectors", "shares", "bias", "gamma")
Rows = npt.NDArray[np.float64]


class VoiceScorer:
    """A kernel machine over standardised descriptors: whoever sounds like whom.

    Args:
        tensors: ``mean`` and ``sd`` ``(dim,)``; ``limit``, beyond which no standardised value
            counts; ``directions`` ``(k, dim)`` in which speakers differ, and how much of each is
            ``taken`` ``(k,)``; ``vectors`` ``(n, dim)`` that were learnt from, prepared likewise,
            with their ``shares`` ``(n, n_labels)``; ``bias`` ``(n_labels,)``; and the ``gamma``
            ``(m,)`` of kernels ``exp(-gamma d² / dim)``, whose mean is taken.
    """

    def __init__(self, tensors: dict[str, Rows]) -> None:
        self.tensors = tensors

    @classmethod
    def of_card(cls, card: WeightsCard) -> VoiceScorer:
        """Return the scorer whose file a card names.

        Raises:
            WeightsError: if the file is missing, changed, or no voice model.
        """
        path = verify(card).path
        state = load_arrays(path)
        require_order(path, card.labels)
        tensors = {name: np.asarray(t, dtype=np.float64) for name, t in state.items()}
        shapes = {name: tensors[name].shape for name in NAMES if name in tensors}
        dim, n_labels = card.embedding, len(card.labels)
        if (
            set(tensors) != set(NAMES)
            or shapes["vectors"][1:] != (dim,)
            or shapes["shares"] != (shapes["vectors"][0], n_labels)
        ):
            raise WeightsError(
                f"weights {card.name!r}: no voice model of {dim} descriptors and {n_labels} labels"
            )
        return cls(tensors)

    def prepared(self, descriptors: Rows) -> Rows:
        """Return ``(n, dim)`` descriptors standardised, and less of what speakers differ in."""
        own = self.tensors
        limit = float(own["limit"].ravel()[0])
        x = ((descriptors - own["mean"]) / own["sd"]).clip(-limit, limit)
        return np.asarray(x - (x @ own["directions"].T * own["taken"]) @ own["directions"])

    def logits(self, descriptors: Rows) -> Rows:
        """Return ``(n, n_labels)`` of ``(n, dim)`` descriptors."""
        own, x = self.tensors, self.prepared(descriptors)
        squares = [np.square(rows).mean(1) for rows in (x, own["vectors"])]
        away = squares[0][:, None] + squares[1] - 2 * x @ own["vectors"].T / x.shape[1]
        alike = np.mean([np.exp(-gamma * away.clip(0)) for gamma in own["gamma"].ravel()], axis=0)
        return np.asarray(alike @ own["shares"] + own["bias"])

    def scores(self, descriptors: Rows) -> Rows:
        """Return probabilities ``(n, n_labels)``."""
        return softmax(self.logits(descriptors))


class VoiceOptions(Strict):
    """Options of :class:`Voice`.

    Attributes:
        weights: a weights card of a voice model, by name or file.
        values: the scores of its labels, its descriptors, or both.
        signal: how the sound is prepared, at 16 kHz.
    """

    weights: str = "emotion_voice"
    values: Literal["scores", "descriptors", "both"] = "scores"
    signal: SignalOptions = SignalOptions()


class Voice(SoundExtractor):
    """One row per clip, of its speech alone; without 0.3 s of speech there is none.

    ``speech_sec`` in the ledger says how much speech there is.
    """

    version: ClassVar[str] = "5"
    Options = VoiceOptions

    def __init__(self, name: str, options: VoiceOptions) -> None:
        super().__init__(name, options)
        self.card = read_card(options.weights)
        if self.card.backbone != BACKBONE or not self.card.labels:
            raise ConfigError(f"feature {name!r}: weights {self.card.name!r} are no voice model")
        if options.signal.sampling_rate != self.card.size:
            raise ConfigError(f"weights {self.card.name!r} hear {self.card.size} Hz, nothing else")
        sets = self.card.options.get("feature_sets", FEATURE_SETS)
        self._describe = VoiceDescriptors(tuple(sets))
        columns: tuple[str, ...] = ()
        if options.values != "scores":
            columns += self._describe.columns
        if options.values != "descriptors":
            columns += tuple(f"score_{label}" for label in self.card.labels)
        self.spec = sound_spec(name, len(columns), None, columns)

    @cached_property
    def _scorer(self) -> VoiceScorer:
        return VoiceScorer.of_card(self.card)

    def extract(self, source: ClipSource) -> Extraction:
        """Return the row of one clip; MediaError if it can't be read."""
        return self.describe(signal_of(source, self.options.signal))

    def describe(self, signal: Signal) -> Extraction:
        """Return the row of a sound."""
        nothing = np.full((1, *self.spec.shape), np.nan)
        lasts_sec = heard_sec(signal.quality)
        times = row_times(1, None, signal.start_sec, lasts_sec)
        if signal.waveform is None:
            return Extraction(FeatureArray.finite(nothing, times), signal.quality)
        described, speech_sec = self._describe(signal.waveform, signal.sampling_rate)
        quality = {**signal.quality, "speech_sec": round(speech_sec, 2)}
        if described is None:
            return Extraction(FeatureArray.finite(nothing, times), {**quality, "audio": NO_SPEECH})
        parts = [] if self.options.values == "scores" else [described]
        if self.options.values != "descriptors":
            parts.append(self._scorer.scores(described[None])[0])
        return Extraction(FeatureArray.finite(np.concatenate(parts)[None], times), quality)
