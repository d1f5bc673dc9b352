"""How much of a clip's features is decoding, and what one pass for several of them would save.

    python benchmarks/one_decode.py CLIP ... [--repeat 3]

Seconds of the processor, one thread, the least of several turns, summed over the clips. Networks
have random weights, which cost as much as others. Extractors of one clip are one job and share its
sound as it is (`features/extractor.py`); those that look at whole images decode it each. The last
column is what both together would gain if that was done once: seconds of two passes over those of
one, the dearer part of decoding (images as their codec leaves them) counted once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any

import torch

from emotiw.core.media import MediaReader
from emotiw.core.weights import read_card
from features.audio.opensmile import OpenSmile, OpenSmileOptions
from features.audio.signal import SignalOptions, signal_of
from features.backbones.loading import build_network
from features.clips.c3d import C3D
from features.clips.clip_embedding import C3DLayer
from features.clips.clip_features import ClipFeaturesOptions, SceneClipFeatures
from features.extractor import ClipSource, Extractor
from features.faces.find_faces import find_faces
from features.frames.scene import Scene, SceneOptions

WORTH = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)

    def total(work: Callable[[Path], object]) -> float:
        return sum(least(partial(work, clip), asked.repeat) for clip in asked.clips)

    print(f"{len(asked.clips)} clips, {sum(map(decode_images, asked.clips))} images")
    decoding, sound = total(decode_images), total(hear)
    print(f"{'images decoded':34s} {decoding:7.2f} s\n{'sound decoded':34s} {sound:7.2f} s")
    looks = {name: total(partial(extract, made)) for name, made in whole_images().items()}
    looks["faces"] = total(find_faces)
    for name, seconds in looks.items():
        print(f"{name:34s} {seconds:7.2f} s, {100 * decoding / seconds:3.0f} % of it decoding")
    for level in ("eGeMAPSv02", "ComParE_2016"):
        made = OpenSmile(level, OpenSmileOptions(feature_set=level))
        seconds = total(partial(extract, made))
        print(f"{level:34s} {seconds:7.2f} s, {100 * sound / seconds:3.0f} % of it decoding")
    for one, other in combinations(looks, 2):
        apart = looks[one] + looks[other]
        gain = apart / (apart - decoding)
        print(f"{one + ' and ' + other:50s} {gain:5.2f} x{' *' if gain >= WORTH else ''}")


def whole_images() -> dict[str, Extractor]:
    """Return extractors of whole images, with networks of random weights."""
    plain = Scene("scene", SceneOptions())
    resnet: Any = Scene("scene", SceneOptions(weights="resnet50_imagenet"))
    resnet._network = build_network(read_card("resnet50_imagenet"))
    c3d: Any = SceneClipFeatures("c3d", ClipFeaturesOptions(stride=16))
    network = C3DLayer(C3D(1, size=112), "fc6").eval()
    c3d._network = network.to(memory_format=torch.channels_last_3d)
    return {"scene, statistics": plain, "scene, ResNet-50": resnet, "c3d_scene, stride 16": c3d}


def extract(extractor: Extractor, clip: Path) -> None:
    extractor.extract(ClipSource(clip.stem, clip))


def decode_images(clip: Path) -> int:
    """Return how many images a clip has; none becomes RGB."""
    with MediaReader(clip) as reader:
        return sum(1 for _ in reader.frames())


def hear(clip: Path) -> None:
    signal_of(ClipSource(clip.stem, clip), SignalOptions())


def least(work: Callable[[], object], repeat: int) -> float:
    seconds = []
    for _ in range(repeat):
        begin = process_time()
        work()
        seconds.append(process_time() - begin)
    return min(seconds)


if __name__ == "__main__":
    main()
