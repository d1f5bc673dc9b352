"""The recipe of a run with all defaults filled in, and the versions of what computes it."""

from __future__ import annotations

import json
from functools import cache

from emotiw.runs.recipe import Recipe


def description_of(recipe: Recipe) -> dict[str, bytes]:
    """Return ``recipe.yaml`` and ``versions.json``, which every stage writes with its results."""
    import yaml

    settings = recipe.settings.model_dump(mode="json")
    settings["name"] = recipe.name
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    versions = json.dumps(_versions(), indent=1, sort_keys=True) + "\n"
    return {"recipe.yaml": text.encode(), "versions.json": versions.encode()}


@cache
def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    names = (
        "emotiw", "numpy", "torch", "torchaudio", "torchvision", "librosa", "opensmile",
        "facenet-pytorch", "av", "opencv-python-headless", "scikit-learn", "pandas",
    )  # fmt: skip
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
