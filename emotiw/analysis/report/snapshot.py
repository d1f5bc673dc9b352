"""What a run's files say, read once for all parts of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from emotiw.analysis.leaderboard import Standing, judged_clips, standing_of
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.synthetic import is_synthetic
from emotiw.core.errors import EmotiwError
from emotiw.core.manifest import Manifest
from emotiw.core.score_table import ScoreTable
from emotiw.runs.run import Run
from emotiw.runs.stages.fuse import FUSED, fuse_inputs, fusion_inputs
from fusion.result import FusionResult


@dataclass(frozen=True)
class RunSnapshot:
    """A run as the report sees it.

    Attributes:
        run: the run.
        manifest: its clips.
        answers: of every clip that has one, for evaluation alone.
        tables: scores by model in the order of the recipe, ``fused`` last; empty before training.
        judged_on: ``val``, ``folds`` or nothing.
        judged: the clips that figures are about.
        problems: what could not be read, in words.
    """

    run: Run
    manifest: Manifest
    answers: Mapping[str, str | float]
    tables: Mapping[str, ScoreTable]
    judged_on: str
    judged: tuple[str, ...]
    problems: list[str]

    @property
    def spec(self) -> ChallengeSpec:
        """The challenge."""
        return self.run.recipe.spec

    @property
    def is_synthetic(self) -> bool:
        """Whether the clips are those of ``emotiw demo``."""
        return is_synthetic(self.run.recipe.settings.data.root)

    @property
    def by_rank(self) -> dict[str, ScoreTable]:
        """The tables with the fusion first, as a reader wants them."""
        return dict(sorted(self.tables.items(), key=lambda item: item[0] != FUSED))

    @cached_property
    def standings(self) -> list[Standing]:
        """The official figure of every model and of the fusion, which comes first."""
        found = []
        for name, table in self.by_rank.items():
            try:
                found.append(standing_of(self.spec, name, table, self.manifest))
            except ValueError as error:
                self.problems.append(f"{name}: {error}")
        return found

    @cached_property
    def fusion(self) -> FusionResult | None:
        """The fusion, fitted again from the scores; None where it can't be."""
        if FUSED not in self.tables:
            return None
        try:
            return fuse_inputs(fusion_inputs(self.run))
        except EmotiwError as error:
            self.problems.append(f"fusion: {error}")
            return None


def read_facts(run: Run) -> RunSnapshot:
    """Read a run; stages that have not been run yet leave their parts empty.

    Raises:
        MissingStageError: if there is not even a manifest.
        EmotiwError: if a file of the run is damaged.
    """
    manifest = run.manifest()
    tables = {}
    for name in run.recipe.models:
        if run.scores_path(name).is_file():
            tables[name] = ScoreTable.read_csv(run.scores_path(name))
    fused = run.folder / f"{FUSED}.csv"
    if tables and fused.is_file():
        tables[FUSED] = replace(ScoreTable.read_csv(fused), name=FUSED)
    problems: list[str] = []
    judged_on, judged = "", list[str]()
    if tables:
        try:
            judged_on, judged = judged_clips(list(tables.values())[-1], manifest)
        except ValueError as error:
            problems.append(str(error))
    return RunSnapshot(
        run, manifest, manifest.answer_key(), tables, judged_on, tuple(judged), problems
    )


def told_split(judged_on: str) -> str:
    """Return in words what figures are judged on."""
    return {"val": "validation clips", "folds": "training clips, out of fold"}.get(judged_on, "")
