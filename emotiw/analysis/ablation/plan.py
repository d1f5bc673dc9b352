"""What an ablation has to do, what is there already, and about how long the rest takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from emotiw.analysis.ablation.axes import Variant, Variants, variants_of
from emotiw.analysis.ablation.spaces import Space, spaces_of
from emotiw.core.errors import ConfigError, EmotiwError
from emotiw.evaluation.metrics import metric_named, metrics_of
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.run import Run
from emotiw.runs.stages.fits import Fits, fits_of
from emotiw.runs.stages.fuse import FusionInputs, fusion_inputs


@dataclass(frozen=True)
class Step:
    """One stage of the work.

    Attributes:
        stage: as the ledger calls it.
        unit: what is counted.
        to_do: how many are to be made, at most.
        there: how many are there already.
        seconds: about how long it takes; None where nothing like it was measured yet.
    """

    stage: str
    unit: str
    to_do: int
    there: int
    seconds: float | None


@dataclass
class Plan:
    """An ablation before it is carried out.

    Attributes:
        run: the run that is ablated.
        folder: where the results go.
        settings: what is asked for.
        metric: what is judged.
        variants: the rows.
        spaces: the runs that they are fused from.
        space_of: by row.
        steps: the work.
        todo_rows: the rows that are to be fused.
    """

    run: Run
    folder: Path
    settings: AblationSettings
    metric: str
    variants: Variants
    spaces: list[Space]
    space_of: Mapping[str, Space]
    steps: list[Step] = field(default_factory=list)
    todo_rows: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether every row is there."""
        return not self.todo_rows and all(space.is_done for space in self.spaces)

    @property
    def seconds(self) -> float | None:
        """About how long the rest takes; None where some of it was never measured."""
        parts = [step.seconds for step in self.steps if step.to_do]
        return None if None in parts else float(sum(s for s in parts if s is not None))

    def scores_path(self, row: Variant) -> Path:
        """Return where the fused scores of a row are: a readable name, and no other row's."""
        digest = hashlib.sha256(json.dumps(row.choice).encode()).hexdigest()[:6]
        name = re.sub(r"[^A-Za-z0-9+._-]+", "_", row.name)[:60]
        return self.folder / "scores" / f"{name}-{digest}.csv"

    def rows_of(self, space: Space) -> list[Variant]:
        """Return the rows that are fused from a space."""
        return [row for row in self.variants.rows if self.space_of[row.name] is space]

    def stale_rows(self, space: Space) -> Iterator[tuple[Variant, FusionInputs]]:
        """Yield the rows of a space whose scores aren't there, and what they are fused from."""
        inputs = fusion_inputs(space.run, space.models)
        for row in self.rows_of(space):
            own = inputs.only(row.models, row.recipe.fusion)
            if card_of(self.scores_path(row)).get("key") != own.key:
                yield row, own

    def text(self) -> str:
        """Return the plan for a person."""
        sizes = " × ".join(f"{len(names)} {axis}" for axis, names in self.variants.axes.items())
        lines = [
            f"{len(self.variants.rows)} rows ({sizes}), compared with: {self.variants.reference}",
            f"{'stage':32} {'to do':>7} {'there':>7}  about",
        ]
        for step in self.steps:
            took = duration(step.seconds) if step.to_do else "-"
            lines.append(f"{step.stage[:32]:32} {step.to_do:7} {step.there:7}  {took}")
        total = duration(self.seconds)
        lines.append("nothing to do" if self.is_done else f"in all about {total}")
        return "\n".join(lines)


def make_plan(run: Run, settings: AblationSettings | None = None) -> Plan:
    """Return the plan of an ablation; nothing is computed yet but the hashes of clips.

    Raises:
        ConfigError: with everything that is wrong with the axes.
    """
    settings = settings or run.recipe.settings.ablation
    metric = settings.metric or run.recipe.spec.metric
    if metric_named(metric, run.task).parts is None:
        suited = ", ".join(each.name for each in metrics_of(run.task))
        raise ConfigError(f"ablation: no test for metric {metric!r} ({suited})")
    variants = variants_of(run.recipe, settings)
    folder = run.folder / "ablation"
    spaces, space_of = spaces_of(run, variants.rows, folder)
    plan = Plan(run, folder, settings, metric, variants, spaces, space_of)
    if run.manifest_path.is_file():
        _look(plan)
    else:
        plan.todo_rows = [variant.name for variant in variants.rows]
        plan.steps = [Step("everything", "", len(variants.rows), 0, None)]
    return plan


def card_of(path: Path) -> Mapping[str, Any]:
    """Return what was noted with fused scores; nothing where they are not there."""
    try:
        card: Mapping[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return card["provenance"] if path.is_file() else {}
    except (OSError, ValueError, KeyError):
        return {}


def fits_there(space: Space, model: str) -> Fits | None:
    """Return the fits of a model; None where its feature has not been extracted yet."""
    if not space.is_fitted_here(model) or not space.run.manifest_path.is_file():
        return None
    try:
        return fits_of(space.run, model)
    except EmotiwError:
        return None


def _look(plan: Plan) -> None:
    """Find out what is there and what is not."""
    run = plan.run
    open_spaces = [space for space in plan.spaces if not space.is_done]
    ledger = run.ledger()
    counted: set[str] = set()

    def per_clip(stage: str, folder: str, keys: set[str]) -> None:
        fresh = keys - counted
        counted.update(keys)
        missing = sum(not run.store.has(folder, key) for key in fresh)
        spent = [row.seconds for row in ledger.rows(stage) if row.seconds > 0]
        took = missing * fmean(spent) / run.workers if spent else None
        plan.steps.append(Step(stage, "clips", missing, len(fresh) - missing, took))

    faces = {key for space in open_spaces for key in space.keys_of_faces()}
    if faces:
        per_clip("faces", "faces", faces)
    names = dict.fromkeys(name for space in open_spaces for name in space.extracted)
    for name in names:
        keys = [space.keys_of_feature(name) for space in open_spaces if name in space.extracted]
        per_clip(f"features:{name}", "features", set().union(*keys))
    n_folds = len(set(run.cohort().folds.values()))
    n_fits: dict[str, list[int]] = {}
    seen: set[str] = set()
    of_run = _lineages_of_run(plan)
    for space in plan.spaces:
        for model in space.models:
            lineage = space.lineage(model)
            if lineage in seen or not space.is_fitted_here(model):
                continue
            seen.add(lineage)
            counts = n_fits.setdefault(model, [0, 0])
            if space.is_done or lineage in of_run:
                counts[1] += n_folds + 1
                continue
            fits = fits_there(space, model)
            of_all = n_folds + 1 if fits is None else len(fits.fit_keys)
            to_do = of_all if fits is None else len(fits.to_do)
            counts[0] += to_do
            counts[1] += of_all - to_do
    for model, (to_do, there) in n_fits.items():
        about = _seconds_per_fit(plan, model) if to_do else None
        took = None if about is None else to_do * about
        plan.steps.append(Step(f"train:{model}", "fits", to_do, there, took))
    stale: set[str] = set()
    for space in plan.spaces:
        rows = (row for row, _ in plan.stale_rows(space)) if space.is_done else plan.rows_of(space)
        stale |= {row.name for row in rows}
    plan.todo_rows = [row.name for row in plan.variants.rows if row.name in stale]
    cards = map(card_of, sorted((plan.folder / "scores").glob("*.csv")))
    spent = [float(card["seconds"]) for card in cards if "seconds" in card]
    n_todo = len(plan.todo_rows)
    took = n_todo * fmean(spent) if spent else None
    plan.steps.append(Step("fuse", "rows", n_todo, len(plan.variants.rows) - n_todo, took))


def _lineages_of_run(plan: Plan) -> set[str]:
    """Return the lineages of the run's own models that are trained."""
    run = plan.run
    base = Space(run, run, tuple(run.recipe.models), plan.folder / "unused")
    there = {name: fits_there(base, name) for name in base.models}
    return {base.lineage(name) for name, fits in there.items() if fits and not fits.to_do}


def _seconds_per_fit(plan: Plan, model: str) -> float | None:
    """Return what a fit of the same model took before."""
    for space in plan.spaces:
        fits = fits_there(space, model) if model in space.models else None
        if fits is not None and fits.seconds is not None:
            return fits.seconds / len(fits.fit_keys)
    return None


def duration(seconds: float | None) -> str:
    """Return a time as plans tell it."""
    if seconds is None:
        return "not measured yet"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
