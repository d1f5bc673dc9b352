"""Which unlabelled clips each fit of a cross-validation may learn from.

What is hidden from a fit does not depend on what it is asked to score: the model of a fold scores
its fold, and for a nested fusion the validation clips as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from emotiw.core.clip import UNLABELLED, Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError

JUDGED = "the clips that are judged, taken together"


class UnlabelledOfFold:
    """The unlabelled clips of a cohort, fit by fit.

    A copy of a clip that has a label, or that has to be predicted, is no unlabelled clip: it would
    tell of it. Test clips are learnt from only where a recipe says so; they count as such then, and
    every figure says that it is adapted to them.

    Args:
        cohort: the clips.
        usable: ids of the clips that have the feature.
        splits: what is learnt from: ``unlabelled``, ``test``, or both.

    Raises:
        ConfigError: if answers are asked for step by step, and there is something to learn from.
    """

    def __init__(self, cohort: Cohort, usable: Collection[str], splits: Sequence[str]) -> None:
        if splits and cohort.has_steps:
            raise ConfigError("unlabelled: of answers step by step nothing learns without labels")
        self.cohort = cohort
        self.splits = frozenset(splits)
        told = {
            clip.content or clip.clip_id
            for clip in cohort
            if clip.split not in self.splits and clip.split != UNLABELLED
        }
        first: dict[str, Clip] = {}
        for clip in sorted(cohort, key=lambda clip: (clip.content, clip.clip_id)):
            content = clip.content or clip.clip_id
            if clip.split in self.splits and clip.clip_id in usable and content not in told:
                first.setdefault(content, clip)
        self._clips = list(first.values())
        self._judged = {
            cohort.groups[clip.clip_id]
            for clip in cohort
            if clip.split in {"val", "test"} - self.splits
        }

    @property
    def told(self) -> tuple[str, ...]:
        """What is learnt from, in words; nothing where there is no such clip."""
        found: dict[str, list[bool]] = {}
        for clip in self._clips:
            found.setdefault(clip.split, []).append(clip.group is None)
        names = {"test": "the unlabelled test clips", UNLABELLED: "unlabelled clips"}
        told = []
        for split, unknown in sorted(found.items()):
            some = " of unknown speakers" if all(unknown) else ", some of unknown speakers"
            told.append(names[split] + (some if any(unknown) else ""))
        return tuple(told)

    @property
    def corpora(self) -> frozenset[str]:
        """The corpora that these clips are of."""
        return frozenset(clip.corpus for clip in self._clips)

    def hidden(self, *folds: int | None) -> frozenset[str]:
        """Return the groups that a model which holds out these folds is judged on.

        Those of validation and test clips are among them, but for test clips that are learnt from.
        """
        held_out = (c for c, fold in self.cohort.folds.items() if fold in folds)
        return frozenset(self._judged.union(map(self.cohort.groups.__getitem__, held_out)))

    def clip_ids(self, *folds: int | None) -> tuple[str, ...]:
        """Return the clips that a model which holds out these folds may learn from."""
        hidden, group_of = self.hidden(*folds), self.cohort.groups
        return tuple(c.clip_id for c in self._clips if group_of[c.clip_id] not in hidden)
