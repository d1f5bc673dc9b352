"""How independent a face and a voice are: the weight with which calibrated scores multiply.

Two published models' out-of-fold scores of RAVDESS, from sound and from the face, each brought to
its own temperature; then the exponent of their product that surprises least. 1 would be
independent, 0.5 a mean. Reads `ravdess_scores` where EMOTIW_REAL_DATA says.
Usage: python benchmarks/face_and_voice.py
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.imported_scores import import_scores
from emotiw.core.probabilities import fit_temperature, log_probabilities, softmax

MODELS = ("audio_wav2vec2", "video_au_mlp")


def main() -> None:
    data = Path(os.environ["EMOTIW_REAL_DATA"])
    cohort, _, _ = read_challenge(load_spec("ravdess"), data)
    clips = {clip.clip_id: clip for clip in cohort.select("train")}
    total, truth = np.zeros(()), np.zeros(0, np.int64)
    for name in MODELS:
        table = import_scores(data / "ravdess_scores" / name, cohort, name=name)
        rows = sorted(range(len(table.clip_ids)), key=lambda row: table.clip_ids[row])
        truth = np.array([table.labels.index(str(clips[table.clip_ids[r]].label)) for r in rows])
        logits = log_probabilities(table.scores[rows])
        temperature = fit_temperature(logits, truth)
        own = softmax(logits / temperature)
        print(f"{name}: temperature {temperature:.2f}, accuracy {right(own, truth):.2f}")
        total = total + log_probabilities(own)
    weight = 1 / fit_temperature(total, truth)
    joined = softmax(weight * total)
    print(f"together: weight {weight:.2f} each, accuracy {right(joined, truth):.2f}")


def right(scores: np.ndarray, truth: np.ndarray) -> float:
    return 100 * float((scores.argmax(1) == truth).mean())


if __name__ == "__main__":
    main()
