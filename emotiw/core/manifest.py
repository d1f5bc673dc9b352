"""The clips of a challenge: ids, files, splits, labels, and the groups that stay together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from emotiw.core.csv_rows import read_rows, rows_as_csv
from emotiw.core.errors import ManifestError, Problems, suggest
from emotiw.core.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd

Split = Literal["train", "val", "test"]
SPLITS: tuple[str, ...] = get_args(Split)
COLUMNS = ("clip_id", "path", "split", "label", "target", "group", "fold")


@dataclass(frozen=True)
class Clip:
    """One video, photograph or recording, as every stage knows it.

    Attributes:
        clip_id: the challenge's own name for it; never an integer (``000143240`` keeps its zeros).
        path: the file.
        split: ``train``, ``val`` or ``test``.
        label: one of the challenge's labels; None where unknown, and always None in a test clip.
        target: a number instead of a label, in regression tasks.
        group: the speaker or source video, kept together in cross-validation;
            None where nobody knows, and then the clip stands for itself.
        fold: the published fold of cross-validation that holds this clip out, if there is one.
        extra: further columns of the manifest, kept as text (``speaker``, ``gender``, …).
    """

    clip_id: str
    path: Path
    split: Split
    label: str | None = None
    target: float | None = None
    group: str | None = None
    fold: int | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Manifest:
    """All clips of a challenge, by id, in the order of their ids.

    The answers of test clips are kept apart from the clips: nothing that is fitted can reach them,
    only an evaluation that asks for the :meth:`answer_key`.

    Examples:
        >>> clips = [Clip("b", Path("b.avi"), "test", label="Happy"),
        ...          Clip("a", Path("a.avi"), "train", label="Sad")]
        >>> manifest = Manifest(clips, labels=("Happy", "Sad"))
        >>> [(clip.clip_id, clip.label) for clip in manifest]
        [('a', 'Sad'), ('b', None)]
        >>> manifest.answer_key()
        {'a': 'Sad', 'b': 'Happy'}
    """

    def __init__(
        self,
        clips: Iterable[Clip],
        *,
        labels: tuple[str, ...] | None = None,
        where: str = "manifest",
    ) -> None:
        problems = Problems(where)
        by_id: dict[str, Clip] = {}
        answered: dict[str, Clip] = {}
        for clip in clips:
            for problem in clip_problems(clip, labels):
                problems.add(problem)
            if clip.clip_id in by_id:
                problems.add(
                    f"duplicate clip id {clip.clip_id!r}: "
                    f"{by_id[clip.clip_id].path} and {clip.path}"
                )
            answered[clip.clip_id] = clip
            held_back = replace(clip, label=None, target=None) if clip.split == "test" else clip
            by_id[clip.clip_id] = held_back
        problems.raise_if_any(ManifestError)
        self._clips = {clip_id: by_id[clip_id] for clip_id in sorted(by_id)}
        self._answered = {clip_id: answered[clip_id] for clip_id in sorted(answered)}

    def __iter__(self) -> Iterator[Clip]:
        return iter(self._clips.values())

    def __len__(self) -> int:
        return len(self._clips)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._clips

    def __getitem__(self, clip_id: str) -> Clip:
        if clip_id not in self._clips:
            raise ManifestError(f"no clip {clip_id!r}{suggest(clip_id, self._clips)}")
        return self._clips[clip_id]

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """All clip ids, sorted as text."""
        return tuple(self._clips)

    def select(self, *splits: Split) -> list[Clip]:
        """Return the clips of these splits, in the order of their ids."""
        return [clip for clip in self if clip.split in splits]

    def answer_key(self) -> dict[str, str | float]:
        """Return every known label or target, those of test clips too: for evaluation alone."""
        answers = {
            clip_id: clip.label if clip.label is not None else clip.target
            for clip_id, clip in self._answered.items()
        }
        return {clip_id: answer for clip_id, answer in answers.items() if answer is not None}

    def splits(self) -> dict[str, str]:
        """Return the split of every clip."""
        return {clip.clip_id: clip.split for clip in self}

    def groups(self, fallback: Callable[[Clip], str] | None = None) -> dict[str, str]:
        """Return the group of every clip.

        Args:
            fallback: what stands for the group of a clip that has none; its id by default.
        """
        name = fallback or (lambda clip: clip.clip_id)
        return {clip.clip_id: clip.group if clip.group is not None else name(clip) for clip in self}

    def groups_or_contents(self, prints: Mapping[str, str]) -> dict[str, str]:
        """Return the group of every clip; one whose group nobody knows stands for its content.

        Copies of such a clip then stay together, whatever they are called.

        Args:
            prints: the sha256 of the bytes, by clip id.
        """
        return self.groups(fallback=lambda clip: prints[clip.clip_id])

    def to_frame(self) -> pd.DataFrame:
        """Return the clips in pandas, one row each; the answers of test clips are left out."""
        import pandas as pd

        rows = [
            {column: getattr(clip, column) for column in COLUMNS} | dict(clip.extra)
            for clip in self
        ]
        extras = sorted({column for clip in self for column in clip.extra})
        frame = pd.DataFrame(rows, columns=[*COLUMNS, *extras])
        return frame.astype({"fold": "Int64", "path": "str"})

    def write_csv(self, path: Path, *, root: Path) -> None:
        """Write the manifest as CSV, with the paths of files below ``root`` relative to it."""
        extras = sorted({column for clip in self for column in clip.extra})
        rows = [
            [
                clip.clip_id,
                _relative(clip.path, root),
                clip.split,
                clip.label if clip.label is not None else "",
                repr(float(clip.target)) if clip.target is not None else "",
                clip.group if clip.group is not None else "",
                clip.fold if clip.fold is not None else "",
                *(clip.extra.get(column, "") for column in extras),
            ]
            for clip in self._answered.values()
        ]
        atomic_write(path, rows_as_csv([[*COLUMNS, *extras], *rows]))

    @classmethod
    def read_csv(cls, path: Path, *, root: Path, labels: tuple[str, ...] | None = None) -> Manifest:
        """Read a manifest written by :meth:`write_csv`, or by hand.

        Args:
            path: a CSV with at least the columns ``clip_id``, ``path`` and ``split``.
            root: what relative paths in it are relative to.
            labels: the labels that are allowed, if the task is a classification.

        Raises:
            ManifestError: with file, line and text of everything that is wrong.
        """
        if not path.is_file():
            raise ManifestError(f"no manifest at {path}")
        problems = Problems(str(path))
        clips: list[Clip] = []
        seen: dict[str, int] = {}
        for line, row in read_rows(path, ("clip_id", "path", "split"), problems):
            try:
                clip = _clip_of_row(row, root)
            except ManifestError as error:
                problems.add(f"line {line}: {error}")
                continue
            for problem in clip_problems(clip, labels):
                problems.add(f"line {line}: {problem}")
            if clip.clip_id in seen:
                problems.add(
                    f"line {line}: duplicate clip id {clip.clip_id!r}, first on line "
                    f"{seen[clip.clip_id]}"
                )
            seen.setdefault(clip.clip_id, line)
            clips.append(clip)
        problems.raise_if_any(ManifestError)
        return cls(clips, labels=labels, where=str(path))


def clip_problems(clip: Clip, labels: tuple[str, ...] | None) -> Iterator[str]:
    """Yield what is wrong with one clip: its id, its split, its label."""
    clip_id = clip.clip_id
    if not clip_id:
        yield f"empty clip id ({clip.path})"
    elif clip_id in {".", ".."} or any(c in clip_id for c in "/\\") or not clip_id.isprintable():
        yield f"clip id {clip_id!r} can't name a file: it holds a path separator or a control code"
    if clip.split not in SPLITS:
        yield (
            f"clip {clip_id!r}: unknown split {clip.split!r}{suggest(clip.split, SPLITS)} "
            f"(expected one of {', '.join(SPLITS)})"
        )
    if clip.target is not None and not math.isfinite(clip.target):
        yield f"clip {clip_id!r}: target {clip.target} is not a finite number"
    if labels is not None and clip.label is not None and clip.label not in labels:
        yield (
            f"clip {clip_id!r}: unknown label {clip.label!r}{suggest(clip.label, labels)} "
            f"(expected one of {', '.join(labels)})"
        )


def _clip_of_row(row: Mapping[str, str], root: Path) -> Clip:
    target, fold = row.get("target", ""), row.get("fold", "")
    try:
        number = float(target) if target else None
    except ValueError:
        raise ManifestError(f"target {target!r} is not a number") from None
    try:
        fold_index = int(fold) if fold else None
    except ValueError:
        raise ManifestError(f"fold {fold!r} is not a whole number") from None
    split: Split = row["split"]  # type: ignore[assignment]  # checked by clip_problems
    return Clip(
        clip_id=row["clip_id"],
        path=root / row["path"],
        split=split,
        label=row.get("label") or None,
        target=number,
        group=row.get("group") or None,
        fold=fold_index,
        extra=MappingProxyType({k: v for k, v in row.items() if k not in COLUMNS and v}),
    )


def _relative(path: Path, root: Path) -> str:
    # as it is written first: a link below the root keeps its own name
    for form in (Path.absolute, Path.resolve):
        if form(path).is_relative_to(form(root)):
            return form(path).relative_to(form(root)).as_posix()
    return path.resolve().as_posix()
