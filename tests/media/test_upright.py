"""Images are upright and of square pixels, as a player shows them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
import yaml

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import MediaReader
from emotiw.core.media.lazy_pictures import grey_of
from emotiw.runs.run import open_run
from emotiw.runs.stages.face_previews import write_crops, write_previews
from emotiw.runs.stages.faces import face_tracks, find_all_faces
from emotiw.runs.stages.index import make_index
from features.faces.detect import Detector, Faces
from features.faces.find_faces import find_faces
from features.faces.orientation import turn_of, turned_back
from features.faces.recut import recut
from tests.in_process import IN_PROCESS
from tests.media.twins import Pictures, Sound, every, image, tone, write

MATRICES = [  # a, b, c, d of x' = a·x + c·y, y' = b·x + d·y, and the corner that (0, 0) comes to
    ((1, 0, 0, 1), "top left"),
    ((-1, 0, 0, 1), "top right"),
    ((1, 0, 0, -1), "bottom left"),
    ((-1, 0, 0, -1), "bottom right"),
    ((0, 1, 1, 0), "top left"),
    ((0, 1, -1, 0), "top right"),
    ((0, -1, 1, 0), "bottom left"),
    ((0, -1, -1, 0), "bottom right"),
]


def corner_of(grey: npt.NDArray[np.uint8]) -> str:
    """Return in which corner the white mark is."""
    height, width = grey.shape
    rows, columns = np.nonzero(grey > 200)
    return (
        f"{'top' if rows.mean() < height / 2 else 'bottom'} "
        f"{'left' if columns.mean() < width / 2 else 'right'}"
    )


@pytest.mark.parametrize(("matrix", "corner"), MATRICES)
def test_every_display_matrix_is_followed(
    tmp_path: Path, matrix: tuple[int, int, int, int], corner: str
) -> None:
    path = write(tmp_path / "a.mp4", Pictures([image(40)] * 3, every(3)))
    data = bytearray(path.read_bytes())
    where = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    data[where : where + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    with MediaReader(path) as reader:
        frame = next(reader.frames())
    assert frame.rgb.shape[:2] == ((64, 48) if matrix[0] == 0 else (48, 64))
    assert frame.pixels.shape == frame.rgb.shape
    assert corner_of(frame.rgb[..., 1]) == corner
    assert corner_of(grey_of(frame.pixels)) == corner
    assert frame.rgb.flags["C_CONTIGUOUS"]
    is_wide = bool(matrix[0])
    mark = np.nonzero(frame.rgb[..., 1] > 200)
    tall, wide = (int(np.ptp(axis)) + 1 for axis in mark)
    assert (wide > tall) == is_wide  # 21 by 16 px as it is stored


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi"])
@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(2), (128, 48)), (Fraction(64, 45), (91, 48)), (None, (64, 48))]
)
def test_pixels_are_square(
    tmp_path: Path, name: str, aspect: Fraction | None, size: tuple[int, int]
) -> None:
    codec = "libx264" if name.endswith("mp4") else "mpeg4"
    path = write(tmp_path / name, Pictures([image(40)] * 3, every(3), codec, aspect=aspect))
    with MediaReader(path) as reader:
        frame = next(reader.frames())
        assert (reader.info.width, reader.info.height) == size
    assert frame.pixels.shape == frame.rgb.shape == (size[1], size[0], 3)
    mark = (frame.rgb[:, :, 1] > 150).any(axis=0).sum()
    assert mark == pytest.approx(size[0] / 3, abs=3)
    assert grey_of(frame.pixels).shape == (size[1], size[0])
    np.testing.assert_array_equal(frame.pixels[2:30, 1:50], frame.rgb[2:30, 1:50])


def test_images_that_change_size_are_brought_into_the_first(tmp_path: Path) -> None:
    parts = []
    for number, size in enumerate([(64, 48), (96, 48)]):
        part = write(
            tmp_path / f"{number}.ts",
            Pictures([image(40, size)] * 5, every(5, begin_ms=200 * number), codec="libx264"),
        )
        parts.append(part.read_bytes())
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(parts))
    with MediaReader(path) as reader:
        frames = list(reader.frames())
    assert {frame.rgb.shape for frame in frames} == {(48, 64, 3)}
    assert len(frames) == 10
    last = frames[-1].rgb[..., 1]
    assert not (last[:6] > 30).any()  # 96 x 48 in 64 x 48: black above and below
    assert last[30, 40] == pytest.approx(40, abs=6)


class CornerDetector(Detector):
    """Finds the white mark as a face that looks away from its corner of the image."""

    min_face_px = 5.0
    points_tell_up = True

    def detect(self, pictures: list[npt.NDArray[np.uint8]], smallest_px: float) -> list[Faces]:  # type: ignore[override]
        return [self._detect(picture) for picture in pictures]

    def _detect(self, picture: npt.NDArray[np.uint8]) -> Faces:
        rows, columns = np.nonzero(picture[..., 1] > 200)
        if not len(rows):
            return Faces.none()
        top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
        x, y = np.array([0.3, 0.7, 0.5, 0.35, 0.65]), np.array([0.3, 0.3, 0.5, 0.8, 0.8])
        is_upright = rows.mean() < picture.shape[0] / 2 and columns.mean() < picture.shape[1] / 2
        if not is_upright:
            y = 1 - y
        points = np.stack([left + x * (right - left), top + y * (bottom - top)], axis=1)
        return Faces(
            np.array([[left, top, right, bottom]], np.float32),
            points[None].astype(np.float32),
            np.array([0.99], np.float32),
        )


@pytest.mark.parametrize("turns", range(4))
def test_a_clip_on_its_side_is_searched_upright(tmp_path: Path, turns: int) -> None:
    lying = np.ascontiguousarray(np.rot90(image(40), -turns))
    assert turn_of([lying], CornerDetector(), 5) == turns
    path = write(tmp_path / "a.mkv", Pictures([lying] * 8, every(8)))
    tracks, quality = find_faces(path, detector=CornerDetector())
    assert quality.get("turned_deg", 0) == 90 * turns
    assert tracks.frame_size == lying.shape[1::-1]
    rows, columns = np.nonzero(lying[..., 1] > 200)
    expected = [columns.min(), rows.min(), columns.max(), rows.max()]
    assert tracks.box[0] == pytest.approx(expected, abs=2)
    # crops stand upright, and cutting them out again by what is kept gives the same
    row, again = next(recut(path, tracks, tracks.crop_size))
    assert np.abs(again.astype(int) - tracks.crop(row)).mean() < 4


def test_faces_of_a_turned_image_come_back_to_where_they_are() -> None:
    size = (10, 6)
    for turns in (1, 2, 3):
        marked = np.zeros((6, 10))
        marked[1, 2] = 1  # x = 2, y = 1
        y, x = np.argwhere(np.rot90(marked, turns))[0]
        tracks = one_point(float(x), float(y))
        back = turned_back(tracks, turns, size)
        assert back.landmarks[0, 0].tolist() == [2, 1]
        transform, old = back.transform[0], tracks.transform[0]
        assert (transform @ [2, 1, 1]).tolist() == pytest.approx((old @ [x, y, 1]).tolist())


def one_point(x: float, y: float) -> FaceTracks:
    return FaceTracks(
        n_frames=1,
        time_sec=np.zeros(1),
        frame_size=(6, 10),
        track=np.zeros(1, np.int32),
        frame=np.zeros(1, np.int32),
        box=np.array([[x, y, x, y]], np.float32),
        landmarks=np.full((1, 5, 2), [x, y], np.float32),
        confidence=np.ones(1, np.float32),
        origin=np.zeros(1, np.uint8),
        transform=np.array([[[2, 0, 5], [0, 2, -1]]], np.float32),
        crop_size=8,
        crop_jpeg=np.zeros(0, np.uint8),
        crop_offset=np.zeros(2, np.int64),
    )


def test_a_recording_has_no_faces_and_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.ones((1, 800), np.int16), format="s16", layout="mono")
        block.sample_rate = 16_000
        out.mux(stream.encode(block))
    tracks, quality = find_faces(path, detector=CornerDetector())
    assert (len(tracks), tracks.n_frames, quality) == (0, 0, {"pictures": "missing"})


def test_the_ledger_says_that_a_clip_was_turned(tmp_path: Path) -> None:
    lying = np.ascontiguousarray(np.rot90(image(40), 2))
    (tmp_path / "clips").mkdir()
    write(tmp_path / "clips/a.mkv", Pictures([lying] * 8, every(8)))
    recipe = tmp_path / "own.yaml"
    settings = {
        "challenge": "folder",
        "data": {"root": str(tmp_path / "clips")},
        "paths": {"runs": str(tmp_path / "runs")},
        "execution": IN_PROCESS,
        "faces": {"detector": "tests.media.test_upright:CornerDetector"},
    }
    recipe.write_text(yaml.safe_dump(settings))
    run = open_run(recipe)
    make_index(run)
    (row,) = find_all_faces(run)
    assert (row.status, row.quality["turned_deg"]) == ("ok", 180)
    assert row.reason == "images seem upside down: turned to find faces"


def test_previews_and_crops_are_of_the_track_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    other = image(200)[::-1]  # as large, and marked as the default
    tracks = (
        Pictures([image(40)] * 8, every(8), is_default=False),
        Pictures([np.ascontiguousarray(other)] * 8, every(8)),
    )
    write(tmp_path / "clips/a.mkv", *tracks)
    write(tmp_path / "clips/heard.wav", Sound([(0, tone(300, 0.5))]))
    recipe = tmp_path / "own.yaml"
    settings = {
        "challenge": "folder",
        "data": {"root": str(tmp_path / "clips")},
        "paths": {"runs": str(tmp_path / "runs")},
        "execution": IN_PROCESS,
        "faces": {"detector": "tests.media.test_upright:CornerDetector", "video_track": 0},
    }
    recipe.write_text(yaml.safe_dump(settings))
    run = open_run(recipe)
    make_index(run)
    find_all_faces(run)
    assert write_previews(run) == {}  # of a recording there is nothing to draw
    with MediaReader(run.folder / "preview/a.mp4") as reader:
        shown = next(reader.frames()).rgb
    assert np.median(shown) < 100
    assert write_crops(run, "heard", tmp_path / "crops", 64) == 0
    assert write_crops(run, "a", tmp_path / "crops", 64) == 8
    tracks_found = face_tracks(run, "a")
    again = cv2.imread(str(tmp_path / "crops/a/0/000000.png"))[..., ::-1]
    small = cv2.resize(tracks_found.crop(0), (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - small).mean() < 8
