"""How independent a face and a voice are: the weights with which calibrated scores multiply.

The face is a published model's out-of-fold scores of RAVDESS (`ravdess_scores`), the voice what the
recipe of the bundled voice model learns from EmoDB alone and says of RAVDESS, so that neither has
heard or seen whom it judges. Each is brought to its own temperature; then the exponents of their
product that surprise least are searched. 1 would be independent, 0.5 a mean. The last lines say
from which probability of the winner on answers are right often enough to be given.
What is described of voices is kept in --folder, as by benchmarks/voice.py.
Usage: python benchmarks/face_and_voice.py --folder runs/voice
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped, unused-ignore]

from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.imported_scores import import_scores
from emotiw.core.label_names import translated
from emotiw.core.probabilities import (
    fit_temperature,
    log_probabilities,
    reliable_from,
    softmax,
)
from emotiw.models.voice.described_voices import describe_voices
from emotiw.models.voice.voice_fit import chosen_penalty, fit_voice
from emotiw.models.voice.voice_recipe import VoiceRecipe
from emotiw.predict.one_answer import TOGETHER

Rows = npt.NDArray[np.float64]
SEVEN = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
FACE = "video_au_mlp"
RELIABLE = 0.8  # share of right answers that the limit for "unsure" keeps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    data = Path(os.environ["EMOTIW_REAL_DATA"])
    logits, eight, clip_ids, heard = voice_of_emodb(data, folder)
    truth = np.array([seven_of(label) for label in eight])
    is_known = np.isin(truth, heard)
    logits /= fit_temperature(logits[is_known], np.searchsorted(heard, truth[is_known]))
    voice = np.full((len(truth), len(SEVEN)), 1 / len(SEVEN))
    voice[:, heard] = softmax(logits) * len(heard) / len(SEVEN)
    face = face_scores(data, clip_ids)
    face = softmax(log_probabilities(face) / fit_temperature(log_probabilities(face), truth))
    print(f"{len(truth)} recordings: face {told(face, truth)}; voice {told(voice, truth)}")
    logs = [log_probabilities(each) for each in (face, voice)]

    def together(weights: Rows) -> Rows:
        return softmax(weights[0] * logs[0] + weights[1] * logs[1])

    def merit(weights: Rows) -> float:
        return surprise(together(weights), truth)

    best = np.asarray(minimize(merit, np.ones(2), method="Nelder-Mead").x)
    for what, weights in (("best", best), ("as it is", np.array(TOGETHER))):
        print(f"{what}, {weights[0]:.2f} and {weights[1]:.2f}: {told(together(weights), truth)}")
    for what, scores in (("face", face), ("together", together(np.array(TOGETHER)))):
        below = reliable_from(scores, truth, RELIABLE)
        answered = 100 * float((scores.max(1) >= below).mean())
        print(
            f"{what}: {100 * RELIABLE:.0f} % right from {below:.3f} on, {answered:.1f} % answered"
        )


def voice_of_emodb(
    data: Path, folder: Path
) -> tuple[Rows, list[str], tuple[str, ...], npt.NDArray[np.intp]]:
    """Return logits of RAVDESS's recordings, their labels and ids, and of which labels they are."""
    recipe = VoiceRecipe.read(Path("configs/recipes/voice.yaml"))
    both, names = describe_voices(recipe, data, folder, told=print)
    learnt = both.of(both.corpora == "emodb")
    penalty = chosen_penalty(learnt, len(names), recipe)
    scorer = fit_voice(learnt, len(names), [penalty], recipe)[0]
    recipe = recipe.model_copy(update={"challenge": "ravdess", "options": {}})
    asked, labels = describe_voices(recipe, data, folder, told=print)
    heard = np.array([SEVEN.index(name) for name in names])
    logits = np.nan_to_num(scorer.logits(asked.rows[0]))
    return logits, [labels[target] for target in asked.targets], asked.clip_ids, heard


def face_scores(data: Path, clip_ids: tuple[str, ...]) -> Rows:
    """Return the published scores of the seven labels."""
    cohort, _, _ = read_challenge(load_spec("ravdess"), data)
    table = import_scores(data / "ravdess_scores" / FACE, cohort, name=FACE)
    found = np.zeros((len(clip_ids), len(SEVEN)))
    for column, label in enumerate(table.labels):
        found[:, seven_of(label)] += table.aligned_to(clip_ids)[:, column]
    return found


def seven_of(label: str) -> int:
    """Return the number of one of RAVDESS's labels among the seven: calm is neutral."""
    name = translated("neutral" if label == "calm" else label, SEVEN)
    assert name is not None, label
    return SEVEN.index(name)


def surprise(scores: Rows, truth: npt.NDArray[np.intp]) -> float:
    return -float(np.log(scores[np.arange(len(truth)), truth]).mean())


def told(scores: Rows, truth: npt.NDArray[np.intp]) -> str:
    right = 100 * float((scores.argmax(1) == truth).mean())
    return f"accuracy {right:.1f}, log loss {surprise(scores, truth):.3f}"


if __name__ == "__main__":
    main()
