"""Everything in a folder is taken or told of, by what it holds and not by its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.media import MediaReader
from emotiw.core.media.file_kinds import MEDIA, is_named_media, kind_of
from emotiw.predict.inputs import media_files
from tests.media.twins import Pictures, Sound, every, image, tone, write

VIDEOS = {
    ".mp4": "mp4", ".mov": "mov", ".m4v": "mp4", ".3gp": "3gp", ".3g2": "3g2", ".mkv": "matroska",
    ".webm": "matroska", ".avi": "avi", ".divx": "avi", ".flv": "flv", ".f4v": "mp4",
    ".ts": "mpegts", ".mts": "mpegts", ".m2ts": "mpegts", ".mpg": "mpeg", ".vob": "vob",
    ".wmv": "asf", ".asf": "asf", ".ogv": "ogg", ".nut": "nut", ".mxf": "mxf", ".qt": "mov",
}  # fmt: skip
CODECS = {
    "mpeg": "mpeg2video", "vob": "mpeg2video", "flv": "flv", "ogg": "libtheora",
    "mxf": "mpeg2video", "asf": "mpeg4", "3gp": "mpeg4", "3g2": "mpeg4",
}  # fmt: skip
SOUNDS = {
    ".wav": "pcm_s16le", ".flac": "flac", ".mp3": "libmp3lame", ".m4a": "aac", ".ogg": "libopus",
    ".opus": "libopus", ".aac": "aac", ".aiff": "pcm_s16be", ".caf": "pcm_s16le",
    ".au": "pcm_s16be", ".w64": "pcm_s16le", ".ac3": "ac3", ".mka": "aac", ".wma": "wmav2",
    ".wv": "wavpack", ".tta": "tta", ".mp2": "mp2",
}  # fmt: skip
STILLS = (".jpg", ".png", ".webp", ".bmp", ".tif", ".gif", ".heic", ".avif", ".jp2", ".ppm")


def make_everything(folder: Path) -> list[str]:
    """Write one of every kind; return the names of those that this FFmpeg can write."""
    import av
    import pillow_heif

    pillow_heif.register_heif_opener()
    folder.mkdir()
    made = []
    for suffix, kind in VIDEOS.items():
        name = f"video {suffix[1:]}{suffix}"
        pictures = Pictures([image(90)] * 8, every(8), CODECS.get(kind, "libx264"), tick_ms=40)
        try:
            write(folder / name, pictures, kind=kind)
        except (av.FFmpegError, ValueError):
            (folder / name).unlink(missing_ok=True)
            continue
        made.append(name)
    for suffix, codec in SOUNDS.items():
        name = f"sound {suffix[1:]}{suffix}"
        samples = tone(440, 0.5, 48_000)
        try:
            write(folder / name, Sound([(0, samples)], 48_000, codec=codec))
        except (av.FFmpegError, ValueError):
            (folder / name).unlink(missing_ok=True)
            continue
        made.append(name)
    for suffix in STILLS:
        Image.fromarray(np.full((40, 60, 3), 80, np.uint8)).save(
            folder / f"still {suffix[1:]}{suffix}"
        )
        made.append(f"still {suffix[1:]}{suffix}")
    return made


def test_forty_kinds_are_clips_with_and_without_their_names(tmp_path: Path) -> None:
    made = make_everything(tmp_path / "clips")
    assert len(made) >= 40
    cohort, warnings, refused = read_challenge(load_spec("folder"), tmp_path / "clips")
    assert sorted(clip.path.name for clip in cohort) == sorted(made)
    assert (warnings, refused) == ([], [])
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in made:
        shutil.copy(tmp_path / "clips" / name, bare / name.replace(".", "-"))
    cohort, warnings, _ = read_challenge(load_spec("folder"), bare)
    assert len(cohort) == len(made)
    assert len(media_files([bare])) == len(made)


def test_forty_kinds_are_read(tmp_path: Path) -> None:
    made = make_everything(tmp_path / "clips")
    for name in made:
        kind = name.split()[0]
        with MediaReader(tmp_path / "clips" / name) as reader:
            info = reader.info
            assert (info.is_still, info.has_audio) == (kind == "still", kind == "sound"), name
            if info.has_video:
                assert [frame.rgb.shape[2] for frame in reader.frames()] == [3] * (
                    1 if info.is_still else 8
                ), name
            else:
                assert reader.audio().duration_sec == pytest.approx(0.5, abs=0.1), name
            assert reader.report.told == "", name


def test_what_is_no_media_is_counted_by_kind(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", Sound([(0, tone(440, 0.5))]))
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("no clip")
    (tmp_path / "module.ts").write_text("export const a = 1;")
    (tmp_path / "notes").write_text("no clip")
    (tmp_path / ".hidden").write_text("the system's own")
    cohort, warnings, _ = read_challenge(load_spec("folder"), tmp_path)
    assert [clip.clip_id for clip in cohort] == ["a"]
    assert warnings == ["5 files are no media: 3 .txt, 1 .ts, 1 without a suffix"]


def test_media_that_a_challenge_does_not_know_are_told_of(tmp_path: Path) -> None:
    for name in ("Train/Happy/a.avi", "Train/Happy/b.3gp", "Train/Happy/c"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, Pictures([image(90)] * 3, every(3), tick_ms=40), kind="avi")
    cohort, warnings, _ = read_challenge(load_spec("afew2018"), tmp_path)
    assert [clip.clip_id for clip in cohort] == ["a"]
    told = "2 files are media, but no clip of this challenge: 1 .3gp, 1 without a suffix"
    assert told in warnings


def test_a_name_alone_is_enough_where_it_means_one_thing(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    cohort, _, _ = read_challenge(load_spec("folder"), tmp_path)
    assert [clip.path.name for clip in cohort] == ["broken.mp4"]  # whose failure the ledger tells


@pytest.mark.parametrize("suffix", MEDIA)
def test_every_suffix_is_lower_case_and_known_once(suffix: str) -> None:
    assert suffix == suffix.lower()
    assert MEDIA.count(suffix) == 1
    assert is_named_media(f"A{suffix.upper()}") or kind_of(Path(f"none{suffix}")) is None
