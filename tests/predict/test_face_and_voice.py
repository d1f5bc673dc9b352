"""One answer from faces and a voice: what counts how much, and when there is none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from emotiw.checks.small_clips import small_faces
from emotiw.cli.app import app
from emotiw.core.errors import MediaError
from emotiw.core.progress import Progress
from emotiw.predict import predict_files as files_module
from emotiw.predict.annotate import LANE, LANES_TOP, QUIET, Annotation
from emotiw.predict.camera import watch
from emotiw.predict.face_weight import LEAST, face_weights, mean_of_people
from emotiw.predict.frame_network import FrameCNN
from emotiw.predict.one_answer import SURE_TOGETHER
from emotiw.predict.person_pictures import write_portraits
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.prediction_rows import FilePrediction, as_csv, as_json, prediction_frame
from emotiw.predict.voice_lane import Listener, Utterance, VoiceLane, units
from features.faces.find_faces import find_faces
from tests.media.twins import Sound, tone, write
from tests.predict.videos import FPS, SquareDetector, frame, write_video

FACE = (0.70, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05)  # Angry
SPOKEN = (0.1, 0.1, 0.1, 0.7)  # Sad, of Angry, Happy, Neutral, Sad


@pytest.fixture(autouse=True)
def squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "load_detector", lambda name, **_: SquareDetector())
    files_module._predictor.cache_clear()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[float, ...]]:
    """Every face says the same, and the voice speaks from 1 to 3 s of every file with sound."""
    told: dict[str, tuple[float, ...]] = {"face": FACE, "voice": SPOKEN}

    def faces(self: FrameCNN, tracks: Sequence[object], progress: Progress) -> np.ndarray:
        return np.tile(told["face"], (len(tracks), 1))

    def listen(
        self: Listener, path: Path, duration_sec: float, progress: Progress
    ) -> tuple[VoiceLane, list[str]]:
        spoken = Utterance(1.0, 3.0, 1.6, told["voice"])
        return VoiceLane((Utterance(0.0, 1.0, 0.0, None), spoken)), []

    monkeypatch.setattr(FrameCNN, "scores", faces)
    monkeypatch.setattr(Listener, "listen", listen)
    return told


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [frame((8, 90))] * (3 * FPS)
    return write_video(tmp_path_factory.mktemp("v") / "one.mp4", frames, has_sound=True)


def predict(path: Path, **more: object) -> FilePrediction:
    return predict_files({path.name: path}, Wanted(**more))[0]  # type: ignore[arg-type]


def test_speech_counts_where_it_sounds(video: Path, said: object) -> None:
    found = predict(video, window_sec=1.0, hop_sec=1.0)
    whole, first, second, _ = found.rows
    assert first.by_model.keys() == {"face"}
    assert first.scores == pytest.approx(FACE)
    assert second.by_model.keys() == whole.by_model.keys() == {"face", "voice"}
    assert (first.speech_sec, second.speech_sec, whole.speech_sec) == pytest.approx((0, 0.8, 1.6))
    voice = dict(zip(found.labels, second.by_model["voice"], strict=True))
    assert voice["Sad"] == pytest.approx(0.7 * 4 / 7)
    assert voice["Fear"] == pytest.approx(1 / 7)  # the voice does not know it
    assert second.scores is not None
    assert sum(second.scores) == pytest.approx(1)
    assert found.about(whole)["rests_on"] == "face+voice"


def test_between_two_labels_it_is_unsure_and_says_which(
    video: Path, said: dict[str, tuple[float, ...]]
) -> None:
    said["face"] = (0.30, 0.05, 0.05, 0.05, 0.05, 0.25, 0.25)
    said["voice"] = (0.3, 0.2, 0.2, 0.3)
    found = predict(video)
    row = found.rows[0]
    assert row.is_unsure
    assert found.answer(row) == "unsure"
    assert set(found.nearest(row)) == {"Angry", "Sad"}
    line = next(csv.DictReader(io.StringIO(as_csv([found]))))
    assert (line["prediction"], line["n_people"], line["speech_sec"]) == ("unsure", "1", "1.600")
    assert set(line["nearest"].split(" or ")) == {"Angry", "Sad"}
    told = json.loads(json.dumps(as_json([found])))[0]["rows"][0]
    assert told["prediction"] == "unsure"
    assert set(told["nearest"]) == {"Angry", "Sad"}
    frame_row = prediction_frame([found]).iloc[0]
    assert frame_row["prediction"] == "unsure"
    assert frame_row["derived_valence"] == pytest.approx(told["derived_valence"])


def test_what_both_say_together_has_a_limit_of_its_own(
    video: Path, said: dict[str, tuple[float, ...]]
) -> None:
    said["face"], said["voice"] = (0.55, *[0.075] * 6), (0.25, 0.25, 0.25, 0.25)
    whole, silent, spoken, _ = predict(video, window_sec=1.0, hop_sec=1.0).rows
    assert [row.is_unsure for row in (silent, spoken, whole)] == [False, True, True]
    assert spoken.scores is not None
    assert 0.45 < max(spoken.scores) < SURE_TOGETHER


def test_with_several_people_the_voice_is_everyones(tmp_path: Path, said: object) -> None:
    frames = [frame((8, 90), (110, 200))] * (3 * FPS)
    found = predict(write_video(tmp_path / "two.mp4", frames, has_sound=True))
    everyone, *people = found.whole()
    assert "voice" in everyone.by_model
    assert [row.by_model.keys() for row in people] == [{"face"}, {"face"}]
    assert "several people: the voice counts for everyone together" in found.notes


def test_a_recording_has_a_voice_alone_and_a_photograph_a_face_alone(
    tmp_path: Path, video: Path, said: object
) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(48000), 16000)
    Image.fromarray(frame((8, 90))).save(tmp_path / "b.png")
    names = [predict(tmp_path / name).rows[0].by_model.keys() for name in ("a.wav", "b.png")]
    assert names == [{"voice"}, {"face"}]


def test_a_recording_is_heard_to_its_end_whatever_its_length_seems_to_be(
    tmp_path: Path, said: object
) -> None:
    loud, silent = tone(440, 8.0), np.zeros(16_000 * 40, np.float32)
    sound = Sound([(0, np.concatenate([loud, silent]))], codec="aac")
    found = predict(write(tmp_path / "a.aac", sound, kind="adts"))
    assert abs(found.rows[0].end_sec - 48.0) < 0.5  # a guess by its first seconds says far less


def test_of_a_long_recording_damage_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", Sound([(0, tone(440, 40.0))], codec="pcm_s16le"))
    assert not any("read in part" in note for note in predict(path).notes)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert predict(path).notes[0].startswith("read in part: 20.00 of 40.00 s of sound read")


def test_a_recording_without_samples_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", Sound([(0, tone(440, 1.0))], codec="pcm_s16le"))
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"data") + 8])
    assert predict(path).notes == ("no sound",)
    asked = CliRunner().invoke(app, ["predict", str(path), "--workers", "1"])
    assert asked.exit_code == 1  # a file without an answer, as docs/exit_codes.md has it


def test_lanes_of_face_and_voice_are_drawn(video: Path, said: object, tmp_path: Path) -> None:
    found = predict(video, window_sec=1.0, hop_sec=1.0, timeline=tmp_path)
    with Image.open(found.written[0]) as picture:
        with_lanes = picture.height
    drawn = Annotation(found, None)(frame(), 0, 0.5)
    voice = drawn[96 + LANES_TOP + LANE + 3, :]
    assert voice[30].tolist() == list(QUIET)  # nobody speaks in the first second
    assert voice[100].tolist() != list(QUIET)
    assert with_lanes > 700  # three panels


def test_small_blurred_and_turned_faces_count_less(video: Path) -> None:
    tracks, _ = find_faces(video, detector=SquareDetector())
    quality = np.zeros((len(tracks), 3), np.float32)
    quality[0], quality[1], quality[2], quality[3] = (
        (96, 300, 0),
        (24, 300, 0),
        (96, 2, 0),
        (96, 300, 0.9),
    )
    object.__setattr__(tracks, "quality", quality)
    weights = face_weights(tracks)
    assert weights[0] == 1
    assert weights[1] == pytest.approx(12 / 36)
    assert LEAST < weights[2] < 0.2
    assert weights[3] == pytest.approx(1 / 6)
    assert weights[4] == 1  # nobody measured it


def test_the_picture_of_a_person_is_the_one_that_counts_most(tmp_path: Path) -> None:
    tracks = small_faces(0, 6)  # rows 0 to 5 are one person, 6 to 8 the other
    quality = np.full((len(tracks), 3), (24, 300, 0), np.float32)
    quality[[3, 8], 0] = 96
    object.__setattr__(tracks, "quality", quality)
    written = write_portraits(tracks, tmp_path / "people" / "a")
    assert [path.name for path in written] == ["a.person0.jpg", "a.person1.jpg"]
    assert [path.read_bytes() for path in written] == [tracks.jpeg(3), tracks.jpeg(8)]


def test_portraits_are_written_where_asked_for(video: Path, said: object, tmp_path: Path) -> None:
    wanted = Wanted(portraits=tmp_path / "people")
    found = predict_files({"one": video}, wanted)[0]
    assert found.written == (str(tmp_path / "people" / "one.person0.jpg"),)


def test_people_count_alike_and_a_glimpse_less() -> None:
    means = np.array([[1.0, 0.0], [0.0, 1.0]])
    even, glimpse = (mean_of_people(means, np.ones(2), np.array([9.0, sec])) for sec in (3.0, 0.05))
    assert even.tolist() == [0.5, 0.5]
    assert glimpse[1] == pytest.approx(0.1 / 1.1)


def test_an_hour_is_heard_in_parts_of_four_seconds() -> None:
    spans = units(3600.0)
    assert len(spans) == 900
    assert spans[-1][1] == 3600.0


def test_a_camera_is_answered_window_by_window(video: Path, said: object) -> None:
    found = list(watch(str(video), Wanted(), window_sec=1.0))
    assert [len(one.rows) for one in found] == [1, 1, 1]
    assert [one.rows[0].n_faces for one in found] == [10, 10, 10]


def test_no_camera_is_one_sentence() -> None:
    with pytest.raises(MediaError, match="camera 97: OpenCV can't open it"):
        next(watch("97", Wanted()))
