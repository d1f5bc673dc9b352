"""Each aggregation's own arithmetic; what all of them promise is tried in test_parts.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import trim_mean
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.core.task import Regression
from emotiw.models.aggregation.aggregation import Aggregation
from emotiw.models.aggregation.registry import AGGREGATIONS
from emotiw.models.aggregation.weighted import Weighted, WeightedOptions
from emotiw.models.networks.group_net import FaceAttention, GroupNetwork
from emotiw.models.training.loop import predict, train
from emotiw.models.training.training_options import TrainingOptions

every = pytest.mark.parametrize("name", AGGREGATIONS.names())
DIM = 4


def make(name: str, **options: Any) -> Aggregation:
    kind = AGGREGATIONS.resolve(name)
    return kind(kind.Options.model_validate(options))


def pooled(name: str, faces: Tensor, mask: Tensor, places: Tensor, **options: Any) -> Tensor:
    torch.manual_seed(0)
    with torch.no_grad():
        return make(name, **options).pool(faces.shape[2])(faces, mask, places)


def groups(n_groups: int = 3, n: int = 7, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Groups of 7, 4 and 1 faces, padded."""
    chance = torch.Generator().manual_seed(seed)
    faces = torch.randn(n_groups, n, DIM, generator=chance)
    places = torch.rand(n_groups, n, 3, generator=chance) + 0.01
    counts = torch.tensor([n, 4, 1])[:n_groups]
    return faces, torch.arange(n) < counts[:, None], places


@every
def test_the_place_of_padding_means_nothing(name: str) -> None:
    faces, mask, places = groups()
    away = torch.where(mask[..., None], places, torch.tensor(9.0))
    found = pooled(name, faces, mask, away)
    assert torch.allclose(found, pooled(name, faces, mask, places), atol=1e-5)


@every
def test_everyone_alike_is_one_of_them(name: str) -> None:
    faces, mask, places = groups()
    same = faces[:1, :1].expand_as(faces)
    alone = pooled(name, same[:1, :1], mask[:1, :1], places[:1, :1])
    if name in {"recurrent", "statistics"}:  # how many there are is part of what they say
        assert alone.shape == (1, make(name).width(DIM))
        return
    assert torch.allclose(pooled(name, same, mask, places), alone.expand(3, -1), atol=1e-5)


def by_hand() -> tuple[Tensor, Tensor, Tensor]:
    """Three faces in a row, the one in the middle twice as large, and a row of padding."""
    faces = torch.tensor([[[1.0], [4.0], [10.0], [77.0]]])
    places = torch.tensor([[[0.1, 0.2, 0.5], [0.2, 0.5, 0.5], [0.1, 0.8, 0.5], [0.9, 0.5, 0.5]]])
    return faces, torch.tensor([[True, True, True, False]]), places


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("mean", {}, [5.0]),
        ("max", {}, [10.0]),
        ("largest", {}, [4.0]),
        ("trimmed_mean", {"share": 0.34}, [4.0]),
        ("trimmed_mean", {"share": 0.3}, [5.0]),
        # weights 1, 2, 1
        ("weighted", {"by_size": 1, "by_centre": 0}, [(1 + 8 + 10) / 4]),
        # weights 1, 4, 1
        ("weighted", {"by_size": 2, "by_centre": 0}, [(1 + 16 + 10) / 6]),
        # weights ½, 1, ½
        ("weighted", {"by_size": 0, "by_centre": 0.5}, [(0.5 + 4 + 5) / 2]),
        # mean, deviation, minimum, maximum, median, count
        ("statistics", {"quantiles": [0.5]}, [5.0, math.sqrt(14), 1.0, 10.0, 4.0, 3.0]),
    ],
)
def test_by_hand(name: str, options: dict[str, Any], expected: list[float]) -> None:
    assert pooled(name, *by_hand(), **options)[0].tolist() == pytest.approx(expected, rel=1e-5)


def test_the_centre_of_the_picture_is_another_one() -> None:
    _, mask, places = by_hand()
    places[..., 1] = torch.tensor([0.5, 0.0, 0.0, 0.0])  # one in the middle, two at the edge
    options = WeightedOptions(by_size=0, by_centre=0.9, centre="picture")
    weights = Weighted(options).weights(mask, places)[0]
    assert weights.tolist() == pytest.approx(
        [1, 1 - 0.9 * math.sqrt(0.5), 1 - 0.9 * math.sqrt(0.5), 0]
    )


def test_the_largest_faces_of_one_size_share_the_say() -> None:
    faces, mask, places = by_hand()
    places[0, 0, 0] = 0.2
    assert pooled("largest", faces, mask, places)[0, 0] == pytest.approx((1 + 4) / 2)


@pytest.mark.parametrize("count", [1, 2, 5, 11, 30])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.3, 0.45])
def test_trimmed_means_are_those_of_scipy(count: int, share: float) -> None:
    faces = torch.randn(1, count, 3, dtype=torch.float64)
    mask, places = torch.ones(1, count, dtype=torch.bool), torch.rand(1, count, 3)
    found = pooled("trimmed_mean", faces, mask, places, share=share)
    # they cut int(share * n) rows, ours forgives the rounding of 0.3 * 10
    theirs = trim_mean(faces[0].numpy(), share + 1e-9, axis=0)
    assert found[0].numpy() == pytest.approx(theirs)


def test_quantiles_are_those_of_numpy() -> None:
    faces, mask, places = groups()
    found = pooled("statistics", faces, mask, places, quantiles=[0.1, 0.9])
    for row, count in enumerate(mask.sum(1).tolist()):
        theirs = np.quantile(faces[row, :count].numpy(), [0.1, 0.9], axis=0)
        assert found[row, 4 * DIM : 6 * DIM].numpy() == pytest.approx(theirs.ravel(), abs=1e-5)


def test_attention_weights_sum_to_one_over_real_faces() -> None:
    faces, mask, places = groups()
    torch.manual_seed(1)
    attention = FaceAttention(DIM)
    weights = attention.weights(faces, mask, places)
    assert torch.allclose(weights.sum(1), torch.ones(3), atol=1e-6)
    assert (weights[~mask] == 0).all()
    assert (weights[mask] > 0).all()
    faces[~mask] = 1e6
    assert torch.equal(attention.weights(faces, mask, places), weights)


class OneMatters:
    """Groups of three to eight faces of which a single one, marked, has to do with the target."""

    def __init__(self, n: int, seed: int) -> None:
        chance = np.random.default_rng(seed)
        counts = chance.integers(3, 9, n)
        self.who = torch.from_numpy(chance.integers(0, counts))
        self.mask = torch.arange(8) < torch.from_numpy(counts)[:, None]
        shown = torch.from_numpy(chance.uniform(-1, 1, (n, 8))).float()
        is_marked = torch.nn.functional.one_hot(self.who, 8).float()
        noise = torch.from_numpy(chance.normal(0, 0.1, (n, 8))).float()
        self.faces = torch.stack([shown, is_marked + noise], 2)
        self.places = torch.from_numpy(chance.uniform(0.1, 0.9, (n, 8, 3))).float()
        self.targets = shown[torch.arange(n), self.who]

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        return self.faces[rows], self.mask[rows], self.places[rows]


def test_attention_finds_the_one_face_that_matters() -> None:
    training, test = OneMatters(256, seed=0), OneMatters(200, seed=1)
    torch.manual_seed(0)
    network = GroupNetwork(2, 1, aggregation=make("attention"), channels=0)
    options = TrainingOptions(epochs=30, batch_size=32, learning_rate=0.03)
    train(network, training, options, task=Regression(("shown",)))
    assert (predict(network, test, options)[:, 0] - test.targets).square().mean() < 0.01
    assert isinstance(network.pool, FaceAttention)
    with torch.no_grad():
        weights = network.pool.weights(network.seen(test.faces), test.mask, test.places)
    on_the_one = weights[torch.arange(200), test.who]
    assert (on_the_one >= 0.95).float().mean() >= 0.95


def test_wrong_options_are_told() -> None:
    with pytest.raises(ConfigError, match="unknown aggregation 'means'; did you mean 'mean'"):
        AGGREGATIONS.resolve("means")
    for name, options in (
        ("trimmed_mean", {"share": 0.5}),
        ("weighted", {"by_centre": 1}),
        ("statistics", {"quantiles": [50]}),
    ):
        with pytest.raises(ValueError, match=next(iter(options))):
            make(name, **options)
