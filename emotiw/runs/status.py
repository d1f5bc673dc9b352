"""What a run has: every stage, whether it is up to date, and what was changed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from emotiw.core.errors import EmotiwError
from emotiw.runs.edits import Edit
from emotiw.runs.lock import holder_of, is_held
from emotiw.runs.pipeline import needs_faces
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages.faces import faces_stage
from emotiw.runs.stages.features import feature_stage, made_extractor
from emotiw.runs.stages.fuse import fused_as_asked
from emotiw.runs.stages.index import index_stage
from emotiw.runs.stages.judge import judge_stage
from emotiw.runs.stages.submit import submit_stage
from emotiw.runs.stages.train import train_stage

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


@dataclass(frozen=True)
class RunStatus:
    """A run's folder.

    Attributes:
        folder: the folder.
        stages: in the order in which they are made.
        holder: who is at work in it; empty if nobody is.
    """

    folder: str
    stages: list[StageStatus]
    holder: str = ""

    @property
    def to_do(self) -> list[str]:
        """The stages that ``emotiw run`` would make."""
        return [stage.name for stage in self.stages if stage.state != CURRENT]

    @property
    def edits(self) -> list[Edit]:
        """Everything that was changed by hand."""
        return [edit for stage in self.stages for edit in stage.edits]


def status_of(run: Run) -> RunStatus:
    """Return what is there, what is out of date, and what was changed by hand; nothing is made."""
    found: list[StageStatus] = []
    stale: set[str] = set()
    for stage in _stages(run):
        reasons = stage.differences()
        reasons += [f"{name} is missing" for name in stage.missing]
        above = [each.name for each in stage.after if each.name in stale]
        if stage.record is None:
            state = MISSING
        elif reasons or above:
            state = STALE
        else:
            state = CURRENT
        if state != CURRENT:
            stale.add(stage.name)
        if not reasons and state == STALE:
            reasons = [f"{name} is made anew first" for name in above]
        counts = stage.record.counts if stage.record else {}
        found.append(StageStatus(stage.name, state, reasons, stage.edits, counts))
    home = run.records.home
    return RunStatus(str(run.folder), found, holder_of(home) if is_held(home) else "")


def _stages(run: Run) -> Iterator[Stage]:
    """Yield the stages of the recipe, as far as there is enough to know what they are made from."""
    recipe = run.recipe
    yield index_stage(run)
    if not run.manifest_path.is_file():
        return
    if needs_faces(run):
        yield faces_stage(run)
    for entry in recipe.features.values():
        if made_extractor(entry).needs != "table":
            yield feature_stage(run, entry)
    if not recipe.models:
        return
    for model in recipe.models.values():
        yield train_stage(run, model)
    fused = fused_as_asked(run)
    yield fused
    yield judge_stage(fused)
    if recipe.spec.submission is not None:
        try:
            yield submit_stage(run)
        except EmotiwError:  # the challenge takes none
            return
