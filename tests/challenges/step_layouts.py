"""Small folders whose answers are per frame or segment, as ABAW and MuSe hand them out, by hand."""

from __future__ import annotations

import io
from functools import cache

import av
import numpy as np

from tests.challenges.layouts import Found, Layout

FPS, N_FRAMES = 25, 8
EDITIONS = {  # the folder of a track's annotations, and its list of frames to answer
    "va": ("VA_Estimation_Challenge", "CVPR_8th_ABAW_VA_test_set_example.txt"),
    "expression": ("EXPR_Recognition_Challenge", "CVPR_8th_ABAW_Expr_test_set_example.txt"),
    "au": ("AU_Detection_Challenge", "CVPR_10th_ABAW_AU_test_set_example.txt"),
}
UNITS = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
WORDS = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
FRAMES = ("2-30-640x360/00001.jpg", "2-30-640x360/00003.jpg", "10/00001.jpg")
MEDIA = ("batch1/12.mp4", "batch1/13.mp4", "batch2/20.mp4", "videos/2-30-640x360.mp4", "10.mp4")
ON, OFF, NOBODY = ",".join("1" * 12), ",".join("0" * 12), ",".join(["-1"] * 12)
LINES = {  # of each annotated clip, by track
    "va": {
        "train/12": ["0.5,-0.5", "-5,-5", "0.25,0.5"],
        "train/13_left": ["0.25,0.25"] * 3,
        "train/13_right": ["-0.25,0.125", "-5,-5"],
        "val/20": ["1,-1", "-1,0.5"],
    },
    "expression": {
        "train/12": ["4", "-1", "4", "0"],
        "train/13_left": ["7"] * 3,
        "train/13_right": ["5", "-1"],
        "val/20": ["1", "1"],
    },
    "au": {
        "train/12": [ON, NOBODY, ON, OFF],
        "train/13_left": [OFF] * 3,
        "train/13_right": [f"-1,{','.join('1' * 11)}", NOBODY],
        "val/20": [OFF, OFF],
    },
}
HEADS = {"va": "valence,arousal", "expression": WORDS, "au": UNITS}
CLIPS = {
    "va": [(0.375, 0.0), (0.25, 0.25), (-0.25, 0.125), (0.0, -0.25)],
    "expression": ["Happiness", "Other", "Sadness", "Anger"],
    "au": [(1.0,) * 12, (0.0,) * 12, (None, *(1.0,) * 11), (0.0,) * 12],
}
SETS = {"train": "Train_Set", "val": "Validation_Set"}


@cache
def video(n_frames: int = N_FRAMES, fps: int = FPS, shade: int = 0) -> bytes:
    """A video of some small images."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(n_frames):
            image = np.full((48, 64, 3), (20 * number + shade) % 255, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def abaw(
    track: str, folder: str = "", listed: str = "", above: str = "6th ABAW Annotations/"
) -> Layout:
    """One track of an edition, with two people in one video, and frames left out."""
    folder, listed = folder or EDITIONS[track][0], listed or EDITIONS[track][1]
    tables = {}
    for place, lines in LINES[track].items():
        split, name = place.split("/")
        text = "\n".join([HEADS[track], *lines]) + "\n"
        tables[f"{above}{folder}/{SETS[split]}/{name}.txt"] = text
    value = {"va": "0,0", "expression": "0", "au": OFF}[track]
    rows = "".join(f"{frame},{value}\n" for frame in FRAMES)
    tables[listed] = f"image_location,{HEADS[track]}\n{rows}"
    groups = (None, "13_left", "13_right", None)
    found: dict[str, Found] = {
        place.split("/")[1]: (place.split("/")[0], truth, group)
        for place, truth, group in zip(LINES[track], CLIPS[track], groups, strict=True)
    }
    found |= {"2-30-640x360": ("test", None, None), "10": ("test", None, None)}
    return Layout(tables, MEDIA, found, video=video())


def mtl() -> Layout:
    head = "image,valence,arousal,expression,aus\n"
    return Layout(
        {
            "training_set_annotations.txt": f"{head}12/00002.jpg,0.5,-0.5,4,{ON}\n"
            f"12/00001.jpg,-5,-5,-1,{OFF}\n12/00005.jpg,0.25,0.5,4,{NOBODY}\n",
            "validation_set_annotations.txt": f"{head}20/00001.jpg,1,-1,1,{OFF}\n",
            "MTL_Challenge_test_set_release.txt": "image,valence,arousal,expression,aus\n"
            + "".join(f"{frame}\n" for frame in FRAMES),
        },
        MEDIA,
        {
            "12": ("train", ("Happiness", 0.375, 0.0, *(1.0,) * 12), None),
            "20": ("val", ("Anger", 1.0, -1.0, *(0.0,) * 12), None),
            "2-30-640x360": ("test", None, None),
            "10": ("test", None, None),
        },
        video=video(),
    )


def muse(dimension: str, inside: str = "") -> Layout:
    """Segments of four videos: values, and none for the one to answer."""
    values = {"1": [0.25, 0.75], "2": [-0.5, 0.0, 0.5], "30": ["", ""], "7": [0.125]}
    tables = {"metadata/partition.csv": "Id,Proposal\n1,train\n2,devel\n30,test\n7,train\n"}
    for name, told in values.items():
        rows = [f"{500 * n},{value},1\n" for n, value in enumerate(told)]
        tables[f"label_segments/{dimension}/{name}.csv"] = "".join(
            ["timestamp,value,segment_id\n", *rows]
        )
    found: dict[str, Found] = {
        "1": ("train", 0.5, None), "2": ("val", 0.0, None), "30": ("test", None, None),
        "7": ("train", 0.125, None),
    }  # fmt: skip
    return Layout(tables, tuple(f"raw/video/{name}.mp4" for name in values), found, inside)


def humor() -> Layout:
    head = "id,timestamp_start,timestamp_end,segment_id,label\n"
    return Layout(
        {
            "metadata/partition.csv": "s,p\nbaum,test\nklopp,train\nweinzierl,devel\n",
            "label_segments/baum/baum_1.csv": f"{head}baum_1,0,2000,1,\nbaum_1,2000,4000,1,\n",
            "label_segments/klopp/klopp_1.csv": f"{head}klopp_1,0,2,1,1\nklopp_1,1,3,1,0\n",
            "label_segments/klopp/klopp_2.csv": f"{head}klopp_2,0,2000,1,0\n",
            "label_segments/weinzierl/w_1.csv": f"{head}w_1,0,2000,1,1\n",
        },
        tuple(f"videos/{name}.mp4" for name in ("baum_1", "klopp_1", "klopp_2", "w_1")),
        {
            "baum_1": ("test", None, "baum"),
            "klopp_1": ("train", 1.0, "klopp"),
            "klopp_2": ("train", 0.0, "klopp"),
            "w_1": ("val", 1.0, "weinzierl"),
        },
        "c2_muse_humor",
    )


MIMIC = Layout(
    {
        "partition.csv": "filename,partition\n1,train\n2,devel\n103,test\n",
        "labels.csv": "filename,Approval_,Disappointment_,Uncertainty_\n"
        "1,0.25,0.5,0\n2,0.75,0.5,1\n103,,,\n",
    },
    ("raw_videos/1.mp4", "raw_videos/2.mp4", "raw_videos/103.mp4"),
    {
        "1": ("train", (0.25, 0.5, 0.0), None),
        "2": ("val", (0.75, 0.5, 1.0), None),
        "103": ("test", None, None),
    },
    "c1_muse_mimic",
)
MUSE_ROWS = ("30/0/1", "30/500/1")
HUMOR_ROWS = ("baum_1/0/2000/1", "baum_1/2000/4000/1")
PERSONALISED = "c3_muse_personalisation"
STEP_LAYOUTS = {
    **{f"{series}_{track}": abaw(track) for series in ("abaw", "abaw6") for track in EDITIONS},
    "abaw_mtl": mtl(),
    "muse2021_arousal": muse("arousal"),
    "muse2021_valence": muse("valence"),
    "muse2023_personalisation_arousal": muse("physio-arousal", PERSONALISED),
    "muse2023_personalisation_valence": muse("valence", PERSONALISED),
    "muse2023_humor": humor(),
    "muse2024_humor": humor(),
    "muse2023_mimic": MIMIC,
}
STEP_ROWS = {
    name: FRAMES
    if name.startswith("abaw")
    else HUMOR_ROWS
    if name.endswith("humor")
    else ("103",)
    if name.endswith("mimic")
    else MUSE_ROWS
    for name in STEP_LAYOUTS
}
