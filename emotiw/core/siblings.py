"""Whether the packages beside ``emotiw`` are the ones that Python would import.

``features``, ``fusion`` and ``submissions`` are plain words, and many a folder has its own: one
that comes first on the import path would take the place of ours. Nothing is imported to find out.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).parents[2]
SIBLINGS = ("features", "fusion", "submissions")


def clash() -> str:
    """Return one sentence on what is in the way, and the cure; empty where nothing is."""
    foreign = {name: place for name in SIBLINGS if (place := _foreign(name))}
    if not foreign:
        return ""
    it, comes = ("it", "comes") if len(foreign) == 1 else ("them", "come")
    return (
        f"emotiw can't use its own {' and '.join(foreign)}, because "
        f"{' and '.join(foreign.values())} {comes} first on the import path: rename {it}, or run "
        "from another folder"
    )


def is_command() -> bool:
    """Return whether the command line is being started, as ``emotiw`` or ``python -m emotiw``."""
    started = (getattr(sys, "argv", None) or [""])[0]
    if started == "-m":  # what it says while the module is being looked for
        return "emotiw" in sys.orig_argv
    return Path(started).stem == "emotiw"


def _foreign(name: str) -> str:
    try:
        spec = find_spec(name)
    except ValueError:  # imported already, by something that tells no more of it
        return str(getattr(sys.modules[name], "__file__", None) or f"a module {name!r}")
    if spec is None:
        return ""
    folders = list(spec.submodule_search_locations or [])
    place = Path(folders[0] if folders else spec.origin or name)
    ours = HOME / name
    return "" if place.resolve() == ours.resolve() else str(place)
