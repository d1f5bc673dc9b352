"""The list of what has to be answered, as a user gives it: a folder of clips, or a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.errors import SubmissionError
from emotiw.core.media.file_kinds import is_named_media
from submissions.archive import COPY_MARK
from submissions.result_sheet import sheet_text


def read_clip_list(spec: ChallengeSpec, path: Path) -> list[str]:
    """Return the ids that a folder of test clips, or a text with one name per line, stands for.

    What else lies beside the media of a folder (a read-me, what an operating system leaves) is
    none; a name that a list has twice counts once.

    Raises:
        SubmissionError: if there is no such folder or list, it can't be read, or names nothing.
    """
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.is_file() and not COPY_MARK.search(f.name))
        media = [file.name for file in files if is_named_media(file.name)]
        ids = ids_of(spec, media or [file.stem for file in files])
    elif path.is_file():
        lines = map(str.strip, sheet_text(path).split("\n"))
        ids = ids_of(spec, list(dict.fromkeys(filter(None, lines))))
    else:
        raise SubmissionError(f"no folder or list of test clips at {path}")
    if not ids:
        raise SubmissionError(f"{path} names no test clips")
    return ids


def ids_of(spec: ChallengeSpec, names: Sequence[str]) -> list[str]:
    """Return clip ids from names with or without the extension of a media file.

    Two files of one stem are told apart by their extensions, which both keep; so do the frames
    and segments of a list of rows.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> ids_of(load_spec("afew2017"), ["000029320.mp4", "011145880"])
        ['000029320', '011145880']
        >>> ids_of(load_spec("gaf2017"), ["a.jpg", "a.png", "b.png"])
        ['a.jpg', 'a.png', 'b']
    """
    if spec.unit not in {"clip", "image"}:
        return list(names)
    stems = [Path(name).stem if is_named_media(name) else name for name in names]
    counts = Counter(stems)
    return [name if counts[stem] > 1 else stem for name, stem in zip(names, stems, strict=True)]
