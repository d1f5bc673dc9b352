"""`challenge: folder`: what names and tables say counts, and what they don't say is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ManifestError

FOLDER = load_spec("folder")


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def read(root: Path, spec: ChallengeSpec = FOLDER, **options: object) -> tuple[Cohort, str]:
    cohort, warnings, _ = read_challenge(spec.with_options(options), root)
    return cohort, "\n".join(warnings)


def known(cohort: Cohort) -> dict[str, tuple[str, str | float | None, str | None]]:
    key = cohort.answer_key()
    return {clip.clip_id: (clip.split, key.get(clip.clip_id), clip.group) for clip in cohort}


def test_spellings_of_other_vocabularies_are_labels(tmp_path: Path) -> None:
    touch(tmp_path, "anger/1.wav", "SADNESS/2.wav", "03 - joy/deep/3.wav")
    cohort, _ = read(tmp_path)
    assert known(cohort) == {
        "1": ("train", "Angry", None),
        "2": ("train", "Sad", None),
        "3": ("train", "Happy", None),
    }


def test_folders_of_splits_are_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/happy/1.wav", "Validation/sad/2.wav", "TEST_set/sad/3.wav", "test/4.wav")
    assert known(read(tmp_path)[0]) == {
        "1": ("train", "Happy", None),
        "2": ("val", "Sad", None),
        "3": ("test", "Sad", None),
        "4": ("test", None, None),
    }
    assert read(tmp_path)[0]["3"].label is None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("happy/1.wav", "calm/2.wav"), r"name no label: 'calm' \(1 clips\).*emotiw start"),
        (("train/1.wav", "val/2.wav"), "name no label: 'train'"),
        (("happy/sad/1.wav",), "name 2 labels"),
        (("train/happy/test/1.wav",), "name 2 splits"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(
    tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    touch(tmp_path, *names)
    with pytest.raises(ManifestError, match=told):
        read(tmp_path)


def test_two_spellings_of_a_label_and_folders_without_any_are_told(tmp_path: Path) -> None:
    touch(tmp_path / "a", "happy/1.wav", "joy/2.wav")
    assert "folders happy and joy are both taken for the label 'Happy'" in read(tmp_path / "a")[1]
    touch(tmp_path / "b", "calm/1.wav", "tense/2.wav")
    cohort, told = read(tmp_path / "b")
    assert len(cohort.select("test")) == 2
    assert "no folder is named after a label, e.g. calm: all 2 clips are test clips" in told


EXCEL = "\ufeffFile name;Emotion;Speaker ;Set;;\r\nclips\\001.MP4;anger;Ä1;Training;;\r\n;;;;;\r\n"


def test_an_excel_export_beside_the_clips_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "clips/001.mp4", "clips/002.mp4", "clips/003.mp4")
    (tmp_path / "labels.csv").write_bytes(
        f"{EXCEL}2;HAPPY;Ä2;dev;;\r\nclips\\003.mp4;;Ä2;test;;\r\n".encode()
    )
    cohort, told = read(tmp_path)
    assert known(cohort) == {
        "001": ("train", "Angry", "Ä1"),
        "002": ("val", "Happy", "Ä2"),
        "003": ("test", None, "Ä2"),
    }
    assert "file from 'File name', label from 'Emotion'" in told
    assert "lost their zeros" in told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_any_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    touch(tmp_path, "1.wav", "2.wav", "3.wav")
    text = "sep=;\r\nfile;emotion;speaker\r\n1.wav;sad;Jörg\r\n2.wav;fear;Jörg\r\n3;sad;Ida\r\n"
    (tmp_path / "labels.csv").write_bytes(text.encode(encoding))
    cohort, told = read(tmp_path)
    assert [clip.group for clip in cohort] == ["Jörg", "Jörg", "Ida"]
    assert ("Windows-1252" in told) == (encoding == "cp1252")


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    touch(tmp_path, "1.wav", "2.wav")
    rows = [{"clip": "1", "emotion": "sad"}, {"clip": "2", "emotion": "fear", "speaker": 7}]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert known(read(tmp_path)[0])["2"] == ("train", "Fear", "7")


def test_a_table_of_clips_is_never_ignored(tmp_path: Path) -> None:
    touch(tmp_path, "1.wav", "2.wav")
    (tmp_path / "labels.csv").write_text("file,colour\n1,red\n2,blue\n")
    with pytest.raises(ManifestError, match="which column holds the label is not clear"):
        read(tmp_path)
    assert len(read(tmp_path, table="none")[0].select("test")) == 2
    (tmp_path / "labels.csv").write_text("file,emotion,mood\n1,sad,fear\n2,fear,sad\n")
    with pytest.raises(ManifestError, match=r"label is not clear \('emotion' and 'mood'\)"):
        read(tmp_path)
    assert known(read(tmp_path, columns={"label": "mood"})[0])["1"][1] == "Fear"
    (tmp_path / "more.csv").write_text("file,emotion\n1,sad\n2,fear\n")
    with pytest.raises(ManifestError, match=r"2 tables list|not clear"):
        read(tmp_path)


def test_a_table_may_not_contradict_its_folders_or_itself(tmp_path: Path) -> None:
    touch(tmp_path, "sad/1.wav", "fear/2.wav", "fear/a.wav", "sad/a.mp4")
    (tmp_path / "labels.csv").write_text("file,emotion\n1,fear\n2,fear\n2,sad\na,sad\n")
    with pytest.raises(ManifestError) as caught:
        read(tmp_path)
    told = str(caught.value)
    assert "labels.csv:2: labelled 'Fear', but its folder says 'Sad'" in told
    assert "labels.csv:4: '2' again, first in labels.csv:3" in told
    assert "labels.csv:5: 'a' may be 2 files" in told


def test_decimal_commas_are_numbers_and_clips_need_no_media(tmp_path: Path) -> None:
    text = "Clip;Engagement;Subject\na;0,5;x\nb;0,25;y\nc;;y\n"
    (tmp_path / "labels.csv").write_text(text)
    target = {"name": "engagement", "minimum": 0, "maximum": 1}
    changes = {"task": "regression", "labels": (), "targets": [target], "metric": "ccc"}
    asked = FOLDER.model_dump(by_alias=True) | changes
    cohort, _ = read(tmp_path, ChallengeSpec.model_validate(asked), media=False)
    assert known(cohort) == {
        "a": ("train", 0.5, "x"),
        "b": ("train", 0.25, "y"),
        "c": ("test", None, "y"),
    }


def test_a_table_that_can_not_be_read_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "sad/1.wav", "fear/2.wav")
    (tmp_path / "odd.csv").write_text("a,b\n1,2,3\n")
    with pytest.raises(ManifestError, match=r"expected 2 fields, got 3\n.*table: none"):
        read(tmp_path)
    assert len(read(tmp_path, table="none")[0].select("train")) == 2
    monkeypatch.setattr("emotiw.challenges.found_table.MOST_BYTES", 3)
    told = read(tmp_path)[1]
    assert "odd.csv is not read: too large for a list of clips" in told


def test_splits_are_told_from_each_other_or_not_at_all(tmp_path: Path) -> None:
    touch(tmp_path, "Train_AFEW/Happy/1.avi", "Val_AFEW/Sad/2.avi", "test_subject_3/Sad/3.avi")
    cohort, told = read(tmp_path)
    assert [clip.split for clip in cohort] == ["train", "val", "train"]
    assert "might mean a split, and are taken for none: test_subject_3" in told
    touch(tmp_path, "Test_vid_Distribute/4.avi")
    with pytest.raises(ManifestError, match="name no label: 'Test_vid_Distribute'"):
        read(tmp_path)


def test_a_name_is_found_however_its_accents_are_written(tmp_path: Path) -> None:
    touch(tmp_path, "cafe\u0301_1.wav", "caf\u00e9_2.wav")  # as macOS writes names, and others
    (tmp_path / "labels.csv").write_text("file,label\ncaf\u00e9_1,happy\ncafe\u0301_2,sad\n")
    assert {label for _, label, _ in known(read(tmp_path)[0]).values()} == {"Happy", "Sad"}


def test_what_is_exactly_named_goes_before_what_is_nearly(tmp_path: Path) -> None:
    touch(tmp_path, "A1.wav", "a1.wav", "1.5.wav")
    (tmp_path / "labels.csv").write_text("file,label\nA1,happy\na1.wav,sad\n1.5,fear\n")
    cohort, told = read(tmp_path)
    assert {clip: label for clip, (_, label, _) in known(cohort).items()} == {
        "A1": "Happy", "a1": "Sad", "1.5": "Fear"
    }  # fmt: skip
    assert "lost their zeros" not in told


def test_a_table_without_names_of_columns_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "c1.wav", "c2.wav", "c3.wav")
    (tmp_path / "labels.csv").write_text("c1.wav,happy\nc2.wav,sad\nc3.wav,sad\n")
    with pytest.raises(ManifestError, match=r"the first row has to name the columns.*'c1\.wav'"):
        read(tmp_path)


def test_a_split_that_nobody_knows_is_refused_and_not_trained_on(tmp_path: Path) -> None:
    touch(tmp_path, "1.wav", "2.wav", "3.wav")
    rows = "1,happy,Training\n2,sad,Training\n3,sad,PrivateTest\n"
    (tmp_path / "labels.csv").write_text(f"file,label,usage\n{rows}")
    with pytest.raises(ManifestError, match=r"labels\.csv:4: split 'PrivateTest' is none of"):
        read(tmp_path)


def test_speakers_on_both_sides_of_a_split_are_told(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{n}.wav" for n in range(1, 6)))
    rows = "1,happy,ann,train\n2,sad,ben,train\n3,sad,ann,test\n4,sad,eve,test\n5,sad,,val\n"
    (tmp_path / "labels.csv").write_text(f"file,label,speaker,split\n{rows}")
    _, told = read(tmp_path)
    assert "1 of 2 test clips are of groups (speakers, sources) of training clips" in told
    assert "val clips are of" not in told
