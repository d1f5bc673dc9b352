"""Networks that see snippets, by name, with their weights and the pixels that these expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emotiw.core.errors import Problems, WeightsError
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import WeightsCard, read_card, verify
from features.frames.pixel_rule import PixelRule

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class VideoNetwork:
    """One of torchvision's video networks.

    Attributes:
        answer: the last layer, whose inputs are the embedding.
        sizes: sides of the image in px that it can read: at least, and at most if not None.
    """

    answer: str
    sizes: tuple[int, int | None]


VIDEO_NETWORKS: dict[str, VideoNetwork] = {
    "r3d_18": VideoNetwork("fc", (16, None)),
    "mc3_18": VideoNetwork("fc", (16, None)),
    "r2plus1d_18": VideoNetwork("fc", (16, None)),
    "s3d": VideoNetwork("classifier.1", (224, None)),
    "mvit_v1_b": VideoNetwork("head.1", (224, 224)),
    "mvit_v2_s": VideoNetwork("head.1", (224, 224)),
    "swin3d_t": VideoNetwork("head", (16, None)),
    "swin3d_s": VideoNetwork("head", (16, None)),
    "swin3d_b": VideoNetwork("head", (16, None)),
}


def make_video_network(name: str, n_outputs: int) -> nn.Module:
    """Return one of :data:`VIDEO_NETWORKS` with random weights."""
    from torchvision.models import video

    network: nn.Module = getattr(video, name)(num_classes=n_outputs)
    return network


def load_clip_network(network: nn.Module, card_name: str, *, kind: str) -> PixelRule:
    """Put the weights of a card into a network of that kind, and return what they expect to see.

    The last layer keeps its random weights where the network has another number of outputs than
    the one the weights are from.

    Args:
        network: C3D at full width, or one of :data:`VIDEO_NETWORKS`.
        card_name: the name of a weights card, or a YAML file of the user's own.
        kind: the network's name, which must be the card's.

    Raises:
        WeightsError: if the weights are missing, belong to another network, or don't fit.
    """
    card = read_card(card_name)
    if card.backbone != kind:
        raise WeightsError(f"weights {card.name!r} are for {card.backbone!r}, not for {kind!r}")
    fill_from(card, network)
    return pixels_of(card)


def fill_from(card: WeightsCard, network: nn.Module) -> None:
    """Put the weights of a card into a network of its kind, all but a last layer that differs.

    Raises:
        WeightsError: if the weights are missing, not those of the card, or don't fit.
    """
    state: Mapping[str, Tensor] = load_state(verify(card).path)
    answer = "fc8"
    if card.backbone == "c3d":
        from features.clips.c3d_weights import published_state

        state = published_state(state)
    else:
        answer = VIDEO_NETWORKS[card.backbone].answer
    fill(network, state, optional=(f"{answer}.weight", f"{answer}.bias"), where=card.name)


def pixels_of(card: WeightsCard) -> PixelRule:
    """Return what the weights of a card expect, which counts from 0 to 1, in 8-bit values.

    Examples:
        >>> card = WeightsCard(name="x", backbone="c3d", size=112, embedding=4096, colour="bgr",
        ...                    mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.5))
        >>> pixels_of(card)
        PixelRule(order='bgr', mean=(51.0, 102.0, 153.0), deviation=(127.5, 127.5, 127.5))
    """
    return PixelRule(
        "bgr" if card.colour == "bgr" else "rgb",
        tuple(255 * value for value in card.mean),
        tuple(255 * value for value in card.std),
    )


def fill(
    network: nn.Module, state: Mapping[str, Tensor], *, optional: Iterable[str], where: str
) -> None:
    """Load a state dict, whole but for the ``optional`` entries, which must fit to be taken.

    Raises:
        WeightsError: naming every entry that is missing or has another shape.
    """
    own = network.state_dict()
    may_differ = set(optional)
    problems = Problems(f"weights {where!r}")
    taken = {}
    for name, tensor in own.items():
        if name in state and state[name].shape == tensor.shape:
            taken[name] = state[name]
        elif name in may_differ:
            continue
        elif name in state:
            problems.add(f"{name}: expected {tuple(tensor.shape)}, got {tuple(state[name].shape)}")
        else:
            problems.add(f"{name}: missing")
    problems.raise_if_any(WeightsError)
    network.load_state_dict(taken, strict=False)
