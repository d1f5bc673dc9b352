"""What a run's files say, read once for all parts of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.synthetic import is_synthetic
from emotiw.core.cohort import Cohort
from emotiw.core.errors import EmotiwError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Truth
from emotiw.evaluation.results import Result, evaluate
from emotiw.evaluation.sample import Sample, chosen_sample
from emotiw.runs.run import FUSED, Run
from emotiw.runs.stages.fuse import fuse_inputs, fusion_inputs
from fusion.result import FusionResult


@dataclass(frozen=True)
class RunSnapshot:
    """A run as the report sees it.

    Attributes:
        run: the run.
        cohort: its clips.
        tables: scores by model in the order of the recipe, ``fused`` last; empty before training.
        sample: the clips that values are about; None where nothing can be judged.
        problems: what could not be read, in words.
    """

    run: Run
    cohort: Cohort
    tables: Mapping[str, ScoreTable]
    sample: Sample | None
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
    def answers(self) -> Mapping[str, Truth]:
        """The label or target of every clip that has one, for evaluation alone."""
        return self.cohort.answer_key()

    @cached_property
    def results(self) -> list[Result]:
        """The official metric of every model and of the fusion, which comes first."""
        found: list[Result] = []
        if self.sample is None:
            return found
        split = self.sample.split
        for table in self.by_rank.values():
            try:
                found.append(evaluate(table, self.cohort, self.spec.metric, split=split))
            except EmotiwError as error:
                self.problems.append(str(error))
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
    cohort = run.cohort().rows
    paths = {name: run.scores_path(name) for name in run.recipe.models}
    paths = {name: path for name, path in paths.items() if path.is_file()}
    if paths and run.fused_path.is_file():
        paths[FUSED] = run.fused_path
    tables = {n: replace(ScoreTable.read_csv(path), name=n) for n, path in paths.items()}
    problems: list[str] = []
    sample = None
    if tables:
        try:
            sample, _ = chosen_sample(list(tables.values())[-1], cohort)
        except EmotiwError as error:
            problems.append(str(error))
    return RunSnapshot(run, cohort, tables, sample, problems)
