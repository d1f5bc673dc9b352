"""How a face network holds when faces are seen as films show them, and whether it knows.

    python benchmarks/degraded_faces.py [CARD ...] [--every 1] [--clips]

Each CARD is the name or YAML file of a weights card, `emotion_cnn` where none is named; several
stand side by side. Faces are those of FER2013's train/ that the recipe `fer2013` holds out. Each
is degraded as a 48 px picture, before the network's part is cut out of it:

- blur: Gaussian, standard deviation 2.5 px;
- 24 px: shrunk to 24 px by area and brought back, bilinear, then JPEG of quality 30;
- dark: 12 % of its light, noise of standard deviation 2.5 of 255, rounded;
- turned: a plane turned by 40 degrees, left or right, seen from 1.5 sides away;
- hidden: a rectangle of 30 % of the picture's area in one grey, anywhere.

`worst` has blur of 6 px, 3 % of the light and 60 % hidden: nothing to see, so that entropy must
rise. `nothing` are squares of 24 to 200 px of pictures, all of which lie away from every face that
any of four families of detectors found: textures and things of scikit-image's samples, and what is
around people in the shared photographs, their hands and clothes included.

Reads fer2013.zip, faces/ and, with --clips, crema_d/ of the folder that EMOTIW_REAL_DATA names.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from emotiw.core.config import packaged
from emotiw.core.weights import WeightsCard, read_card
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.face_source import split_off_inner
from emotiw.models.backbone.recipe_faces import faces_for
from features.backbones.loading import load_network
from features.backbones.network import FaceNetwork
from features.backbones.prepare import prepare_faces
from features.faces.find_faces import find_faces

SAMPLES = ("brick", "grass", "gravel", "coffee", "moon", "motorcycle_left", "page", "rocket")
PER_PICTURE = 60
ANSWERS = {"anger": "Angry"}  # where CREMA-D's word is another
Picture = npt.NDArray[np.uint8]
Chance = np.random.Generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="*", default=["emotion_cnn"])
    parser.add_argument("--every", type=int, default=1, help="take one of so many faces")
    parser.add_argument("--clips", action="store_true", help="six clips of CREMA-D as well")
    told = parser.parse_args()
    data = Path(os.environ.get("EMOTIW_REAL_DATA", "data"))
    if not (data / "fer2013.zip").exists():
        print("EMOTIW_REAL_DATA names no folder with fer2013.zip: nothing measured")
        return
    recipe = BackboneRecipe.read(packaged("recipes", "fer2013.yaml"))
    faces = faces_for(recipe, data / "fer2013.zip", "train")
    held_out = split_off_inner(faces, recipe.validation_fraction, recipe.seed)[1]
    pictures, answers = held_out.images[:: told.every, ..., 0], held_out.targets[:: told.every]
    shown = {name: degraded(pictures, how) for name, how in DEGRADED.items()}
    nothing = without_faces(data / "faces")
    print(f"{len(pictures)} faces, {len(nothing)} squares without one")
    for name in told.cards:
        card = read_card(name)
        print(f"\n{name}: sha256 {card.sha256[:12]}, unsure below {card.unsure_below}")
        network = load_network(card)
        scores = {how: probabilities(network, card, faces) for how, faces in shown.items()}
        _print_faces(scores, answers)
        _print_unsure(scores["clean"], answers, card.unsure_below)
        found = _of_crops(network, card, nothing)
        unsure = float((found.max(1) < card.unsure_below).mean())
        print(f"nothing: {100 * unsure:.1f} % unsure, entropy {_entropy(found):.2f}")
        if told.clips:
            print(f"CREMA-D: {_clips_right(network, card, data / 'crema_d')} of 6 clips")


def degraded(pictures: Picture, how: Callable[[Picture, Chance], Picture]) -> Picture:
    """Return ``(n, side, side)`` faces degraded, each by chance of its own place in the row."""
    return np.stack([how(face, np.random.default_rng(i)) for i, face in enumerate(pictures)])


def blurred(face: Picture, chance: Chance, deviation: float = 2.5) -> Picture:
    return _bytes(cv2.GaussianBlur(face, (0, 0), deviation))


def small(face: Picture, chance: Chance) -> Picture:
    tiny = cv2.resize(face, (24, 24), interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", tiny, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    back = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    assert back is not None
    return _bytes(cv2.resize(back, face.shape[::-1], interpolation=cv2.INTER_LINEAR))


def dark(face: Picture, chance: Chance, light: float = 0.12) -> Picture:
    return _bytes(light * face + chance.normal(0, 2.5, face.shape))


def turned(face: Picture, chance: Chance, degrees: float = 40, away: float = 3.0) -> Picture:
    """Return a face as a plane turned about its upright middle; half a side is 1 of ``away``."""
    angle = np.radians(degrees) * (1 if chance.random() < 0.5 else -1)
    half = len(face) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float32)
    depth = away + corners[:, 0] * np.sin(angle)
    seen = np.stack([corners[:, 0] * np.cos(angle), corners[:, 1]], 1) * away / depth[:, None]
    onto = cv2.getPerspectiveTransform((corners + 1) * half, ((seen + 1) * half).astype(np.float32))
    return _bytes(
        cv2.warpPerspective(face, onto, face.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    )


def hidden(face: Picture, chance: Chance, share: float = 0.3) -> Picture:
    side = len(face)
    height = min(side, round(side * np.sqrt(share) * chance.uniform(0.75, 1.33)))
    width = min(side, round(share * side * side / height))
    top, left = (int(chance.integers(side - length + 1)) for length in (height, width))
    covered = face.copy()
    covered[top : top + height, left : left + width] = chance.integers(256)
    return covered


def worst(face: Picture, chance: Chance) -> Picture:
    return dark(hidden(blurred(face, chance, 6), chance, 0.6), chance, 0.03)


DEGRADED: dict[str, Callable[[Picture, Chance], Picture]] = {
    "clean": lambda face, chance: face,
    "blur": blurred,
    "24 px": small,
    "dark": dark,
    "turned": turned,
    "hidden": hidden,
    "worst": worst,
}


def without_faces(folder: Path) -> Picture:
    """Return ``(n, 112, 112, 3)`` squares of pictures, none of which overlaps a face."""
    from skimage.data import data_dir

    chance, found = np.random.default_rng(0), []
    boxes: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    if (folder / "consensus.csv").is_file():
        with (folder / "consensus.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                box = [row[name] for name in ("x_min", "y_min", "x_max", "y_max")]
                boxes[row["file"]] += [tuple(map(float, box))] if all(box) else []
    shared = sorted(p for kind in ("stills", "groups") for p in (folder / kind).glob("*"))
    samples = [p for p in sorted(Path(data_dir).glob("*")) if p.stem in SAMPLES]
    for path in samples + shared:
        read = cv2.imread(str(path))
        assert read is not None, path
        picture = _bytes(cv2.cvtColor(read, cv2.COLOR_BGR2RGB))
        near = [b for name, some in boxes.items() if name.endswith(path.name) for b in some]
        if path in shared and not near and path.stem != "free-mountain-vector-01":
            continue
        found += _squares(picture, near, chance)
    return np.stack(found)


def _squares(picture: Picture, near: list[tuple[float, ...]], chance: Chance) -> list[Picture]:
    height, width = picture.shape[:2]
    found: list[Picture] = []
    for _ in range(20 * PER_PICTURE):
        side = int(chance.integers(24, min(200, height, width) + 1))
        top, left = int(chance.integers(height - side + 1)), int(chance.integers(width - side + 1))
        clear = all(
            left + side < x1 or left > x2 or top + side < y1 or top > y2 for x1, y1, x2, y2 in near
        )
        if clear and len(found) < PER_PICTURE:
            square = picture[top : top + side, left : left + side]
            found.append(_bytes(cv2.resize(square, (112, 112), interpolation=cv2.INTER_LINEAR)))
    return found


def probabilities(
    network: FaceNetwork, card: WeightsCard, faces: Picture
) -> npt.NDArray[np.float64]:
    """Return ``(n, n_labels)`` of 48 px grey pictures, whose middle the network sees."""
    edge = (faces.shape[-1] - card.size) // 2
    middle = torch.from_numpy(faces[:, None, edge : edge + card.size, edge : edge + card.size])
    return _scores(network, middle.float() / 255)


def _of_crops(network: FaceNetwork, card: WeightsCard, crops: Picture) -> npt.NDArray[np.float64]:
    return _scores(network, torch.from_numpy(prepare_faces(crops, card)))


@torch.inference_mode()
def _scores(network: FaceNetwork, faces: Tensor) -> npt.NDArray[np.float64]:
    parts = [network.embed_and_score(part)[1] for part in faces.split(128)]
    return torch.cat([p.double().softmax(1) for p in parts if p is not None]).numpy()


def _print_faces(
    scores: dict[str, npt.NDArray[np.float64]], answers: npt.NDArray[np.int64]
) -> None:
    right = {how: float((found.argmax(1) == answers).mean()) for how, found in scores.items()}
    for how, found in scores.items():
        recalls = [(found.argmax(1)[answers == k] == k).mean() for k in set(answers.tolist())]
        print(
            f"{how:8} accuracy {100 * right[how]:.2f}  uar {100 * np.mean(recalls):.2f}  "
            f"entropy {_entropy(found):.3f}"
        )
    mean = np.mean([right[how] for how in scores if how not in ("clean", "worst")])
    print(f"mean of the five degraded: {100 * mean:.2f}")


def _print_unsure(
    scores: npt.NDArray[np.float64], answers: npt.NDArray[np.int64], below: float
) -> None:
    is_sure = scores.max(1) >= below
    right = (scores.argmax(1) == answers)[is_sure].mean()
    order = np.argsort(-scores.max(1))[: round(0.75 * len(answers))]
    best = (scores.argmax(1) == answers)[order].mean()
    print(
        f"answered {100 * is_sure.mean():.1f} % of faces, {100 * right:.1f} % of these right "
        f"(of the surest 75 %: {100 * best:.1f})"
    )


def _clips_right(network: FaceNetwork, card: WeightsCard, folder: Path) -> int:
    n_right = 0
    with (folder / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            tracks, _ = find_faces(folder / row["file"])
            crops = np.stack([tracks.crop(i) for i in range(len(tracks))])
            mean = _of_crops(network, card, crops).mean(0)
            answer = ANSWERS.get(row["label"], row["label"].title())
            n_right += card.labels[int(mean.argmax())] == answer
    return n_right


def _entropy(scores: npt.NDArray[np.float64]) -> float:
    """Return the mean entropy in bits; seven labels alike have 2.81."""
    return float(-(scores * np.log2(scores.clip(1e-12))).sum(1).mean())


def _bytes(picture: npt.NDArray[np.generic]) -> Picture:
    return np.asarray(picture).round().clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
