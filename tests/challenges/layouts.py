"""Small folders as corpora are handed out, by hand, and what a reader has to find in them.

The grammar that reads them must not be the one that makes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

Answers = str | float | tuple[str | float | None, ...] | None
Found = tuple[str, Answers, str | None]  # split, answer, group


class Layout(NamedTuple):
    """Tables by path with their text, media files, and split, answer and group by clip.

    ``inside`` is the folder that the corpus comes in, ``video`` the bytes of its media, where they
    have to be some.
    """

    tables: dict[str, str]
    media: tuple[str, ...]
    found: dict[str, Found]
    inside: str = ""
    video: bytes = b""

    def make(self, root: Path) -> None:
        for name, text in self.tables.items():
            write(root / name, text)
        for name in self.media:
            write(root / name, name)
            if self.video:
                (root / name).write_bytes(self.video)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def speech(*clips: tuple[str, str, str], inside: str = "") -> Layout:
    """A corpus whose file names say it all: path, label and speaker of each clip."""
    found: dict[str, Found] = {Path(p).stem: ("train", label, who) for p, label, who in clips}
    return Layout({}, tuple(path for path, _, _ in clips), found, inside)


MER2024 = Layout(
    {"label-disdim.csv": "name,discrete,valence\nsample_1,worried,-1.5\nsample_2,happy,2\n"},
    (
        "video-labeled/sample_1.mp4", "video-labeled/sample_2.avi",
        "video-unlabeled-with-test2noise/samplenew_9.mp4",
    ),
    {
        "sample_1": ("train", "worried", None),
        "sample_2": ("train", "happy", None),
        "samplenew_9": ("test", None, None),
    },
)  # fmt: skip

PODCAST = {
    "Labels/labels_consensus.csv": (
        "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
        "MSP-PODCAST_0001_0008.wav,N,3.2,4.5,3.8,127,Male,Train\n"
        "MSP-PODCAST_0001_0019.wav,X,3.0,4.0,3.0,127,Male,Train\n"
        "MSP-PODCAST_0002_0033.wav,U,5.2,4.4,4.6,Unknown,Female,Development\n"
    )
}
PODCAST_MEDIA = tuple(
    f"Audios/MSP-PODCAST_{name}.wav"
    for name in ("0001_0008", "0001_0019", "0002_0033", "test3_0001")
)
LAYOUTS = {
    "mer2023_semi": Layout(
        {"train-label.csv": "name,discrete,valence\nsample_1,sad,-2.5\n"},
        ("train/sample_1.avi", "test3/sample_2.mp4"),
        {"sample_1": ("train", "sad", None), "sample_2": ("test", None, None)},
    ),
    "mer2024_semi": MER2024,
    "mer2024_noise": MER2024,
    "mer2026": Layout(
        {
            "track1_train.csv": "name,discrete\nsample_1,angry\n",
            "track1_track2_candidate.csv": "name\nsamplenew_2\nsamplenew_3\n",
        },
        tuple(
            f"video/{name}.mp4"
            for name in ("sample_1", "samplenew_2", "samplenew_3", "unlabelled_4")
        ),
        {
            "sample_1": ("train", "angry", None),
            "samplenew_2": ("test", None, None),
            "samplenew_3": ("test", None, None),
        },
        inside="mer2026-dataset",
    ),
    "is2025_categories": Layout(
        PODCAST,
        PODCAST_MEDIA,
        {
            "MSP-PODCAST_0001_0008": ("train", "N", "127"),
            "MSP-PODCAST_0002_0033": ("val", "U", "Unknown"),
            "MSP-PODCAST_test3_0001": ("test", None, None),
        },
    ),
    "is2025_attributes": Layout(
        PODCAST,
        PODCAST_MEDIA,
        {
            "MSP-PODCAST_0001_0008": ("train", (3.2, 4.5, 3.8), "127"),
            "MSP-PODCAST_0001_0019": ("train", (3.0, 4.0, 3.0), "127"),
            "MSP-PODCAST_0002_0033": ("val", (5.2, 4.4, 4.6), "Unknown"),
            "MSP-PODCAST_test3_0001": ("test", None, None),
        },
    ),
    "muse2024_perception": Layout(
        {
            "metadata/partition.csv": "Id,Partition\n1,train\n2,devel\n103,test\n",
            "labels.csv": "subj_id,assertiv,warm\n1,0.25,0.5\n2,0.75,0.5\n",
        },
        ("raw_videos/1.mp4", "raw_videos/2.mp4", "raw_videos/103.mp4"),
        {"1": ("train", 0.25, None), "2": ("val", 0.75, None), "103": ("test", None, None)},
    ),
    "bah": Layout(
        {
            f"data/split/{split}.txt": (
                f"Videos/{who}/Visite_1/{name}.mp4,{code},well, I, uh\n"
            )
            for split, who, name, code in (
                ("train", "82782", "82782_Q1", 1),
                ("val", "82711", "82711_Q2", 0),
                ("test", "82799", "82799_Q3", 1),
            )
        },
        tuple(
            f"data/Videos/{who}/Visite_1/{name}.mp4"
            for who, name in (
                ("82782", "82782_Q1"), ("82711", "82711_Q2"), ("82799", "82799_Q3"),
            )
        ),
        {
            "82782_Q1": ("train", "1", "82782"),
            "82711_Q2": ("val", "0", "82711"),
            "82799_Q3": ("test", "1", "82799"),
        },
        inside="BAH_DB_public_access",
    ),
    "blemore": Layout(
        {
            "train_metadata.csv": "filename,video_id,gender,mix,emotion_1,version,emotion_2,"
            "emotion_1_salience,emotion_2_salience,fold\n"
            "A102_ang_int1_ver1,A102,f,0,ang,1,,,,1\n"
            "A438_mix_disg_hap_30_70_ver1,A438,m,1,disg,1,hap,30.0,70.0,0\n",
            "test_metadata.csv": "filename,video_id\nx_0001,A900\n",
        },
        (
            "train/A102_ang_int1_ver1.mov", "train/A438_mix_disg_hap_30_70_ver1.mov",
            "test/x_0001.mov",
        ),
        {
            "A102_ang_int1_ver1": ("train", (100.0, 0.0, 0.0, 0.0, 0.0, 0.0), "A102"),
            "A438_mix_disg_hap_30_70_ver1": ("train", (0.0, 30.0, 0.0, 70.0, 0.0, 0.0), "A438"),
            "x_0001": ("test", None, "A900"),
        },
    ),
    "iemocap": Layout(
        {
            "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt": (
                "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
                "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
                "C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
                "[10.0 - 11.0]\tSes01F_impro01_M001\tfru\t[2.0000, 3.0000, 2.5000]\n"
            ),
            "Session2/dialog/EmoEvaluation/Ses02M_script01_1.txt": (
                "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
                "[6.2901 - 8.2357]\tSes02M_script01_1_M000\texc\t[4.5000, 4.5000, 2.5000]\n"
            ),
        },
        tuple(
            f"Session{session}/sentences/wav/{dialog}/{dialog}_{turn}.wav"
            for session, dialog, turn in (
                (1, "Ses01F_impro01", "F000"), (1, "Ses01F_impro01", "M001"),
                (2, "Ses02M_script01_1", "M000"),
            )
        ),
        {
            "Ses01F_impro01_F000": ("train", "neu", "01F"),
            "Ses02M_script01_1_M000": ("train", "hap", "02M"),
        },
        inside="IEMOCAP_full_release",
    ),
    "mosei": Layout(
        {
            "label.csv": "video_id,clip_id,text,label,annotation,mode\n"
            '-3g5yACwYnA,0,"key, you know",1.0,Positive,train\n'
            "-3g5yACwYnA,1,hm,-2.5,Negative,valid\nab_c,0,oh,0.0,Neutral,test\n"
        },
        ("Raw/-3g5yACwYnA/0.mp4", "Raw/-3g5yACwYnA/1.mp4", "Raw/ab_c/0.mp4"),
        {
            "-3g5yACwYnA_0": ("train", 1.0, "-3g5yACwYnA"),
            "-3g5yACwYnA_1": ("val", -2.5, "-3g5yACwYnA"),
            "ab_c_0": ("test", 0.0, "ab_c"),
        },
        inside="MOSEI",
    ),
    "dfew": Layout(
        {
            "EmoLabel_DataSplit/train(single-labeled)/set_1.csv": "video_name,label\n2,5\n3,7\n",
            "EmoLabel_DataSplit/test(single-labeled)/set_1.csv": "video_name,label\n1,1\n",
        },
        ("Clip/original/1.mp4", "Clip/original/2.mp4", "Clip/original/3.mp4"),
        {
            "1": ("test", "happy", None),
            "2": ("train", "surprise", None),
            "3": ("train", "fear", None),
        },
    ),
    "mafw": Layout(
        {
            "Train & Test Set/single/no_caption/set_1/train.txt": "00025.mp4 anger\n",
            "Train & Test Set/single/no_caption/set_1/test.txt": "00026.mp4 helplessness\n",
        },
        ("data/clips/00025.mp4", "data/clips/00026.mp4"),
        {"00025": ("train", "anger", None), "00026": ("test", "helplessness", None)},
    ),
    "ferv39k": Layout(
        {
            "4_setups/All_scenes/train_All.csv": "Action/Happy/0267 Happy\nWar/Fear/0267 Fear\n",
            "4_setups/All_scenes/test_All.csv": "Action/Sad/0001 Sad\n",
        },
        tuple(
            f"2_ClipsforFaceCrop/{name}.mp4"
            for name in ("Action/Happy/0267", "War/Fear/0267", "Action/Sad/0001")
        ),
        {
            "Action-Happy-0267": ("train", "Happy", None),
            "War-Fear-0267": ("train", "Fear", None),
            "Action-Sad-0001": ("test", "Sad", None),
        },
    ),
    "caer": Layout(
        {},
        (
            "train/Anger/0001.avi", "train/Sad/0001.avi", "validation/Fear/0002.avi",
            "test/Happy/0003.avi",
        ),
        {
            "train-Anger-0001.avi": ("train", "Anger", None),
            "train-Sad-0001.avi": ("train", "Sad", None),
            "0002": ("val", "Fear", None),
            "0003": ("test", "Happy", None),
        },
        inside="CAER",
    ),
    "msp_improv": Layout(
        {
            "Evaluation.txt": (
                "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:3.1; V:3.2; D:3.0 ; N:NaN;\n"
                "rater-1; Neutral; Neutral; A:3.0; V:3.0; D:3.0; N:NaN;\n"
                "UTD-IMPROV-S01A-M01-S-FM01.avi; X; A:3.1; V:3.2; D:3.0 ; N:4.0;\n"
                "UTD-IMPROV-S11S-F06-R-FF02.avi; S; A:2.1; V:1.2; D:2.0 ; N:4.0;\n"
            )
        },
        tuple(
            f"session{session}/{part}/MSP-IMPROV-{name}.avi"
            for session, part, name in (
                (1, "S01A/P", "S01A-F01-P-FM01"), (1, "S01A/S", "S01A-M01-S-FM01"),
                (6, "S11S/R", "S11S-F06-R-FF02"),
            )
        ),
        {
            "MSP-IMPROV-S01A-F01-P-FM01": ("train", "N", "F01"),
            "MSP-IMPROV-S11S-F06-R-FF02": ("train", "S", "F06"),
        },
    ),
    "emoreact": Layout(
        {
            "Labels/train_names.txt": "FE1_1.mp4\n",
            "Labels/val_names.txt": "FE2_1.mp4\n",
            "Labels/test_names.txt": "FE3_1.mp4\n",
        },
        tuple(
            f"Data/{name}.mp4"
            for name in ("Train/FE1_1", "Validation/FE2_1", "Test/FE3_1")
        ),
        {
            "FE1_1": ("train", None, None),
            "FE2_1": ("val", None, None),
            "FE3_1": ("test", None, None),
        },
        inside="EmoReact_V_1.0",
    ),
    "raf_db": Layout(
        {"EmoLabel/list_patition_label.txt": "train_00001.jpg 5\ntest_0001.jpg 7\n"},
        tuple(f"Image/aligned/{name}_aligned.jpg" for name in ("train_00001", "test_0001")),
        {"train_00001": ("train", "Sadness", None), "test_0001": ("test", "Neutral", None)},
        inside="basic",
    ),
    "affectnet": Layout(
        {},
        ("train/0/a.jpg", "train/7/b.jpg", "val/3/c.jpg"),
        {
            "a": ("train", "Neutral", None),
            "b": ("train", "Contempt", None),
            "c": ("val", "Surprise", None),
        },
    ),
    "tess": speech(
        ("OAF_angry/OAF_back_angry.wav", "angry", "OAF"),
        ("YAF_pleasant_surprised/YAF_bar_ps.wav", "pleasant surprise", "YAF"),
        inside="TESS",
    ),
    "urdu": speech(
        ("Angry/SM1_F01_A001.wav", "Angry", "SM1"), ("Sad/SF7_F10_S089.wav", "Sad", "SF7")
    ),
    "emovo": speech(("f1/dis-f1-b1.wav", "disgust", "f1"), ("m3/gio-m3-n5.wav", "joy", "m3")),
    "cafe": speech(
        ("Colere/Fort/01-C-2-1.wav", "anger", "01"), ("Neutre/12-N-1-6.wav", "neutral", "12")
    ),
    "subesco": speech(
        ("F_01_OISHI_S_10_ANGRY_1.wav", "angry", "F_01"),
        ("M_10_MONIR_S_1_SURPRISE_5.wav", "surprise", "M_10"),
    ),
    "oreau": speech(
        ("f/01a01C.wav", "anger", "01"), ("m/32b10T.wav", "sadness", "32"), inside="OréauFR_02"),
    "shemo": speech(("female/F01A01.wav", "anger", "F01"), ("male/M45W02.wav", "surprise", "M45")),
}  # fmt: skip
