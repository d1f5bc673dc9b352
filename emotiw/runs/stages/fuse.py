"""Scores of every modality → fused scores, the figures of both, and how the fusion came about."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.core.config import Document, override, validated
from emotiw.core.errors import MissingStageError, TableError
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.score_table import ScoreTable
from emotiw.core.store import artifact_key
from emotiw.evaluation.figures import evaluate, figures_frame
from emotiw.evaluation.spread import spread_frame, spread_of
from emotiw.runs.provenance import write_provenance
from emotiw.runs.run import Run
from emotiw.runs.stages.score_files import reusable_scores, write_scores
from emotiw.runs.stages.train import originals, training_folds
from fusion.cross_fitting import FusionResult, fuse
from fusion.fusion_options import FusionOptions
from fusion.standalone import fuse_files

FUSED = "fused"


def fuse_all(
    run: Run, names: Sequence[str] = (), *, force: bool = False
) -> tuple[ScoreTable, pd.DataFrame]:
    """Fuse the scores of these models, and judge them and the fusion on every clip.

    Args:
        run: the run.
        names: the models to fuse; all of the recipe by default.
        force: overwrite fused scores that were changed by hand.

    Returns:
        The fused scores, and the figures that ``metrics.csv`` holds.

    Raises:
        MissingStageError: if a model has not been trained.
        LeakageError: if scores come from models that have seen the clips they would be fitted on.
    """
    told = fusion_inputs(run, names)
    tables = told.tables
    path = run.folder / f"{FUSED}.csv"
    fused = reusable_scores(path, told.key, force=force)
    if fused is None:
        result = fuse_inputs(told)
        fused = result.table
        write_scores(fused, path, key=told.key)
        result.fuser.to_yaml(run.folder / "fusion.yaml")
        atomic_write(run.evaluation_path, _evaluation(result).encode())
        atomic_write(run.summary_path, result.summary().encode())
    fused = replace(fused, name=FUSED)
    figures = figures_frame(
        [
            figure
            for table in (*tables.values(), fused)
            for figure in evaluate(table, told.answers, splits=told.splits)
        ]
    )
    buffer = io.StringIO(newline="")
    figures.to_csv(buffer, index=False, float_format="%.6f", lineterminator="\n")
    atomic_write(run.metrics_path, buffer.getvalue().encode())
    spreads = [
        spread_of(table, told.answers, groups=told.groups, folds=told.folds, metric=metric)
        for metric in _metrics_by_fold(run)
        for table in (*tables.values(), fused)
    ]
    by_fold = spread_frame([spread for spread in spreads if spread is not None])
    text = by_fold.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    atomic_write(run.folds_path, text.encode())
    write_provenance(run)
    return fused, figures


@dataclass(frozen=True)
class FusionInputs:
    """What a run's fusion is made from.

    Attributes:
        tables: the scores by model.
        answers: of every clip that has one; those of test clips are for evaluation alone.
        fit_answers: of the clips that may be fitted on; of several copies, one.
        groups: of every clip.
        splits: of every clip.
        folds: of every training clip with an answer.
        options: of the fusion.
        seed: of everything random.
        contents: by model, the sha256 of its scores.
        made_of: what clips, groups and folds come from.
    """

    tables: dict[str, ScoreTable]
    answers: dict[str, str | float]
    fit_answers: dict[str, str | float]
    groups: dict[str, str]
    splits: dict[str, str]
    folds: dict[str, int]
    options: FusionOptions
    seed: int
    contents: dict[str, str]
    made_of: dict[str, Any]

    @property
    def key(self) -> str:
        """A hash of all this: fused scores of the same key are the same."""
        return artifact_key(
            "fuse",
            version="2",
            content="\n".join(f"{name} {self.contents[name]}" for name in self.tables),
            options={
                "fusion": self.options.model_dump(mode="json"),
                "seed": self.seed,
                **self.made_of,
            },
        )

    def only(self, names: Sequence[str], options: FusionOptions) -> FusionInputs:
        """Return the same with some of the models, and fused in another way."""
        return replace(self, tables={name: self.tables[name] for name in names}, options=options)


def fusion_inputs(run: Run, names: Sequence[str] = ()) -> FusionInputs:
    """Read the scores of these models, or of all of the recipe, and what they are fused by.

    Raises:
        MissingStageError: if a model has not been trained.
        TableError: if scores are of clips that the manifest lacks.
    """
    manifest = run.manifest()
    prints = run.fingerprints(manifest)
    tables: dict[str, ScoreTable] = {}
    for name in names or run.recipe.models:
        if not run.scores_path(name).is_file():
            raise MissingStageError(f"{run.scores_path(name)} is not there yet: `emotiw train`")
        tables[name] = ScoreTable.read_csv(run.scores_path(name))
        unknown = sorted(set(tables[name].clip_ids) - set(manifest.clip_ids))
        if unknown:
            raise TableError(
                f"{run.scores_path(name)}: {len(unknown)} clips are not in the manifest, "
                f"e.g. {unknown[:3]}"
            )
    answers = manifest.answer_key()
    held_back = {clip.clip_id for clip in manifest.select("test")}
    groups = manifest.groups_or_contents(prints)
    original = originals([c for c in answers if c not in held_back], prints, groups)
    return FusionInputs(
        tables=tables,
        answers=answers,
        fit_answers={c: answers[c] for c, first in original.items() if c == first},
        groups=groups,
        splits=manifest.splits(),
        folds=training_folds(run, manifest, prints),
        options=run.recipe.fusion,
        seed=run.recipe.settings.seed,
        contents={name: sha256_of(run.scores_path(name)) for name in tables},
        made_of={
            "manifest": sha256_of(run.manifest_path),
            "folds": run.recipe.settings.folds.model_dump(mode="json"),
        },
    )


def fuse_inputs(told: FusionInputs) -> FusionResult:
    """Fuse as the recipe says."""
    return fuse(
        told.tables,
        answers=told.fit_answers,
        groups=told.groups,
        folds=told.folds or None,
        options=told.options,
        seed=told.seed,
    )


def _metrics_by_fold(run: Run) -> list[str]:
    usual = ["accuracy", "uar"] if run.recipe.spec.task == "classification" else []
    return list(dict.fromkeys([run.recipe.spec.metric, *usual]))


def fuse_alone(
    scores: Sequence[Path],
    labels: Path,
    *,
    groups: Path | None = None,
    settings: Sequence[str] = (),
    out: Path,
) -> str:
    """Fuse CSVs of scores without any run; return what came of it, in words.

    Args:
        scores: one per modality, see :func:`fusion.standalone.fuse_files`.
        labels: the answers.
        groups: the groups, if they aren't a column of ``labels``.
        settings: ``KEY=VALUE`` over the options of the fusion; ``kind`` and ``trained_on`` say what
            the scores are.
        out: folder for the results.

    Raises:
        ConfigError: if a setting is unknown.
        LeakageError: where models have seen the clips' groups, or nothing is known of them.
    """
    document = override(Document("--set", {}), settings)
    about = {k: document.data.pop(k) for k in ("kind", "trained_on") if k in document.data}
    options = validated(FusionOptions, document.data, document=document)
    result = fuse_files(scores, labels=labels, groups=groups, options=options, out=out, **about)
    return result.summary()


def _evaluation(result: FusionResult) -> str:
    noted = {
        "fitted_on_clips": result.n_clips,
        "groups": result.n_groups,
        "clips_per_fold": {str(fold): n for fold, n in result.folds.items()},
        "cross_fitted": dict(result.cross_fitted),
        "in_sample": dict(result.in_sample),
        "optimism": result.optimism,
        "is_nested": result.is_nested,
    }
    return json.dumps(noted, indent=1) + "\n"
