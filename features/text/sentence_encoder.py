"""Embeddings of what is said, by a network that learnt from other texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import OnDevice
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.files import sha256_of
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import WeightsCard, fingerprint, locate, read_card, verify
from features.backbones.onnx_session import open_session
from features.text.text_extractor import TextExtractor, TextOptions
from features.text.transcript import Transcript, times_of

Vectors = npt.NDArray[np.float64]
BACKBONES = ("bert", "onnx_text")


class EncoderCard(Strict):
    """What a card's ``options`` say of a sentence encoder.

    Attributes:
        tokenizer: the file of its tokenizer, beside the weights, as ``tokenizers`` writes it.
        pooling: ``mean`` of all tokens, or the first one, ``cls``.
        normalise: whether embeddings have length 1.
        prefix: put before every text, as the network was taught (``query: ``).
        heads: of ``bert``.
        first_position: of ``bert``: 2 in RoBERTa's kin.
        epsilon: of ``bert``: of its layer norms.
        output: of ``onnx_text``: its name; the first by default.
    """

    tokenizer: str = "tokenizer.json"
    pooling: Literal["mean", "cls"] = "mean"
    normalise: bool = True
    prefix: str = ""
    heads: int = 12
    first_position: int = 0
    epsilon: float = 1e-12
    output: str = ""


class SentenceEncoderOptions(TextOptions):
    """Options of sentence encoders, and where transcripts come from.

    Attributes:
        weights: a weights card, by name or file: ``backbone: bert`` (safetensors of BERT's and
            RoBERTa's kin) or ``onnx_text``; its ``size`` is the most tokens to be read at once.
        rows: a row per ``segment`` of the transcript, with its times, or per ``clip``.
    """

    weights: str
    rows: Literal["segment", "clip"] = Field(default="segment")


class SentenceEncoder(OnDevice, TextExtractor):
    """Embeds the segments of a transcript one by one.

    Each passes through the network alone, so that neither batches nor padding can change it. One
    that is longer than the network reads at once is read in parts, whose tokens count alike.
    """

    Options = SentenceEncoderOptions
    _tokenizer: Any = None

    def __init__(self, name: str, options: SentenceEncoderOptions) -> None:
        super().__init__(name, options)
        self.card = read_card(options.weights)
        if self.card.backbone not in BACKBONES:
            known = " or ".join(BACKBONES)
            told = f"weights {self.card.name!r}: {self.card.backbone!r} is no sentence encoder"
            raise ConfigError(f"{told}: expected {known}")
        self._about = EncoderCard.model_validate(self.card.options)
        self._words = _beside(self.card, self._about.tokenizer)
        self.spec = FeatureSpec(name, (self.card.embedding,), options.rows)

    @cached_property
    def weights_fingerprint(self) -> str:
        """The fingerprint of the card, its weights and its tokenizer."""
        both = f"{fingerprint(self.card)} {sha256_of(self._words)}"
        return hashlib.sha256(both.encode()).hexdigest()

    def measure(self, said: Transcript) -> FeatureArray:
        """Return the embeddings of segments, or of the whole."""
        if self.options.rows == "clip":
            whole = " ".join(segment.text for segment in said.segments)
            return FeatureArray.finite(self.embed(whole)[None])
        rows = np.array([self.embed(segment.text) for segment in said.segments])
        return FeatureArray.finite(rows, times_of(said, [1] * len(rows), len(rows)))

    def embed(self, text: str) -> Vectors:
        """Return ``(dim,)`` of a text."""
        if self._tokenizer is None:
            self._load()
        tokens = self._tokenizer.encode(self._about.prefix + text, add_special_tokens=False).ids
        room = self._most - len(self._ends)
        begin, end = self._ends[: len(self._ends) // 2], self._ends[len(self._ends) // 2 :]
        parts = [tokens[at : at + room] for at in range(0, len(tokens), room)] or [[]]
        found = [self._run([*begin, *part, *end]) for part in parts]
        if found[0].ndim == 1:  # the network has pooled itself
            vector = np.average(found, axis=0, weights=[len(part) + 1 for part in parts])
        elif self._about.pooling == "cls":
            vector = np.mean([rows[0] for rows in found], axis=0)
        else:
            vector = np.concatenate(found).mean(axis=0)
        return (
            vector / max(float(np.linalg.norm(vector)), 1e-12) if self._about.normalise else vector
        )

    def _load(self) -> None:
        self._tokenizer = read_tokenizer(self._words)
        self._ends = self._tokenizer.encode("").ids
        self._run: Callable[[list[int]], Vectors]
        path = verify(self.card).path
        self._most = self.card.size
        if self.card.backbone == "onnx_text":
            self._session = open_session(path, self.device, named=self.card.name)
            self._run = self._run_onnx
        else:
            from features.text.bert import Bert

            about = self._about
            shape = {"heads": about.heads, "first_position": about.first_position}
            try:
                network = Bert(load_state(path), **shape, epsilon=about.epsilon)
            except WeightsError as error:
                raise WeightsError(f"weights {self.card.name!r}: {error}") from None
            self._most = min(self._most, network.most_tokens)
            self._network = network.to(self.device)
            self._run = self._run_bert

    def _run_bert(self, tokens: list[int]) -> Vectors:
        import torch

        with torch.inference_mode():
            rows = self._network(torch.tensor([tokens], device=self.device))[0]
        return np.asarray(rows.cpu().numpy(), dtype=np.float64)

    def _run_onnx(self, tokens: list[int]) -> Vectors:
        told = {
            "input_ids": np.array([tokens]),
            "attention_mask": np.ones((1, len(tokens)), np.int64),
            "token_type_ids": np.zeros((1, len(tokens)), np.int64),
        }
        wanted = {each.name for each in self._session.get_inputs()}
        if unknown := sorted(wanted - told.keys()):
            raise WeightsError(f"weights {self.card.name!r}: unknown inputs {', '.join(unknown)}")
        outputs = [self._about.output] if self._about.output else None
        found = self._session.run(outputs, {name: told[name] for name in wanted})[0]
        return np.asarray(found[0], dtype=np.float64)


def read_tokenizer(path: Path) -> Any:
    """Return a tokenizer that neither cuts nor fills up what it is given.

    Raises:
        ConfigError: if the package ``tokenizers`` is missing.
        WeightsError: if the file is no tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        why = "sentence encoders need tokenizers: pip install 'emotiw[text]'"
        raise ConfigError(why) from None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more exact
        raise WeightsError(f"{path}: no tokenizer: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _beside(card: WeightsCard, name: str) -> Path:
    path = locate(card).with_name(name)
    if not path.is_file():
        raise WeightsError(f"weights {card.name!r}: no tokenizer {path}")
    return path
