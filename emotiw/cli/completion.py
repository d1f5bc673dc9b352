"""What a shell offers when a name is begun: what comes along, and files of one's own."""

from __future__ import annotations

from glob import glob
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"  # a shell waits: nothing is imported for it


def recipes(incomplete: str) -> list[str]:
    """Return the recipes that come along and begin so."""
    return _begun(incomplete, "recipes/*.yaml", "demo*.yaml")


def recipes_or_files(incomplete: str) -> list[str]:
    """Return recipes, and YAML files and folders that begin so."""
    return recipes(incomplete) + _files(incomplete)


def challenges_or_files(incomplete: str) -> list[str]:
    """Return challenges, and YAML files and folders that begin so."""
    return _begun(incomplete, "challenges/*.yaml") + _files(incomplete)


def cards_or_files(incomplete: str) -> list[str]:
    """Return weights cards, and YAML files and folders that begin so."""
    return _begun(incomplete, "weights/*.yaml") + _files(incomplete)


def _begun(incomplete: str, *patterns: str) -> list[str]:
    names = sorted(path.stem for pattern in patterns for path in CONFIGS.glob(pattern))
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str) -> list[str]:
    found = sorted(glob(f"{incomplete}*"))  # noqa: PTH207 (as it was typed, ./ and all)
    folders = [f"{name}/" for name in found if Path(name).is_dir()]
    return [name for name in found if name.endswith((".yaml", ".yml"))] + folders
