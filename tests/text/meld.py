"""A corpus laid out as MELD: dialogues with their words, sound and pictures, and a recipe."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import yaml

from tests.in_process import IN_PROCESS
from tests.predict.videos import frame, write_video

COLUMNS = ("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")
SAID = {
    "neutral": (
        "The train is at nine; the bus, too.",
        "It\x92s on the table.",
        'He said "Monday".',
    ),
    "joy": ("Oh, this is wonderful! 😀", "Wonderful; I'm so glad 🎉", "¡Qué maravilla! wonderful"),
    "anger": ("How dare you, get out!", 'You "forgot"? Get out 😡', "عذرا, get out: how dare you"),
}
LABELS = tuple(SAID)
FOLDERS = {"train": "train_splits", "dev": "dev_splits_complete"}
TEST_FOLDER = "output_repeated_splits_test"
DIALOGUES = {"train": 8, "dev": 2, "test": 2}


def utterances(split: str) -> list[tuple[int, int, str, str]]:
    """Return dialogue, utterance, label and text; three of the training clips are odd."""
    rows = [
        (dialogue, number, label, SAID[label][(dialogue + number) % 3])
        for dialogue in range(DIALOGUES[split])
        for number, label in enumerate(LABELS)
    ]
    if split == "train":
        rows[3] = (*rows[3][:3], "")
        rows[4] = (*rows[4][:3], "wonderful " * 5000)
        rows[5] = (*rows[5][:3], "  \t\n ")
    return rows


def make_meld(root: Path) -> None:
    for split in DIALOGUES:
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(COLUMNS)
        for number, (dialogue, utterance, label, said) in enumerate(utterances(split)):
            speaker = ("Ross", "Rachel")[utterance % 2]
            table.writerow([number, said, speaker, label, "", dialogue, utterance])
            grey = 60 + 60 * LABELS.index(label) + 3 * dialogue
            path = root / FOLDERS.get(split, TEST_FOLDER) / f"dia{dialogue}_utt{utterance}.mp4"
            write_video(path, [frame((20, grey))] * 5, has_sound=True)
        (root / f"{split}_sent_emo.csv").write_text(text.getvalue(), encoding="utf-8")


def meld_recipe(home: Path, **changes: Any) -> Path:
    """Write a recipe of three modalities; the folder of runs is beside it."""
    recipe = {
        "challenge": "meld",
        "name": "meld",
        "data": {"root": str(home / "MELD")},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "features": {
            "words": {"extractor": "transcript"},
            "sound": {"extractor": "fbank", "n_mels": 8},
            "place": {"extractor": "scene"},
        },
        "models": {
            "text": {"model": "text_logistic", "features": "words", "inner_folds": 2},
            "voice": {"model": "logistic", "features": "sound", "inner_folds": 2},
            "scene": {"model": "logistic", "features": "place", "inner_folds": 2},
        },
        "folds": {"n_folds": 2},
        "fusion": {"method": "weighted"},
        **changes,
    }
    path = home / "meld.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path
