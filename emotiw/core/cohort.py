"""All that is known of a challenge's clips, in one object that never changes.

Made once, from the manifest that ``index`` writes or from a table of labels, and handed to
whatever trains, fuses, evaluates or compares: so groups, folds, copies and labels can't drift
apart. The labels of test clips are kept apart from the clips: nothing that is fitted reaches
them, only an evaluation that asks for the :meth:`Cohort.answer_key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, get_args

from emotiw.core.clip import COLUMNS, Clip, Split, clip_problems
from emotiw.core.errors import ManifestError, Problems, suggest
from emotiw.core.folds import Scheme, assign_folds
from emotiw.core.notebook_views import AsTable
from emotiw.core.task import Task

if TYPE_CHECKING:
    import pandas as pd


ESTIMATED = "probably speaker "  # so begin the names of groups that were estimated


class Cohort(AsTable):
    """The clips of a challenge by id, in the order of their ids.

    Two clips of the same bytes in the same group are copies: one of them, the first by id, stands
    for both wherever something is fitted. A clip whose group nobody knows stands for its content,
    so that copies of it stay together whatever they are called.

    Args:
        clips: in any order, with the labels of test clips where these are known.
        task: what is asked of them: its labels, against which those of the clips are checked, or
            its targets. What it does not ask is left out.
        where: named in errors.

    Raises:
        ManifestError: with everything that is wrong.

    Examples:
        >>> from pathlib import Path
        >>> clips = [Clip("b", Path("b.avi"), "test", label="Happy"),
        ...          Clip("a", Path("a.avi"), "train", label="Sad", content="00"),
        ...          Clip("c", Path("c.avi"), "train", label="Sad", content="00")]
        >>> cohort = Cohort(clips)
        >>> [(clip.clip_id, clip.label) for clip in cohort]
        [('a', 'Sad'), ('b', None), ('c', 'Sad')]
        >>> cohort.answer_key()
        {'a': 'Sad', 'b': 'Happy', 'c': 'Sad'}
        >>> cohort.originals["c"], cohort.knows_groups
        ('a', False)
    """

    def __init__(
        self, clips: Iterable[Clip], *, task: Task | None = None, where: str = "manifest"
    ) -> None:
        labels = task.labels if task is not None and task.is_label else None
        problems = Problems(where)
        answered: dict[str, Clip] = {}
        for clip in clips:
            for problem in clip_problems(clip, labels):
                problems.add(problem)
            if task is not None:  # a manifest may have a column of labels and one of targets
                clip = replace(clip, target=None) if task.is_label else replace(clip, label=None)
            if clip.clip_id in answered:
                problems.add(
                    f"duplicate clip id {clip.clip_id!r}: "
                    f"{answered[clip.clip_id].path} and {clip.path}"
                )
            answered[clip.clip_id] = clip
        problems.raise_if_any(ManifestError)
        self.task = task
        self._answered = {clip_id: answered[clip_id] for clip_id in sorted(answered)}
        self._clips = {
            clip_id: replace(clip, label=None, target=None) if clip.split == "test" else clip
            for clip_id, clip in self._answered.items()
        }
        self._protocol: tuple[Scheme, int, int] | None = None

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        counts = ", ".join(f"{len(self.select(split))} {split}" for split in get_args(Split))
        return f"<Cohort of {len(self)} clips: {counts}>"

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
        return {c: clip.truth for c, clip in self._answered.items() if clip.truth is not None}

    @cached_property
    def splits(self) -> Mapping[str, str]:
        """The split of every clip."""
        return {clip.clip_id: clip.split for clip in self}

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """The group of every clip; the content of one whose group nobody knows, else its id."""
        return {
            clip.clip_id: clip.group if clip.group is not None else clip.content or clip.clip_id
            for clip in self
        }

    @cached_property
    def knows_groups(self) -> bool:
        """Whether the group of every clip with a known label or target was told."""
        return all(clip.group is not None for clip in self if clip.truth is not None)

    @cached_property
    def estimates_groups(self) -> bool:
        """Whether the group of any clip is a guess."""
        return any((clip.group or "").startswith(ESTIMATED) for clip in self)

    def with_estimated(self, number_of: Mapping[str, int]) -> Cohort:
        """Return the same clips; those of unknown group that have a number have a probable one.

        It keeps clips of one split together. That somebody is in two splits is the challenge's
        own doing, and no reason to refuse its validation clips.
        """
        clips = [
            replace(clip, group=f"{ESTIMATED}{number_of[clip.clip_id]} of {clip.split}")
            if clip.group is None and clip.clip_id in number_of
            else clip
            for clip in self._answered.values()
        ]
        return Cohort(clips, task=self.task)

    @cached_property
    def originals(self) -> Mapping[str, str]:
        """The clip that stands for each one: the first of its copies in its group."""
        first: dict[tuple[str, str], str] = {}
        return {
            clip.clip_id: first.setdefault(
                (clip.content or clip.clip_id, self.groups[clip.clip_id]), clip.clip_id
            )
            for clip in self
        }

    @cached_property
    def training(self) -> tuple[Clip, ...]:
        """Training clips with a label or target, in an order that their names don't decide."""
        known = [clip for clip in self.select("train") if clip.truth is not None]
        return tuple(sorted(known, key=lambda clip: (clip.content, clip.clip_id)))

    @cached_property
    def folds(self) -> Mapping[str, int]:
        """The fold that holds each training clip out; those of the manifest until others are.

        Raises:
            ConfigError: if there are fewer groups than folds, or no published folds to take.
            LeakageError: if a published protocol puts one group into two folds.
        """
        if self._protocol is None:
            return {clip.clip_id: clip.fold for clip in self.training if clip.fold is not None}
        scheme, n_folds, seed = self._protocol
        once = [c for c in self.training if self.originals[c.clip_id] == c.clip_id]
        if not n_folds or not once:
            return {}
        fold_of = assign_folds(
            {clip.clip_id: self.groups[clip.clip_id] for clip in once},
            {clip.clip_id: clip.truth for clip in once if clip.truth is not None},
            published={clip.clip_id: clip.fold for clip in once if clip.fold is not None},
            scheme=scheme,
            n_folds=n_folds,
            seed=seed,
        )
        return {c.clip_id: fold_of[self.originals[c.clip_id]] for c in self.training}

    def with_folds(self, scheme: Scheme, *, n_folds: int = 5, seed: int = 0) -> Cohort:
        """Return the same clips with the folds of a scheme; copies of a clip share its fold.

        Args:
            scheme: as in :func:`~emotiw.core.folds.assign_folds`.
            n_folds: 0 for no cross-validation at all.
            seed: which of equally good splits to take.
        """
        other = copy(self)
        other._protocol = (scheme, n_folds, seed)
        for name in ("folds", "digest"):
            other.__dict__.pop(name, None)
        return other

    def with_contents(self, content_of: Callable[[Clip], str]) -> Cohort:
        """Return the same clips with the sha256 of their bytes."""
        clips = [replace(clip, content=content_of(clip)) for clip in self._answered.values()]
        return Cohort(clips, task=self.task)

    def answered(self) -> Iterator[Clip]:
        """Yield every clip with its label or target, test clips too: for files and evaluation."""
        yield from self._answered.values()

    @cached_property
    def digest(self) -> str:
        """A hash of all this: cohorts of the same digest are the same."""
        lines = [
            repr(
                (
                    c.clip_id,
                    c.split,
                    c.truth,
                    c.group,
                    c.content,
                    self.folds.get(c.clip_id),
                    c.corpus,
                )
            )
            for c in self._answered.values()
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return the clips in pandas, one row each; labels of test clips are left out."""
        import pandas as pd

        rows = [{**vars(clip), **clip.extra} for clip in self]
        extras = sorted({column for clip in self for column in clip.extra})
        frame = pd.DataFrame(rows, columns=[*COLUMNS, *extras])
        return frame.astype({"fold": "Int64", "path": "str"})
