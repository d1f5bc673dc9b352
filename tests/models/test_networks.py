"""Every network of the registry keeps the same contract, whatever it is inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.joint.joint_model import JointModel
from emotiw.models.model import Examples, Model
from emotiw.models.registry import MODELS
from tests.models import test_joint

LABELS = Classification(("Angry", "Happy", "Sad"))
TARGET = Regression(("valence",), (-10.0, 10.0))
ROWS = FeatureSpec("rows", (5,), "frame")
PICTURES = FeatureSpec("crops", (20, 20, 3), "frame", dtype="uint8")

BRIEF: dict[str, Any] = {"epochs": 3, "batch_size": 4, "precision": "float32"}
TINY: dict[str, tuple[FeatureSpec, dict[str, Any]]] = {
    "lstm": (ROWS, {"hidden": 6, "layers": 2}),
    "gru": (ROWS, {"hidden": 6, "is_bidirectional": True}),
    "tcn": (ROWS, {"channels": 6, "blocks": 2}),
    "attention": (ROWS, {"channels": 6, "heads": 2}),
    "spectrogram_cnn": (ROWS, {"channels": (4, 6), "max_freq_mask": 2, "shift_bands": 1}),
    "conv_rnn": (PICTURES, {"stem": (4, 4), "channels": 4, "crop_size": 16, "length": 6}),
    "face_network": (PICTURES, {"weights": "mtcnn_onet", "crop_size": 48}),
    "c3d": (PICTURES, {"width": 0.0625, "crop_size": 16, "dropout": 0.1}),
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in TINY),
    ("lstm", {"pooling": "last", "window": 8, "stride": 4}),
    ("gru", {"pooling": "last"}),
    ("gru", {"pooling": "attention"}),
    ("spectrogram_cnn", {"window": 8, "stride": 4}),
    ("tcn", {"is_causal": True, "pooling": "mean"}),
    ("attention", {"layers": 0, "heads": 1}),
    ("attention", {"window": 8}),
    ("conv_rnn", {"cell": "lstm"}),
    ("c3d", {"training": {"precision": "bfloat16", "epochs": 2, "batch_size": 4}}),
]


def make(name: str, extra: dict[str, Any], task: Task = LABELS, seed: int = 3) -> Model:
    spec, options = TINY[name]
    kind: Any = MODELS.resolve(name)
    settings = {"training": BRIEF, **options, **extra}
    model: Model = kind(kind.Options.model_validate(settings), spec=spec, task=task, seed=seed)
    return model


def clips(
    spec: FeatureSpec, lengths: Sequence[int] = (20, 3, 17, 30, 1, 25, 18, 9, 16), seed: int = 0
) -> dict[str, FeatureArray]:
    rng = np.random.default_rng(seed)
    found = {}
    for number, length in enumerate(lengths):
        if spec.dtype == "uint8":
            values: Any = rng.integers(0, 256, (length, *spec.shape), dtype=np.uint8)
        else:
            values = rng.normal(3, 5, (length, *spec.shape)).astype(np.float32)
        found[f"clip{number}"] = FeatureArray.all_present(values)
    return found


def examples(spec: FeatureSpec, arrays: dict[str, FeatureArray], task: Task = LABELS) -> Examples:
    n = len(arrays)
    is_label = task.is_label
    answers = np.arange(n) % 3 if is_label else np.linspace(-4, 9, n)
    table = FeatureTable(spec, arrays)
    return Examples(table, tuple(arrays), tuple(f"s{row // 2}" for row in range(n)), answers)


def test_every_network_of_the_registry_is_held_to_this_contract() -> None:
    from emotiw.models.network_model import NetworkModel

    networks = {n for n in MODELS.names() if issubclass(MODELS.resolve(n), NetworkModel)}
    # torchvision's are too large to train again and again: see test_clip_networks.py; those that
    # read people instead of frames are in test_aggregations.py, those of several in test_joint.py
    joint = {n for n in networks if issubclass(MODELS.resolve(n), JointModel)}
    assert networks - joint == {*TINY, "video", "group_network"}
    assert joint == set(test_joint.NETWORKS)


@dataclass
class Fitted:
    """A variant that has learnt nine clips, and what it says of them."""

    name: str
    extra: dict[str, Any]
    known: Examples
    model: Model
    scores: npt.NDArray[np.float64]

    @property
    def spec(self) -> FeatureSpec:
        return TINY[self.name][0]

    def another(self, **changes: Any) -> Model:
        return make(self.name, self.extra, **changes)


@pytest.fixture(
    scope="module", params=VARIANTS, ids=lambda variant: f"{variant[0]}-{variant[1]}"[:60]
)
def fitted(request: pytest.FixtureRequest) -> Fitted:
    name, extra = request.param
    spec = TINY[name][0]
    model, known = make(name, extra), examples(spec, clips(spec))
    model.fit(known)
    return Fitted(name, extra, known, model, model.predict(known))


def test_scores_are_probabilities_and_the_same_for_a_clip_alone(fitted: Fitted) -> None:
    model, known, together = fitted.model, fitted.known, fitted.scores
    assert together.shape == (9, 3)
    assert together.dtype == np.float64
    assert np.allclose(together.sum(1), 1, atol=1e-9)
    assert (together > 0).all()
    alone = np.concatenate([model.predict(known.subset([row])) for row in range(9)])
    assert np.abs(together - alone).max() < 1e-5
    backwards = model.predict(known.subset(list(range(9))[::-1]))[::-1]
    assert np.abs(together - backwards).max() < 1e-5
    assert model.predict(known.subset([])).shape == (0, 3)


def test_absent_rows_are_never_seen(fitted: Fitted) -> None:
    spec, holes = fitted.spec, {}
    for clip_id, array in clips(spec).items():
        n_rows = len(array.values)
        values = np.full((2 * n_rows + 3, *spec.shape), 77, dtype=spec.dtype)
        present = np.zeros(len(values), dtype=bool)
        values[2 : 2 * n_rows + 2 : 2], present[2 : 2 * n_rows + 2 : 2] = array.values, True
        holes[clip_id] = FeatureArray(values, present)
    assert np.array_equal(fitted.model.predict(examples(spec, holes)), fitted.scores)


def test_the_same_seed_gives_the_same_model(fitted: Fitted) -> None:
    same, other = fitted.another(), fitted.another(seed=4)
    same.fit(fitted.known)
    other.fit(fitted.known)
    assert np.array_equal(same.predict(fitted.known), fitted.scores)
    assert not np.allclose(other.predict(fitted.known), fitted.scores)


def test_a_saved_model_says_the_same(fitted: Fitted, tmp_path: Path) -> None:
    fitted.model.save(tmp_path)
    loaded = type(fitted.model).load(tmp_path)
    assert np.array_equal(loaded.predict(fitted.known), fitted.scores)
    loaded.save(tmp_path / "again")
    for file in ("model.safetensors", "card.json"):
        assert (tmp_path / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_a_stopped_fit_goes_on_to_the_same_weights(
    fitted: Fitted, tmp_path: Path, fit_stopped: Callable[..., None]
) -> None:
    fit_stopped(fitted.another(), fitted.known, tmp_path)
    resumed: Any = fitted.another()
    resumed.fit(fitted.known, folder=tmp_path)
    assert len(resumed.report.records) > 1
    assert np.array_equal(resumed.predict(fitted.known), fitted.scores)


@pytest.mark.parametrize("name", list(TINY))
def test_targets_keep_their_unit_and_range(name: str, tmp_path: Path) -> None:
    spec = TINY[name][0]
    known = examples(spec, clips(spec), TARGET)
    model = make(name, {}, TARGET)
    model.fit(known)
    predicted = model.predict(known)
    assert predicted.shape == (9, 1)
    # three epochs teach little, but the mean of the targets is known from the first
    assert np.abs(predicted - known.targets.mean()).max() < 8  # type: ignore[union-attr]
    model.save(tmp_path)
    assert np.array_equal(type(model).load(tmp_path).predict(known), predicted)


@pytest.mark.parametrize("name", list(TINY))
def test_a_feature_it_can_not_read_is_named(name: str) -> None:
    kind: Any = MODELS.resolve(name)
    other = PICTURES if TINY[name][0] == ROWS else ROWS
    with pytest.raises(ConfigError, match=other.name):
        kind(kind.Options(), spec=other, task=LABELS, seed=0)


def test_a_model_without_weights_says_so(tmp_path: Path) -> None:
    model = make("lstm", {})
    with pytest.raises(WeightsError, match="learnt nothing"):
        model.save(tmp_path)
    with pytest.raises(ConfigError, match="card"):
        type(model).load(tmp_path)
