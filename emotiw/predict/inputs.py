"""The files that a command line names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from emotiw.challenges.manifest_builder import media_files as files_below
from emotiw.core.clip import escaped
from emotiw.core.errors import ConfigError
from emotiw.core.files import file_problem
from emotiw.core.media.file_kinds import MEDIA


def media_files(named: Sequence[Path]) -> dict[str, Path]:
    """Return the videos, photographs and recordings among files and folders, by what to call them.

    Of folders, everything below that is media, in the order of names; a file that is named
    itself is always taken. A file comes once, however often it is named.

    Raises:
        ConfigError: if something named is neither a file nor a folder, or nothing remains.
    """
    problems = [(path, "" if path.is_dir() else file_problem(path)) for path in named]
    if told := [f"{escaped(str(path))}: {problem}" for path, problem in problems if problem]:
        raise ConfigError("; ".join(told))
    found: dict[str, Path] = {}
    for path in named:
        for file in files_below(path, MEDIA) if path.is_dir() else [path]:
            found.setdefault(os.path.realpath(file), file)
    if not found:
        raise ConfigError(f"no video, photograph or recording in {', '.join(map(str, named))}")
    return {escaped(path.as_posix()): path for path in found.values()}
