"""Traps that entrants fell into."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.spec import load_spec
from submissions import CheckReport, check_submission, submission_path, write_submission


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def texts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_vgaf_clips_go_by_name_not_by_number(tmp_path: Path) -> None:
    spec = load_spec("vgaf")
    touch(tmp_path, *(f"Test/Test_{n}.mp4" for n in (1, 2, 10, 100)), "Train/5_2.mp4")
    (tmp_path / "Train_labels.txt").write_text("Vid_name Label\n5_2 3\n")
    manifest, *_ = read_challenge(spec, tmp_path)
    assert manifest["5_2"].label == "Negative"
    assert manifest["5_2"].group == "5"
    ids = submission_ids(spec, tmp_path, manifest)
    assert list(ids) == ["Test_1", "Test_10", "Test_100", "Test_2"]  # as text, on purpose
    answers = {
        "Test_2": "Neutral",
        "Test_10": "Negative",
        "Test_1": "Positive",
        "Test_100": "Neutral",
    }
    path = write_submission(spec, answers, tmp_path / "Stanford231_2.zip", expected_ids=ids)
    assert texts(path) == {f"{clip_id}.txt": word for clip_id, word in answers.items()}


GAF_NAMES = (
    "family-get-together-002.jpg",
    "family-get-together-002.png",
    "screen shot 2017-02-23 at 164431.png",
    "groupphoto3617.JPG",
    "fête.jpeg",
    "a.b.c.xml.jpg",
)


def test_gaf_names(tmp_path: Path) -> None:
    spec = load_spec("gaf2017")
    touch(tmp_path, *(f"Distribution/{name}" for name in GAF_NAMES))
    touch(tmp_path, "train/Positive/groupphoto3617.jpg", "train/Negative/only.jpg")
    manifest, warnings, _ = read_challenge(spec, tmp_path)
    tests = [clip.clip_id for clip in manifest.select("test")]
    assert sorted(tests) == sorted(
        [
            "family-get-together-002.jpg",
            "family-get-together-002.png",
            "screen shot 2017-02-23 at 164431",
            "groupphoto3617",
            "fête",
            "a.b.c.xml",
        ]
    )
    assert any("share the id 'family-get-together-002'" in warning for warning in warnings)
    assert any("2 names belong to several clips" in warning for warning in warnings)
    assert manifest["train-Positive-groupphoto3617.jpg"].label == "Positive"
    path = write_submission(spec, dict.fromkeys(tests, "Neutral"), tmp_path / "t.zip")
    assert set(texts(path)) == {f"{clip_id}.txt" for clip_id in tests}
    assert check_submission(spec, path, expected_ids=tests).is_ok


def test_a_zip_made_on_a_mac_has_its_accents_explained(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fe\u0302te.txt", "Neutral")
    report = check_submission(load_spec("gaf2017"), path, expected_ids=["fête"])
    assert "(is it 'fête.txt'?)" in str(report)


def test_warnings_about_labels(tmp_path: Path) -> None:
    spec = load_spec("afew2017")
    answers = {f"{n:03}": "Neutral" if n < 80 else "Happy" for n in range(100)}
    path = write_submission(spec, answers, tmp_path / "t.zip")
    training = [*spec.labels] * 10
    earlier = {
        "attempt 1": answers,
        "attempt 2": {**answers, **dict.fromkeys(list(answers)[:10], "Sad")},
    }
    report = check_submission(
        spec, path, expected_ids=answers, training_labels=training, earlier=earlier
    )
    assert report.is_ok
    by_kind = {finding.kind: finding for finding in report.findings}
    assert by_kind["never predicted"].items == ("Angry", "Disgust", "Fear", "Sad", "Surprise")
    assert "Neutral 80% (14% in training)" in by_kind["far from training"].items
    assert by_kind["far from training"].advice.startswith("71%")  # .8 - 1/7 + .2 - 1/7
    assert by_kind["like an earlier attempt"].items == (
        "100.0% of the answers are those of attempt 1",
    )
    assert by_kind["agreement"].items == ("90.0% of the answers are those of attempt 2",)


def test_one_number_for_all_is_a_warning(tmp_path: Path) -> None:
    spec = load_spec("engagewild2020")
    path = write_submission(spec, {"a": 0.5, "b": 0.5}, tmp_path / "t.zip")
    report = check_submission(spec, path, expected_ids=["a", "b"])
    assert report.is_ok
    assert report.kinds == {"never varies"}
    earlier = {"attempt 1": {"a": 0.5004, "b": 0.5}}
    again = check_submission(spec, path, expected_ids=["a", "b"], earlier=earlier)
    assert again.kinds == {"never varies", "like an earlier attempt"}


@pytest.mark.parametrize(("name", "n_rows"), [("mer2025", 20_000), ("afew2017", 6_000)])
def test_large_submissions_are_checked_in_two_seconds(
    name: str, n_rows: int, tmp_path: Path
) -> None:
    ids = [f"samplenew_{n:08}" for n in range(n_rows)]
    spec = load_spec(name)
    answers = {row: spec.labels[n % len(spec.labels)] for n, row in enumerate(ids)}
    path = write_submission(spec, answers, submission_path(spec, tmp_path, "team"))
    start = time.process_time()
    report = check_submission(spec, path, expected_ids=ids)
    assert time.process_time() - start < 2
    assert report.is_ok
    assert len(report.answers) == n_rows
    start = time.process_time()  # the worst case: every row is wrong
    assert not check_submission(spec, path, expected_ids=[row + "x" for row in ids]).is_ok
    assert time.process_time() - start < 2


def test_the_verdict_says_what_is_assumed(tmp_path: Path) -> None:
    assumed = load_spec("engagenet")
    path = write_submission(assumed, {"a": "Engaged"}, submission_path(assumed, tmp_path, "t"))
    report = check_submission(assumed, path, expected_ids=["a"])
    assert "ok; 1 answers read; the header is assumed" in str(report)
    assert CheckReport.from_dict(report.to_dict()).assumed == report.assumed
    proved = load_spec("afew2017")
    path = write_submission(proved, {"a": "Sad"}, tmp_path / "t.zip")
    assert "assumed" not in str(check_submission(proved, path, expected_ids=["a"]))
