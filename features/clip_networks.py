"""Networks that see snippets, by name, with their weights and the pixels that these expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emotiw.core.errors import Problems, WeightsError
from emotiw.core.weights import WeightsCard, load_state, read_card, verify
from features.pixels import PixelRule

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class VideoNetwork:
    """One of torchvision's video networks.

    Attributes:
        answer: the last layer, whose inputs are the embedding.
        sizes: sides of the picture in px that it can read: at least, and at most if not None.
        pixels: what its published weights expect.
    """

    answer: str
    sizes: tuple[int, int | None]
    pixels: PixelRule


def _rule(mean: tuple[float, float, float], deviation: tuple[float, float, float]) -> PixelRule:
    return PixelRule("rgb", tuple(255 * m for m in mean), tuple(255 * d for d in deviation))


_KINETICS = _rule((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
_MVIT = _rule((0.45, 0.45, 0.45), (0.225, 0.225, 0.225))
_SWIN = _rule((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
VIDEO_NETWORKS: dict[str, VideoNetwork] = {
    "r3d_18": VideoNetwork("fc", (16, None), _KINETICS),
    "mc3_18": VideoNetwork("fc", (16, None), _KINETICS),
    "r2plus1d_18": VideoNetwork("fc", (16, None), _KINETICS),
    "s3d": VideoNetwork("classifier.1", (224, None), _KINETICS),
    "mvit_v1_b": VideoNetwork("head.1", (224, 224), _MVIT),
    "mvit_v2_s": VideoNetwork("head.1", (224, 224), _MVIT),
    "swin3d_t": VideoNetwork("head", (16, None), _SWIN),
    "swin3d_s": VideoNetwork("head", (16, None), _SWIN),
    "swin3d_b": VideoNetwork("head", (16, None), _SWIN),
}


@dataclass(frozen=True)
class Loaded:
    """Weights that a network now has.

    Attributes:
        card: where they came from.
        sha256: of their file.
        pixels: what they expect to see.
    """

    card: WeightsCard
    sha256: str
    pixels: PixelRule


def make_video_network(name: str, n_outputs: int) -> nn.Module:
    """Return one of :data:`VIDEO_NETWORKS` with random weights."""
    from torchvision.models import video

    network: nn.Module = getattr(video, name)(num_classes=n_outputs)
    return network


def load_clip_network(network: nn.Module, card_name: str, *, kind: str) -> Loaded:
    """Put the weights of a card into a network of that kind.

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
    verified = verify(card)
    state: Mapping[str, Tensor] = load_state(verified.path)
    if kind == "c3d":
        from features.c3d_weights import published_state

        state = published_state(state)
    answer = "fc8" if kind == "c3d" else VIDEO_NETWORKS[kind].answer
    fill(network, state, optional=(f"{answer}.weight", f"{answer}.bias"), where=card.name)
    return Loaded(card, verified.sha256, PixelRule.of(card))


def fill(
    network: nn.Module, state: Mapping[str, Tensor], *, optional: Iterable[str], where: str
) -> None:
    """Load a state dict, whole but for the ``optional`` entries, which must fit to be taken.

    Raises:
        WeightsError: naming every entry that lacks or has another shape.
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
