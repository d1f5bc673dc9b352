"""What every network of faces can do: an embedding, and logits where it also classifies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from emotiw.core.errors import ConfigError, WeightsError


class FaceNetwork(nn.Module):
    """A network from prepared faces to embeddings.

    Attributes:
        head: from embeddings to logits; None where the network doesn't classify.
        is_mirrored: whether :meth:`embed_and_score` looks at mirror images too.
        public_prefix: what is missing from the names of public weights, where a network is wrapped.
    """

    head: nn.Module | None
    public_prefix: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.head = None
        self.is_mirrored = False

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, dim)`` embeddings of ``(batch, channels, side, side)`` faces."""
        raise NotImplementedError

    def embed_and_score(self, faces: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return embeddings, and ``(batch, n_labels)`` logits where there is a head.

        Where the card says so, both are the means of what they are for a face and its mirror image.
        """
        embedding, logits = self._one_view(faces)
        if self.is_mirrored:
            other, other_logits = self._one_view(faces.flip(3))
            embedding = (embedding + other) / 2
            if logits is not None and other_logits is not None:
                logits = (logits + other_logits) / 2
        return embedding, logits

    def _one_view(self, faces: Tensor) -> tuple[Tensor, Tensor | None]:
        embedding = self.embed(faces)
        return embedding, None if self.head is None else self.head(embedding)

    def forward(self, faces: Tensor) -> Tensor:
        """Return logits.

        Raises:
            ConfigError: if the network has no head.
        """
        if self.head is None:
            raise ConfigError(f"{type(self).__name__} has no labels to score")
        logits: Tensor = self.head(self.embed(faces))
        return logits

    def load_weights(self, state: dict[str, Tensor], *, fresh_head: bool = False) -> None:
        """Take weights by name; whatever float they are stored as, the network keeps its own.

        Args:
            state: this network's own, or the public one of the network inside, whose classifier
                is the head where it has one of as many labels.
            fresh_head: leave the head as it is, to learn labels of its own.

        Raises:
            WeightsError: naming the tensors that are missing, left over, or of another shape.
        """
        own = self.state_dict()
        heads = {name for name in own if name.startswith("head.")}
        inside = self.public_prefix
        if inside and not any(name.startswith(inside) for name in state):
            left = {name: t for name, t in state.items() if inside + name not in own}
            state = {inside + name: t for name, t in state.items() if inside + name in own}
            if not fresh_head:
                state |= _classifier(left, {name: own[name] for name in heads})
        if fresh_head:
            state = {name: t for name, t in state.items() if not name.startswith("head.")}
            state |= {name: own[name] for name in heads}
        missing, extra = own.keys() - state.keys(), state.keys() - own.keys()
        wrong = [n for n in own.keys() & state.keys() if own[n].shape != state[n].shape]
        if missing and missing == heads and not extra and not wrong:
            raise WeightsError(
                f"they hold no classifier of the card's {len(own['head.weight'])} labels; train "
                "one, or leave out the labels: its embedding needs none"
            )
        if missing or extra or wrong:
            raise WeightsError(
                f"weights don't fit {type(self).__name__}: {len(missing)} missing, e.g. "
                f"{sorted(missing)[:3]}; {len(extra)} left over, e.g. {sorted(extra)[:3]}; "
                f"{len(wrong)} of another shape, e.g. {sorted(wrong)[:3]}"
            )
        self.load_state_dict(state)


def _classifier(left: Mapping[str, Tensor], head: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the head among tensors that the network inside has no place for, if one alone fits."""
    fits = [
        {f"head.{leaf}": left[f"{place}.{leaf}"] for leaf in ("weight", "bias")}
        for place in sorted({name.rpartition(".")[0] for name in left})
        if f"{place}.weight" in left and f"{place}.bias" in left
    ]
    shapes = {name: t.shape for name, t in head.items()}
    fits = [one for one in fits if {name: t.shape for name, t in one.items()} == shapes]
    return fits[0] if len(fits) == 1 else {}
