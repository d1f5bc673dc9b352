"""Small files as the organisers' own programs write them, and one that those would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from submissions import check_submission

MIMIC = (
    "File_ID,pred_Approval_,pred_Disappointment_,pred_Uncertainty_,"
    "gs_Approval_,gs_Disappointment_,gs_Uncertainty_\n"
    "12,0.25,0.5,0.125,,,\n7,0.75,0.0,0.5,,,\n"
)
PERSONALISATION = (
    "meta_col_0,meta_col_1,meta_col_2,prediction,label\n"
    "12.0,500.0,1.0,0.25,\n12.0,1000.0,1.0,-0.5,\n"
)
HUMOR = (
    "meta_col_0,meta_col_1,meta_col_2,meta_col_3,prediction,label\n"
    "baum,0,2000,1,0.25,\nbaum,2000,4000,1,0.75,\n"
)
VA = "image_location,valence,arousal\n2-30-640x360/00001.jpg,0.5,-0.5\n"
MER = "name,discrete\nsamplenew_00000001,worried\nsamplenew_00000002,happy\n"
ATTRIBUTES = "FileName,EmoAct,EmoVal,EmoDom\nMSP-PODCAST_test3_0001.wav,4.5,3.25,4.0\n"
PERCEPTION = "meta_col_0,prediction,label\n103.0,0.25,\n7.0,0.5,\n"
BLENDS = (
    '{"x_1": [{"emotion": "hap", "salience": 70.0}, {"emotion": "ang", "salience": 30.0}],'
    ' "x_2": [{"emotion": "neu", "salience": 100.0}]}'
)
MER2023 = "name,discrete,valence\nsample_1,worried,-1.25\nsample_2,happy,2.5\n"

# challenge: ids, file name, what the organisers' program writes, (what of it, turned into what)
FILES = {
    "muse2023_mimic": (["12", "7"], "predictions_test.csv", MIMIC, ("pred_Approval_", "Approval")),
    "muse2023_personalisation_valence": (
        ["12/500/1", "12/1000/1"], "predictions_test.csv", PERSONALISATION, ("-0.5", "low"),
    ),
    "muse2023_personalisation_arousal": (
        ["12/500.0/1", "12/1000/1"], "predictions_test.csv", PERSONALISATION, ("meta_col_2,", ""),
    ),
    "muse2023_humor": (
        ["baum/0/2000/1", "baum/2000/4000/1"], "predictions_test.csv", HUMOR, ("0.75", "yes"),
    ),
    "abaw6_va": (
        ["2-30-640x360/00001.jpg"], "team.txt", VA, ("valence,arousal", "arousal,valence"),
    ),
    "mer2025": (
        ["samplenew_00000001", "samplenew_00000002"], "submission.csv", MER, ("worried", "worry"),
    ),
    "mer2026": (
        ["samplenew_00000001", "samplenew_00000002"], "submission.csv", MER, ("name,", "names,"),
    ),
    "is2025_attributes": (
        ["MSP-PODCAST_test3_0001"], "team.csv", ATTRIBUTES, (".wav,", ","),
    ),
    "muse2024_perception": (["103", "7"], "predictions_test.csv", PERCEPTION, ("0.25", "high")),
    "muse2024_humor": (
        ["baum/0/2000/1", "baum/2000/4000/1"], "predictions_test.csv", HUMOR, ("meta_col_3,", ""),
    ),
    "abaw_va": (["2-30-640x360/00001.jpg"], "team.txt", VA, ("0.5,", "1.5,")),
    "blemore": (["x_1", "x_2"], "team.json", BLENDS, ("hap", "happy")),
    "mer2023_semi": (["sample_1", "sample_2"], "team.csv", MER2023, ("happy", "joy")),
    "mer2023": (["sample_1", "sample_2"], "team.csv", MER2023, ("discrete,valence", "emo,val")),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_the_organisers_write_is_accepted(name: str, tmp_path: Path) -> None:
    ids, file_name, text, _ = FILES[name]
    path = tmp_path / file_name
    path.write_text(text)
    report = check_submission(load_spec(name), path, expected_ids=ids)
    assert report.is_ok, str(report)
    assert report.answers.keys() == set(ids)


@pytest.mark.parametrize("name", FILES)
def test_what_the_organisers_refuse_is_refused(name: str, tmp_path: Path) -> None:
    ids, file_name, text, (old, new) = FILES[name]
    assert old in text
    path = tmp_path / file_name
    path.write_text(text.replace(old, new))
    assert not check_submission(load_spec(name), path, expected_ids=ids).is_ok


@pytest.mark.parametrize("edition", ["CVPR_5th", "CVPR_6th", "CVPR_8th", "CVPR_10th"])
@pytest.mark.parametrize(("name", "task"), [("abaw6_va", "VA"), ("abaw6_au", "AU")])
def test_the_list_of_any_edition_is_read(
    name: str, task: str, edition: str, tmp_path: Path
) -> None:
    from emotiw.challenges import read_challenge

    spec = load_spec(name)
    header = ",".join(["image_location", *(target.name for target in spec.targets)])
    values = ",0" * len(spec.targets)
    listed = tmp_path / f"{edition}_ABAW_{task}_test_set_example.txt"
    listed.write_text(f"{header}\n2-30/00001.jpg{values}\n2-30/00002.jpg{values}\n")
    cohort, *_ = read_challenge(spec.with_options({"frame_rate": 30}), tmp_path)
    assert [clip.extra["n_rows"] for clip in cohort] == ["2"]
