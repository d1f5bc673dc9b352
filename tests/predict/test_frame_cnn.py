"""Any video by a network of faces: by hand, person by person, over time, and drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import MediaReader
from emotiw.predict import predict_files as files_module
from emotiw.predict.annotate import PANEL
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.prediction_rows import FilePrediction, Row
from features import extractor as extractor_module
from features.extractor import ClipSource
from features.faces.face_options import FaceOptions
from features.faces.find_faces import find_faces
from features.frames.frame_embeddings import BATCH, FrameEmbeddings, FrameEmbeddingsOptions
from tests.predict.videos import (
    FPS,
    SquareDetector,
    bright,
    brightness_card,
    frame,
    write_video,
)
from tests.report.browser import Page, chromium

DARK, LIGHT = 90, 230


@pytest.fixture(autouse=True)
def squares(monkeypatch: pytest.MonkeyPatch) -> SquareDetector:
    detector = SquareDetector()
    monkeypatch.setattr(files_module, "load_detector", lambda name, **_: detector)
    return detector


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(brightness_card(tmp_path_factory.mktemp("card")))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s: on the left a dark face for all the time, on the right a light one for the last 2 s."""
    frames = [frame((8, DARK), *([(110, LIGHT)] if n >= FPS else [])) for n in range(3 * FPS)]
    return write_video(tmp_path_factory.mktemp("video") / "two.mp4", frames, has_sound=True)


def predict(path: Path, card: str, **more: object) -> FilePrediction:
    wanted = Wanted(weights=card, **more)  # type: ignore[arg-type]
    return predict_files({path.name: path}, wanted)[0]


def whole(found: FilePrediction) -> Mapping[int | None, Row]:
    return {row.person: row for row in found.whole()}


def test_scores_are_means_over_faces_and_then_over_people(two: Path, card: str) -> None:
    rows = whole(predict(two, card))
    assert list(rows) == [None, 0, 1]
    assert (rows[0].n_faces, rows[1].n_faces, rows[None].n_faces) == (30, 20, 50)
    assert rows[0].scores is not None
    assert rows[1].scores is not None
    assert rows[None].scores is not None
    assert rows[0].scores[1] == pytest.approx(bright(DARK), abs=0.03)
    assert rows[1].scores[1] == pytest.approx(bright(LIGHT), abs=0.03)
    together = (rows[0].scores[1] + rows[1].scores[1]) / 2  # of people, not of faces
    assert rows[None].scores[1] == pytest.approx(together, abs=1e-6)
    assert [row.n_people for row in rows.values()] == [2, 1, 1]


def test_windows_show_who_is_there_when(two: Path, card: str) -> None:
    found = predict(two, card, window_sec=1.0, hop_sec=1.0)
    assert [row.n_faces for row in found.windows(None)] == [10, 20, 20]
    assert [row.start_sec for row in found.windows(1)] == [1.0, 2.0]
    assert [found.answer(row) for row in found.windows(0)] == ["Dark"] * 3
    assert [found.answer(row) for row in found.windows(1)] == ["Bright"] * 2


def test_a_clip_alone_and_in_a_folder_has_the_same_answer(
    two: Path, card: str, tmp_path: Path
) -> None:
    other = write_video(tmp_path / "other.mp4", [frame((40, LIGHT))] * 5)
    alone = predict(two, card)
    wanted = Wanted(weights=card)
    both = predict_files({"other": other, two.name: two}, wanted)
    assert both[1] == alone


def test_the_bundled_network_gives_the_same_answer_alone_and_in_a_folder(
    two: Path, tmp_path: Path
) -> None:
    other = write_video(tmp_path / "other.mp4", [frame((40, LIGHT))] * 5)
    both = predict_files({"other": other, "two": two}, Wanted(window_sec=1.0))
    assert not both[1].reason
    assert [row.n_faces for row in both[1].whole()] == [50, 30, 20]
    assert predict_files({"two": two}, Wanted(window_sec=1.0))[0] == both[1]


def test_no_more_than_a_few_crops_are_decoded_at_a_time(
    card: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory does not grow with the length of a video: crops stay as JPEG until their turn."""
    path = write_video(tmp_path / "long.mp4", [frame((8, DARK))] * 200)
    at_once: list[int] = []
    embed = FrameEmbeddings.embed

    def counted(self: FrameEmbeddings, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        at_once.append(len(crops))
        return embed(self, crops)

    monkeypatch.setattr(FrameEmbeddings, "embed", counted)
    monkeypatch.setattr(FaceTracks, "crops", None)  # which decodes all of them
    found = predict(path, card, window_sec=2.0)
    assert found.whole()[0].n_faces == sum(at_once) == 200
    assert max(at_once) == BATCH
    monkeypatch.setattr(extractor_module, "KEPT_FRAMES", 100)
    tracks, _ = find_faces(path, FaceOptions(), detector=SquareDetector())
    options = FrameEmbeddingsOptions(weights=card, values="scores")
    streamed = FrameEmbeddings("frames", options).extract(ClipSource("c", path, tracks))
    monkeypatch.undo()
    kept = FrameEmbeddings("frames", options).extract(ClipSource("c", path, tracks))
    assert np.array_equal(streamed.array.values, kept.array.values)
    assert np.array_equal(streamed.array.present, kept.array.present)


def test_a_video_turned_by_the_phone_is_read_upright(card: str, tmp_path: Path) -> None:
    frames = [frame((8, DARK), (110, LIGHT))] * 6
    plain = whole(predict(write_video(tmp_path / "plain.mp4", frames), card))
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in frames]
    path = write_video(tmp_path / "lying.mp4", lying, rotation=90)
    with MediaReader(path) as reader:
        assert next(iter(reader.frames())).rgb.shape == frames[0].shape
    found = predict(path, card, video=tmp_path / "out")
    turned = whole(found)
    assert {p: row.n_faces for p, row in turned.items()} == {
        p: row.n_faces for p, row in plain.items()
    }
    for person, row in turned.items():
        assert row.scores == pytest.approx(plain[person].scores, abs=0.02)
    with av.open(found.written[0]) as video:
        assert video.streams.video[0].width == 160


def test_the_annotated_video_plays(two: Path, card: str, tmp_path: Path) -> None:
    found = predict(two, card, video=tmp_path / "out", window_sec=1.0)
    assert found.written == (str(tmp_path / "out" / "two.mp4"),)
    with MediaReader(Path(found.written[0])) as reader:
        pictures = list(reader.frames(keep_audio=True))
        sound = reader.audio()
    assert len(pictures) == 30
    assert pictures[-1].time_sec == pytest.approx(2.9, abs=0.02)
    assert pictures[0].rgb.shape == (96 + PANEL, 160, 3)
    assert sound.duration_sec == pytest.approx(3.0, abs=0.15)
    assert np.abs(sound.waveform).max() > 0.2
    with av.open(found.written[0]) as video:
        assert video.streams.video[0].codec_context.name in {"h264", "mpeg4"}
    drawn = pictures[20].rgb[:96].astype(int) - frame((8, DARK), (110, LIGHT)).astype(int)
    boxed = np.abs(drawn).max(axis=2) > 60
    assert boxed[:, :60].any()
    assert boxed[:, 100:].any()
    assert not boxed[34:60, 45:105].any()  # between the faces, above and below which labels stand
    panel = pictures[20].rgb[96:]
    assert len(np.unique((panel.reshape(-1, 3) // 64), axis=0)) > 3  # lines and letters
    left_early = pictures[5].rgb[96:, :40].astype(int) - panel[:, :40]
    assert np.abs(left_early).max() > 60  # the cursor has moved on


@pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (Debian: apt-get install chromium)"
)
def test_a_browser_plays_the_annotated_video(two: Path, card: str, tmp_path: Path) -> None:
    found = predict(two, card, video=tmp_path / "out", window_sec=1.0)
    page_of_it = tmp_path / "page.html"
    page_of_it.write_text("<video muted></video>")
    with Page(tmp_path / "profile") as page:
        page.open(page_of_it)
        state = page.value(
            "new Promise((done, no) => { const v = document.querySelector('video');"
            "v.onerror = () => no(v.error.message);"
            "v.ontimeupdate = () => v.currentTime > 0.3 &&"
            " done([v.duration, v.videoWidth, v.videoHeight]);"
            f"v.src = '{Path(found.written[0]).as_uri()}'; v.play(); }})"
        )
    assert state[0] == pytest.approx(3.0, abs=0.2)
    assert state[1:] == [160, 96 + PANEL]


def test_a_timeline_is_drawn(two: Path, card: str, tmp_path: Path) -> None:
    found = predict(two, card, timeline=tmp_path)
    assert found.written == (str(tmp_path / "two.timeline.png"),)
    with Image.open(found.written[0]) as picture:
        assert min(picture.size) > 400
    from emotiw.predict.timeline import told

    assert told(found, 0) == "person 0: Dark in 2 of 2 windows"


def test_progress_is_told_frame_by_frame(two: Path, card: str) -> None:
    class Counting:
        def __init__(self) -> None:
            self.totals: dict[str, tuple[int, int]] = {}

        def track(self, items, *, stage, total):  # type: ignore[no-untyped-def]
            for number, item in enumerate(items, start=1):
                yield item
                self.totals[stage] = (number, total)

        def say(self, line: str) -> None:
            assert "weights fetch centerface" in line  # where there is only the lesser detector

    progress = Counting()
    predict_files({"two": two}, Wanted(weights=card), progress=progress)
    assert progress.totals["faces, frame by frame"] == (30, 30)
    assert progress.totals["expressions, by 64"] == (1, 1)  # 50 faces


def test_a_photograph_has_its_people_and_no_time(card: str, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    Image.fromarray(frame((8, DARK), (60, LIGHT), (110, LIGHT))).save(path)
    found = predict(path, card, window_sec=1.0, video=tmp_path / "out")
    rows = whole(found)
    assert len(rows) == 4
    assert [row.n_faces for row in rows.values()] == [3, 1, 1, 1]
    assert not found.windows(None)
    assert found.written == (str(tmp_path / "out" / "still.jpg"),)


def test_no_face_is_said_and_a_broken_file_stops_nothing(card: str, tmp_path: Path) -> None:
    empty = write_video(tmp_path / "empty.mp4", [frame()] * 4)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    found = predict_files({"b": broken, "e": empty}, Wanted(weights=card))
    assert found[0].reason.startswith("broken.mp4: not a video")
    assert found[1].rows[0].scores is None
    assert found[1].notes == ("no face found",)


def test_two_files_of_one_name_do_not_overwrite_each_other(card: str, tmp_path: Path) -> None:
    paths = [write_video(tmp_path / d / "x.mp4", [frame((8, DARK))] * 3) for d in ("a", "b")]
    found = predict_files({str(p): p for p in paths}, Wanted(weights=card, video=tmp_path / "out"))
    assert [Path(one.written[0]).name for one in found] == ["x.mp4", "x-1.mp4"]


def test_weights_without_labels_are_refused_with_a_hint(two: Path) -> None:
    with pytest.raises(ConfigError, match="--weights CARD"):
        predict(two, "mtcnn_onet")
    with pytest.raises((ConfigError, WeightsError), match="no weights card"):
        predict(two, "nothing_of_that_name")


def test_the_command_prints_json_and_fails_where_a_file_does(
    card: str, tmp_path: Path, two: Path
) -> None:
    from typer.testing import CliRunner

    from emotiw.cli.app import app

    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    table = tmp_path / "rows.csv"
    arguments = ["predict", str(two), str(broken), "--weights", card, "--workers", "1", "--json"]
    done = CliRunner().invoke(app, [*arguments, "--csv", str(table)])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert [bool(one["reason"]) for one in told] == [False, True]
    assert table.read_text().count("\n") == 1 + 3 + 1
    shown = CliRunner().invoke(app, ["predict", str(two), "--weights", card, "--workers", "1"])
    assert shown.exit_code == 0
    assert "person 1" in shown.stdout
