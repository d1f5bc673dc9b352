"""All that is known of a challenge's clips, in one object that never changes.

Made once, from the manifest that ``index`` writes or from a table of labels, and handed to
whatever trains, fuses, evaluates or compares: so groups, folds, copies and labels can't drift
apart. The labels of test clips are kept apart from the clips: nothing that is fitted reaches
them, only an evaluation that asks for the :meth:`Cohort.answer_key`.

Where answers are asked for step by step, the steps of a clip are rows of a cohort of their own,
:attr:`Cohort.rows`: whoever fuses, judges or hands in takes that one, and finds in it what any
cohort has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiw.core.clip import COLUMNS, UNLABELLED, Clip, Split, clip_problems, split_counts
from emotiw.core.clip_answers import answer_fields, only_asked, unanswered
from emotiw.core.errors import ManifestError, Problems, suggest
from emotiw.core.folds import Scheme, assign_folds
from emotiw.core.notebook_views import AsTable
from emotiw.core.several import Truth
from emotiw.core.steps import Steps
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
        steps: of every clip, where answers are asked for step by step; a clip's own answer is then
            the summary of its steps.

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
        self,
        clips: Iterable[Clip],
        *,
        task: Task | None = None,
        where: str = "manifest",
        steps: Mapping[str, Steps] | None = None,
    ) -> None:
        labels = task.labels if task is not None and task.is_label else None
        problems = Problems(where)
        answered: dict[str, Clip] = {}
        for clip in clips:
            for problem in clip_problems(clip, labels):
                problems.add(problem)
            if clip.split == UNLABELLED:
                clip = unanswered(clip)  # whatever a table says of it
            elif task is not None:
                clip = only_asked(clip, task, steps)
            if clip.clip_id in answered:
                paths = f"{answered[clip.clip_id].path} and {clip.path}"
                problems.add(f"duplicate clip id {clip.clip_id!r}: {paths}")
            answered[clip.clip_id] = clip
        problems.raise_if_any(ManifestError)
        self.task = task
        self.owners: Mapping[str, str] = {}  # in a cohort of rows, the clip of each
        self.times: Mapping[str, float] = {}  # in a cohort of rows, the seconds of each
        for clip_id in (steps or {}).keys() - answered.keys():
            problems.add(f"steps of clip {clip_id!r}, which is not there")
        problems.raise_if_any(ManifestError)
        self._steps = {c: s for c, s in (steps or {}).items() if answered[c].split != UNLABELLED}
        self._answered = {clip_id: answered[clip_id] for clip_id in sorted(answered)}
        self._clips = {
            clip_id: unanswered(clip) if clip.split == "test" else clip
            for clip_id, clip in self._answered.items()
        }
        self._protocol: tuple[Scheme, int, int] | None = None
        self._knows_groups: bool | None = None

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        counts = ", ".join(f"{n} {split}" for split, n in self.counts.items())
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

    @property
    def counts(self) -> dict[str, int]:
        """The number of clips in every split; of unlabelled ones only where there are any."""
        return split_counts(clip.split for clip in self)

    @property
    def has_steps(self) -> bool:
        """Whether answers are asked for step by step."""
        return bool(self._steps)

    def steps_of(self, clip_id: str) -> Steps:
        """Return the steps of a clip; of a test clip, without its answers."""
        steps = self._steps[clip_id]
        return steps.hidden() if self[clip_id].split == "test" else steps

    @property
    def answered_steps(self) -> Mapping[str, Steps]:
        """The steps of every clip with all answers, for files and evaluation."""
        return self._steps

    @cached_property
    def rows(self) -> Cohort:
        """The cohort of everything that an answer is asked for: of steps, or of these very clips.

        A step's row has its clip's split, group and fold, and stands for itself among copies.
        Unlabelled clips are not asked for.
        """
        if not self._steps or self.task is None:
            if not self.select(UNLABELLED):
                return self
            asked = self.only({c for c, split in self.splits.items() if split != UNLABELLED})
            asked._protocol = self._protocol
            return asked
        folds, rows, nowhere = self.folds, [], Path()
        owners: dict[str, str] = {}
        times: dict[str, float] = {}
        for clip_id, steps in self._steps.items():
            clip, row_ids = self._answered[clip_id], steps.row_ids(clip_id)
            about: dict[str, Any] = {"group": self.groups[clip_id], "fold": folds.get(clip_id)}
            told = enumerate(zip(row_ids, steps.truths(self.task), strict=True))
            for number, (row_id, truth) in told:
                content = f"{clip.content}#{number:08d}" if clip.content else ""
                own = answer_fields(truth, self.task)
                rows.append(Clip(row_id, nowhere, clip.split, content=content, **about, **own))
            owners |= dict.fromkeys(row_ids, clip_id)
            times |= dict(zip(row_ids, steps.time_sec.tolist(), strict=True))
        cohort = Cohort(rows, task=self.task, where="steps")
        cohort.owners, cohort.times = owners, times
        cohort._knows_groups = self.knows_groups
        return cohort

    def answer_key(self) -> dict[str, Truth]:
        """Return every known label or target, those of test clips too: for evaluation alone."""
        return dict(self._answer_key)

    @cached_property
    def _answer_key(self) -> Mapping[str, Truth]:
        known = ((c, clip.truth) for c, clip in self._answered.items())
        return {clip_id: truth for clip_id, truth in known if truth is not None}

    @cached_property
    def truths(self) -> Mapping[str, Truth]:
        """The known label, target or answers of every clip; never those of test clips."""
        return {c: truth for c, truth in self._answer_key.items() if self.splits[c] != "test"}

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
        if self._knows_groups is not None:
            return self._knows_groups
        return all(self[clip_id].group is not None for clip_id in self.truths)

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
        return Cohort(clips, task=self.task, steps=self._steps)

    @cached_property
    def originals(self) -> Mapping[str, str]:
        """The clip that stands for each one: the first of its copies in its group, if labelled."""
        first: dict[tuple[str, str], str] = {}
        return {
            clip.clip_id: first.setdefault(
                (clip.content or clip.clip_id, self.groups[clip.clip_id]), clip.clip_id
            )
            for clip in sorted(self, key=lambda clip: clip.split == UNLABELLED)
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
        # copies among the training clips alone: one elsewhere may come first by id
        alike = {c.clip_id: (c.content or c.clip_id, self.groups[c.clip_id]) for c in self.training}
        first = {key: clip_id for clip_id, key in reversed(alike.items())}
        once = [c for c in self.training if first[alike[c.clip_id]] == c.clip_id]
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
        return {clip_id: fold_of[first[key]] for clip_id, key in alike.items()}

    def with_folds(self, scheme: Scheme, *, n_folds: int = 5, seed: int = 0) -> Cohort:
        """Return the same clips with the folds of a scheme; copies of a clip share its fold.

        Args:
            scheme: as in :func:`~emotiw.core.folds.assign_folds`.
            n_folds: 0 for no cross-validation at all.
            seed: which of equally good splits to take.
        """
        other = copy(self)
        other._protocol = (scheme, n_folds, seed)
        for name in ("folds", "digest", "rows"):
            other.__dict__.pop(name, None)
        return other

    def with_contents(self, content_of: Callable[[Clip], str]) -> Cohort:
        """Return the same clips with the sha256 of their bytes."""
        clips = [replace(clip, content=content_of(clip)) for clip in self._answered.values()]
        return Cohort(clips, task=self.task, steps=self._steps)

    def only(self, clip_ids: Container[str]) -> Cohort:
        """Return some of the clips, or of the rows, with all that is known of them."""
        kept = Cohort((c for c in self.answered() if c.clip_id in clip_ids), task=self.task)
        kept.owners, kept.times = self.owners, self.times
        kept._knows_groups = self._knows_groups
        return kept

    def answered(self) -> Iterator[Clip]:
        """Yield every clip with its label or target, test clips too: for files and evaluation."""
        yield from self._answered.values()

    @cached_property
    def digest(self) -> str:
        """A hash of all this: cohorts of the same digest are the same."""
        folds = self.folds
        lines = [
            repr((c.clip_id, c.split, c.truth, c.group, c.content, folds.get(c.clip_id), c.corpus))
            for c in self._answered.values()
        ]
        digest = hashlib.sha256("\n".join(lines).encode())
        digest.update(self.digest_of_steps.encode())
        return digest.hexdigest()

    @cached_property
    def digest_of_steps(self) -> str:
        """A hash of all steps and what was annotated there; empty where there are none."""
        digest = hashlib.sha256()
        for clip_id, steps in sorted(self._steps.items()):
            digest.update("\n".join((clip_id, *steps.names)).encode())
            digest.update(steps.time_sec.tobytes() + steps.answers.tobytes())
        return digest.hexdigest() if self._steps else ""

    def to_frame(self) -> pd.DataFrame:
        """Return the clips in pandas, one row each; labels of test clips are left out."""
        import pandas as pd

        rows = [{**vars(clip), **clip.extra} for clip in self]
        extras = sorted({column for clip in self for column in clip.extra})
        frame = pd.DataFrame(rows, columns=[*COLUMNS, *extras])
        return frame.astype({"fold": "Int64", "path": "str"})
