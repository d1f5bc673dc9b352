"""A weights card turned into its network, with random weights or with its own."""

from __future__ import annotations

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.stored_tensors import load_state, require_order
from emotiw.core.weights import WeightsCard, verify
from features.backbones.joint_network import JoinedNetwork
from features.backbones.network import FaceNetwork
from features.backbones.registry import BACKBONES


def build_network(card: WeightsCard) -> FaceNetwork:
    """Return the network of a card with fresh random weights.

    Raises:
        ConfigError: if the backbone is unknown or its options don't fit.
    """
    build = BACKBONES.resolve(card.backbone)
    try:
        network: FaceNetwork
        members = [
            build(card.model_copy(update={"options": card.options_of(member)}))
            for member in range(card.members)
        ]
        network = members[0] if len(members) == 1 else JoinedNetwork(members)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"weights card {card.name!r}: {error}") from error
    network.is_mirrored = card.mirrored
    return network.eval()


def load_network(card: WeightsCard, *, labels: tuple[str, ...] | None = None) -> FaceNetwork:
    """Return the network of a card with its weights, verified, ready to be used.

    Args:
        labels: of a fresh head, for fine-tuning; None keeps what the card names.

    Raises:
        WeightsError: if the weights are missing, damaged, or not those of the card.
        ConfigError: if the backbone is unknown or its options don't fit.
    """
    path = verify(card).path
    network = build_network(card.model_copy(update={"labels": labels}) if labels else card)
    state = {} if path.suffix == ".onnx" else load_state(path)
    if labels is None:
        require_order(path, card.labels)
    try:
        network.load_weights(state, fresh_head=labels is not None)
    except WeightsError as error:
        raise WeightsError(f"weights {card.name!r}: {error}") from error
    return network.eval()
