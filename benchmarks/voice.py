"""The bundled voice model: across corpora, on RAVDESS's folds, its size and its speed.

Reads `ravdess` and `emodb` where EMOTIW_REAL_DATA says. What the recipe describes is kept in
--folder and used again. Every recording is judged by itself, by models that have heard neither its
speaker nor, across corpora, its corpus; penalties are chosen on the speakers that are learnt from.

Usage: python benchmarks/voice.py --folder runs/voice [--recipe configs/recipes/voice.yaml]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from time import process_time

import numpy as np

from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.weights import locate, read_card
from emotiw.evaluation.single_metrics import ACCURACY, UAR
from emotiw.models.voice.described_voices import DescribedVoices, describe_voices
from emotiw.models.voice.train_voice import leave_corpora_out
from emotiw.models.voice.voice_fit import chosen_penalty, fit_voice
from emotiw.models.voice.voice_recipe import VoiceRecipe
from features.audio.voice_scores import Voice, VoiceOptions
from features.extractor import ClipSource

N_TIMED = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=Path("configs/recipes/voice.yaml"))
    chosen = parser.parse_args()
    data = Path(os.environ["EMOTIW_REAL_DATA"])
    recipe = VoiceRecipe.read(chosen.recipe)
    voices, labels = describe_voices(recipe, data, chosen.folder, told=print)
    across(voices, labels, recipe)
    on_folds(recipe, data, chosen.folder)
    size_and_speed(data)


def across(voices: DescribedVoices, labels: tuple[str, ...], recipe: VoiceRecipe) -> None:
    """Print what is said of a corpus by a model of the other."""
    for each in leave_corpora_out(voices, len(labels), recipe):
        decided = each.logits.argmax(1)
        recall = {
            labels[t]: round(100 * float((decided[each.targets == t] == t).mean()))
            for t in np.unique(each.targets)
        }
        print(
            f"the other corpus -> {each.corpus}: UAR {100 * each.uar:.1f} of {len(recall)} labels, "
            f"{len(each.targets)} recordings, recall {recall}, penalty {each.penalty:g}"
        )


def on_folds(recipe: VoiceRecipe, data: Path, folder: Path) -> None:
    """Print UAR on RAVDESS's published folds by speaker, over its own eight labels."""
    recipe = recipe.model_copy(update={"challenge": "ravdess", "options": {}})
    asked, labels = describe_voices(recipe, data, folder, told=print)
    cohort, _, _ = read_challenge(load_spec("ravdess"), data)
    fold_of = {clip.clip_id: clip.fold for clip in cohort.select("train")}
    folds = np.array([fold_of[clip_id] for clip_id in asked.clip_ids])
    eight, n = asked.targets, len(labels)
    logits, penalties = np.zeros((len(eight), n)), []
    for fold in np.unique(folds):
        learnt, held_out = asked.of(folds != fold), folds == fold
        penalties.append(chosen_penalty(learnt, n, recipe))
        scorer = fit_voice(learnt, n, penalties[-1:], recipe)[0]
        logits[held_out] = np.nan_to_num(scorer.logits(asked.rows[0, held_out]))
    decided = logits.argmax(1)
    print(
        f"RAVDESS, five folds by speaker, its {n} labels: "
        f"UAR {100 * UAR.value(eight, decided, n):.1f}, "
        f"accuracy {100 * ACCURACY.value(eight, decided, n):.1f}, penalties {penalties}"
    )


def size_and_speed(data: Path) -> None:
    """Print the bytes of the bundled weights, and how much faster than sound it is on one core."""
    card = read_card("emotion_voice")
    voice = Voice("voice", VoiceOptions())
    paths = sorted((data / "ravdess").glob("*.flac"))[:: 1440 // N_TIMED][:N_TIMED]
    voice.extract(ClipSource("first", paths[0]))
    start, heard_sec = process_time(), 0.0
    for path in paths:
        extraction = voice.extract(ClipSource(path.stem, path))
        heard_sec += float(extraction.quality["duration_sec"])
    spent = process_time() - start
    print(f"bundled: {locate(card).stat().st_size} bytes; decoded, described and scored")
    print(f"{heard_sec / spent:.0f} times as fast as {heard_sec:.0f} s of sound, one core")


if __name__ == "__main__":
    main()
