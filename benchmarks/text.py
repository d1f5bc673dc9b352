"""How long learning from text takes at MELD's size, and that nothing is learnt from nothing.

Utterances are made up: words drawn by Zipf's law, a few of them twice as likely under their label.
With ``--shuffled`` labels are drawn anew, and whatever is above chance would be a leak. With
``--encoder`` the sentence encoder is compared with the package transformers instead.

Usage: python benchmarks/text.py [--clips 10000] [--shuffled] [--encoder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureTable
from emotiw.core.task import Classification
from emotiw.evaluation.metrics import metric_named
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.tabular.text_logistic import TextLogistic, TextLogisticOptions
from features.text.sentence_encoder import SentenceEncoder, SentenceEncoderOptions
from features.text.transcript import Segment, Transcript, text_spec

TASK = Classification(("neutral", "joy", "anger", "surprise", "sadness", "disgust", "fear"))
SPEC = text_spec("words")
TEXTS = (
    "I am so happy today!",
    "Oh, no… what have you done?",
    "",
    'Das ist ja furchtbar; "nein"!',
    "😀 👩‍❤️‍👨",
    "שלום 我很高兴",
    "well " * 200,
)
N_WORDS, N_TELLING, N_FOLDS = 6000, 400, 5


def made_up(n_clips: int, *, shuffled: bool) -> tuple[Cohort, FeatureTable]:
    """Return utterances of about eight words in dialogues of ten."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(N_WORDS)])
    usual = 1 / np.arange(1, N_WORDS + 1)
    odds = np.tile(usual, (len(TASK.labels), 1))
    for label in range(len(TASK.labels)):
        odds[label, rng.choice(np.arange(50, N_WORDS), N_TELLING, replace=False)] *= 8
    odds /= odds.sum(axis=1, keepdims=True)
    codes = rng.integers(0, len(TASK.labels), n_clips)
    arrays, clips = {}, []
    told = rng.permutation(codes) if shuffled else codes
    for number, code in enumerate(codes):
        clip_id = f"clip{number:05d}"
        said = " ".join(rng.choice(words, 1 + rng.poisson(7), p=odds[code]))
        arrays[clip_id] = Transcript.of([Segment(said)]).to_array()
        clips.append(
            Clip(
                clip_id,
                Path(),
                "train",
                label=TASK.labels[told[number]],
                group=f"dialogue{number // 10}",
                fold=number // 10 % N_FOLDS,
                content=f"{number:064x}",
            )
        )
    return Cohort(clips, task=TASK), FeatureTable(SPEC, arrays)


def compare_encoder(folder: Path) -> None:
    """Print how far the card minilm_l6 is from what transformers makes of the same files."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    options = SentenceEncoderOptions(weights="minilm_l6")
    ours = SentenceEncoder("meaning", options)
    model, tokenizer = (
        AutoModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    apart = []
    for text in TEXTS:
        with torch.inference_mode():
            tokens = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        theirs = tokens.mean(dim=0).numpy().astype(np.float64)
        apart.append(np.abs(theirs / np.linalg.norm(theirs) - ours.embed(text)).max())
    print(f"largest difference over {len(TEXTS)} texts: {max(apart):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--encoder", type=Path, help="folder of all-MiniLM-L6-v2's files")
    asked = parser.parse_args()
    if asked.encoder is not None:
        compare_encoder(asked.encoder)
        return
    cohort, table = made_up(asked.clips, shuffled=asked.shuffled)
    work = OutOfFold(cohort, table, TASK, device="cpu")
    right, said, seconds = [], [], []
    for fit in work.fits():
        if not fit.scored:
            continue
        model = TextLogistic(TextLogisticOptions(), spec=SPEC, task=TASK, seed=0)
        start = time.process_time()
        model.fit(work.examples(fit.training, with_targets=True))
        seconds.append(time.process_time() - start)
        held_out = work.examples(fit.scored, with_targets=False)
        said += model.predict(held_out).argmax(axis=1).tolist()
        right += [TASK.labels.index(str(cohort[c].label)) for c in fit.scored]
        n_terms = sum(len(model.encoder[kind]) for kind in ("words", "characters"))
    uar = metric_named("uar").value(np.array(right), np.array(said), len(TASK.labels))
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    chance = 100 / len(TASK.labels)
    print(
        f"{len(cohort)} utterances, {N_FOLDS} folds: UAR {100 * uar:.1f} % out of fold (chance "
        f"{chance:.1f}), {n_terms} terms, {np.mean(seconds):.1f} s of processor time a fit, "
        f"{peak_gb:.1f} GB at most"
    )


if __name__ == "__main__":
    main()
