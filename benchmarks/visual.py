"""Frames and snippets per second, against a plain loop and against what the arithmetic allows.

The plain loop shows the network one clip after another, in the default memory format and with all
threads. Ours is what the extractors do: onnxruntime where the network can be written for it, else
channels last, and clips shared out to processes of one thread each; as many clips as the plain loop
takes two seconds for. The limit is the network's multiplications and additions over the machine's
measured rate of float32 matrix products. All of them take turns, as other work on a machine slows
them all.
Usage: python benchmarks/visual.py [--threads 2] [--only frames,c3d,lstm] [--repeats 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification
from emotiw.core.weights import card_names, read_card
from emotiw.models.model import Examples
from emotiw.models.sequence.recurrent import Recurrent, RecurrentOptions
from emotiw.models.sequence.sequence_model import SequenceTraining
from features.backbones.asked_network import DRAWN, AskedNetwork
from features.backbones.loading import build_network
from features.backbones.registry import BACKBONES
from features.clips.c3d import C3D

FACES, SNIPPETS, SIDE = 32, 2, 2048
FEWEST_CLIPS, SECONDS = 4, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="frames,c3d,lstm")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    wanted = chosen.only.split(",")
    print(f"{chosen.threads} threads, torch {torch.__version__}; best of {chosen.repeats}")
    print(f"{'':28} {'GFLOP':>6} {'plain /s':>9} {'one clip':>9} {'clips':>9} {'limit':>6}")
    context = get_context("spawn")
    with ProcessPoolExecutor(chosen.threads, context, torch.set_num_threads, (1,)) as pool:
        if "frames" in wanted:
            # speed does not depend on what the weights are, so none need be fetched
            for name in card_names():
                if read_card(name).backbone in BACKBONES.names() and "casia" not in name:
                    show(name, pool, chosen.threads, chosen.repeats)
        if "c3d" in wanted:
            show("C3D", pool, chosen.threads, chosen.repeats)
    if "lstm" in wanted:
        lstm_epoch()


class Embedding(nn.Module):
    """A face network as features are made of it, mirror images included where its card says so."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> Tensor:
        """Return embeddings."""
        return self.network.embed_and_score(faces)[0]  # type: ignore[operator]


def network_and_clip(name: str) -> tuple[nn.Module, Tensor]:
    """Return a network and what it is shown of one clip."""
    if name == "C3D":
        return C3D(487).eval(), torch.rand(SNIPPETS, 3, 16, 112, 112)
    card = read_card(name)
    channels = 1 if card.colour == "grey" else 3
    return Embedding(build_network(card)), torch.rand(FACES, channels, card.size, card.size)


@lru_cache(maxsize=1)
def fast_network_and_clip(name: str) -> tuple[Callable[[Any], object], Any]:
    """Return the same as the extractors hold it, once per process."""
    network, clip = network_and_clip(name)
    if name != "C3D" and read_card(name).backbone in DRAWN:
        return AskedNetwork(read_card(name)).by_onnxruntime(), clip.numpy()
    layout = torch.channels_last if clip.ndim == 4 else torch.channels_last_3d
    network.to(memory_format=layout)
    return network, clip.contiguous(memory_format=layout)


def one_clip(name: str, *, is_warm_up: bool = False) -> None:
    network, clip = fast_network_and_clip(name)
    with torch.inference_mode():
        network(clip[:1] if is_warm_up else clip)


@torch.inference_mode()
def show(name: str, pool: Executor, n_workers: int, repeats: int) -> None:
    """Print the rates of a network, plain and as the extractors run it."""
    network, clip = network_and_clip(name)
    with FlopCounterMode(display=False) as counter:
        network(clip[:1])
    flops = float(counter.get_total_flops()) * len(clip)
    matrix = torch.rand(SIDE, SIDE)
    one_clip(name, is_warm_up=True)
    list(pool.map(warm_up, [name] * (4 * n_workers)))
    once = seconds(lambda: network(clip))
    n_clips = max(FEWEST_CLIPS, n_workers * round(SECONDS / once / n_workers))
    plain, alone, together, product = [], [], [], []
    for _ in range(repeats):
        plain.append(seconds(lambda: [network(clip) for _ in range(n_clips)]) / n_clips)
        alone.append(seconds(lambda: one_clip(name)))
        together.append(seconds(lambda: list(pool.map(one_clip, [name] * n_clips))) / n_clips)
        product.append(seconds(lambda: matrix @ matrix))
    rate = 2 * SIDE**3 / min(product)
    print(
        f"{name:28} {flops / len(clip) / 1e9:6.2f} {len(clip) / min(plain):9.2f} "
        f"{min(plain) / min(alone):8.2f}x {min(plain) / min(together):8.2f}x "
        f"{min(alone) * rate / flops:6.2f}   ({rate / 1e9:.0f} GFLOP/s)",
        flush=True,
    )


def warm_up(name: str) -> None:
    one_clip(name, is_warm_up=True)


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


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
    task = Classification(tuple("abcdefg"))
    options = RecurrentOptions(validation_fraction=0.0, training=SequenceTraining(epochs=3))
    model = Recurrent(options, spec=spec, task=task, seed=0)
    model.fit(examples)
    assert model.report is not None
    fastest = min(record.seconds for record in model.report.records)
    print(f"LSTM epoch, {n_clips} clips x {n_frames} frames x {dim}: {fastest:.2f} s")


if __name__ == "__main__":
    main()
