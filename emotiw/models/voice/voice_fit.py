"""An affine map from descriptors of voices to labels: ridge regression onto the labels.

Closed form, so that the same recordings give the same weights. It is learnt from recordings and
copies alike; how strong the penalty is, speakers that are held out decide, and by their copies:
whoever is asked later has another microphone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.folds import assign_folds
from emotiw.core.probabilities import softmax
from emotiw.evaluation.metrics import UAR
from emotiw.models.tabular.preparation import Preparation, PreparationOptions
from emotiw.models.voice.described_voices import DescribedVoices
from features.audio.voice import VoiceScorer

Rows = npt.NDArray[np.float64]
SHARPNESS = 10.0  # log-odds per unit of the regressed label, before the temperature


def fit_voice(
    voices: DescribedVoices, n_labels: int, penalties: Sequence[float], limit: float
) -> list[VoiceScorer]:
    """Return a scorer per penalty.

    Every label weighs the same, however rare, and so do the corpora in it.

    Args:
        voices: to learn from; rows of NaN are left out.
        n_labels: of the task; one that never occurs gets probabilities near none.
        penalties: on the weights, for standardised descriptors.
        limit: standard deviations beyond which no value counts.

    Source:
        Soft nuisance attribute projection of speakers as in
        :class:`~emotiw.models.tabular.preparation.Preparation`; ridge regression onto labels as in
        :mod:`emotiw.models.tabular.kernel_ridge`, here without a kernel.
    """
    n_copies = len(voices.rows)
    rows = voices.rows.reshape(-1, voices.rows.shape[2])  # (copies × n, dim)
    is_known = np.isfinite(rows).all(axis=1)
    targets = np.tile(voices.targets, n_copies)[is_known]
    corpora = np.tile(voices.corpora, n_copies)[is_known]
    speakers = np.tile(voices.speakers, n_copies)[is_known]
    options = PreparationOptions(nuisance_projection=True, clip_z=limit)
    preparation = Preparation(options)
    prepared = preparation.fit(rows[is_known].astype(np.float32), speakers.tolist())
    x = prepared.astype(np.float64)
    weights = _even_weights(targets, corpora)
    wanted = np.eye(n_labels)[targets]
    centre, middle = weights @ wanted / weights.sum(), weights @ x / weights.sum()
    scaled = (x - middle) * weights[:, None]
    gram, moment = scaled.T @ (x - middle), scaled.T @ (wanted - centre)
    found = []
    for penalty in penalties:
        ridge = gram + penalty * len(x) * np.eye(len(gram))
        weight = SHARPNESS * np.linalg.solve(ridge, moment)  # (dim, n_labels)
        bias = SHARPNESS * centre - middle @ weight
        found.append(_scorer(preparation, weight, bias, limit))
    return found


def chosen_penalty(
    voices: DescribedVoices,
    n_labels: int,
    penalties: Sequence[float],
    *,
    limit: float,
    n_folds: int,
    seed: int,
) -> float:
    """Return the penalty by which copies of speakers held out are recognised best (UAR)."""
    counted: list[list[Rows]] = [[] for _ in penalties]
    truth = []
    for learnt, held_out in _speaker_folds(voices, n_folds, seed):
        others = voices.of(held_out)
        scorers = fit_voice(voices.of(learnt), n_labels, penalties, limit)
        rows = others.rows[-1] if len(others.rows) > 1 else others.rows[0]
        known = np.isfinite(rows).all(axis=1)
        truth.append(others.targets[known])
        for number, scorer in enumerate(scorers):
            counted[number].append(scorer.logits(rows[known]).argmax(1))
    y = np.concatenate(truth)
    merits = [UAR.value(y, np.concatenate(said), n_labels) for said in counted]
    return penalties[int(np.argmax(merits))]


def tempered(scorer: VoiceScorer, temperature: float) -> VoiceScorer:
    """Return the same scorer with logits divided by a temperature."""
    own = scorer.tensors
    changed = {"weight": own["weight"] / temperature, "bias": own["bias"] / temperature}
    return VoiceScorer(own | changed)


def reliable_from(probabilities: Rows, targets: npt.NDArray[np.int64], reliable: float) -> float:
    """Return the winner's probability from which answers are right as often as asked.

    The lowest such that all answers above it together are; 1 where there is none.

    Examples:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
        >>> reliable_from(sure, np.array([0, 0, 1, 1]), 0.65)
        0.6
    """
    best, right = probabilities.max(1), probabilities.argmax(1) == targets
    order = np.argsort(-best, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= reliable)
    return float(best[order][enough[-1]]) if len(enough) else 1.0


def shared_probabilities(logits: Rows, labels: Sequence[int]) -> Rows:
    """Return probabilities among some of the labels, as if there were no others."""
    return softmax(logits[:, list(labels)])


def _scorer(preparation: Preparation, weight: Rows, bias: Rows, limit: float) -> VoiceScorer:
    state = preparation.state
    keep = state["keep"]
    if "directions" in state:  # x − (x Vᵗ t) V, once and for all
        directions = state["directions"].astype(np.float64)
        weight = weight - directions.T @ (state["taken"][:, None] * (directions @ weight))
    full = np.zeros((len(keep), weight.shape[1]))
    full[keep] = weight
    mean, sd = np.zeros(len(keep)), np.ones(len(keep))
    mean[keep], sd[keep] = state["mean"], state["sd"]
    tensors = {"mean": mean, "sd": sd, "weight": full.T, "bias": bias, "limit": np.array([limit])}
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
