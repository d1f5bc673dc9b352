"""What the folder of a page holds before its blocks are executed: small, and synthetic."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from emotiw.challenges.spec import load_spec
from emotiw.demo import affect_corpus, corpus, group_corpus, synthetic_clip
from emotiw.demo.emotions import Difficulty
from emotiw.demo.voice import SAMPLING_RATE, draw_voice, speak
from tests.ablation.small import make_small

VOICES = {"anger": "Angry", "happy": "Happy", "sad": "Sad"}


def clips(folder: Path) -> None:
    """Recordings in folders of labels, with speakers in their names."""
    for number, (name, label) in enumerate(VOICES.items()):
        for speaker in range(3):
            for take in range(2):
                path = folder / "clips" / name / f"spk{speaker:02}_take{take}.wav"
                record(path, label, (number, speaker, take))


def record(path: Path, label: str, seed: tuple[int, ...]) -> None:
    """Write a voice of a label as a file of sound."""
    rng = np.random.default_rng(seed)
    said = speak(draw_voice(label, Difficulty(), rng), 0.6, rng).waveform
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLING_RATE, 0, "NONE", ""))
        file.writeframes((32_000 * np.clip(said, -1, 1)).astype("<i2").tobytes())


def unlabelled(folder: Path) -> None:
    """The same recordings, and others without labels: of a fourth speaker, and out of films."""
    clips(folder)
    for number, label in enumerate(VOICES.values()):
        for take in range(4):
            path = folder / "clips" / "unlabelled" / f"spk07_take{number}{take}.wav"
            record(path, label, (20, number, take))
            record(folder / "films" / f"scene{number}{take}.wav", label, (30, number, take))


def entry_data(folder: Path) -> None:
    """The demo's corpus in the layout of AFEW, two training clips a label, eight frames each."""
    counts: Any = {"n_train_per_label": 2, "n_val_per_label": 1, "n_test_per_label": 1}
    with (
        patch.object(corpus, "DAMAGES", ()),
        patch.object(synthetic_clip, "FEWEST_FRAMES", 8),
        patch.object(synthetic_clip, "MOST_FRAMES", 8),
    ):
        corpus.make_corpus(folder / "data" / "AFEW", **counts)


def media(folder: Path) -> None:
    """A video, photographs, calls, and who speaks in them."""
    with (
        patch.object(synthetic_clip, "FEWEST_FRAMES", 20),
        patch.object(synthetic_clip, "MOST_FRAMES", 20),
    ):
        recipe = synthetic_clip.ClipRecipe((5,), "Happy", Difficulty())
        (folder / "holiday.mp4").write_bytes(synthetic_clip.render_clip(recipe))
        shown = synthetic_clip.perform(recipe)
    from PIL import Image

    (folder / "photos").mkdir()
    Image.fromarray(shown.frames[0]).save(folder / "photos" / "beach.png")
    lines = ["clip_id,group"]
    for number, name in enumerate(("monday", "tuesday")):
        record(folder / "calls" / f"{name}.wav", "Sad", (9, number))
        lines.append(f"{name},anna")
    (folder / "who.csv").write_text("\n".join(lines))


def groups_data(folder: Path) -> None:
    """The demo's photographs of groups, in the layout of GAF."""
    with (
        patch.object(group_corpus, "STILL_DAMAGES", ()),
        patch.object(group_corpus, "CLIP_DAMAGES", ()),
        patch.object(group_corpus, "FEWEST_FRAMES", 1),
        patch.object(group_corpus, "MOST_FRAMES", 1),
        patch.object(group_corpus, "CLIP_SIZE", (64, 48)),
        patch.object(group_corpus, "STILL_SIZE", (400, 300)),
    ):
        counts: Any = {"n_train_per_label": 3, "n_val_per_label": 1, "n_test_per_label": 1}
        group_corpus.make_group_corpus(folder / "made", **counts)
    shutil.move(folder / "made" / "stills", folder / "data" / "GAF")
    shutil.rmtree(folder / "made")


def affect(folder: Path) -> None:
    """The demo's clips whose states are followed step by step, few of them."""
    with patch.object(affect_corpus, "DURATION_SEC", 4.0):
        affect_corpus.make_affect_corpus(folder / "affect", n_train=6, n_val=2, n_test=2)


def scores(folder: Path) -> None:
    """Two tables of scores of AFEW's labels, and the labels."""
    labels, rng = list(load_spec("afew2013").labels), np.random.default_rng(0)
    truth = np.arange(84) % len(labels)
    clip_ids = [f"{number:09}" for number in range(len(truth))]
    told = {
        "clip_id": clip_ids,
        "label": [labels[code] for code in truth],
        "group": [f"film{number // 7}" for number in range(len(truth))],
        "fold": np.arange(len(truth)) // 7 % 3,
    }
    pd.DataFrame(told).to_csv(folder / "labels.csv", index=False)
    for name in ("a", "b"):
        logits = rng.normal(size=(len(truth), len(labels)))
        logits[np.arange(len(truth)), truth] += 1.5
        raised = np.exp(logits)
        table = pd.DataFrame(raised / raised.sum(1, keepdims=True), columns=labels)
        table.insert(0, "clip_id", clip_ids)
        table.to_csv(folder / f"{name}.csv", index=False)


SAID = {
    "happy": ("Oh, this is wonderful!", "I'm so glad; really glad 😀", "¡Qué maravilla!"),
    "sad": ("I don't know… I miss her.", "It's over; I can't go on 😢", "Es tut mir so leid."),
}
HEAR = """# Stands for a recogniser: it writes what Whisper would write.
import json, sys, wave

with wave.open(sys.argv[1]) as file:
    seconds = file.getnframes() / file.getframerate()
said = [{"start": 0, "end": seconds, "text": "well, well"}]
json.dump({"segments": said}, open(sys.argv[2], "w"))
"""


def talks(folder: Path) -> None:
    """Recordings with what is said in them, a list of words, a stand-in for a recogniser."""
    lines = ["file;emotion;speaker;transcript"]
    for number in range(18):
        label = ("happy", "sad")[number % 2]
        record(folder / "talks" / f"talk{number:02}.wav", VOICES[label], (3, number))
        said = SAID[label][number // 2 % 3]
        lines.append(f"talk{number:02};{label};anna{number // 6};" + f'"{said}"')
    (folder / "talks" / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    told = "word,valence,arousal\nglad*,0.9,0.6\nwonderful,0.95,0.7\nmiss,0.2,0.4\n😢,0.1,0.5\n"
    (folder / "vad.csv").write_text(told, encoding="utf-8")
    (folder / "hear.py").write_text(HEAR)
    record(folder / "new.wav", "Happy", (4,))
    srt = "1\n00:00:00,000 --> 00:00:00,500\nWonderful; I'm so glad!\n"
    (folder / "new.srt").write_text(srt, encoding="utf-8")


def small(folder: Path) -> None:
    """A recipe with three models of made-up features."""
    make_small(folder, {"face": 1.5, "voice": 0.8, "scene": 0.3}, n_train=18, n_val=9)


GIVEN: dict[str, Callable[[Path], None]] = {
    "affect": affect,
    "clips": clips,
    "entry_data": entry_data,
    "media": media,
    "groups_data": groups_data,
    "scores": scores,
    "small": small,
    "talks": talks,
    "unlabelled": unlabelled,
}
