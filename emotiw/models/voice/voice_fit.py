"""Descriptors of voices to labels: kernel ridge regression onto the labels.

Closed form, so that the same recordings give the same weights. It is learnt from recordings and
copies alike; how strong the penalty is, speakers that are held out decide, and by their copies:
whoever is asked later has another microphone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.folds import assign_folds
from emotiw.evaluation.single_metrics import UAR
from emotiw.models.tabular.kernels import kernel_matrix
from emotiw.models.tabular.preparation import Preparation, PreparationOptions, Vectors
from emotiw.models.voice.described_voices import DescribedVoices
from emotiw.models.voice.voice_recipe import VoiceRecipe
from features.audio.voice_scores import VoiceScorer

Rows = npt.NDArray[np.float64]
SHARPNESS = 10.0  # log-odds per unit of the regressed label, before the temperature


def fit_voice(
    voices: DescribedVoices, n_labels: int, penalties: Sequence[float], recipe: VoiceRecipe
) -> list[VoiceScorer]:
    """Return a scorer per penalty.

    Every label weighs the same, however rare, and so do the corpora in it.

    Args:
        voices: to learn from; rows of NaN are left out.
        n_labels: of the task.
        penalties: on the weights; of one recording as much as of one with all its copies.
        recipe: kernels and limit.

    Source:
        :class:`~emotiw.models.tabular.preparation.Preparation` with soft nuisance attribute
        projection of speakers; :mod:`emotiw.models.tabular.kernel_ridge`.
    """
    from scipy.linalg import solve

    n_copies = len(voices.rows)
    rows = voices.rows.reshape(-1, voices.rows.shape[2])  # (copies × n, dim)
    is_known = np.isfinite(rows).all(axis=1)
    targets = np.tile(voices.targets, n_copies)[is_known]
    corpora = np.tile(voices.corpora, n_copies)[is_known]
    speakers = np.tile(voices.speakers, n_copies)[is_known]
    options = PreparationOptions(nuisance_projection=True, clip_z=recipe.limit)
    preparation = Preparation(options)
    x = preparation.fit(rows[is_known].astype(np.float32), speakers.tolist())
    weights = _even_weights(targets, corpora)
    wanted = np.eye(n_labels)[targets]
    centre = weights @ wanted / weights.sum()
    kernel = np.mean([kernel_matrix(x, x, "rbf", gamma) for gamma in recipe.gammas], axis=0)
    found = []
    for penalty in penalties:
        ridge = kernel.copy()
        ridge[np.diag_indices(len(x))] += penalty * n_copies / weights
        shares = SHARPNESS * solve(ridge, wanted - centre, assume_a="pos", overwrite_a=True)
        found.append(_scorer(preparation, x, shares, SHARPNESS * centre, recipe))
    return found


def chosen_penalty(voices: DescribedVoices, n_labels: int, recipe: VoiceRecipe) -> float:
    """Return the penalty by which copies of speakers held out are recognised best (UAR)."""
    said: list[list[Rows]] = [[] for _ in recipe.penalty]
    truth = []
    for learnt, held_out in _speaker_folds(voices, recipe.inner_folds, recipe.seed):
        others = voices.of(held_out)
        rows = others.rows[-1]
        known = np.isfinite(rows).all(axis=1)
        truth.append(others.targets[known])
        scorers = fit_voice(voices.of(learnt), n_labels, recipe.penalty, recipe)
        for number, scorer in enumerate(scorers):
            said[number].append(scorer.logits(rows[known]).argmax(1))
    y = np.concatenate(truth)
    merits = [UAR.value(y, np.concatenate(each), n_labels) for each in said]
    return recipe.penalty[int(np.argmax(merits))]


def tempered(scorer: VoiceScorer, temperature: float) -> VoiceScorer:
    """Return the same scorer with logits divided by a temperature."""
    own = scorer.tensors
    changed = {name: own[name] / temperature for name in ("shares", "bias")}
    return VoiceScorer(own | changed)


def _scorer(
    preparation: Preparation, vectors: Vectors, shares: Rows, bias: Rows, recipe: VoiceRecipe
) -> VoiceScorer:
    state = preparation.state
    dim = vectors.shape[1]
    tensors = {
        "mean": state["mean"],
        "sd": state["sd"],
        "limit": np.array([recipe.limit]),
        "directions": state.get("directions", np.zeros((0, dim))).astype(np.float64),
        "taken": state.get("taken", np.zeros(0)).astype(np.float64),
        "vectors": vectors.astype(np.float64),
        "shares": shares,
        "bias": bias,
        "gamma": np.array(recipe.gammas),
    }
    return VoiceScorer(tensors)


def _even_weights(targets: npt.NDArray[np.int64], corpora: npt.NDArray[np.str_]) -> Rows:
    cells = np.unique(
        [f"{t} {c}" for t, c in zip(targets, corpora, strict=True)], return_inverse=True
    )[1]
    of_cell = np.bincount(cells)
    n_cells = np.array([len(np.unique(corpora[targets == t])) for t in range(targets.max() + 1)])
    weights = 1 / (of_cell[cells] * n_cells[targets])
    return np.asarray(weights * len(targets) / weights.sum())


def _speaker_folds(
    voices: DescribedVoices, n_folds: int, seed: int
) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    fold_of = assign_folds(
        dict(zip(voices.clip_ids, voices.speakers.tolist(), strict=True)),
        dict(zip(voices.clip_ids, map(str, voices.targets.tolist()), strict=True)),
        scheme="grouped",
        n_folds=n_folds,
        seed=seed,
    )
    folds = np.array([fold_of[clip_id] for clip_id in voices.clip_ids])
    for fold in range(n_folds):
        yield folds != fold, folds == fold
