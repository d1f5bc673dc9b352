"""Frames and snippets per second, against a plain loop and against what the arithmetic allows.

The plain loop shows the network one frame or snippet at a time, in the default memory format. The
limit is the network's multiplications and additions over the machine's measured rate of float32
matrix products; it is measured between the runs, as other work on a machine slows all of them.
Usage: python benchmarks/visual.py [--threads 2] [--only frames,c3d,lstm] [--repeats 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.weights import card_names, read_card
from emotiw.models.interface import Examples, Goal
from emotiw.models.recurrent import Recurrent, RecurrentOptions
from emotiw.models.sequence import SequenceTraining
from features.backbones.network import build_network
from features.backbones.registry import BACKBONES
from features.c3d import C3D

FACES, SNIPPETS, SIDE = 32, 4, 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="frames,c3d,lstm")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true", help="for a machine that others use")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    clock = process_time if chosen.cpu_time else perf_counter
    wanted = chosen.only.split(",")
    print(f"{chosen.threads} threads, torch {torch.__version__}; best of {chosen.repeats}")
    with torch.inference_mode():
        if "frames" in wanted:
            # speed does not depend on what the weights are, so none need be fetched
            for name in card_names():
                card = read_card(name)
                if card.backbone in BACKBONES.names() and "casia" not in name:
                    channels = 1 if card.colour == "grey" else 3
                    faces = torch.rand(FACES, channels, card.size, card.size)
                    network = build_network(card)
                    show(name, "frames", Embedding(network), faces, chosen.repeats, clock)
        if "c3d" in wanted:
            snippets = torch.rand(SNIPPETS, 3, 16, 112, 112)
            show("C3D", "snippets", C3D(487).eval(), snippets, chosen.repeats, clock)
    if "lstm" in wanted:
        lstm_epoch()


class Embedding(nn.Module):
    """A face network without its head."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> Tensor:
        """Return embeddings."""
        return self.network.embed(faces)  # type: ignore[operator, no-any-return]


def show(
    name: str,
    unit: str,
    network: nn.Module,
    inputs: Tensor,
    repeats: int,
    clock: Callable[[], float],
) -> None:
    """Print rates of a network, plain and as the extractors run it."""
    with FlopCounterMode(display=False) as counter:
        network(inputs[:1])
    flops = float(counter.get_total_flops())
    layout = torch.channels_last if inputs.ndim == 4 else torch.channels_last_3d
    matrix = torch.rand(SIDE, SIDE)

    def seconds(work: Callable[[], object]) -> float:
        start = clock()
        work()
        return clock() - start

    product, plain, ours = [], [], []
    for _ in range(repeats):
        network.to(memory_format=torch.contiguous_format)
        plain.append(seconds(lambda: [network(inputs[i : i + 1]) for i in range(len(inputs))]))
        product.append(seconds(lambda: matrix @ matrix))
        network.to(memory_format=layout)
        batch = inputs.contiguous(memory_format=layout)
        ours.append(seconds(lambda batch=batch: network(batch)))
        product.append(seconds(lambda: matrix @ matrix))
    rate = 2 * SIDE**3 / min(product)
    limit = flops * len(inputs) / rate
    print(
        f"{name:32} {flops / 1e9:7.2f} GFLOP  plain {len(inputs) / min(plain):8.2f} {unit}/s  "
        f"in batches {len(inputs) / min(ours):8.2f} {unit}/s ({min(plain) / min(ours):.2f}x)  "
        f"{min(ours) / limit:.2f} of the limit's time at {rate / 1e9:.0f} GFLOP/s",
        flush=True,
    )


def lstm_epoch(n_clips: int = 773, n_frames: int = 100, dim: int = 512) -> None:
    """Print the seconds of an epoch over as many clips as AFEW's training set has."""
    rng = np.random.default_rng(0)
    spec = FeatureSpec("embedding", (dim,), "frame")
    arrays = {
        f"{clip}": FeatureArray.all_present(rng.standard_normal((n_frames, dim), dtype=np.float32))
        for clip in range(n_clips)
    }
    groups = tuple(f"{clip // 8}" for clip in range(n_clips))
    examples = Examples(FeatureTable(spec, arrays), tuple(arrays), groups, np.arange(n_clips) % 7)
    goal = Goal("classification", tuple("abcdefg"))
    options = RecurrentOptions(inner_share=0.0, training=SequenceTraining(epochs=3))
    model = Recurrent(options, spec=spec, goal=goal, seed=0)
    model.fit(examples)
    assert model.report is not None
    fastest = min(record.seconds for record in model.report.records)
    print(f"LSTM epoch, {n_clips} clips x {n_frames} frames x {dim}: {fastest:.2f} s")


if __name__ == "__main__":
    main()
