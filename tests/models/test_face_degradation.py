"""What faces go through in training is what it says, and images without faces hold none."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from emotiw.models.backbone.backbone_recipe import AugmentationOptions
from emotiw.models.backbone.chance import Chance
from emotiw.models.backbone.face_augmentation import augment_faces
from emotiw.models.backbone.face_degradation import (
    AWAY,
    ROUND,
    coarse,
    coded,
    darkened,
    hidden,
    smeared,
    turned,
)
from emotiw.models.backbone.no_faces import without_faces

STILL = AugmentationOptions(
    rotation_deg=0, scale=0, stretch=0, shift=0, flip=0, gamma=0, light=0, colour_cast=0,
    noise=0, blur=0, erase=0,
)  # fmt: skip


def chance(n: int, seed: int = 0) -> Chance:
    return Chance(n, torch.Generator().manual_seed(seed), torch.device("cpu"))


def faces(n: int, side: int = 40) -> Tensor:
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1


@pytest.mark.parametrize("degrees", [-40, 0, 25])
def test_a_turn_is_undone_where_it_is_looked_up(degrees: float) -> None:
    angle = math.radians(degrees)
    x, y = 0.3, -0.5  # a place on the frontal face
    # a camera sees a plane's near side larger, and a cylinder's places by the sine of their angle
    depth = AWAY + x * math.sin(angle)
    plane = x * math.cos(angle) * AWAY / depth, y * AWAY / depth
    cylinder = ROUND * (math.sin(math.asin(x / ROUND) + angle) - math.sin(angle)), y
    for is_round, seen in ((False, plane), (True, cylinder)):
        for axis in (0, 1):
            pair = seen if axis == 0 else seen[::-1]
            found = turned(
                torch.tensor(pair).view(1, 1, 1, 2),
                torch.tensor([angle]),
                torch.tensor([is_round]),
                axis=axis,
            )
            assert found.flatten().tolist() == pytest.approx([x, y][:: 1 - 2 * axis], abs=1e-5)


def test_smearing_keeps_light_and_spreads_a_point_along_a_line() -> None:
    flat = torch.full((4, 3, 40, 40), 0.3)
    assert torch.allclose(smeared(flat, chance(4)), flat, atol=1e-5)
    point = torch.zeros(32, 1, 40, 40)
    point[..., 20, 20] = 1
    spread = smeared(point, chance(32))
    assert torch.allclose(spread.sum((1, 2, 3)), torch.ones(32), atol=1e-4)
    place = torch.arange(40.0) - 20
    moments = torch.stack(
        [
            (spread * a * b).sum((1, 2, 3))
            for a, b in (
                (place, place),
                (place, place[:, None]),
                (place[:, None], place[:, None]),
            )
        ],
        1,
    )
    spreads = torch.linalg.eigvalsh(moments[:, [0, 1, 1, 2]].view(-1, 2, 2)).clamp(min=0).sqrt()
    assert spreads[:, 1].max() < 4.01  # px
    assert (spreads[:, 1] / spreads[:, 0]).max() > 2


def test_codecs_lose_what_is_fine_first() -> None:
    place = torch.arange(16)
    fine = (0.5 + 0.02 * (-1.0) ** place).expand(1, 1, 16, 16)
    broad = (0.5 + 0.2 * torch.cos(math.pi * (place % 8 + 0.5) / 8)).expand(1, 1, 16, 16)
    step = torch.full((1, 1, 1, 1), 0.06)
    assert torch.allclose(coded(fine, step), torch.tensor(0.5), atol=0.01)
    assert (coded(broad, step) - broad).abs().max() < 0.02


def test_a_coarse_face_has_no_fine_detail_left() -> None:
    grain = faces(8)
    rough, kept = (x.diff(dim=3).abs().mean() for x in (grain, coarse(grain, chance(8))))
    assert kept < rough / 3


def test_a_dark_face_has_a_few_greys_left() -> None:
    dim = darkened(faces(64), chance(64))
    assert dim.mean((1, 2, 3)).max() < 0.5 * 0.55
    assert torch.allclose(255 * dim, (255 * dim).round(), atol=1e-4)


def test_what_hides_a_face_leaves_the_rest_of_it() -> None:
    whole = faces(200)
    found = hidden(whole, chance(200))
    covered = (found != whole).float().mean((1, 2, 3))
    assert 0.1 < covered.mean() < 0.4
    assert covered.max() < 0.6
    assert covered.std() > 0.05


def test_spared_faces_are_as_they_were_and_others_are_not() -> None:
    whole = faces(64, 24)
    hard = {"turn_deg": 50, "hidden": 1, "dark": 1, "smeared": 1, "coarse": 1}
    for share in (0.0, 0.5, 1.0):
        options = STILL.model_copy(update=hard | {"spared": share})
        found = augment_faces(whole, options, torch.Generator().manual_seed(0), side=24)
        same = ((found - whole).abs().amax((1, 2, 3)) < 1e-4).float().mean()
        assert abs(float(same) - share) < 0.15


def test_turning_alone_moves_a_face_sideways() -> None:
    bar = torch.zeros(64, 1, 24, 24) + 0.1
    bar[..., 17:19] = 0.9  # right of the middle
    options = STILL.model_copy(update={"turn_deg": 50})
    found = augment_faces(bar, options, torch.Generator().manual_seed(0), side=24)
    place = (found[:, 0, 12].clamp(0.1) - 0.1) @ torch.arange(24.0) / (found[:, 0, 12] - 0.1).sum(1)
    assert place.min() < 16 < place.max()


@pytest.mark.parametrize("channels", [1, 3])
def test_images_without_faces_are_of_many_kinds_and_follow_their_chance(channels: int) -> None:
    whole = faces(96, 24).expand(-1, channels, -1, -1)
    first, same, other = (without_faces(whole, chance(96, seed)) for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert first.shape == whole.shape
    assert (first.min(), first.max()) >= (0, 0)
    assert first.max() <= 1
    # none shows the face that it was made of, though contrasts are alike
    alike = [
        abs(float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]))
        for a, b in zip(first[:, 0], whole[:, 0], strict=True)
    ]
    assert max(alike) < 0.5
    assert float(first.std((1, 2, 3)).max()) > 0.15
