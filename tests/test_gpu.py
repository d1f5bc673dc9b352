"""What a GPU answers is what the processor answers, within stated tolerances.

`make test-gpu` runs these where there is one; elsewhere they are skipped, and the same comparisons
are made with the processor in its place, so that they are at least known to run.
``EMOTIW_TEST_DEVICE`` names another device than the first GPU.

A GPU multiplies in TensorFloat-32 inside convolutions, which keeps ten bits of a factor, and adds
up in another order. So scores may differ by 0.01 (after a short training by 0.03), points of faces
by 2 % of the distance between the eyes, and what bfloat16 computes, which keeps seven bits, by
0.05.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image

from emotiw.core.device import placed, resolve_device
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.probabilities import softmax
from emotiw.core.weights import read_card
from emotiw.models.backbone.recipe_faces import faces_for
from emotiw.models.backbone.train_backbone import train_backbone
from emotiw.models.registry import MODELS
from emotiw.predict.predict_files import Wanted, predict_files
from features.backbones.asked_network import AskedNetwork
from features.extractor import ClipSource
from features.faces.detect import load_detector
from features.faces.find_faces import find_faces
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions
from features.registry import EXTRACTORS
from tests.models.test_networks import TINY, clips, examples, make
from tests.models.test_train_backbone import drawn_faces, small_recipe, write_folder
from tests.predict.videos import SquareDetector, frame, write_video
from tests.test_one_device import options_of

NEAR, HALF, POINTS = 0.01, 0.05, 0.02
CALM = {"dropout": 0.0}  # chance is another one on every device
LEARNING = [
    ("lstm", CALM),
    ("attention", CALM),
    ("c3d", CALM),
    ("c3d", {**CALM, "training": {"precision": "bfloat16", "epochs": 2, "batch_size": 4}}),
    ("face_network", {}),
]


@pytest.fixture(
    scope="module", params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)], autouse=True
)
def device(request: pytest.FixtureRequest) -> str:
    """The device under test."""
    if request.param == "cpu":
        return "cpu"
    asked = os.environ.get("EMOTIW_TEST_DEVICE", "cuda")
    try:
        return resolve_device(asked)
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray[Any, np.dtype[np.uint8]]:
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("name", ["mtcnn", "centerface"])
def test_faces(device: str, portrait: np.ndarray[Any, np.dtype[np.uint8]], name: str) -> None:
    try:
        detectors = [load_detector(name, where) for where in ("cpu", device)]
    except WeightsError as error:
        pytest.skip(str(error))
    pictures = [portrait, np.ascontiguousarray(portrait[:, ::-1])]  # one batch
    for expected, found in zip(*(one.detect(pictures, 40.0) for one in detectors), strict=True):
        assert len(expected.box) == len(found.box) >= 1
        eyes = np.hypot(*(expected.landmarks[0, 1] - expected.landmarks[0, 0]))
        assert np.abs(found.landmarks - expected.landmarks).max() < POINTS * eyes
        assert np.abs(found.box - expected.box).max() < POINTS * eyes * 2
        assert np.abs(found.confidence - expected.confidence).max() < NEAR


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", NEAR), ("bfloat16", HALF)])
def test_the_face_network(device: str, precision: Any, tolerance: float) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3)).astype(np.uint8)
    expected, found = (
        placed(
            FrameEmbeddings("frames", FrameEmbeddingsOptions(values="scores", precision=told)),
            where,
        ).embed(crops)
        for told, where in (("float32", "cpu"), (precision, device))
    )
    assert np.abs(found - expected).max() < tolerance


@pytest.mark.parametrize("name", ["c3d_scene", "scene", "people", "speech_network"])
def test_extractors_with_a_network(device: str, name: str, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "a.mp4", [frame((20, 200))] * 20, has_sound=True)
    tracks, _ = find_faces(clip, detector=SquareDetector())
    kind: Any = EXTRACTORS.resolve(name)
    options = kind.Options.model_validate(options_of(name, tmp_path))
    expected, found = (
        placed(kind(name, options), where).extract(ClipSource("a", clip, tracks)).array
        for where in ("cpu", device)
    )
    assert (expected.present == found.present).all()
    spread = float(np.abs(expected.values).max()) or 1.0
    assert np.abs(found.values - expected.values).max() < NEAR * spread


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_network_answers_elsewhere_as_where_it_learnt(
    device: str, name: str, tmp_path: Path
) -> None:
    known = examples(TINY[name][0], clips(TINY[name][0]))
    model = make(name, {})
    model.fit(known)
    model.save(tmp_path)
    there = placed(MODELS.resolve(name).load(tmp_path), device)
    assert np.abs(there.predict(known) - model.predict(known)).max() < NEAR


@pytest.mark.parametrize(("name", "extra"), LEARNING, ids=str)
def test_training(device: str, name: str, extra: dict[str, Any], tmp_path: Path) -> None:
    known = examples(TINY[name][0], clips(TINY[name][0]))
    models = [placed(make(name, extra), where) for where in ("cpu", device)]
    for model in models:
        model.fit(known)
    expected, found = (model.predict(known) for model in models)
    assert np.abs(found - expected).max() < (HALF if "training" in extra else 3 * NEAR)


def test_a_face_network_is_trained(device: str, tmp_path: Path) -> None:
    faces = faces_for(small_recipe(), write_folder(tmp_path / "faces", drawn_faces(40)))
    crops = np.random.default_rng(0).integers(0, 256, (6, 48, 48, 3)).astype(np.uint8)
    scores = []
    for where in ("cpu", device):
        folder = tmp_path / f"out-{len(scores)}"
        train_backbone(small_recipe(), faces, folder, device=where)
        card = read_card(folder / "small.yaml")
        logits = AskedNetwork(card)(crops)[1]
        assert logits is not None
        scores.append(softmax(logits))
    # drops of chance differ between devices, so what is learnt is alike and not the same
    assert np.isfinite(scores[1]).all()
    assert np.abs(scores[0] - scores[1]).max() < 0.2


def test_predict(device: str, tmp_path: Path, portrait: np.ndarray[Any, Any]) -> None:
    height, width = (side // 2 * 2 for side in portrait.shape[:2])
    clip = write_video(tmp_path / "a.mp4", [portrait[:height, :width]] * 4, has_sound=True)
    expected, found = (
        predict_files({"a": clip}, Wanted(device=where))[0].whole()[0] for where in ("cpu", device)
    )
    assert expected.scores is not None
    assert found.scores is not None
    assert found.n_faces == expected.n_faces == 4
    assert np.abs(np.array(found.scores) - expected.scores).max() < NEAR
