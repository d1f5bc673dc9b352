"""Carry a plan out: what is there is reused, what was stopped goes on, what fails says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from emotiw.analysis.ablation.ablation_table import CLIPS, Ablation, Description, Row, read_table
from emotiw.analysis.ablation.costs import Costs
from emotiw.analysis.ablation.outputs import FILES, remake
from emotiw.analysis.ablation.plan import Plan, fits_there, make_plan
from emotiw.analysis.ablation.spaces import Space
from emotiw.core.cohort_table import STEPS, write_manifest, write_steps
from emotiw.core.errors import EmotiwError, MachineError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task_kinds import told_of
from emotiw.evaluation.sample import chosen_sample
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.recipe import Recipe
from emotiw.runs.run import Run
from emotiw.runs.stages.fit_jobs import make_fits
from emotiw.runs.stages.fuse import fuse_inputs, fusion_inputs
from emotiw.runs.stages.score_files import write_scores
from fusion.fusion_options import FusionOptions


@dataclass(frozen=True)
class RowJob:
    """One row to fuse."""

    recipe: Recipe
    space_models: tuple[str, ...]
    models: tuple[str, ...]
    options: FusionOptions
    path: Path


def ablate(run: Run, settings: AblationSettings | None = None, *, force: bool = False) -> Ablation:
    """Carry out an ablation, and return its table.

    Args:
        run: the run that is varied; what it has already is reused.
        settings: the axes; those of its recipe by default.
        force: overwrite scores of the run that were changed by hand.

    Raises:
        ConfigError: with everything that is wrong with the axes.
    """
    return carry_out(make_plan(run, settings), force=force)


def carry_out(plan: Plan, *, force: bool = False) -> Ablation:
    """Do what a plan says, and write and return the table.

    A row that can't be made is left empty, with the reason; the others go on.
    """
    with plan.run.at_work(begins=True):
        return _carry_out(plan, force=force)


def _carry_out(plan: Plan, *, force: bool) -> Ablation:
    if plan.is_done and not force:
        done = _reusable(plan)
        if done is not None:
            return done
    failed = _train(plan, force=force)
    failed |= _fuse(plan, failed)
    run = plan.run
    # the same clips can then be judged without the run
    write_manifest(run.cohort(), plan.folder / CLIPS, root=plan.folder)
    if run.cohort().has_steps:
        write_steps(run.cohort(), plan.folder / STEPS)
    split: str = plan.settings.split
    if split == "auto":
        reference = next(v for v in plan.variants.rows if v.name == plan.variants.reference)
        path = plan.scores_path(reference)
        if path.is_file():
            split = chosen_sample(ScoreTable.read_csv(path), run.cohort().rows)[0].split
    _describe(plan, failed, split=split).write(plan.folder)
    return remake(plan.folder)


def fuse_row(job: RowJob) -> float:
    """Fuse one row and write its scores; return the seconds that took."""
    inputs = fusion_inputs(Run(job.recipe), job.space_models).only(job.models, job.options)
    start = perf_counter()
    result = fuse_inputs(inputs)
    seconds = perf_counter() - start
    write_scores(result.table, job.path, key=inputs.key, seconds=round(seconds, 3))
    return seconds


def _reusable(plan: Plan) -> Ablation | None:
    """Return the ablation that is in the folder, if it is the one that is asked for."""
    try:
        there = Description.read(plan.folder)
        asked = plan.settings.split
        split = there.split if asked == "auto" else asked
        if _describe(plan, {}, split=split, like=there) != there:
            return None
        if not all((plan.folder / name).is_file() for name in FILES):
            return None
        table = read_table(plan.folder / FILES[0], tuple(there.axes))
        return Ablation(plan.folder, there, table)
    except EmotiwError:
        return None


def _train(plan: Plan, *, force: bool) -> dict[str, str]:
    """Make the scores of every space; return why rows can't be made."""
    failed: dict[str, str] = {}

    def fail(space: Space, why: str) -> None:
        failed.update({name: why for name, own in plan.space_of.items() if own is space})

    todo = [space for space in plan.spaces if not space.is_done or force]
    ready = []
    for space in todo:
        try:
            space.prepare()
            ready.append(space)
        except MachineError:
            raise
        except EmotiwError as error:
            fail(space, str(error))
    found = [fits_there(space, model) for space in ready for model in space.models]
    for _ in make_fits(plan.run, [fits for fits in found if fits is not None]):
        pass  # what failed is fitted again below, and says why
    for space in ready:
        try:
            space.train(force=force)
        except MachineError:
            raise
        except EmotiwError as error:
            fail(space, str(error))
    return failed


def _fuse(plan: Plan, failed: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, RowJob] = {}
    for space in plan.spaces:
        if any(row.name in failed for row in plan.rows_of(space)):
            continue  # none of them can be made
        for row, own in plan.stale_rows(space):
            made_of = (space.run.recipe.done_by_oneself(), space.models, row.models, own.options)
            found[row.name] = RowJob(*made_of, plan.scores_path(row).absolute())
    jobs = {row.name: found[row.name] for row in plan.variants.rows if row.name in found}
    outcomes = plan.run.workforce.do_long(fuse_row, jobs)
    tracked = plan.run.progress.track(outcomes, stage="fuse", total=len(jobs))
    return {done.name: done.error for done in tracked if done.error is not None}


def _describe(
    plan: Plan, failed: Mapping[str, str], *, split: str, like: Description | None = None
) -> Description:
    recipe = plan.run.recipe
    costs = Costs(plan.run)
    known = {row.name: row for row in like.rows} if like else {}
    rows = []
    for variant in plan.variants.rows:
        path = plan.scores_path(variant)
        where = path.relative_to(plan.folder).as_posix()
        why = failed.get(variant.name, "")
        if variant.name in known:
            seconds, megabytes = known[variant.name].seconds, known[variant.name].megabytes
        elif why:
            seconds, megabytes = None, None
        else:
            seconds, megabytes = costs.of(plan.space_of[variant.name], variant.models, path)
        rows.append(
            Row(variant.name, dict(variant.choice), list(variant.models), where, seconds,
                megabytes, why)
        )  # fmt: skip
    return Description(
        title=f"{recipe.name} ({recipe.spec.title})",
        task=told_of(plan.run.task),
        metric=plan.metric,
        split=split,
        seed=recipe.settings.seed,
        reference=plan.variants.reference,
        axes={axis: list(names) for axis, names in plan.variants.axes.items()},
        rows=rows,
    )
