"""What the files that belong together were when they were written, as ``sha256sum -c`` reads it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emotiw.core.files import atomic_write, sha256_of


def write_checksums(path: Path, files: Iterable[Path]) -> None:
    """Write the sha256 of files that lie beside ``path`` or below."""
    named = {file.relative_to(path.parent).as_posix(): file for file in files}
    lines = [f"{sha256_of(named[name])}  {name}\n" for name in sorted(named)]
    atomic_write(path, "".join(lines).encode())


def are_intact(path: Path) -> bool:
    """Return whether all files of a list are as they were written.

    Where there is no list, as in earlier versions, nobody can say that they aren't.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    except ValueError:  # not even text any more
        return False
    lines = text.removesuffix("\n").split("\n") if text else []
    return all(_is_intact(path.parent, line) for line in lines)


def _is_intact(folder: Path, line: str) -> bool:
    written, _, name = line.partition("  ")
    try:
        return sha256_of(folder / name) == written
    except (OSError, ValueError):
        return False
