"""Faces per second of each frame backbone, against one face at a time and the arithmetic limit.

Random weights do: they cost what trained ones do.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor, nn

from emotiw.core.config import packaged
from emotiw.core.weights import WeightsCard, read_card
from emotiw.models.backbone_recipe import BackboneRecipe
from features.backbones.network import FaceNetwork, build_network
from features.frames import BATCH

N_FACES, ROUNDS = BATCH, 3


def main() -> None:
    recipe = BackboneRecipe.read(packaged("recipes", "fer2013.yaml"))
    assert isinstance(recipe.network, WeightsCard)
    cards = [
        recipe.network.model_copy(update={"labels": recipe.labels}),
        read_card("mtcnn_onet"),
        read_card("inception_resnet_v1_vggface2"),
    ]
    rate = multiply_rate()
    print(f"{torch.get_num_threads()} threads, {rate / 1e9:.0f} GFLOPS in matrix multiplication")
    print(
        f"{'backbone':<22}{'MFLOP':>7}{'ms/face':>9}{'one by one':>12}{'bfloat16':>10}{'limit':>8}"
    )
    for card in cards:
        report(card, rate)


@torch.inference_mode()
def report(card: WeightsCard, rate: float) -> None:
    plain = build_network(card)
    fast = build_network(card).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    channels = 1 if card.colour == "grey" else 3
    faces = torch.rand(N_FACES, channels, card.size, card.size)
    last = faces.contiguous(memory_format=torch.channels_last)

    def half() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            fast.embed(last)

    flops = count_flops(plain, faces[:1])
    seconds = side_by_side(
        lambda: fast.embed(last), lambda: [plain.embed(face[None]) for face in faces], half
    )
    batched, alone, halved = (1e3 * s / N_FACES for s in seconds)
    limit = 1e3 * flops / rate
    print(
        f"{card.backbone:<22}{flops / 1e6:>7.0f}{batched:>9.2f}{alone:>12.2f}{halved:>10.2f}"
        f"{limit:>8.2f}"
    )


def side_by_side(*functions: Callable[[], object]) -> list[float]:
    """Return the median seconds of each; they take turns, so that a busy machine hits all."""
    times: list[list[float]] = [[] for _ in functions]
    for turn in range(ROUNDS + 1):
        for function, found in zip(functions, times, strict=True):
            start = perf_counter()
            function()
            if turn:  # the first one warms up
                found.append(perf_counter() - start)
    return [statistics.median(found) for found in times]


def multiply_rate() -> float:
    """Return the float32 operations per second of a large matrix multiplication."""
    a = torch.rand(1024, 1024)
    [seconds] = side_by_side(lambda: a @ a)
    return 2 * 1024**3 / seconds


def count_flops(network: FaceNetwork, face: Tensor) -> float:
    """Return the operations of all convolutions and linear layers for one face."""
    total = 0.0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer.weight, Tensor)
        places = output[0, 0].numel() if output.ndim == 4 else 1
        total += 2 * layer.weight.numel() * places

    hooks = [
        module.register_forward_hook(count)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    network.embed(face)
    for hook in hooks:
        hook.remove()
    return total


if __name__ == "__main__":
    main()
