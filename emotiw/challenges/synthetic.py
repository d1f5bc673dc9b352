"""Corpora that were made and not recorded: scores on them say nothing about real people."""

from __future__ import annotations

from pathlib import Path

MARK = "demo_settings.json"  # what ``emotiw demo`` was asked for


def is_synthetic(root: Path) -> bool:
    """Return whether the clips below this folder are those of ``emotiw demo``."""
    return (root / MARK).is_file()
