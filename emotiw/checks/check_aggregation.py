"""What an aggregation promises: any number of faces, in any order, with any padding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.models.aggregation.aggregation import Aggregation

DIM, COUNTS = 4, (7, 4, 1)
NEAR = 1e-5


def check_aggregation(
    part: type[Aggregation], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of an aggregation."""
    import torch

    made = made_options(part, options, findings)
    if made is None:
        return
    aggregation = part(made)
    chance = torch.Generator().manual_seed(0)
    faces = torch.randn(len(COUNTS), max(COUNTS), DIM, generator=chance)
    places = torch.rand(*faces.shape[:2], 3, generator=chance) + 0.01
    mask = torch.arange(max(COUNTS)) < torch.tensor(COUNTS)[:, None]

    with findings.during("pool"), torch.no_grad():
        torch.manual_seed(0)
        pool = aggregation.pool(DIM)
        is_network = isinstance(pool, torch.nn.Module)
        findings.expect(
            is_network == aggregation.is_learned,
            f"is_learned is {aggregation.is_learned}, and pool returns "
            f"{'a' if is_network else 'no'} network to be trained",
        )
        if isinstance(pool, torch.nn.Module):
            pool.eval()
        found = pool(faces, mask, places)
        wanted = (len(COUNTS), aggregation.width(DIM))
        if tuple(found.shape) != wanted:
            findings.add(f"pool should return {wanted}, as width says, got {tuple(found.shape)}")
            return
        findings.expect(bool(torch.isfinite(found).all()), "pool: should be finite where faces are")
        order = torch.randperm(max(COUNTS), generator=chance)
        shuffled = pool(faces[:, order], mask[:, order], places[:, order])
        told = "pool: the order of the faces should mean nothing"
        findings.expect_same(shuffled, found, told, atol=NEAR)
        alike = places.clone()
        alike[..., 0] = 0.2
        turned = pool(faces.flip(1), mask.flip(1), alike.flip(1))
        findings.expect_same(turned, pool(faces, mask, alike), f"{told}, of one size", atol=NEAR)
        for filling in (99.0, float("nan"), float("inf")):
            padded = torch.where(mask[..., None], faces, torch.tensor(filling))
            told = f"pool: padding should mean nothing, also if it is {filling}"
            findings.expect_same(pool(padded, mask, places), found, told, atol=NEAR)
        for row, count in enumerate(COUNTS):
            alone = pool(*(each[row : row + 1, :count] for each in (faces, mask, places)))
            told = "pool: a group's result should depend on that group alone"
            findings.expect_same(alone[0], found[row], told, atol=NEAR)
        nobody = mask.clone()
        nobody[1] = False
        for what, given in (("nobody", nobody), ("no rows", mask[:, :0])):
            n = given.shape[1]
            empty = pool(faces[:, :n], given, places[:, :n])[1]
            told = f"pool: of a group with {what}, all values should be NaN"
            findings.expect(bool(torch.isnan(empty).all()), told)
