"""Videos whose faces are bright squares, a detector that finds those, and a network for them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import yaml
from safetensors.torch import save_file

from emotiw.core.weights import read_card
from features.faces.align import ARCFACE_TEMPLATE
from features.faces.detect import Detector, Faces

LABELS = ("Dark", "Bright")
LIGHT = {
    "name": "light",
    "title": "How light",
    "year": 2026,
    "unit": "clip",
    "task": "classification",
    "labels": list(LABELS),
    "layout": {"reader": "folder"},
    "metric": "accuracy",
    "submission": {"format": "text_files"},
    "sources": [],
}
FPS = 10
Picture = npt.NDArray[np.uint8]


class SquareDetector(Detector):
    """Finds squares of at least 60 on a black ground; the smaller channel counts."""

    min_face_px = 20.0

    def __init__(self, device: str = "cpu") -> None:
        self.n_pictures = 0

    def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
        import cv2

        found = []
        for picture in pictures:
            self.n_pictures += 1
            mask = (picture.min(axis=2) > 60).astype(np.uint8)
            n, _, stats, _ = cv2.connectedComponentsWithStats(mask)
            boxes = [
                [x, y, x + w - 1, y + h - 1] for x, y, w, h, _ in stats[1:n].tolist() if w > 15
            ]
            box = np.array(boxes, np.float32).reshape(-1, 4)
            shares = 0.1 + 0.8 * ARCFACE_TEMPLATE  # the crop lies inside the square
            sides = box[:, None, 2:] - box[:, None, :2]
            landmarks = (box[:, None, :2] + shares * sides).astype(np.float32)
            found.append(Faces(box, landmarks, np.ones(len(box), np.float32)))
        return found


def frame(*squares: tuple[int, int], size: tuple[int, int] = (96, 160)) -> Picture:
    """A picture with squares of 32 px at x and of a grey, top row 30."""
    picture = np.zeros((*size, 3), np.uint8)
    for x, grey in squares:
        picture[30:62, x : x + 32] = grey
    return picture


def write_video(
    path: Path, frames: Sequence[Picture], *, rotation: int = 0, has_sound: bool = False
) -> Path:
    """Write MPEG-4 in MP4, as a phone does if it is turned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("mpeg4", rate=FPS)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt, video.bit_rate = "yuv420p", 4_000_000
        sound: Any = out.add_stream("aac", rate=16_000) if has_sound else None
        if has_sound:
            sound.layout = "mono"
        for number, picture in enumerate(frames):
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            shown.pts, shown.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(shown))
        out.mux(video.encode(None))
        if sound is not None:
            n = len(frames) * 16_000 // FPS
            tone = 0.3 * np.sin(np.arange(n - n % 1024, dtype=np.float32) * 0.2)
            for begin in range(0, len(tone), 1024):
                block = av.AudioFrame.from_ndarray(tone[None, begin : begin + 1024], "fltp", "mono")
                block.sample_rate, block.pts = 16_000, begin
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    if rotation:
        turn(path, rotation)
    return path


def turn(path: Path, rotation: int) -> None:
    """Write a turn of so many degrees into the track header of an MP4, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version and flags, times, ids, and so on: then the matrix
    one = 1 << 16
    matrix = {
        90: (0, one, 0, -one, 0, 0, 0, 0, 1 << 30),
        270: (0, -one, 0, one, 0, 0, 0, 0, 1 << 30),
        180: (-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30),
    }[rotation]
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(bytes(data))


def brightness_card(folder: Path) -> Path:
    """Write a frame CNN that says ``Bright`` the more surely, the brighter a face is."""
    import torch

    from features.backbones.loading import build_network

    entries = {
        "name": "brightness",
        "backbone": "tests.predict.videos:build",
        "size": 8,
        "mean": [0.0, 0.0, 0.0],
        "std": [1.0, 1.0, 1.0],
        "embedding": 1,
        "labels": list(LABELS),
        "source": {"file": "brightness.safetensors"},
    }
    path = folder / "brightness.yaml"
    path.write_text(yaml.safe_dump(entries))
    network = build_network(read_card(path))
    head: Any = network.head
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[-5.0], [5.0]]))
        head.bias.copy_(torch.tensor([2.5, -2.5]))
    save_file(network.state_dict(), folder / "brightness.safetensors")
    return path


def build(card: Any) -> Any:
    """The backbone of that card: the mean of a face's pixels is its embedding."""
    import torch

    from features.backbones.network import FaceNetwork

    class Brightness(FaceNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.head = torch.nn.Linear(1, len(card.labels))

        def embed(self, faces: torch.Tensor) -> torch.Tensor:
            return faces.mean((1, 2, 3))[:, None]

    return Brightness()


def bright(grey: float) -> float:
    """What the network says of a face of this grey, by hand."""
    return float(1 / (1 + np.exp(-2 * (5 * grey / 255 - 2.5))))
