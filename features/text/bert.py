"""The encoder of BERT and RoBERTa, with the names that published weights have."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from emotiw.core.errors import WeightsError

PREFIX = re.compile(r"^(bert|roberta|model)\.")
LAYER = re.compile(r"encoder\.layer\.(\d+)\.")
LEFT_OUT = ("pooler.", "cls.", "lm_head.", "embeddings.position_ids")  # no use here


class Bert(nn.Module):
    """Token embeddings → one vector per token.

    Its sizes are those of the weights.

    Args:
        state: of the published network.
        heads: of attention.
        first_position: of the first token; 2 in RoBERTa's kin, which count from the padding.
        epsilon: of the layer norms.

    Source:
        Devlin et al. 2019; Liu et al. 2019 (RoBERTa).

    Raises:
        WeightsError: if the weights are of another kind.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        *,
        heads: int = 12,
        first_position: int = 0,
        epsilon: float = 1e-12,
    ) -> None:
        super().__init__()
        plain = {PREFIX.sub("", name): tensor for name, tensor in state.items()}
        plain = {name: tensor for name, tensor in plain.items() if not name.startswith(LEFT_OUT)}
        try:
            tables = {
                kind: plain[f"embeddings.{kind}_embeddings.weight"].shape
                for kind in ("word", "position", "token_type")
            }
            inner = plain["encoder.layer.0.intermediate.dense.weight"].shape[0]
        except KeyError as error:
            raise WeightsError(f"no encoder of BERT's kind: {error} is missing") from None
        width = tables["word"][1]
        if width % heads:
            raise WeightsError(f"{heads} heads don't divide {width} values")
        numbers = {int(found[1]) for name in plain if (found := LAYER.match(name))}
        self.most_tokens = tables["position"][0] - first_position
        self._first = first_position
        self.embeddings = nn.ModuleDict(
            {f"{kind}_embeddings": nn.Embedding(*shape) for kind, shape in tables.items()}
        )
        self.embeddings["LayerNorm"] = nn.LayerNorm(width, eps=epsilon)
        layers = [_Layer(width, inner, heads, epsilon) for _ in numbers]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        try:
            self.load_state_dict(plain)
        except RuntimeError as error:
            raise WeightsError(f"no encoder of BERT's kind: {error}") from None
        self.eval()

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(batch, time, width)`` of ``(batch, time)`` token ids, none of them padding."""
        places = torch.arange(tokens.shape[1], device=tokens.device) + self._first
        own = self.embeddings
        x = own["word_embeddings"](tokens) + own["position_embeddings"](places)
        x = x + own["token_type_embeddings"](torch.zeros_like(tokens))
        x = own["LayerNorm"](x)
        for layer in self.encoder["layer"]:  # type: ignore[attr-defined]
            x = layer(x)
        return x  # type: ignore[no-any-return]


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        names = ("query", "key", "value")
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(width, width) for name in names}),
                "output": _added(width, width, epsilon),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = _added(inner, width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, time, width)`` of the same."""
        batch, time, width = x.shape
        asked = self.attention["self"]
        query, key, value = (
            asked[name](x).view(batch, time, self.heads, -1).transpose(1, 2)  # type: ignore[index]
            for name in ("query", "key", "value")
        )  # (batch, heads, time, width / heads)
        seen = functional.scaled_dot_product_attention(query, key, value)
        seen = seen.transpose(1, 2).reshape(batch, time, width)
        x = _put_on(self.attention["output"], seen, x)
        return _put_on(self.output, functional.gelu(self.intermediate["dense"](x)), x)


def _added(inner: int, width: int, epsilon: float) -> nn.ModuleDict:
    return nn.ModuleDict(
        {"dense": nn.Linear(inner, width), "LayerNorm": nn.LayerNorm(width, eps=epsilon)}
    )


def _put_on(output: nn.Module, found: Tensor, x: Tensor) -> Tensor:
    result: Tensor = output["LayerNorm"](output["dense"](found) + x)  # type: ignore[index]
    return result
