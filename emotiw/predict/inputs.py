"""The files that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emotiw.challenges.manifest_builder import PICTURE, SOUND, VIDEO
from emotiw.core.errors import ConfigError

MEDIA = frozenset((*VIDEO, *SOUND, *PICTURE))


def media_files(named: Sequence[Path]) -> dict[str, Path]:
    """Return the videos, photographs and recordings among files and folders, by what to call them.

    Of folders, everything below with a usual suffix, in the order of names; a file that is named
    itself is always taken. A file comes once, however often it is named.

    Raises:
        ConfigError: if something named is not there, or nothing remains.
    """
    missing = [str(path) for path in named if not path.exists()]
    if missing:
        raise ConfigError(f"no such file or folder: {', '.join(missing)}")
    found: dict[Path, str] = {}
    for path in named:
        if path.is_file():
            found.setdefault(path.resolve(), str(path))
            continue
        for inside in sorted(path.rglob("*")):
            is_hidden = any(part.startswith(".") for part in inside.relative_to(path).parts)
            if inside.suffix.lower() in MEDIA and inside.is_file() and not is_hidden:
                found.setdefault(inside.resolve(), str(inside))
    if not found:
        raise ConfigError(
            f"no video, photograph or recording in {', '.join(map(str, named))} "
            f"(looked for {', '.join(sorted(MEDIA))})"
        )
    return {name: Path(name) for name in found.values()}
