"""Scores of every modality → fused scores, what both are worth, and how the fusion came about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiw.core.cohort import Cohort
from emotiw.core.config import Document, flat, override, validated
from emotiw.core.cores import alone_in_one_thread
from emotiw.core.errors import TableError
from emotiw.core.files import sha256_of
from emotiw.core.score_table import ScoreTable
from emotiw.core.step_resampling import on_steps
from emotiw.core.store import artifact_key
from emotiw.evaluation.results import Result
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.recipe import entries_named
from emotiw.runs.run import FUSED, Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages.judge import judge_run
from emotiw.runs.stages.score_files import read_inner, score_files
from emotiw.runs.stages.train import train_stage
from fusion.fusion_options import FusionOptions

if TYPE_CHECKING:
    from fusion.result import FusionResult

VERSION = "6"
ASKED = "models asked for"


def fuse_stage(run: Run, names: Sequence[str] = ()) -> Stage:
    """Return what the scores of these models, or of all, are fused from."""
    recipe = run.recipe
    entries = entries_named("model", recipe.models, names)
    folds = recipe.settings.folds.model_dump(mode="json")
    settings = {
        "version": VERSION,
        "models": [entry.name for entry in entries],
        ASKED: list(names),
        **dict(flat(recipe.fusion.model_dump(mode="json"), "fusion.")),
        **dict(flat(folds, "folds.")),
        "metric": recipe.spec.metric,
        "seed": recipe.settings.seed,
    }
    inputs = {
        f"scores/{entry.name}.{kind}": run.records.sha256(f"scores/{entry.name}.{kind}")
        for entry in entries
        for kind in ("csv", "json")
    }
    inputs["cohort"] = digests_of(run)["cohort"]
    after = [train_stage(run, entry) for entry in entries]
    return Stage(run, "fuse", "fuse", settings, inputs, after)


def fused_as_asked(run: Run) -> Stage:
    """Return the fusion of the models that were asked for the last time; of all by default."""
    record = run.records.get("fuse")
    asked = record.settings[ASKED] if record else []
    return fuse_stage(run, [name for name in asked if name in run.recipe.models])


def fuse_all(
    run: Run, names: Sequence[str] = (), *, force: bool = False
) -> tuple[ScoreTable, list[Result]]:
    """Fuse the scores of these models, and judge them and the fusion on every clip.

    Args:
        run: the run.
        names: the models to fuse; all of the recipe by default.
        force: overwrite fused scores that were changed by hand.

    Returns:
        The fused scores, and the results that ``metrics.csv`` holds.

    Raises:
        MissingStageError: if a model has not been trained, or with other settings.
        LeakageError: if scores come from models that have seen the clips they would be fitted on.
        TableError: if fused scores were changed by hand and would be overwritten.
    """
    results = make_fused(run, names, force=force)
    return run.scores(FUSED), results


def make_fused(run: Run, names: Sequence[str] = (), *, force: bool = False) -> list[Result]:
    """Do what :func:`fuse_all` does, where it isn't done; what is up to date isn't read."""
    with run.at_work():
        stage = fuse_stage(run, names)
        if stage.is_to_do(force=force):
            with run.progress.stage("fuse"):
                _fuse(stage, fusion_inputs(run, names), force=force)
        return judge_run(stage)


def _fuse(stage: Stage, told: FusionInputs, *, force: bool) -> None:
    result = fuse_inputs(told)
    noted = {
        "fitted_on_clips": result.n_clips,
        "groups": result.n_groups,
        "clips_per_fold": {str(fold): n for fold, n in result.folds.items()},
        "judged_on": result.sample.split,
        "cross_fitted": _finite(result.cross_fitted),
        "in_sample": _finite(result.in_sample),
        "optimism": _finite(result.optimism),
        "is_nested": result.is_nested,
    }
    if result.fuser.post:
        noted["post"] = [_finite(each) for each in result.fuser.post_.to_dict()]
    *estimators, learnt = result.fuser.to_files("fusion").items()
    stage.commit(
        {**score_files(result.table, FUSED), **dict([learnt])},
        derived={
            **dict(estimators),
            "fusion.json": (json.dumps(noted, indent=1) + "\n").encode(),
            "fusion.txt": result.summary().encode(),
        },
        force=force,
    )


@dataclass(frozen=True)
class FusionInputs:
    """What a run's fusion is made from.

    Attributes:
        tables: the scores by model.
        cohort: the clips.
        options: of the fusion.
        metric: of the challenge.
        seed: of everything random.
        contents: by model, the sha256 of its scores and of its inner ones.
        inner: by model and fold, the scores that the fold's fusion may be fitted on.
    """

    tables: dict[str, ScoreTable]
    cohort: Cohort
    options: FusionOptions
    metric: str
    seed: int
    contents: dict[str, str]
    inner: Mapping[str, Mapping[int, ScoreTable]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A hash of all this: fused scores of the same key are the same."""
        return artifact_key(
            "fuse",
            version="5",
            content="\n".join(f"{name} {self.contents[name]}" for name in self.tables),
            options={
                "fusion": self.options.model_dump(mode="json"),
                "metric": self.metric,
                "seed": self.seed,
                "cohort": self.cohort.digest,
            },
        )

    def only(self, names: Sequence[str], options: FusionOptions) -> FusionInputs:
        """Return the same with some of the models, and fused in another way."""
        tables = {name: self.tables[name] for name in names}
        inner = {name: self.inner[name] for name in names if name in self.inner}
        return replace(self, tables=tables, options=options, inner=inner)


def fusion_inputs(run: Run, names: Sequence[str] = ()) -> FusionInputs:
    """Read the scores of these models, or of all of the recipe, and what they are fused by.

    Raises:
        MissingStageError: if a model has not been trained.
        TableError: if scores are of clips that the manifest doesn't list.
    """
    cohort = run.cohort().rows
    tables: dict[str, ScoreTable] = {}
    for name in names or run.recipe.models:
        tables[name] = on_steps(run.scores(name), cohort, run.recipe.fusion.tolerance_sec)
        unknown = sorted(set(tables[name].clip_ids) - set(cohort.clip_ids))
        if unknown:
            raise TableError(
                f"{run.scores_path(name)}: {len(unknown)} clips are not in the manifest, "
                f"e.g. {unknown[:3]}"
            )
    asked = run.recipe.fusion.asks_inner
    inner = {name: read_inner(run.folder, name) if asked else {} for name in tables}
    return FusionInputs(
        tables=tables,
        cohort=cohort,
        options=run.recipe.fusion,
        metric=run.recipe.spec.metric,
        seed=run.recipe.settings.seed,
        contents={
            name: " ".join(
                [sha256_of(run.scores_path(name)), *(h for _, h in inner[name].values())]
            )
            for name in tables
        },
        inner={
            n: {fold: t for fold, (t, _) in found.items()} for n, found in inner.items() if found
        },
    )


def fuse_inputs(told: FusionInputs) -> FusionResult:
    """Fuse as the recipe says."""
    from fusion.cross_fitting import fuse

    with alone_in_one_thread():
        return fuse(
            told.tables,
            told.cohort,
            options=told.options,
            metric=told.metric,
            seed=told.seed,
            inner=told.inner if told.options.asks_inner else None,
        )


def fuse_alone(
    scores: Sequence[Path],
    labels: Path,
    *,
    groups: Path | None = None,
    settings: Sequence[str] = (),
    out: Path,
) -> FusionResult:
    """Fuse CSVs of scores without any run.

    Args:
        scores: one per modality, see :func:`fusion.standalone.fuse_files`.
        labels: a CSV of the clips' labels.
        groups: the groups, if they aren't a column of ``labels``.
        settings: ``KEY=VALUE`` over the options of the fusion; ``kind`` and ``trained_on`` say what
            the scores are.
        out: folder for the results.

    Raises:
        ConfigError: if a setting is unknown.
        LeakageError: where models have seen the clips' groups, or nothing is known of them.
    """
    from fusion.standalone import fuse_files

    document = override(Document("--set", {}), settings)
    about = {k: document.data.pop(k) for k in ("kind", "trained_on") if k in document.data}
    options = validated(FusionOptions, document.data, document=document)
    return fuse_files(scores, labels=labels, groups=groups, options=options, out=out, **about)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON knows them: None where a number is undefined."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in values.items()
    }
