"""The recipe of a run with all defaults filled in, and the versions of what computes it."""

from __future__ import annotations

import json

from emotiw.core.versions import versions
from emotiw.runs.recipe import Recipe


def description_of(recipe: Recipe) -> dict[str, bytes]:
    """Return ``recipe.yaml`` and ``versions.json``, which every stage writes with its results."""
    import yaml

    settings = recipe.settings.model_dump(mode="json")
    settings["name"] = recipe.name
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    numbers = json.dumps(versions(), indent=1, sort_keys=True) + "\n"
    return {"recipe.yaml": text.encode(), "versions.json": numbers.encode()}
