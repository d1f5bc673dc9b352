"""What a run's files say, read once for all parts of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

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
from emotiw.runs.stages.judge import judged
from fusion.attribution import Attribution, attribute
from fusion.result import FusionResult

JUDGED_ON = {"val": "validation clips", "train": "training clips, out of fold"}
MOST_SELECTED = 6  # modalities whose selections are all fused anew; of more, orders are drawn


@dataclass(frozen=True)
class RunSnapshot:
    """A run as the report sees it.

    Attributes:
        run: the run.
        cohort: its clips.
        tables: scores by model in the order of the recipe, ``fused`` last; empty before training.
            A fusion of one model that predicts the same is no table of its own.
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

    @property
    def main(self) -> ScoreTable:
        """The scores that count: fused ones, or those of the only model."""
        return list(self.tables.values())[-1]

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
    def all_results(self) -> list[Result]:
        """Every metric of every model and of the fusion, on all splits with answers."""
        return judged(self.run, list(self.tables.values())) if self.tables else []

    @cached_property
    def fusion(self) -> FusionResult | None:
        """The fusion, fitted again from the scores; None where it can't be."""
        if not self.tables or not self.run.fused_path.is_file():
            return None
        try:
            return fuse_inputs(fusion_inputs(self.run))
        except EmotiwError as error:
            self.problems.append(f"fusion: {error}")
            return None

    @cached_property
    def attribution(self) -> Attribution | None:
        """What each modality is worth to the fusion; None for one alone."""
        if self.fusion is None or len(self.fusion.rows.names) < 2:
            return None
        return attribute(self.fusion, exact_up_to=MOST_SELECTED)


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
    if len(tables) == 2 and FUSED in tables:
        alone = next(iter(tables.values()))
        if _say_the_same(alone, tables[FUSED], cohort):
            del tables[FUSED]
    problems: list[str] = []
    sample = None
    if tables:
        try:
            sample, _ = chosen_sample(list(tables.values())[-1], cohort)
        except EmotiwError as error:
            problems.append(str(error))
    return RunSnapshot(run, cohort, tables, sample, problems)


def _say_the_same(one: ScoreTable, other: ScoreTable, cohort: Cohort) -> bool:
    if one.labels != other.labels:
        return False
    a, b = (table.task.decide(table.aligned_to(cohort.clip_ids)) for table in (one, other))
    return bool(np.array_equal(a, b, equal_nan=True))
