"""Clips without labels that a model may learn from, and the refusal of those that it may not.

A label that was guessed is as good as whoever guessed it: one who was trained on a held-out speaker
carries that speaker's labels into the model that is judged on them. So guesses know what those who
made them were trained on, and neither they nor their clips can be put together with a model that
holds any of it out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import LeakageError

if TYPE_CHECKING:
    from emotiw.models.model import Examples

Groups = Collection[str]


@dataclass(frozen=True)
class Unlabelled:
    """Clips without labels, of groups that the model which learns from them is not judged on.

    Attributes:
        clips: their rows; they have no targets.
        held_out: the groups that the model is judged on.
        guesses: ``(n,)`` class indices that somebody guessed (pseudo-labels); None for none.
        weights: ``(n,)``, how much each guess counts beside a label, 0 for not at all.
        taught_by: the groups that those who guessed were trained on.

    Raises:
        LeakageError: if a clip, or who guessed its label, is of a held-out group or has seen one.

    Examples:
        >>> from emotiw.core.feature_table import FeatureSpec, FeatureTable
        >>> from emotiw.models.model import Examples
        >>> clips = Examples(FeatureTable(FeatureSpec("toy", (1,), "clip"), {}), ("a",), ("ann",))
        >>> known = Unlabelled(clips, held_out=frozenset({"bob"}))
        >>> known.guessed(np.array([1]), np.array([0.5]), taught_by={"ann", "bob"})
        Traceback (most recent call last):
        emotiw.core.errors.LeakageError: pseudo-labels were guessed by models that were trained on \
1 groups that the model which learns from them is judged on, e.g. 'bob'
    """

    clips: Examples
    held_out: frozenset[str] = frozenset()
    guesses: npt.NDArray[np.intp] | None = None
    weights: npt.NDArray[np.float64] | None = None
    taught_by: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for groups, what in (
            (self.clips.groups, "unlabelled clips are of"),
            (self.taught_by, "pseudo-labels were guessed by models that were trained on"),
        ):
            leaked = self.held_out.intersection(groups)
            if leaked:
                raise LeakageError(
                    f"{what} {len(leaked)} groups that the model which learns from them is judged "
                    f"on, e.g. {min(leaked)!r}"
                )

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def learnt(self) -> npt.NDArray[np.intp]:
        """The positions of the clips whose guess is learnt from."""
        return np.zeros(0, dtype=int) if self.weights is None else np.flatnonzero(self.weights)

    def holding_out(self, groups: Groups) -> Unlabelled:
        """Return the clips that may be learnt from where these groups are held out, too.

        Guesses are left behind: whoever made them may have seen these groups.
        """
        hidden = self.held_out.union(groups)
        rows = [row for row, group in enumerate(self.clips.groups) if group not in hidden]
        return Unlabelled(self.clips.subset(rows), hidden)

    def guessed(
        self,
        guesses: npt.NDArray[np.intp],
        weights: npt.NDArray[np.float64],
        *,
        taught_by: Groups,
    ) -> Unlabelled:
        """Return the same clips with labels that models guessed which were trained on some groups.

        Args:
            guesses: ``(n,)`` class indices.
            weights: ``(n,)``; 0 for clips whose guess is not learnt from.
            taught_by: the groups that these models were trained on.
        """
        return replace(self, guesses=guesses, weights=weights, taught_by=frozenset(taught_by))
