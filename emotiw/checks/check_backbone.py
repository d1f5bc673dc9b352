"""What a backbone promises: its card says what comes out, and weights go in by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emotiw.checks.findings import Findings
from emotiw.core.weights import WeightsCard

CARD: dict[str, Any] = {"name": "checked", "size": 32, "embedding": 16, "labels": ("Happy", "Sad")}
NEAR = 1e-4


def check_backbone(part: Any, options: Mapping[str, Any], sample: Any, findings: Findings) -> None:
    """Note what doesn't hold of a function that builds a network; ``options`` are its card's."""
    import torch

    from features.backbones.network import FaceNetwork

    told = {**CARD, "backbone": f"{part.__module__}:{part.__name__}", **options}
    with findings.during("build"):
        card = WeightsCard.model_validate(told)
        torch.manual_seed(0)
        network = part(card)
        if not isinstance(network, FaceNetwork):
            findings.add(f"build should return a FaceNetwork, got {type(network).__name__}")
            return
        network.eval()
        n_channels = 1 if card.colour == "grey" else 3
        faces = torch.rand(3, n_channels, card.size, card.size)
        with torch.no_grad():
            embedding, logits = network.embed_and_score(faces)
            again = network.embed_and_score(faces)[0]
            alone = torch.cat([network.embed_and_score(faces[n : n + 1])[0] for n in range(3)])
        wanted = (3, card.embedding)
        findings.expect(
            tuple(embedding.shape) == wanted,
            f"embed should return {wanted}, as the card says, got {tuple(embedding.shape)}",
        )
        n_labels = 0 if logits is None else logits.shape[1]
        findings.expect(
            n_labels == len(card.labels),
            f"head should score the {len(card.labels)} labels of the card, it scores {n_labels}",
        )
        findings.expect_same(again, embedding, "embed: the same faces should give the same")
        told_alone = "embed: a face alone should give the same as among others"
        findings.expect_same(alone, embedding, told_alone, atol=NEAR)
        findings.expect(bool(torch.isfinite(embedding).all()), "embed: should be finite")
    with findings.during("load_weights"):
        state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        torch.manual_seed(1)
        other = part(card).eval()
        other.load_weights(state)
        with torch.no_grad():
            told_loaded = "load_weights: should give the network that the weights are from"
            findings.expect_same(other.embed_and_score(faces)[0], embedding, told_loaded, atol=NEAR)
