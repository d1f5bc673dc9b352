"""The bundled voice model: learnt from all corpora, calibrated on corpora that it had not heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emotiw.core.files import sha256_of
from emotiw.core.probabilities import fit_temperature, reliable_from, softmax
from emotiw.core.weights import InFile, WeightsCard, write_card
from emotiw.evaluation.single_metrics import UAR
from emotiw.models.training.checkpoint import save_tensors
from emotiw.models.voice.described_voices import (
    RATE,
    DescribedVoices,
    describe_voices,
)
from emotiw.models.voice.voice_fit import chosen_penalty, fit_voice, tempered
from emotiw.models.voice.voice_recipe import VoiceRecipe
from features.audio.voice_scores import BACKBONE, VoiceScorer

if TYPE_CHECKING:
    from torch import Tensor

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """What was said of a corpus by a model that had heard only the others.

    Attributes:
        corpus: that was left out.
        logits: ``(n, n_labels)`` of its recordings.
        targets: ``(n,)``.
        penalty: of that model.
    """

    corpus: str
    logits: Rows
    targets: npt.NDArray[np.int64]
    penalty: float

    @property
    def uar(self) -> float:
        """UAR of the labels."""
        return UAR.value(self.targets, self.logits.argmax(1), self.logits.shape[1])


def leave_corpora_out(
    voices: DescribedVoices, n_labels: int, recipe: VoiceRecipe, penalty: float | None = None
) -> list[LeftOut]:
    """Return, for each corpus, what a model of the others says of it, a recording by itself.

    A recording in which no speech is found has even scores, and so is wrong of most labels.

    Args:
        voices: of all corpora.
        n_labels: that all of them have.
        recipe: how it is learnt.
        penalty: on the weights; where None it is chosen on speakers of the other corpora.
    """
    found = []
    for corpus in np.unique(voices.corpora).tolist():
        is_here = voices.corpora == corpus
        learnt, asked = voices.of(~is_here), voices.of(is_here)
        own = penalty or chosen_penalty(learnt, n_labels, recipe)
        scorer = fit_voice(learnt, n_labels, [own], recipe)[0]
        logits = np.nan_to_num(scorer.logits(asked.rows[0]))
        found.append(LeftOut(corpus, logits, asked.targets, own))
    return found


def train_voice(
    recipe: VoiceRecipe,
    root: Path,
    folder: Path,
    *,
    told: Callable[[str], None] = lambda line: None,
) -> WeightsCard:
    """Describe the corpora, learn, calibrate, and write ``<name>.safetensors`` with its card.

    A run that was stopped goes on where it was.

    Args:
        recipe: what is learnt, and how.
        root: folder of the corpora.
        folder: for descriptors, weights and card.
        told: hears how far it is.

    Raises:
        ManifestError: if the corpora can't be read.
    """
    voices, labels = describe_voices(recipe, root, folder, told=told)
    n_labels = len(labels)
    honest = leave_corpora_out(voices, n_labels, recipe)
    tried = [leave_corpora_out(voices, n_labels, recipe, each) for each in recipe.penalty]
    best = int(np.argmax([np.mean([each.uar for each in left_out]) for left_out in tried]))
    penalty, left_out = recipe.penalty[best], tried[best]
    # of all corpora together, so that the harder one is not promised the ease of the other
    logits = np.concatenate([each.logits for each in left_out])
    targets = np.concatenate([each.targets for each in left_out])
    temperature = fit_temperature(logits, targets)
    scorer = tempered(fit_voice(voices, n_labels, [penalty], recipe)[0], temperature)
    unsure_below = reliable_from(softmax(logits / temperature), targets, recipe.reliable)
    notes: dict[str, Any] = {
        "learnt_from": {
            corpus: int((voices.corpora == corpus).sum())
            for corpus in np.unique(voices.corpora).tolist()
        },
        "copies": recipe.copies,
        "corpus_left_out_uar": {each.corpus: round(each.uar, 4) for each in honest},
        "penalty": penalty,
        "temperature": round(temperature, 4),
    }
    path = folder / f"{recipe.name}.safetensors"
    save_tensors(path, _small(scorer), {"labels": labels})
    card = WeightsCard(
        name=recipe.name,
        backbone=BACKBONE,
        source=InFile(file=Path(path.name)),
        sha256=sha256_of(path),
        licence=recipe.licence,
        paper=recipe.paper,
        size=RATE,
        embedding=voices.rows.shape[2],
        labels=labels,
        options={"feature_sets": list(recipe.feature_sets)},
        learnt_on=tuple(np.unique(voices.corpora).tolist()),
        unsure_below=round(unsure_below, 4),
        notes=notes,
    )
    write_card(card, folder / f"{recipe.name}.yaml")
    return card


def _small(scorer: VoiceScorer) -> dict[str, Tensor]:
    """Return the tensors as they are kept: vectors in float16, everything else in float32."""
    import torch

    wide = {n: torch.from_numpy(np.asarray(a, np.float32)) for n, a in scorer.tensors.items()}
    return {**wide, "vectors": wide["vectors"].half()}
