"""Two clips of the same frames, played forwards and backwards, are told apart by order alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS

TASK = Classification(("forwards", "backwards"))
Rows = npt.NDArray[Any]


def drift(rng: np.random.Generator) -> Rows:
    """Eight columns, of which each goes up or down over 12 to 24 frames, as column 0 does."""
    n_frames = int(rng.integers(12, 25))
    ramp = np.linspace(-1, 1, n_frames)[:, None] * np.linspace(0.5, 2, 8)
    return (ramp + rng.normal(0, 0.5, (n_frames, 8))).astype(np.float32)


def moving_texture(rng: np.random.Generator) -> Rows:
    """A texture that moves to the right, 2 px per frame, and comes in again on the left."""
    texture = rng.integers(0, 256, (4, 4, 3)).repeat(4, axis=0).repeat(4, axis=1)
    start = int(rng.integers(16))
    frames = [np.roll(texture, start + 2 * t, axis=1) for t in range(16)]
    return np.stack(frames).astype(np.uint8)


def drawn(spec: FeatureSpec, draw: Callable[[np.random.Generator], Rows], n: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    answers = np.arange(n) % 2
    arrays = {}
    for row, answer in enumerate(answers):
        frames = draw(rng)
        rows = frames[::-1].copy() if answer else frames
        arrays[f"{row}"] = FeatureArray.all_present(rows)
    groups = tuple(f"s{row // 8}" for row in range(n))
    return Examples(FeatureTable(spec, arrays), tuple(arrays), groups, answers)


def accuracy(name: str, options: dict[str, Any], known: Examples, unseen: Examples) -> float:
    kind: Any = MODELS.resolve(name)
    spec = known.table.spec
    model = kind(kind.Options.model_validate(options), spec=spec, task=TASK, seed=0)
    model.fit(known)
    return float((model.predict(unseen).argmax(1) == unseen.targets).mean())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lstm", {"hidden": 16}),
        ("gru", {"hidden": 16, "is_bidirectional": True, "pooling": "last"}),
        ("gru", {"hidden": 16, "pooling": "attention"}),
        ("tcn", {"channels": 16, "blocks": 3}),
        ("attention", {"channels": 16}),
        ("spectrogram_cnn", {"channels": [8, 16], "max_time_mask": 4, "max_freq_mask": 2}),
        ("lstm", {"hidden": 16, "window": 12, "stride": 6}),
    ],
    ids=["lstm", "gru-both-ways", "gru-attends", "tcn", "attention", "cnn", "lstm-windows"],
)
def test_sequence_models_see_the_order_of_frames(name: str, options: dict[str, Any]) -> None:
    spec = FeatureSpec("drift", (8,), "frame")
    known, unseen = drawn(spec, drift, 96, 1), drawn(spec, drift, 60, 2)
    training = {"epochs": 8, "learning_rate": 1e-2}
    assert accuracy(name, {**options, "training": training}, known, unseen) >= 0.95


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_statistics_over_frames_do_not(kernel: str) -> None:
    spec = FeatureSpec("drift", (8,), "frame")
    known, unseen = drawn(spec, drift, 96, 1), drawn(spec, drift, 60, 2)
    options = {"kernel": kernel, "preparation": {"signed_sqrt": True}}
    assert 0.35 <= accuracy("svm", options, known, unseen) <= 0.65


CLIPS = FeatureSpec("crops", (16, 16, 3), "frame", dtype="uint8")
SEEN = {"flip": False, "validation_fraction": 0.0, "crop_size": 16}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("c3d", {"width": 0.0625, "training": {"epochs": 8, "learning_rate": 4e-3}}),
        (
            "conv_rnn",
            {"stem": [8], "channels": 8, "training": {"epochs": 8, "learning_rate": 8e-3}},
        ),
    ],
    ids=["c3d", "conv_rnn"],
)
def test_clip_networks_see_motion(name: str, options: dict[str, Any]) -> None:
    known, unseen = drawn(CLIPS, moving_texture, 64, 1), drawn(CLIPS, moving_texture, 40, 2)
    assert accuracy(name, {**SEEN, **options}, known, unseen) >= 0.95


@pytest.mark.parametrize("loss", ["mse", "ccc"])
def test_targets_that_only_order_tells_are_learnt(loss: str) -> None:
    from emotiw.evaluation.metrics import metric_named

    spec = FeatureSpec("drift", (8,), "frame")
    arousal = Regression(("arousal",), (-20.0, 60.0))
    known, unseen = (drawn(spec, drift, n, seed) for n, seed in ((96, 1), (60, 2)))
    kind: Any = MODELS.resolve("gru")
    training = {"epochs": 8, "learning_rate": 1e-2, "loss": loss}
    options = kind.Options.model_validate({"hidden": 16, "training": training})
    model = kind(options, spec=spec, task=arousal, seed=0)
    model.fit(replace(known, targets=known.targets * 30.0 + 5))
    predicted = model.predict(unseen)[:, 0]
    assert metric_named("ccc")(unseen.targets * 30.0 + 5, predicted) > 0.9
    assert predicted.min() > -20


def test_the_mean_over_a_frame_cnn_does_not() -> None:
    import torch

    torch.manual_seed(0)
    cnn = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 5, stride=2), torch.nn.ReLU())
    spec = FeatureSpec("embedding", (32,), "frame")

    def embedded(examples: Examples) -> Examples:
        arrays = {}
        for clip_id, array in zip(examples.clip_ids, examples.arrays(), strict=True):
            pictures = torch.from_numpy(array.values).permute(0, 3, 1, 2) / 255
            with torch.inference_mode():
                arrays[clip_id] = FeatureArray.all_present(cnn(pictures).mean((2, 3)).numpy())
        table = FeatureTable(spec, arrays)
        return Examples(table, examples.clip_ids, examples.groups, examples.targets)

    known, unseen = drawn(CLIPS, moving_texture, 64, 1), drawn(CLIPS, moving_texture, 40, 2)
    assert 0.3 <= accuracy("svm", {}, embedded(known), embedded(unseen)) <= 0.7
