"""Several features of a clip side by side, joined by clip id.

A clip of several features is an array with a row per feature, whose mask says which of them it has;
what they hold stands beside it, each with its own rows, times and mask. So a table of several
features is a table like any other: a clip is in it that has any of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emotiw.core.errors import TableError, suggest
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable, LearntOn

FROM_BEST: tuple[LearntOn, ...] = ("other data", "train", "unknown")


@dataclass(frozen=True)
class JoinedSpec(FeatureSpec):
    """The promise of several features.

    Attributes:
        parts: what each of them promises.
    """

    parts: tuple[FeatureSpec, ...] = ()


@dataclass(frozen=True)
class JoinedArray(FeatureArray):
    """What one clip has of several features.

    Attributes:
        parts: its rows of each; None where it lacks the feature.
    """

    parts: tuple[FeatureArray | None, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[FeatureArray | None]) -> JoinedArray:
        """Put the rows of each feature side by side."""
        present = np.array([part is not None for part in parts])
        return cls(np.zeros(len(present), dtype=np.float32), present, None, tuple(parts))


def joined_spec(specs: Sequence[FeatureSpec]) -> JoinedSpec:
    """Return what several features promise together.

    Raises:
        TableError: if two of them have the same name.
    """
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"feature {name!r} is named twice among {', '.join(names)}")
    return JoinedSpec("+".join(names), (), "clip", parts=tuple(specs))


class JoinedTable(FeatureTable):
    """The clips that have any of several features; nothing is read before it is asked for.

    What made the rows has seen what the worst of the features has seen.

    Args:
        tables: of the features.

    Attributes:
        tables: as they were given.

    Raises:
        TableError: if two features have the same name.

    Examples:
        >>> def table(name, *clip_ids):
        ...     rows = FeatureArray.all_present(np.ones((2, 1), np.float32))
        ...     return FeatureTable(FeatureSpec(name, (1,), "frame"), dict.fromkeys(clip_ids, rows))
        >>> both = JoinedTable([table("face", "a"), table("voice", "a", "b")])
        >>> both.spec.name, both.clip_ids, both["b"].present.tolist()
        ('face+voice', ('a', 'b'), [False, True])
        >>> both.only(["face"]).clip_ids
        ('a',)
    """

    def __init__(self, tables: Sequence[FeatureTable]) -> None:
        self.tables = tuple(tables)
        worst = max((table.trained_on for table in tables), key=FROM_BEST.index)
        spec = joined_spec([table.spec for table in tables])
        super().__init__(spec, _Joined(tables), trained_on=worst)

    def only(self, names: Collection[str]) -> JoinedTable:
        """Return the table as if clips had none but these of its features.

        Raises:
            TableError: if it has no such feature.
        """
        known = [table.spec.name for table in self.tables]
        for name in names:
            if name not in known:
                raise TableError(f"no feature {name!r}{suggest(name, known)} ({', '.join(known)})")
        return JoinedTable(
            [t if t.spec.name in names else FeatureTable(t.spec, {}) for t in self.tables]
        )


def parts_of(spec: FeatureSpec) -> tuple[FeatureSpec, ...]:
    """Return the features behind a spec: several, or the one that it is."""
    return spec.parts if isinstance(spec, JoinedSpec) else (spec,)


def arrays_of(array: FeatureArray) -> tuple[FeatureArray | None, ...]:
    """Return the rows of each feature of a clip, None for those that it lacks."""
    return array.parts if isinstance(array, JoinedArray) else (array,)


def without_names(spec: FeatureSpec) -> FeatureSpec:
    """Return what rows are, whatever the features are called: names change no result."""
    if isinstance(spec, JoinedSpec):
        return replace(spec, name="", parts=tuple(map(without_names, spec.parts)))
    return replace(spec, name="")


class _Joined(Mapping[str, FeatureArray]):
    """The arrays of several tables by clip id, read as they are asked for."""

    def __init__(self, tables: Sequence[FeatureTable]) -> None:
        self._tables = tuple(tables)
        self._ids = dict.fromkeys(sorted({c for table in tables for c in table.clip_ids}))

    def __getitem__(self, clip_id: str) -> FeatureArray:
        if clip_id not in self._ids:
            raise KeyError(clip_id)
        tables = [table if clip_id in table else None for table in self._tables]
        return JoinedArray.of([None if table is None else table[clip_id] for table in tables])

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
