"""What it costs to read faces from crops, and how much of it sharpening brings back.

    python benchmarks/sharpness.py [--every 1]

A face in a video is cut out into a crop and made smaller for the network, and loses fine detail on
the way that FER2013's images have. Here the held-out images of FER2013 go the same way: each
is put into a crop where its framing says, and read from there as the card says, with other
resampling and sharpening. The last column shows what it means for six CREMA-D clips, by the mean
over their frames. To the images all that `sharpen` can be from 0 to 1 is alike; the bundled
card's was chosen by the clips.

Reads fer2013.zip and crema_d/ of the folder that EMOTIW_REAL_DATA names.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.core.config import packaged
from emotiw.core.weights import WeightsCard, read_card
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.face_source import split_off_inner
from emotiw.models.backbone.recipe_faces import faces_for, framing_of
from features.backbones.loading import load_network
from features.backbones.network import FaceNetwork
from features.backbones.prepare import prepare_faces
from features.faces.find_faces import find_faces
from features.frames.frame_embeddings import BATCH

CROP = 112
AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
ANSWERS = {"anger": "Angry"}  # where CREMA-D's word is another
Crops = npt.NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take one of so many faces and frames")
    every = parser.parse_args().every
    data = Path(os.environ.get("EMOTIW_REAL_DATA", "data"))
    if not all((data / name).exists() for name in ("fer2013.zip", "crema_d")):
        print("EMOTIW_REAL_DATA names no folder with fer2013.zip and crema_d/: nothing measured")
        return
    card = read_card("emotion_cnn")
    network = load_network(card)
    recipe = BackboneRecipe.read(packaged("recipes", "fer2013.yaml"))
    faces = faces_for(recipe, data / "fer2013.zip", "train")
    held_out = split_off_inner(faces, recipe.validation_fraction, recipe.seed)[1]
    pictures = torch.from_numpy(held_out.images[::every, ..., 0])[:, None]
    answers = torch.from_numpy(held_out.targets[::every])
    crops = in_crops(pictures.float(), framing_of(recipe))
    with (data / "crema_d" / "manifest.csv").open(newline="") as file:
        spoken = {
            row["file"]: ANSWERS.get(row["label"], row["label"].title())
            for row in csv.DictReader(file)
        }
    clips = {name: _crops(data / "crema_d" / name)[::every] for name in spoken}

    edge = (recipe.side - card.size) // 2
    middle = pictures[..., edge:-edge, edge:-edge].float() / 255
    _print(f"{len(pictures)} images as they are", _logits(network, middle), answers, "")
    for resample, amount in [("bilinear", 0.0), *(("bicubic", amount) for amount in AMOUNTS)]:
        shown = card.model_copy(update={"resample": resample, "sharpen": amount})
        n_right = sum(_answer(network, shown, clips[name]) == spoken[name] for name in clips)
        logits = _logits(network, torch.from_numpy(prepare_faces(crops, shown)))
        note = f"{n_right} of {len(clips)} clips"
        _print(f"from crops, {resample}, sharpen {amount}", logits, answers, note)


def in_crops(pictures: Tensor, framing: tuple[float, float, float, float]) -> Crops:
    """Return the crops of which these images are the part that the framing names."""
    place = (torch.arange(CROP) + 0.5) / CROP
    across, down = (
        (place - framing[low]) / (framing[low + 2] - framing[low]) * 2 - 1 for low in (0, 1)
    )
    grid = torch.stack([across.expand(CROP, CROP), down[:, None].expand(CROP, CROP)], 2)
    grey = F.grid_sample(
        pictures, grid.expand(len(pictures), -1, -1, -1), padding_mode="border", align_corners=False
    )
    return np.repeat(grey.round().byte().permute(0, 2, 3, 1).numpy(), 3, axis=3)


def _crops(path: Path) -> Crops:
    tracks, _ = find_faces(path)
    return np.stack([tracks.crop(row) for row in range(len(tracks))])


@torch.inference_mode()
def _logits(network: FaceNetwork, faces: Tensor) -> Tensor:
    parts = [network.embed_and_score(part)[1] for part in faces.split(BATCH)]
    return torch.cat([part for part in parts if part is not None])


def _answer(network: FaceNetwork, card: WeightsCard, crops: Crops) -> str:
    mean = _logits(network, torch.from_numpy(prepare_faces(crops, card))).softmax(1).mean(0)
    return card.labels[int(mean.argmax())]


def _print(name: str, logits: Tensor, answers: Tensor, note: str) -> None:
    right = float((logits.argmax(1) == answers).float().mean())
    loss = float(F.cross_entropy(logits, answers))
    print(f"{name:36} accuracy {100 * right:.2f}  log loss {loss:.3f}  {note}", flush=True)


if __name__ == "__main__":
    main()
