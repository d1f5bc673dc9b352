"""Frames per second of everything that has a network, beside how fast a clip can be decoded.

    python benchmarks/gpu.py CLIP [--device cuda] [--sec 3] [--precision float32 bfloat16]

What is faster than decoding waits for it, however fast the GPU is. Networks have random weights but
for the detectors and the face network, as speed doesn't depend on them. Frames are those of the
clip; each line is what the extractor or the training loop does, from arrays in memory to arrays in
memory, after one turn to warm up. Without a GPU one line says so; ``--device cpu`` measures the
processor.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from emotiw.core.device import arithmetic, placed, resolve_device
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.media import MediaReader
from emotiw.core.task import Classification
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS
from features.clips.c3d import C3D
from features.clips.clip_networks import make_video_network
from features.faces.detect import load_detector
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions

FRAMES, SNIPPETS, LENGTH = 64, 8, 16
TASK = Classification(("Angry", "Happy", "Sad"))
CROPS = FeatureSpec("crops", (112, 112, 3), "frame", dtype="uint8")
ROWS = FeatureSpec("rows", (256,), "frame")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sec", type=float, default=3.0, help="for each line, at least")
    parser.add_argument("--precision", nargs="*", default=["float32", "bfloat16"])
    asked = parser.parse_args()
    try:
        device = resolve_device(asked.device)
    except ConfigError as error:
        print(f"nothing measured: {error}")
        return
    name = "the processor" if device == "cpu" else torch.cuda.get_device_name(device)
    print(f"{name}, torch {torch.__version__}; frames per second")
    with MediaReader(asked.clip) as reader:
        frames = [frame.rgb for frame in islice(reader.frames(), FRAMES)]
    height, width = frames[0].shape[:2]
    show = partial(told, device=device, sec=asked.sec)
    show(f"decoding {width}x{height}", len(frames), partial(decoded, asked.clip, len(frames)))
    for detector in ("mtcnn", "centerface"):
        try:
            found = load_detector(detector, device)
        except WeightsError as error:
            print(f"{detector}: {error}")
            continue
        show(f"faces, {detector}", 8, partial(found.detect, frames[:8], 0.05 * height))
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (FRAMES, 112, 112, 3)).astype(np.uint8)
    for precision in asked.precision:
        options = FrameEmbeddingsOptions(precision=precision)
        network = placed(FrameEmbeddings("frames", options), device)
        show(f"face network, {precision}", FRAMES, partial(network.embed, crops))
        for kind in ("c3d", "r3d_18"):
            work = partial(snippets, clip_network(kind, device), device, precision)
            show(f"{kind}, {precision}", SNIPPETS * LENGTH, work)
    show("training lstm", *training("lstm", ROWS, {}, device))
    show("training c3d", *training("c3d", CROPS, {"width": 0.25}, device))
    show("training face_network", *training("face_network", CROPS, {}, device))


def told(what: str, n_frames: int, work: Callable[[], object], *, device: str, sec: float) -> None:
    """Print how many frames a second are worked on."""
    work()
    begin, turns = perf_counter(), 0
    while turns == 0 or perf_counter() - begin < sec:
        work()
        turns += 1
    if device != "cpu":
        torch.cuda.synchronize(device)
    print(f"{what:28s} {turns * n_frames / (perf_counter() - begin):10.0f}", flush=True)


def decoded(clip: Path, n: int) -> None:
    with MediaReader(clip) as reader:
        for frame in islice(reader.frames(), n):
            assert frame.rgb.size


def clip_network(kind: str, device: str) -> Any:
    network = C3D(4) if kind == "c3d" else make_video_network(kind, 4)
    moved: Any = network.eval().to(device)
    return moved.to(memory_format=torch.channels_last_3d)


@torch.inference_mode()
def snippets(network: Any, device: str, precision: str) -> None:
    pictures = torch.zeros(SNIPPETS, 3, LENGTH, 112, 112)
    with arithmetic(precision, device):
        network(pictures.to(device)).float().cpu()


def training(
    name: str, spec: FeatureSpec, options: dict[str, Any], device: str
) -> tuple[int, Callable[[], object]]:
    """Return the frames of an epoch of a model, and what learns it."""
    n_clips, length = (64, 80) if spec is ROWS else (8, 16)
    rng = np.random.default_rng(0)
    arrays = {f"{n}": array_of(rng, (length, *spec.shape), spec.dtype) for n in range(n_clips)}
    table = FeatureTable(spec, arrays)
    known = Examples(table, tuple(arrays), tuple(arrays), np.arange(n_clips) % 3)
    kind: Any = MODELS.resolve(name)
    settings = {**options, "validation_fraction": 0, "training": {"epochs": 1}}
    checked = kind.Options.model_validate(settings)

    def learn() -> None:
        placed(kind(checked, spec=spec, task=TASK, seed=0), device).fit(known)

    return n_clips * length, learn


def array_of(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> FeatureArray:
    values = rng.integers(0, 256, shape) if dtype == "uint8" else rng.normal(size=shape)
    return FeatureArray.all_present(values.astype(dtype))


if __name__ == "__main__":
    main()
