"""The labelled faces of a recipe, as its network sees them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emotiw.core.feature_table import FeatureTable
from emotiw.core.weights import WeightsCard, read_card
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.labelled_faces import LabelledFaces, faces_of_clips, read_labelled_faces


def faces_for(recipe: BackboneRecipe, source: Path, split: str | None = None) -> LabelledFaces:
    """Read the labelled faces of a folder or zip file as the recipe's network sees them."""
    return read_labelled_faces(
        source,
        labels=recipe.labels,
        translation=recipe.translation,
        split=split,
        side=recipe.side,
        channels=1 if network_card(recipe).colour == "grey" else 3,
    )


def crops_for(
    recipe: BackboneRecipe, table: FeatureTable, clips: Mapping[str, tuple[str, str]]
) -> LabelledFaces:
    """Take some aligned face crops of labelled clips as the recipe's network sees them.

    Args:
        table: rows of ``(side, side, 3)`` uint8 RGB.
        clips: clip id to (label, group).
    """
    return faces_of_clips(
        table,
        {
            clip: (recipe.translation.get(label, label), group)
            for clip, (label, group) in clips.items()
        },
        labels=recipe.labels,
        card=network_card(recipe).model_copy(
            update={"size": recipe.side, "window": framing_of(recipe)}
        ),
    )


def framing_of(recipe: BackboneRecipe) -> tuple[float, float, float, float]:
    """Return the square of an aligned crop that the recipe's faces show, in shares of its side."""
    if recipe.framing is not None:
        return recipe.framing
    if isinstance(recipe.network, WeightsCard):
        return 0.0, 0.0, 1.0, 1.0
    card = read_card(recipe.network)
    return grown(card.window, recipe.side / card.size)


def network_card(recipe: BackboneRecipe) -> WeightsCard:
    """Return the card of the network that the recipe trains or starts from."""
    return recipe.network if isinstance(recipe.network, WeightsCard) else read_card(recipe.network)


def grown(
    window: tuple[float, float, float, float], factor: float
) -> tuple[float, float, float, float]:
    """Return a window with the same middle, its sides so many times as long.

    Examples:
        >>> grown((0.25, 0.5, 0.75, 1.0), 0.5)
        (0.375, 0.625, 0.625, 0.875)
    """
    left, top, right, bottom = window
    across, down = (factor - 1) * (right - left) / 2, (factor - 1) * (bottom - top) / 2
    return left - across, top - down, right + across, bottom + down
