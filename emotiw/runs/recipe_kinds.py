"""Which command a recipe is for; and what each of those that come along is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotiw.core.config import read_document

OTHERS = {"network": "train-backbone", "feature_sets": "train-voice"}  # by a key of its own


def command_of(data: Mapping[str, Any]) -> str:
    """Return the command that a recipe is for.

    Examples:
        >>> command_of({"network": "emotion_cnn"}), command_of({"challenge": "gaf2017"})
        ('train-backbone', 'run')
    """
    return next((command for key, command in OTHERS.items() if key in data), "run")


def described(recipes: Mapping[str, Path]) -> list[tuple[str, str, str]]:
    """Return name, command, and the first sentence of the comment at its top, of each recipe.

    Examples:
        >>> from emotiw.runs.recipe import packaged_recipes
        >>> described({"photographs": packaged_recipes()["photographs"]})[0][:2]
        ('photographs', 'run')
    """
    return [
        (name, command_of(read_document(path).data), _first_sentence(path.read_text("utf-8")))
        for name, path in sorted(recipes.items())
    ]


def _first_sentence(text: str) -> str:
    said: list[str] = []
    for line in text.splitlines():
        if not line.startswith("# ") or line.startswith("#  "):
            break
        said.append(line.removeprefix("# "))
    return " ".join(said).partition(". ")[0].rstrip(".:") + "." * bool(said)
