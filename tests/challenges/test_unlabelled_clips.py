"""Clips to learn from without labels: where folders and tables say so, and folders from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emotiw.challenges.proposal import look
from emotiw.challenges.spec import load_spec
from emotiw.challenges.unlabelled_clips import with_unlabelled
from emotiw.core.errors import ConfigError, ManifestError
from emotiw.runs.pipeline import run_all
from emotiw.runs.stages.index import index
from tests.challenges.test_own_folder import FOLDER, known, read, touch
from tests.runs.small import small_recipe, small_run


def test_a_folder_of_that_name_holds_them_whatever_lies_below(tmp_path: Path) -> None:
    touch(tmp_path, "Happy/1.wav", "sad/2.wav", "Unlabeled/3.wav", "unlabelled/sad/4.wav")
    cohort, _ = read(tmp_path)
    assert known(cohort) == {
        "1": ("train", "Happy", None),
        "2": ("train", "Sad", None),
        "3": ("unlabelled", None, None),
        "4": ("unlabelled", None, None),
    }


def test_a_table_says_it_in_its_column_of_splits(tmp_path: Path) -> None:
    touch(tmp_path, "clips/1.wav", "clips/2.wav", "clips/3.wav")
    rows = "clip,emotion,set\n1,happy,train\n2,sad,train\n3,,unlabelled\n"
    (tmp_path / "labels.csv").write_text(rows)
    found = known(read(tmp_path, table="labels.csv")[0])
    assert found["3"] == ("unlabelled", None, None)


def test_a_labelled_copy_of_the_same_name_is_the_one_that_counts(tmp_path: Path) -> None:
    touch(tmp_path, "sad/1.wav", "unlabelled/2.wav")
    (tmp_path / "unlabelled/1.wav").write_bytes((tmp_path / "sad/1.wav").read_bytes())
    assert known(read(tmp_path)[0])["1"] == ("train", "Sad", None)


def test_start_tells_how_many_there_are(tmp_path: Path) -> None:
    touch(tmp_path, "Happy/1.mp4", "sad/2.mp4", "unlabelled/3.mp4")
    for path in tmp_path.rglob("*.mp4"):
        path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + path.name.encode())
    told = look(tmp_path).told
    assert "splits: 2 train, 0 val, 0 test, 1 unlabelled" in told


class TestOutside:
    def test_media_of_another_folder_are_of_nobody_and_of_a_corpus(self, tmp_path: Path) -> None:
        touch(tmp_path, "here/Happy/1.wav", "here/sad/2.wav", "there/1.wav", "there/deep/5.wav")
        cohort, _ = read(tmp_path / "here")
        both, warnings, refused = with_unlabelled(cohort, FOLDER, {"films": tmp_path / "there"})
        assert known(both)["unlabelled_1"] == ("unlabelled", None, None)
        assert {one.clip_id for one in both.select("unlabelled")} == {"unlabelled_1", "5"}
        assert {one.corpus for one in both.select("unlabelled")} == {"films"}
        assert known(both)["1"] == ("train", "Happy", None)
        assert not warnings
        assert not refused

    def test_a_clip_of_the_challenge_stays_what_it_is(self, tmp_path: Path) -> None:
        touch(tmp_path, "Happy/1.wav", "sad/2.wav")
        cohort, _ = read(tmp_path)
        both, (warning,), _ = with_unlabelled(cohort, FOLDER, {"": tmp_path / "sad"})
        assert known(both) == known(cohort)
        assert "1 files of data.unlabelled are clips of the challenge already" in warning

    def test_no_folder_and_nothing_in_it_are_refused(self, tmp_path: Path) -> None:
        touch(tmp_path, "Happy/1.wav", "sad/2.wav")
        cohort, _ = read(tmp_path)
        for folder in ("nowhere", "empty"):
            (tmp_path / "empty").mkdir(exist_ok=True)
            with pytest.raises(ManifestError, match=r"data\.unlabelled: no .*" + folder):
                with_unlabelled(cohort, FOLDER, {"": tmp_path / folder})
        with pytest.raises(ConfigError, match="asks step by step"):
            with_unlabelled(cohort, load_spec("abaw_va"), {"": tmp_path})


@pytest.mark.slow
def test_a_run_learns_from_them_and_says_so(tmp_path: Path) -> None:
    small_recipe(tmp_path)
    for number in range(12):
        data = bytes((60 + 9 * number + 3 * place) % 256 for place in range(30))
        (tmp_path / "more").mkdir(exist_ok=True)
        (tmp_path / "more" / f"clip{number:02}.wav").write_bytes(data)
    learner = "{model: pseudo_labels, learner: {model: logistic}, n: 2, confidence: 0.5}"
    settings = [
        f"data.unlabelled={{other: {tmp_path / 'more'}}}",
        f"models.voice={learner[:-1]}, features: bytes}}",
    ]
    run = small_run(tmp_path, *settings)
    summary = run_all(run)
    assert summary.splits["unlabelled"] == 12
    manifest = run.manifest_path.read_text()
    assert manifest.count(",unlabelled,") == 12
    ids = {clip.clip_id for clip in run.cohort().select("unlabelled")}
    assert "unlabelled_clip00" in ids
    voice = json.loads((run.folder / "scores/voice.json").read_text())
    assert voice["adapted_on"] == ["unlabelled clips of unknown speakers"]
    assert "adapted_on" not in json.loads((run.folder / "scores/other.json").read_text())
    scored = (run.folder / "scores/voice.csv").read_text() + run.fused_path.read_text()
    assert not any(clip_id in scored for clip_id in ids)
    assert summary.submission is not None
    told = run.summary_path.read_text()
    assert "adapted on unlabelled clips of unknown speakers" in told
    assert "compare only with those who do the same" in told
    page = run.ledger("train:voice")
    assert not ids & {row.clip_id for row in page.rows()}
    (tmp_path / "more" / "late.wav").write_bytes(bytes(range(40)))
    assert len(index(run).select("unlabelled")) == 13
