"""Several networks of one kind, trained apart and asked together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emotiw.core.errors import ConfigError
from features.backbones.network import FaceNetwork


class JoinedNetwork(FaceNetwork):
    """Embeddings of all members one after another, and the mean of their logits.

    One linear head over the joined embedding gives exactly that mean, so that what can be done
    with a single network, fine-tuning included, can be done with this one.

    Args:
        members: each with a linear head, which moves into the common one; or all without.

    Raises:
        ConfigError: if only some have a head, or one that is not linear.

    Examples:
        >>> from features.backbones.frame_cnn import FrameCNN
        >>> pair = [FrameCNN(7, stem=4, widths=(8,), embedding=4).eval() for _ in range(2)]
        >>> faces = torch.rand(3, 1, 40, 40)
        >>> apart = (pair[0](faces) + pair[1](faces)) / 2
        >>> joined = JoinedNetwork(pair)
        >>> bool(torch.allclose(joined(faces), apart, atol=1e-6)), joined.embed(faces).shape
        (True, torch.Size([3, 8]))
    """

    def __init__(self, members: Sequence[FaceNetwork]) -> None:
        super().__init__()
        self.head = _common_head([member.head for member in members])
        for member in members:
            member.head = None
        single = [part for member in members for part in _parts(member)]
        self.members = nn.ModuleList(single)
        self.eval()

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, sum of the members' dims)``."""
        parts = [member.embed(faces) for member in self.members]  # type: ignore[operator]
        return torch.cat(parts, 1)


def _parts(network: FaceNetwork) -> list[nn.Module]:
    return list(network.members) if isinstance(network, JoinedNetwork) else [network]


def _common_head(heads: Sequence[nn.Module | None]) -> nn.Linear | None:
    if all(head is None for head in heads):
        return None
    linear = [head for head in heads if isinstance(head, nn.Linear)]
    if len(linear) < len(heads):
        raise ConfigError("members can only be joined if all have a linear head, or none has one")
    head = nn.Linear(sum(h.in_features for h in linear), linear[0].out_features)
    with torch.no_grad():
        head.weight.copy_(torch.cat([h.weight for h in linear], 1) / len(linear))
        head.bias.copy_(torch.stack([h.bias for h in linear]).mean(0))
    return head
