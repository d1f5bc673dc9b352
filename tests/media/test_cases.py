"""Real files of public bug reports, where they are, against the right answer to each."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import MediaReader, read_audio
from emotiw.predict.predict_files import Wanted, predict_files
from features.audio.signal import prepare, read_signal
from features.faces.find_faces import find_faces

FOLDER = Path(os.environ.get("EMOTIW_CASES") or "nowhere")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="EMOTIW_CASES names no folder of cases"),
]
LEVEL = 0.0317  # of the reference's sound


def media(name: str) -> Path:
    return FOLDER / "media" / name


@cache
def faces_of(name: str) -> tuple[FaceTracks, dict[str, float | int | str]]:
    return find_faces(media(name))


def rms(samples: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize(
    ("name", "first_face", "first_sound"),
    [
        ("base.mkv", 0.0, 0.0),
        ("v01_audio_starts_0.8s_late.mp4", 0.0, 0.779),  # 21 ms of it are the encoder's
        ("v02_video_starts_0.8s_late.mp4", 0.8, 0.0),
        ("v32_ts_start_40000s.ts", 0.021, 0.0),
    ],
)
def test_faces_and_sound_are_at_their_times(
    name: str, first_face: float, first_sound: float
) -> None:
    tracks, quality = faces_of(name)
    assert tracks.time_sec[0] == pytest.approx(first_face, abs=0.001)
    assert quality["frames_with_face"] == tracks.n_frames == 57
    assert read_audio(media(name)).start_sec == pytest.approx(first_sound, abs=0.001)


def test_a_lossless_trim_lacks_nothing() -> None:
    tracks, quality = faces_of("v03_editlist_trim.mp4")
    assert tracks.n_frames == quality["decoded_frames"] == quality["declared_frames"] == 36
    assert "read_in_part" not in quality


def test_a_hole_in_the_sound_is_kept_and_told() -> None:
    signal = read_signal(media("v04_audio_gap_0.5s.mkv"))
    # five blocks of 4,096 samples
    assert signal.quality["gap_sec"] == pytest.approx(5 * 4096 / 48_000, abs=0.002)
    assert signal.gaps == [pytest.approx((0.683, 1.109), abs=0.001)]
    whole, broken = (read_audio(media(n)) for n in ("ref.wav", "v04_audio_gap_0.5s.mkv"))
    after = slice(round(1.2 * 48_000), round(1.8 * 48_000))
    assert (
        np.corrcoef(whole.waveform[after], broken.waveform[after])[0, 1] > 0.75
    )  # times are whole ms


def test_a_rate_that_varies_keeps_its_times() -> None:
    tracks, _ = faces_of("v05_vfr_30_then_5.mp4")
    seen = tracks.time_sec[tracks.frame]
    assert ((seen >= 0) & (seen < 0.4999)).sum() == 15
    between = seen[(seen >= 0.5999) & (seen < 1.1999)]
    assert between[[0, -1]].tolist() == pytest.approx([0.6, 1.0], abs=0.001)


def test_the_default_track_is_the_clip() -> None:
    signal = read_signal(media("v09_two_audio_second_default.mp4"))
    assert (signal.quality["n_audio_tracks"], signal.quality["audio_track"]) == (2, 1)
    assert signal.waveform is not None
    assert rms(signal.waveform) == pytest.approx(LEVEL, rel=0.05)
    tracks, quality = faces_of("v11_two_video_second_default.mkv")
    assert (quality["n_video_tracks"], quality["video_track"]) == (2, 1)
    assert tracks.frame_size == (480, 360)
    assert quality["frames_with_face"] == 57


@pytest.mark.parametrize(
    "name",
    ["base.mkv", "v14_mirror_matrix.mp4", "v33b_pal_anamorphic_169.avi", "v22_pq_hevc10.mov",
     "v49_phone.3gp", "v32_ts_start_40000s.ts", "v11_two_video_second_default.mkv",
     "c04_upside_down.mp4"],
)  # fmt: skip
def test_the_happy_person_is_happy_however_it_is_stored(name: str) -> None:
    found = predict_files({name: media(name)}, Wanted())[0]
    (row,) = found.whole()
    assert row.scores is not None
    best = max(range(len(found.labels)), key=row.scores.__getitem__)
    assert found.labels[best] == "Happy"  # the answer may be that it isn't sure
    assert row.by_model["face"][best] == pytest.approx(0.5, abs=0.1)
    is_turned = any("upside down" in note for note in found.notes)
    assert is_turned == name.startswith("c04")


def test_dvd_pixels_are_square() -> None:
    tracks, _ = faces_of("v33b_pal_anamorphic_169.avi")
    assert tracks.frame_size == (1024, 576)


@pytest.mark.parametrize("name", ["v25_anim.webp", "v26_anim.apng"])
def test_animations_are_videos(name: str) -> None:
    with MediaReader(media(name)) as reader:
        assert not reader.info.is_still
        assert len(list(reader.frames())) == pytest.approx(19, abs=1)


def test_the_voice_is_found_in_its_channels() -> None:
    for name, told in (("a01_left_only.wav", "only FL"), ("a02_antiphase.wav", "FL-FR")):
        signal = read_signal(media(name))
        assert signal.waveform is not None
        assert rms(signal.waveform) == pytest.approx(LEVEL, rel=0.02)
        assert signal.quality["downmix"] == told


def test_an_offset_is_taken_out() -> None:
    signal, reference = (read_signal(media(name)) for name in ("a04_dc_offset.wav", "ref.wav"))
    assert signal.quality["offset"] == pytest.approx(0.3, abs=0.001)
    assert signal.waveform == pytest.approx(reference.waveform, abs=2e-3)


def test_a_rate_that_changes_within_a_file() -> None:
    audio = read_audio(media("a28_rate_changes.aac"))
    assert audio.duration_sec == pytest.approx(3.9, abs=0.06)
    assert prepare(audio).quality["sampling_rates"] == "48000+22050"
    first, second = np.array_split(audio.waveform, 2)
    assert rms(first) == pytest.approx(LEVEL, rel=0.1)
    assert rms(second) == pytest.approx(LEVEL, rel=0.1)


@pytest.mark.parametrize(("name", "size"), [("pug", (4032, 3024)), ("arrow", (3024, 4032))])
def test_a_phones_photograph_is_whole(name: str, size: tuple[int, int]) -> None:
    with MediaReader(FOLDER / "photos" / f"{name}.heic") as reader:
        assert reader.info.is_still
        (frame,) = reader.frames()
    assert frame.rgb.shape == (size[1], size[0], 3)


def test_nothing_is_read_in_part_but_the_hole() -> None:
    for path in sorted((FOLDER / "media").iterdir()):
        with MediaReader(path) as reader:
            if reader.info.has_video:
                assert sum(1 for _ in reader.frames()) > 1
                assert reader.report.told == "", path.name
            if reader.info.has_audio:
                reader.audio()
                assert (reader.report.told == "") == ("gap" not in path.name), path.name
