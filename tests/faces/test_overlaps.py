"""What is kept of overlapping boxes is what torchvision keeps, without torchvision."""

import numpy as np
import pytest
import torch
from torchvision.ops import nms

from features.faces.overlaps import surest


@pytest.mark.parametrize("overlap", [0.3, 0.5, 0.7])
def test_the_same_rows_as_torchvision(overlap: float) -> None:
    rng = np.random.default_rng(0)
    n_taken = 0
    for number in range(200):
        corner, sides = rng.uniform(0, 90, (40, 2)), rng.uniform(0, 40, (40, 2))
        scores = rng.uniform(0, 1, 40).astype(np.float32)
        if number % 2:  # boxes without area, overlaps that are just as large, equal scores
            corner, sides, scores = corner.round(-1), sides.round(-1), scores.round(1)
        boxes = np.concatenate([corner, corner + sides], axis=1).astype(np.float32)
        expected = nms(torch.from_numpy(boxes), torch.from_numpy(scores), overlap).numpy()
        assert surest(boxes, scores, overlap).tolist() == expected.tolist()
        n_taken += 40 - len(expected)
    assert n_taken > 50


def test_no_boxes_leave_none() -> None:
    assert len(surest(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5)) == 0
