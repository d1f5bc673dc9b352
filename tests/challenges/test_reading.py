from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ConfigError, ManifestError


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_afew_folders_become_splits_and_labels(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "Train_AFEW/Happy/000143240.avi",
        "Train_AFEW/AlignedFaces_LBPTOP_Points/Faces/000143240/001.jpg",
        "Val_AFEW/Sad/011145880.avi",
        "Val_AFEW/AlignedFaces_LBPTOP_Points_Val/Faces/011145880/001.jpg",
        "Test_vid_Distribute/000000001.avi",
        "Test_vid_Distribute/.DS_Store",
        "Test_vid_Distribute/._000000001.avi",
    )
    manifest, warnings, _ = read_challenge(load_spec("afew2017"), tmp_path)
    assert [(c.clip_id, c.split, c.label) for c in manifest] == [
        ("000000001", "test", None),
        ("000143240", "train", "Happy"),
        ("011145880", "val", "Sad"),
    ]
    assert warnings == [
        "train: 1 clips, 773 were published",
        "val: 1 clips, 383 were published",
        "test: 1 clips, 653 were published",
        "2 files are media, but no clip of this challenge: 2 .jpg",
    ]


def test_all_mistakes_of_a_folder_are_named_at_once(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "Train_AFEW/Angy/1.avi",
        "Train_AFEW/Happy/2.avi",
        "Train_AFEW/3.avi",
        "Val_AFEW/Sad/2.avi",
    )
    with pytest.raises(ManifestError) as caught:
        read_challenge(load_spec("afew2017"), tmp_path)
    message = str(caught.value)
    assert "3 problems" in message
    assert "unknown label 'Angy'; did you mean 'Angry'?" in message
    assert "outside any label's folder, e.g. 3.avi" in message
    assert "'2' belongs to 2 files: Train_AFEW/Happy/2.avi, Val_AFEW/Sad/2.avi" in message


def test_copies_of_a_file_are_taken_once(tmp_path: Path) -> None:
    touch(tmp_path, "Train/Happy/1.avi")
    (tmp_path / "Train/Happy/again").mkdir()
    copy = tmp_path / "Train/Happy/again/1.avi"
    copy.write_bytes((tmp_path / "Train/Happy/1.avi").read_bytes())
    manifest, warnings, _ = read_challenge(load_spec("afew2017"), tmp_path)
    assert len(manifest) == 1
    assert any("taken once" in warning for warning in warnings)
    copy.write_bytes(b"another recording")
    with pytest.raises(ManifestError, match="'1' belongs to 2 files"):
        read_challenge(load_spec("afew2017"), tmp_path)


def test_a_missing_or_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no folder"):
        read_challenge(load_spec("afew2017"), tmp_path / "absent")
    with pytest.raises(ManifestError, match="none of the folders"):
        read_challenge(load_spec("afew2017"), tmp_path)
    with pytest.raises(ManifestError, match="no clips of RAVDESS"):
        read_challenge(load_spec("ravdess"), tmp_path)


RAVDESS = "-01-03-01-02-01"


def test_ravdess_takes_one_form_per_clip_and_leaves_songs_out(tmp_path: Path) -> None:
    touch(
        tmp_path,
        f"Actor_02/01{RAVDESS}-02.mp4",
        f"Actor_02/02{RAVDESS}-02.mp4",
        f"Actor_02/03{RAVDESS}-02.wav",
        f"Actor_03/03{RAVDESS}-03.wav",
        "Actor_03/03-02-03-01-02-01-03.wav",
    )
    manifest, warnings, _ = read_challenge(load_spec("ravdess"), tmp_path)
    assert [(c.clip_id, c.label, c.group, c.fold) for c in manifest] == [
        (f"01{RAVDESS}-02", "happy", "02", 0),
        (f"03{RAVDESS}-03", "happy", "03", 1),
    ]
    assert manifest[f"03{RAVDESS}-03"].extra["speaker"] == "03"
    assert "1 files left out: channel '02'" in warnings
    assert "2 files left out: other forms of the same clips" in warnings


def test_other_published_protocols_are_an_option(tmp_path: Path) -> None:
    touch(tmp_path, *(f"03{RAVDESS}-{actor:02}.wav" for actor in (1, 5, 11)))
    spec = load_spec("ravdess")
    six, *_ = read_challenge(spec.with_options({"protocol": "hicmae"}), tmp_path)
    assert [clip.fold for clip in six] == [0, 1, 2]
    fixed, *_ = read_challenge(spec.with_options({"protocol": "chumachenko"}), tmp_path)
    assert [(clip.split, clip.fold) for clip in fixed] == [
        ("train", None),
        ("test", None),
        ("val", None),
    ]
    none, *_ = read_challenge(spec.with_options({"protocol": "none"}), tmp_path)
    assert {clip.fold for clip in none} == {None}
    with pytest.raises(ConfigError, match="did you mean 'hicmae'"):
        read_challenge(spec.with_options({"protocol": "hicmea"}), tmp_path)


def test_a_name_outside_the_grammar_is_named(tmp_path: Path) -> None:
    touch(tmp_path, f"03{RAVDESS}-01.wav", "03-01-99-01-02-01-01.wav", "holiday.mp4")
    with pytest.raises(ManifestError) as caught:
        read_challenge(load_spec("ravdess"), tmp_path)
    assert "holiday.mp4: the name doesn't fit" in str(caught.value)
    assert "03-01-99-01-02-01-01.wav: unknown label '99'" in str(caught.value)


def test_crema_d_prefers_the_form_with_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "AudioWAV/1001_IEO_NEU_XX.wav", "VideoFlash/1001_IEO_NEU_XX.flv")
    touch(tmp_path, "AudioWAV/1091_IEO_SAD_LO.wav")
    manifest, *_ = read_challenge(load_spec("crema_d"), tmp_path)
    assert [(c.path.suffix, c.label, c.group, c.fold) for c in manifest] == [
        (".flv", "neutral", "1001", 0),
        (".wav", "sad", "1091", 4),
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("below", ["", "ravdess"])
def test_real_ravdess(real_data: Path, below: str) -> None:
    manifest, warnings, _ = read_challenge(load_spec("ravdess"), real_data / below)
    assert len(manifest) == 1440
    assert warnings == []
    sizes = [sum(clip.fold == fold for clip in manifest) for fold in range(5)]
    assert sizes == [300, 300, 300, 300, 240]


@pytest.mark.real_data
def test_real_crema_d(real_data: Path) -> None:
    manifest, warnings, _ = read_challenge(load_spec("crema_d"), real_data)
    assert [clip.label for clip in manifest] == [
        "anger",
        "disgust",
        "fear",
        "happy",
        "neutral",
        "sad",
    ]
    assert warnings == [
        "train: 6 clips, 7442 were published",
        "1 file is no media: 1 .csv",
    ]
