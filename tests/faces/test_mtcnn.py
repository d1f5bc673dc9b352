"""The cascade against the program that its networks come from."""

from __future__ import annotations

import matplotlib.cbook
import numpy as np
import numpy.typing as npt
import pytest
import torch
from facenet_pytorch import MTCNN
from PIL import Image

from features.backbones.mtcnn_networks import ONet, RNet, packaged_state
from features.backbones.mtcnn_onet_graph import OUTPUTS, onet_session
from features.faces.last_network import LastNetwork
from features.faces.mtcnn import MtcnnDetector
from features.faces.proposals import Proposals
from features.faces.squares import squares
from features.faces.track import iou

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def crowd() -> Picture:
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    portrait = Image.open(path).convert("RGB")
    picture = Image.new("RGB", (360, 240), "grey")
    for x, y, width in ((0, 0, 180), (190, 10, 90), (285, 120, 70)):
        picture.paste(
            portrait.resize((width, round(width * 1.18)), Image.Resampling.LANCZOS), (x, y)
        )
    return np.asarray(picture)


def test_the_same_faces_as_facenet_pytorch(crowd: Picture) -> None:
    boxes, confidence, points = MTCNN(keep_all=True).detect(crowd, landmarks=True)
    ours = MtcnnDetector().detect([crowd], 20.0)[0]
    assert len(ours.box) == len(boxes) == 3
    for box, sure, five in zip(boxes, confidence, points, strict=True):
        row = int(np.abs(ours.box - box.astype(float)).sum(axis=1).argmin())
        eyes = np.hypot(*(five[1] - five[0]).astype(float))
        assert iou(ours.box[row : row + 1], box[None].astype(float))[0, 0] > 0.8
        # theirs are up to one px farther right and down: cut out at whole px, told of the box
        away = five.astype(float) - ours.landmarks[row] - 0.5
        assert np.hypot(*away.T).mean() < 0.06 * eyes
        assert -0.5 < away.mean() < 0.5
        assert ours.confidence[row] == pytest.approx(float(sure), abs=0.02)


def test_the_faster_first_network_gives_the_same_numbers() -> None:
    pnet = MTCNN().pnet
    inputs = torch.randn(2, 3, 40, 52, generator=torch.Generator().manual_seed(0))
    proposals = Proposals(pnet.state_dict(), 0.6, torch.device("cpu"))
    with torch.inference_mode():
        moved, odds = pnet(inputs)
        logits, _ = proposals._run(inputs)
    assert torch.allclose(torch.sigmoid(logits), odds[:, 1], atol=1e-5)
    assert moved.shape[2:] == logits.shape[1:]


def test_batches_and_bands_change_nothing(crowd: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    detector, mirrored = MtcnnDetector(), np.ascontiguousarray(crowd[:, ::-1])
    together = detector.detect([crowd, mirrored], 40.0)
    for picture, found in zip((crowd, mirrored), together, strict=True):
        alone = detector.detect([picture], 40.0)[0]
        assert np.allclose(alone.box, found.box, atol=0.01)
        assert np.allclose(alone.landmarks, found.landmarks, atol=0.01)
    monkeypatch.setattr("features.faces.proposals.ROWS", 32)
    assert np.allclose(detector.detect([crowd], 40.0)[0].box, together[0].box, atol=0.01)


def test_a_face_is_found_again_near_where_it_was(crowd: Picture) -> None:
    faces, last = MtcnnDetector().detect([crowd], 20.0)[0], LastNetwork()
    side = faces.box[:, 2:] - faces.box[:, :2]
    shifted = faces.box + np.tile(0.15 * side, 2)
    again = last.points_in(crowd, shifted)
    eyes = np.hypot(*(faces.landmarks[:, 1] - faces.landmarks[:, 0]).T)
    away = np.hypot(*np.moveaxis(again.landmarks - faces.landmarks, -1, 0)).mean(axis=1)
    assert (away / eyes).max() < 0.1
    assert again.confidence.min() > 0.9
    nowhere = np.array([[200, 190, 240, 230], [-90, -90, -20, -20]], np.float32)
    assert last.points_in(crowd, nowhere).confidence.max() < 0.5


def test_points_are_told_of_the_px_that_were_looked_at(crowd: Picture) -> None:
    last = LastNetwork()
    around = squares(MtcnnDetector().detect([crowd], 20.0)[0].box)
    whole = np.trunc(around)
    # the cutout is of whole px, and the same for both; so the points are in the same place
    same = last.looked_at(crowd, whole), last.looked_at(crowd, whole + 0.9)
    assert np.allclose(same[0].landmarks, same[1].landmarks, atol=1e-3)
    # what lies outside of the picture is not shown, and the points are where they are seen
    row = int(around[:, 0].argmin())
    left = float(around[row, 0] + 0.15 * (around[row, 2] - around[row, 0]))
    cut = np.ascontiguousarray(crowd[:, int(left) :])
    box = around[row : row + 1] - np.float32([int(left), 0, int(left), 0])
    points, whole_points = (
        last.looked_at(*told).landmarks[0] + add
        for told, add in (((cut, box), [int(left), 0]), ((crowd, around[row : row + 1]), [0, 0]))
    )
    eyes = np.hypot(*(whole_points[1] - whole_points[0]))
    assert np.hypot(*(points - whole_points).T).mean() < 0.1 * eyes


def test_no_face_no_boxes() -> None:
    empty = np.full((120, 160, 3), 128, np.uint8)
    assert len(MtcnnDetector().detect([empty, empty], 20.0)[1].box) == 0
    assert len(MtcnnDetector().detect([empty[:15]], 20.0)[0].box) == 0


@pytest.mark.parametrize(("name", "side"), [("rnet", 24), ("onet", 48)])
def test_the_networks_are_facenet_pytorchs_bit_for_bit(name: str, side: int) -> None:
    theirs = getattr(MTCNN(), name).eval()
    ours = {"rnet": RNet, "onet": ONet}[name]().eval()
    ours.load_state_dict(packaged_state(name))
    inputs = torch.randn(5, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for own, other in zip(ours(inputs), theirs(inputs), strict=True):
            assert torch.equal(own, other)


def test_the_last_network_says_the_same_without_torch() -> None:
    last = ONet().eval()
    last.load_state_dict(packaged_state("onet"))
    inputs = torch.randn(5, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = [tensor.numpy() for tensor in last(inputs)]
    session = onet_session()
    for own, other in zip(session.run(OUTPUTS, {"input": inputs.numpy()}), expected, strict=True):
        assert np.allclose(own, other, atol=1e-5)
    alone = session.run(OUTPUTS, {"input": inputs[2:3].numpy()})[1]
    assert np.array_equal(alone, session.run(OUTPUTS, {"input": inputs.numpy()})[1][2:3])
