"""Annotations frame by frame, as every edition of ABAW hands them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.core.errors import ManifestError
from tests.challenges.step_layouts import FPS, FRAMES, abaw, mtl, video

VA = load_spec("abaw_va")


def mistakes(spec: ChallengeSpec, root: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        read_challenge(spec, root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("track", "above", "folder", "listed"),
    [
        ("va", "annotations/", "VA_Set", "FG_2021_ABAW_VA_test_set_example.txt"),
        ("va", "", "VA_Estimation_Challenge", "CVPR_6th_ABAW_VA_test_set_sample.txt"),
        ("expression", "annotations/", "EXPR_Set", "ABAW_EXPR_test_set_example.txt"),
        (
            "expression",
            "Third ABAW Annotations/",
            "EXPR_Classification_Challenge",
            "CVPR_3rd_ABAW_Expr_test_set_example.txt",
        ),
        (
            "au",
            "5th_ABAW_Annotations/annotations/",
            "AU_Detection_Challenge",
            "CVPR_5th_ABAW_AU_test_set_example.txt",
        ),
    ],
)
def test_every_edition_has_the_same_answers(
    track: str, above: str, folder: str, listed: str, tmp_path: Path
) -> None:
    layout, spec = abaw(track, folder, listed, above), load_spec(f"abaw_{track}")
    layout.make(tmp_path)
    cohort, *_ = read_challenge(spec, tmp_path)
    key = cohort.answer_key()
    assert {c.clip_id: (c.split, key.get(c.clip_id), c.group) for c in cohort} == layout.found
    assert submission_ids(spec, tmp_path, cohort) == FRAMES


def test_steps_have_the_times_of_their_frames(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    (tmp_path / "batch1/12.mp4").write_bytes(video(3, 10))
    cohort, *_ = read_challenge(VA, tmp_path)
    steps = cohort.steps_of("12")
    assert steps.names == ("00001.jpg", "00002.jpg", "00003.jpg")
    assert steps.time_sec == pytest.approx([0, 0.1, 0.2])
    assert steps.answers[[0, 2]].tolist() == [[0.5, -0.5], [0.25, 0.5]]
    assert np.isnan(steps.answers[1]).all()
    asked = cohort.steps_of("2-30-640x360")
    assert asked.names == ("00001.jpg", "00003.jpg")
    assert asked.time_sec == pytest.approx([0, 2 / FPS])
    assert not asked.is_annotated.any()


def test_minus_one_is_a_valence_and_no_label(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    cohort, *_ = read_challenge(VA, tmp_path)
    assert cohort.steps_of("20").answers.tolist() == [[1, -1], [-1, 0.5]]
    abaw("au").make(tmp_path)
    units, *_ = read_challenge(load_spec("abaw_au"), tmp_path)
    first, second = units.steps_of("13_right").answers
    assert np.isnan(first).tolist() == [True] + [False] * 11
    assert np.isnan(second).all()


def test_two_people_of_one_video_are_two_clips_and_two_groups(tmp_path: Path) -> None:
    abaw("expression").make(tmp_path)
    cohort, warnings, _ = read_challenge(load_spec("abaw_expression"), tmp_path)
    left, right = cohort["13_left"], cohort["13_right"]
    assert left.path == right.path
    assert left.path.name == "13.mp4"
    assert (left.group, right.group, cohort["12"].group) == ("13_left", "13_right", None)
    assert any("2 clips are of one of several people" in warning for warning in warnings)
    same = cohort.with_contents(lambda clip: clip.path.name)
    assert same.originals["13_right"] == "13_right"  # no copy of the other


def test_rows_of_several_answers_in_one_list(tmp_path: Path) -> None:
    mtl().make(tmp_path)
    spec = load_spec("abaw_mtl")
    cohort, *_ = read_challenge(spec, tmp_path)
    steps = cohort.steps_of("12")
    assert steps.names == ("00001.jpg", "00002.jpg", "00005.jpg")
    assert steps.time_sec == pytest.approx([0, 1 / FPS, 4 / FPS])
    label, valence, arousal = steps.answers[:, :3].T
    assert np.isnan([label[0], valence[0], arousal[0], *steps.answers[2, 3:]]).all()
    assert (label[1], valence[1], arousal[1]) == (4, 0.5, -0.5)
    assert cohort.rows["12/00002.jpg"].answers[:3] == ("Happiness", 0.5, -0.5)
    assert cohort.rows["12/00001.jpg"].answers[:3] == (None, None, None)


def test_without_its_video_a_frame_has_no_time(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    (tmp_path / "batch1/12.mp4").unlink()
    (tmp_path / "batch2/20.mp4").write_bytes(b"cut off")
    told = mistakes(VA, tmp_path)
    assert "2 videos are missing or can't be read, e.g. 12" in told
    assert "frame_rate" in told
    cohort, warnings, _ = read_challenge(VA.with_options({"frame_rate": 30}), tmp_path)
    assert cohort.steps_of("12").time_sec == pytest.approx([0, 1 / 30, 2 / 30])
    assert cohort.steps_of("13_left").time_sec == pytest.approx([0, 1 / FPS, 2 / FPS])
    assert any("come 30 times a second, as stated" in warning for warning in warnings)


def test_one_of_two_videos_is_taken_by_its_extension_and_else_refused(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    (tmp_path / "batch1/12.avi").write_bytes(video(5, 5))
    cohort, *_ = read_challenge(VA, tmp_path)
    assert cohort["12"].path.name == "12.mp4"
    (tmp_path / "batch2/12.mp4").write_bytes(video(5, 5))
    assert "clip '12' has 2 files: batch1/12.mp4, batch2/12.mp4" in mistakes(VA, tmp_path)


def test_annotations_that_go_on_after_the_video(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    (tmp_path / "batch1/12.mp4").write_bytes(video(2))
    cohort, warnings, _ = read_challenge(VA, tmp_path)
    assert cohort.steps_of("12").time_sec == pytest.approx([0, 1 / FPS, 2 / FPS])
    assert any("fewer frames than are annotated" in warning for warning in warnings)
    text = next(tmp_path.rglob("Train_Set/12.txt"))
    text.write_text("valence,arousal\n" + "0,0\n" * (FPS + 3))
    told = mistakes(VA, tmp_path)
    assert "12: batch1/12.mp4 has 2 frames, and frame 28 is annotated" in told
    assert "is it the same video?" in told


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    text = next(tmp_path.rglob("Train_Set/12.txt"))
    text.write_text("valence,arousal\n0.5,2\nhigh,0\n-5,0.5\n")
    listed = next(tmp_path.glob("*test_set*"))
    listed.write_text(listed.read_text() + "10/last.jpg,0,0\n10/00001.jpg,0,0\n")
    told = mistakes(VA, tmp_path)
    assert "Train_Set/12.txt:2: arousal '2' is not from -1 to 1" in told
    assert "Train_Set/12.txt:3: valence 'high' is not a number" in told
    assert "test_set_example.txt:5: '10/last.jpg' is no video/00001.jpg" in told
    assert "10: a frame comes twice" in told
    abaw("expression").make(tmp_path)
    text = next(tmp_path.rglob("EXPR*/Train_Set/12.txt"))
    text.write_text("Neutral,Anger,Joy\n1\n3\n")
    told = mistakes(load_spec("abaw_expression"), tmp_path)
    assert "12.txt:1: 'Joy' is none of Neutral" in told
    assert "12.txt:3: '3' is no label (expected 0 to 2)" in told


def test_an_edition_of_fewer_labels_is_read_by_their_names(tmp_path: Path) -> None:
    abaw("expression").make(tmp_path)
    text = next(tmp_path.rglob("Train_Set/12.txt"))
    text.write_text("Neutral,Anger,Surprise\n2\n2\n")
    cohort, *_ = read_challenge(load_spec("abaw_expression"), tmp_path)
    assert cohort["12"].label == "Surprise"


def test_a_list_alone_and_annotations_alone(tmp_path: Path) -> None:
    abaw("va").make(tmp_path)
    listed = next(tmp_path.glob("*test_set*"))
    text = listed.read_text()
    listed.unlink()
    cohort, warnings, _ = read_challenge(VA, tmp_path)
    assert not cohort.select("test")
    assert any(warning.startswith("test: no ") for warning in warnings)
    for path in tmp_path.rglob("*_Set/*.txt"):
        path.unlink()
    listed.write_text(text)
    cohort, *_ = read_challenge(VA, tmp_path)
    assert {clip.split for clip in cohort} == {"test"}
