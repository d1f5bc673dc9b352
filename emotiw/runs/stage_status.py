"""What is told of a run's stages: whether each is up to date, and what was changed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emotiw.core.notebook_views import AsTable
from emotiw.runs.edits import Edit

if TYPE_CHECKING:
    import pandas as pd

CURRENT, STALE, MISSING = "up to date", "out of date", "not made yet"


@dataclass(frozen=True)
class StageStatus:
    """One stage of a run.

    Attributes:
        name: of the stage.
        state: ``up to date``, ``out of date`` or ``not made yet``.
        reasons: what has changed since it was made.
        edits: its files that were changed by hand.
        counts: clips by what became of them.
    """

    name: str
    state: str
    reasons: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class RunStatus(AsTable):
    """A run's folder.

    Attributes:
        folder: the folder.
        stages: in the order in which they are made.
        holder: who is at work in it; empty if nobody is.
    """

    folder: str
    stages: list[StageStatus]
    holder: str = ""

    def __repr__(self) -> str:
        """Return how far it is in one line."""
        n_current = len(self.stages) - len(self.to_do)
        return f"<RunStatus of {self.folder}: {n_current} of {len(self.stages)} stages up to date>"

    @property
    def to_do(self) -> list[str]:
        """The stages that ``emotiw run`` would make."""
        return [stage.name for stage in self.stages if stage.state != CURRENT]

    @property
    def edits(self) -> list[Edit]:
        """Everything that was changed by hand."""
        return [edit for stage in self.stages for edit in stage.edits]

    def to_frame(self) -> pd.DataFrame:
        """Return a row per stage in pandas."""
        import pandas as pd

        rows = [
            (each.name, each.state, "; ".join(each.reasons), sum(each.counts.values()))
            for each in self.stages
        ]
        return pd.DataFrame(rows, columns=["stage", "state", "because", "clips"])
