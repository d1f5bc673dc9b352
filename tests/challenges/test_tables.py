from __future__ import annotations

import sys
from pathlib import Path

import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ManifestError


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        (root / name.replace("__", ".")).write_bytes(text.encode())


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_all_mistakes_of_a_table_are_named_with_their_lines(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Train/{n}_1.mp4" for n in range(6)))
    write(
        tmp_path,
        Train_labels__txt="Vid_name Label\n0_1 1\n1_1 4\n\n2_1\n0_1 2\n3_1 Negativ\n4_1 3\n",
    )
    with pytest.raises(ManifestError) as caught:
        read_challenge(load_spec("vgaf"), tmp_path)
    message = str(caught.value)
    assert "4 problems" in message
    assert "Train_labels.txt:3: unknown label '4'" in message
    assert "Train_labels.txt:5: expected 2 fields, got 1" in message
    assert "Train_labels.txt:6: clip '0_1' again, first on line 2" in message
    assert "Train_labels.txt:7: unknown label 'Negativ'; did you mean 'Negative'?" in message


def test_rows_are_told_by_the_line_they_start_on(tmp_path: Path) -> None:
    head = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
    first = '1,"Oh,\nwell,\nhi",Ross,joy,positive,0,0\n'
    touch(tmp_path, "train_splits/dia0_utt0.mp4", "train_splits/dia0_utt1.mp4")
    write(tmp_path, train_sent_emo__csv=head + first + '2,"x\ny",Ross,jog,positive,0,1\n')
    with pytest.raises(ManifestError, match=r"csv:5: unknown label 'jog'; did you mean 'joy'"):
        read_challenge(load_spec("meld"), tmp_path)
    swallowed = '2,"never closed' + ",x" * 2**16 + "\n"
    write(tmp_path, train_sent_emo__csv=head + first + swallowed)
    with pytest.raises(ManifestError, match=r"csv:5: field larger than"):
        read_challenge(load_spec("meld"), tmp_path)


def test_what_is_only_odd_is_a_warning(tmp_path: Path) -> None:
    touch(tmp_path, "Train/0_1.mp4", "Train/9_9.mp4", "Test/Test_1.mp4")
    write(tmp_path, Train_labels__txt="Vid_name Label\r\n0_1 1\r\n1_1 2\r\n")
    manifest, warnings, _ = read_challenge(load_spec("vgaf"), tmp_path)
    assert [(c.clip_id, c.label, c.group) for c in manifest.select("train")] == [
        ("0_1", "Positive", "0"),
        ("1_1", "Neutral", "1"),
    ]
    assert "train: 1 clips have no file in Train, e.g. 1_1" in warnings
    assert "train: 1 files of Train are in no table, e.g. 9_9.mp4" in warnings
    assert "val: no file Val_labels.txt" in warnings


def test_a_table_of_clips_that_are_elsewhere_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "Train/x.mp4")
    write(tmp_path, Train_labels__txt="Vid_name Label\n0_1 1\n1_1 2\n")
    with pytest.raises(ManifestError, match="Train has none of its 2 clips"):
        read_challenge(load_spec("vgaf"), tmp_path)


def test_another_separator_is_suspected(tmp_path: Path) -> None:
    touch(tmp_path, "audio/train_001.wav", "labels/train.csv")
    (tmp_path / "labels/train.csv").write_text("file_name,food_type,speaker\ntrain_001,Crisp,1\n")
    with pytest.raises(ManifestError, match=r"train.csv:1: no column .*another separator\?"):
        read_challenge(load_spec("eat_food"), tmp_path)


def test_marks_blanks_and_quotes_are_read(tmp_path: Path) -> None:
    touch(tmp_path, "train/262548_57@N01.xml.jpg", "train/b.jpg")
    text = '\ufeffimagefile, label\r\n262548_57@N01.xml.jpg, 3\r\n"b.jpg","5"\r\n'
    write(tmp_path, train__csv=text)
    manifest, *_ = read_challenge(load_spec("happei2016"), tmp_path)
    assert [(c.clip_id, c.target) for c in manifest] == [("262548_57@N01.xml", 3.0), ("b", 5.0)]


def test_one_stem_with_two_extensions_is_two_photographs(tmp_path: Path) -> None:
    touch(tmp_path, "train/a b.jpg", "train/a b.png", "train/c.PNG", "train/d.jpg.png")
    touch(tmp_path, "test/é.jpg", "test/é.png")
    rows = "a b.jpg, 1\na b.png, 4\nc.jpg, 2\nd.jpg, 3\n"
    write(tmp_path, train__csv="imagefile, label\n" + rows)
    manifest, warnings, _ = read_challenge(load_spec("happei2016"), tmp_path)
    # c.jpg is there under another extension, and so is d.jpg, whose name is not that of d.jpg.png
    assert {c.clip_id: (c.path.name, c.target) for c in manifest} == {
        "train-a b.jpg": ("a b.jpg", 1.0),
        "train-a b.png": ("a b.png", 4.0),
        "c": ("c.PNG", 2.0),
        "d": ("d.jpg", 3.0),
        "é.jpg": ("é.jpg", None),
        "é.png": ("é.png", None),
    }
    assert "train: 1 clips have no file in train, e.g. d" in warnings
    write(tmp_path, train__csv="imagefile, label\na b.jpg, 1\na b.jpg, 4\n")
    with pytest.raises(ManifestError, match=r"train.csv:3: clip 'a b' again, first on line 2"):
        read_challenge(load_spec("happei2016"), tmp_path)


def test_numbers_out_of_range_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "train/a.jpg", "train/b.jpg")
    write(tmp_path, train__csv="imagefile, label\na.jpg, 6\nb.jpg, many\n")
    with pytest.raises(ManifestError) as caught:
        read_challenge(load_spec("happei2016"), tmp_path)
    assert "train.csv:2: happiness 6 is outside 0 to 5" in str(caught.value)
    assert "train.csv:3: happiness 'many' is not a number" in str(caught.value)


def test_engagenet_joins_lists_with_answers_and_leaves_absent_people_out(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Train/subject_1_x_vid_0_{n}.mp4" for n in range(3)), "Test/t.mp4")
    write(
        tmp_path,
        train__txt="".join(f"subject_1_x_vid_0_{n}.mp4\n" for n in range(3)),
        test__txt="t.mp4\n",
        final_labels__csv="chunk,label\nsubject_1_x_vid_0_0.mp4,Barely-engaged\n"
        "subject_1_x_vid_0_1.mp4,SNP(Subject Not Present)\n"
        "subject_1_x_vid_0_2.mp4,Highly-Engaged\n",
    )
    manifest, warnings, _ = read_challenge(load_spec("engagenet"), tmp_path)
    assert [(c.clip_id, c.label, c.group) for c in manifest] == [
        ("subject_1_x_vid_0_0", "Barely-engaged", "1"),
        ("subject_1_x_vid_0_2", "Highly-Engaged", "1"),
        ("t", None, None),
    ]
    assert "1 clips left out: labelled 'SNP(Subject Not Present)'" in warnings


def engagenet(root: Path) -> None:
    """The folders and tables that the organisers hand out, as CSV."""
    head = ",chunk,label\n"
    rows = {
        "train": "0,subject_1_ab_vid_0_0.mp4,Engaged\n1,subject_2_cd_vid_0_1.mp4,Not-Engaged\n",
        "validation": "0,Subject_7_ef_vid_0_0.mp4,Barely-engaged\n",
        "test": "0,subject_9_gh_vid_0_0.mp4,\n",
    }
    for name, text in rows.items():
        write(root, **{f"{name}_engagement_labels__csv": head + text})
        touch(root, *(f"{name.title()}/{line.split(',')[1]}" for line in text.splitlines()))


def test_engagenet_is_read_as_it_is_handed_out(tmp_path: Path) -> None:
    engagenet(tmp_path)
    manifest, *_ = read_challenge(load_spec("engagenet"), tmp_path)
    assert [(c.clip_id, c.split, c.label, c.group) for c in manifest] == [
        ("Subject_7_ef_vid_0_0", "val", "Barely-engaged", "7"),
        ("subject_1_ab_vid_0_0", "train", "Engaged", "1"),
        ("subject_2_cd_vid_0_1", "train", "Not-Engaged", "2"),
        ("subject_9_gh_vid_0_0", "test", None, "9"),
    ]


def test_an_excel_table_is_like_any_other(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    engagenet(tmp_path)
    text = (tmp_path / "train_engagement_labels.csv").read_text()
    (tmp_path / "train_engagement_labels.csv").unlink()
    book = openpyxl.Workbook()
    for line in text.splitlines():
        book.active.append([int(cell) if cell.isdecimal() else cell for cell in line.split(",")])
    book.save(tmp_path / "train_engagement_labels.xlsx")
    manifest, *_ = read_challenge(load_spec("engagenet"), tmp_path)
    assert manifest["subject_1_ab_vid_0_0"].label == "Engaged"
    (tmp_path / "train_engagement_labels.xlsx").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ManifestError, match=r"labels.xlsx:1: can't be read as an Excel file"):
        read_challenge(load_spec("engagenet"), tmp_path)


def test_without_the_extra_excel_tells_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    engagenet(tmp_path)
    (tmp_path / "train_engagement_labels.csv").rename(tmp_path / "train_engagement_labels.xlsx")
    with pytest.raises(ManifestError, match=r"pip install 'emotiw\[excel\]'"):
        read_challenge(load_spec("engagenet"), tmp_path)


def test_engagewild_knows_who_is_who_in_capitals_too(tmp_path: Path) -> None:
    touch(tmp_path, "Train/Subject_78_Vid_3.mp4", "Train/subject_26_Vid_1.mp4")
    write(tmp_path, train__csv="video_name,attention\nSubject_78_Vid_3,0.33\nsubject_26_Vid_1,1\n")
    for year in (2018, 2019, 2020):
        manifest, *_ = read_challenge(load_spec(f"engagewild{year}"), tmp_path)
        assert [clip.group for clip in manifest] == ["78", "26"]


def test_ids_that_a_pattern_does_not_fit_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Train/{name}.mp4" for name in ("1_1", "2_1", "talk-3")))
    write(tmp_path, Train_labels__txt="Vid_name Label\n1_1 1\n2_1 2\ntalk-3 3\n")
    manifest, warnings, _ = read_challenge(load_spec("vgaf"), tmp_path)
    assert [clip.group for clip in manifest] == ["1", "2", None]
    assert any(w.startswith("train: 1 of 3 ids don't fit") for w in warnings)
    write(tmp_path, Train_labels__txt="Vid_name Label\ntalk-3 3\n")
    _, warnings, _ = read_challenge(load_spec("vgaf"), tmp_path)
    assert any(w.startswith("train: 1 of 1 ids don't fit") for w in warnings)


def test_clips_without_a_speaker_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "audio/train_1.wav", "audio/train_2.wav")
    (tmp_path / "labels").mkdir()
    rows = "file_name;food_type;speaker\ntrain_1;Crisp;s1\ntrain_2;Apple;\n"
    (tmp_path / "labels/train.csv").write_text(rows)
    manifest, warnings, _ = read_challenge(load_spec("eat_food"), tmp_path)
    assert [clip.group for clip in manifest] == ["s1", None]
    assert any(w.startswith("train: 1 of 2 clips have nothing in {speaker}") for w in warnings)


def test_meld_keeps_equal_names_of_two_splits_apart(tmp_path: Path) -> None:
    head = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
    for split, folder in (("train", "train_splits"), ("dev", "dev_splits_complete")):
        touch(tmp_path, f"{folder}/dia0_utt0.mp4")
        text = head + '1,"Oh, well, hi",Ross,joy,positive,0,0\n'
        (tmp_path / f"{split}_sent_emo.csv").write_text(text)
    manifest, *_ = read_challenge(load_spec("meld"), tmp_path)
    assert [(c.clip_id, c.label, c.extra["speaker"]) for c in manifest] == [
        ("train_dia0_utt0", "joy", "Ross"),
        ("val_dia0_utt0", "joy", "Ross"),
    ]


def test_answers_of_several_targets_stay_away_from_test_clips(tmp_path: Path) -> None:
    touch(tmp_path, "train/a.avi", "test/b.avi")
    (tmp_path / "train-label.csv").write_text("name,discrete,valence\na,worried,-1.5\n")
    manifest, *_ = read_challenge(load_spec("mer2023"), tmp_path)
    assert manifest["a"].answers == ("worried", -1.5)
    assert manifest["b"].truth is None
    (tmp_path / "test-label.csv").write_text("name,discrete,valence\nb,happy,2.5\n")
    splits = {"test": {"table": ["test-label.csv"], "clips": ["test"]}}
    judged, *_ = read_challenge(load_spec("mer2023").with_options({"splits": splits}), tmp_path)
    assert judged["b"].truth is None
    assert judged.answer_key() == {"b": ("happy", 2.5)}


def test_only_training_clips_are_in_folds(tmp_path: Path) -> None:
    touch(tmp_path, "audio/train_1.wav", "audio/train_2.wav", "audio/test_1.wav")
    (tmp_path / "labels").mkdir()
    head = "file_name;food_type;speaker\n"
    (tmp_path / "labels/train.csv").write_text(head + "train_1;Crisp;s1\ntrain_2;Apple;s2\n")
    (tmp_path / "labels/test.csv").write_text("file_name;speaker\ntest_1;s1\n")
    manifest, *_ = read_challenge(load_spec("eat_food"), tmp_path)
    assert [(c.clip_id, c.group, c.fold) for c in manifest] == [
        ("test_1", "s1", None),
        ("train_1", "s1", 0),
        ("train_2", "s2", 1),
    ]


def test_the_preferred_form_of_a_clip_is_taken_and_two_of_a_kind_are_refused(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "train/a.avi", "train/a.mp4", "train/sub/b.mp4", "train/sub/b.jpg")
    text = "video_name,attention\na,0.33\nb,1\n"
    write(tmp_path, train__csv=text)
    spec = load_spec("engagewild2020")
    manifest, *_ = read_challenge(spec, tmp_path)
    assert [clip.path.name for clip in manifest] == ["a.mp4", "b.mp4"]
    touch(tmp_path, "train/other/a.mp4")
    with pytest.raises(ManifestError, match=r"train.csv:2: clip 'a' has 2 files"):
        read_challenge(spec, tmp_path)
