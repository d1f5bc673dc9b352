"""YuNet's outputs, decoded here and by OpenCV, from a small network that says what it is told."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import pytest
import yaml
from onnx import TensorProto, helper
from PIL import Image
from pydantic import ValidationError

from emotiw.core.errors import WeightsError
from features.faces.detect import load_detector
from features.faces.face_options import FaceOptions
from features.faces.find_faces import find_faces
from features.faces.yunet import OUTPUTS, YunetDetector, decoded

Outputs = dict[str, npt.NDArray[np.float32]]
WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


def empty(height: int, width: int) -> Outputs:
    return {
        name: np.zeros((1, (height // s) * (width // s), WIDTHS[kind]), np.float32)
        for name in OUTPUTS
        for kind, s in [(name.split("_")[0], int(name.split("_")[1]))]
    }


def write_network(folder: Path, outputs: Outputs, sides: tuple[int | str, int | str]) -> str:
    """Write an ONNX file that always answers ``outputs``, and a card for it."""
    nodes, described = [], []
    for name, values in outputs.items():
        flat = values.ravel().tolist()
        tensor = helper.make_tensor(f"{name}_value", TensorProto.FLOAT, values.shape, flat)
        nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        described.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape))
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *sides])
    graph = helper.make_graph(nodes, "yunet", [picture], described)
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "net.onnx")
    card = {
        "name": "mine", "backbone": "yunet", "source": {"file": "net.onnx"},
        "licence": "none", "size": 64, "embedding": 16,
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(card))
    return str(folder / "mine.yaml")


def one_face(outputs: Outputs, stride: int, cell: int, score: float, side: float = 16.0) -> None:
    outputs[f"cls_{stride}"][0, cell] = outputs[f"obj_{stride}"][0, cell] = score
    outputs[f"bbox_{stride}"][0, cell] = [0.5, 0.25, *np.log([side / stride] * 2)]
    outputs[f"kps_{stride}"][0, cell] = [0.1, 0.2, 0.9, 0.2, 0.5, 0.5, 0.2, 0.8, 0.8, 0.8]


def test_a_cell_says_where_its_face_is() -> None:
    outputs = empty(64, 96)
    one_face(outputs, 8, 12 + 3, 0.9)  # row 1, column 3 of 12
    found = decoded(outputs, (64, 96))
    # middle (3.5, 1.25) * 8 = (28, 10), 16 px wide and high
    assert found.box.tolist() == [[20, 2, 36, 18]]
    assert found.landmarks[0, 0].tolist() == pytest.approx([3.1 * 8, 1.2 * 8])
    assert found.landmarks[0, 4].tolist() == pytest.approx([3.8 * 8, 1.8 * 8])
    assert found.confidence.tolist() == pytest.approx([0.9])


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    outputs = empty(64, 64)
    one_face(outputs, 8, 9, 0.8)  # middle (12, 10)
    one_face(outputs, 8, 10, 0.95, side=24)  # middle (20, 10)
    one_face(outputs, 32, 3, 0.7, side=20)  # far away
    one_face(outputs, 16, 0, 0.4)  # not sure enough
    found = decoded(outputs, (64, 64), overlap=0.2)
    assert found.confidence.tolist() == pytest.approx([0.95, 0.7])
    assert len(decoded(outputs, (64, 64), overlap=0.9).box) == 3


def test_opencv_decodes_the_same(tmp_path: Path) -> None:
    size, random = (96, 128), np.random.default_rng(3)
    outputs = empty(*size)
    for name, values in outputs.items():
        kind = name.split("_")[0]
        low, high = (0, 1) if kind in {"cls", "obj"} else (-0.5, 1.2)
        values[...] = random.uniform(low, high, values.shape)
    write_network(tmp_path, outputs, size)
    path = str(tmp_path / "net.onnx")
    theirs = cv2.FaceDetectorYN.create(path, "", size[::-1], 0.6, 1.0, 5000)
    rows = theirs.detect(np.zeros((*size, 3), np.uint8))[1]  # (n, x y w h, 5 points, score)
    found = decoded(
        outputs, size, min_score=0.6, overlap=1.0
    )  # OpenCV rounds to whole px before it compares
    assert len(found.box) == len(rows) > 20
    order, own = np.argsort(-rows[:, 14]), np.argsort(-found.confidence)
    assert np.allclose(found.confidence[own], rows[order, 14], atol=1e-5)
    assert np.allclose(found.box[own, :2], rows[order, :2], atol=1e-3)
    sides = found.box[own, 2:] - found.box[own, :2]
    assert np.allclose(sides, rows[order, 2:4], atol=1e-3)
    assert np.allclose(found.landmarks[own].reshape(-1, 10), rows[order, 4:14], atol=1e-3)


@pytest.mark.parametrize("sides", [("h", "w"), (64, 64)])
def test_boxes_come_back_in_px_of_the_picture(
    tmp_path: Path, sides: tuple[int | str, int | str]
) -> None:
    outputs = empty(64, 64)
    one_face(outputs, 16, 5, 0.99)  # middle (1.5, 1.25) * 16 = (24, 20)
    card = write_network(tmp_path, outputs, sides)
    picture = np.full((128, 120, 3), 90, np.uint8)
    # 128 px high, smallest face 20 px: half of it is looked at, or what fits into the fixed size
    found = YunetDetector(weights=card).detect([picture, picture], 20.0)
    assert len(found) == 2
    assert found[1].box.round(3).tolist() == [[32, 24, 64, 56]]
    Image.fromarray(picture).save(tmp_path / "a.png")
    options = FaceOptions(detector="yunet", weights=card, min_face_still=20)
    tracks, _ = find_faces(tmp_path / "a.png", options)
    assert tracks.box.round(3).tolist() == [[32, 24, 64, 56]]
    assert len(options.weights_fingerprint()) == 64


def test_another_network_is_refused(tmp_path: Path) -> None:
    outputs = empty(64, 64)
    del outputs["kps_8"]
    with pytest.raises(WeightsError, match=r"outputs kps_8.* are missing"):
        YunetDetector(weights=write_network(tmp_path, outputs, (64, 64)))
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no ONNX network"):
        YunetDetector(weights=str(tmp_path / "mine.yaml"))
    with pytest.raises(WeightsError, match="should have 128 cells"):
        decoded(empty(64, 64), (64, 128))


def test_weights_are_asked_for_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    with pytest.raises(ValidationError, match="takes no weights"):
        FaceOptions(detector="mtcnn", weights="yunet")
    with pytest.raises(ValidationError, match="takes no weights"):
        FaceOptions(weights="yunet")
    assert FaceOptions(detector="yunet").resolved().weights == "yunet"
    with pytest.raises(WeightsError, match="emotiw weights fetch yunet"):
        FaceOptions(detector="yunet", weights="yunet").weights_fingerprint()
    with pytest.raises(WeightsError, match="emotiw weights fetch yunet"):
        load_detector("yunet", weights="yunet")
