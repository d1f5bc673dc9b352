"""Features → one model per modality → scores that can be fused: out-of-fold, val and test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emotiw.core.config import flat
from emotiw.core.errors import ArtifactError, ConfigError
from emotiw.core.ledger import LedgerRow
from emotiw.core.part import full_version
from emotiw.core.score_table import ScoreTable
from emotiw.models.registry import MODELS
from emotiw.models.stepwise.step_view import step_spec
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.recipe import ModelEntry, entries_named
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage, outside_contents
from emotiw.runs.stages.features_read import (
    features_read,
    mend_features,
)
from emotiw.runs.stages.fits import fits_of
from emotiw.runs.stages.persons import link_individuals
from emotiw.runs.stages.score_files import inner_name, score_files
from emotiw.runs.stages.speakers import make_speakers
from emotiw.runs.stages.trained import model_keys_as_csv


def train_stage(run: Run, entry: ModelEntry) -> Stage:
    """Return what the scores of a model are made from."""
    kind, about = MODELS.resolve(entry.model), f"models.{entry.name}."
    recipe, root = run.recipe, run.recipe.settings.data.root
    settings: dict[str, Any] = {
        f"{about}model": entry.model,
        f"{about}features": entry.read,
        **dict(flat(entry.options.model_dump(mode="json"), about)),
        "version": full_version(kind, entry.options),
    }
    inputs = {
        **outside_contents(kind.outside_files(entry.options, root), root),
        "cohort": digests_of(run)["cohort"],
    }
    after: list[Stage] = []
    if kind.is_fitted_here:
        folds = recipe.settings.folds.model_dump(mode="json")
        settings |= {"seed": recipe.settings.seed, **dict(flat(folds, "folds."))}
        settings["fusion.nested"] = recipe.fusion.asks_inner
        read = features_read(run, entry)
        settings, inputs, after = settings | read.settings, inputs | read.inputs, read.after
        spec = read.spec
        if recipe.spec.asks_steps:
            spec = step_spec(spec, by_clip=kind.reads_steps(entry.options))
            settings |= dict(flat(entry.steps.model_dump(mode="json"), f"{about}steps."))
        model = kind(entry.options, spec=spec, task=run.task, seed=recipe.settings.seed)
        settings["weights"] = model.weights_fingerprint
    return Stage(run, f"train:{entry.name}", f"train {entry.name}", settings, inputs, after)


def train_all(run: Run, names: Sequence[str] = (), *, force: bool = False) -> dict[str, ScoreTable]:
    """Fit the models of the recipe and score every clip with models that have not seen its group.

    Args:
        run: the run.
        names: the models to fit; all of the recipe by default.
        force: make anew whatever is there.

    Returns:
        The scores by model.

    Raises:
        ConfigError: if the recipe has no model of that name, a feature does not suit its
            model, or there is no such device here.
        MissingStageError: if a feature has not been extracted, or with other settings.
        TableError: if scores were changed by hand and would be overwritten.
    """
    make_scores(run, names, force=force)
    return {name: run.scores(name) for name in names or run.recipe.models}


def subset_scores(run: Run, name: str) -> dict[tuple[str, ...], ScoreTable]:
    """Return what a trained model of several features says by each subset of them, held out.

    Nothing is fitted anew; a clip that has none of a subset's features has no scores there.

    Args:
        run: the run.
        name: of a model whose scores are there.

    Returns:
        Scores by the names of the features, the smallest subsets first.

    Raises:
        ConfigError: if the recipe has no such model, or it reads one feature alone.
        MissingStageError: if it has not been trained, or by other settings.
    """
    (entry,) = entries_named("model", run.recipe.models, [name])
    if len(entry.features) < 2:
        raise ConfigError(f"models.{name} reads {entry.read or 'no feature'}; it has no subsets")
    train_stage(run, entry).require_current()
    return fits_of(run, name).subsets()


def make_scores(run: Run, names: Sequence[str] = (), *, force: bool = False) -> None:
    """Do what :func:`train_all` does, where it isn't done."""
    entries = entries_named("model", run.recipe.models, names)
    run.require_device()
    with run.at_work():
        make_speakers(run, force=force)
        for entry in entries:
            stage = train_stage(run, entry)
            if not stage.is_to_do(force=force):
                continue
            train = _train if MODELS.resolve(entry.model).is_fitted_here else _take
            try:
                train(stage, entry, force=force)
            except ArtifactError as error:
                run.progress.say(f"{error}: the stage before makes it anew")
                mend_features(run, entry)
                train(stage, entry, force=force)
        link_individuals(run)


def _train(stage: Stage, entry: ModelEntry, *, force: bool) -> None:
    fits = fits_of(stage.run, entry.name)
    scores, people = fits.scores(), fits.people()
    files = score_files(scores, f"scores/{entry.name}", key=fits.key)
    if people is not None:
        files |= score_files(people, f"individuals/{entry.name}")
    derived = {f"models/{entry.name}.csv": model_keys_as_csv(fits.fit_keys)}
    if MODELS.resolve(entry.model).joins(entry.options) and (looked := fits.attention()):
        derived[f"attention/{entry.name}.csv"] = looked
    if stage.run.recipe.fusion.asks_inner:
        for fold, table in fits.inner().items():
            derived |= score_files(table, inner_name(entry.name, fold))
    stage.commit(files, _rows(stage, entry, scores), derived=derived, force=force)


def _take(stage: Stage, entry: ModelEntry, *, force: bool) -> None:
    """Take scores that are there already."""
    run = stage.run
    kind, root = MODELS.resolve(entry.model), run.recipe.settings.data.root
    table = kind.ready_scores(entry.name, entry.options, run.cohort().rows, root)
    files = score_files(table, f"scores/{entry.name}")
    stage.commit(files, _rows(stage, entry, table), force=force)


def _rows(stage: Stage, entry: ModelEntry, table: ScoreTable) -> list[LedgerRow]:
    what = entry.read or "the import"
    found: dict[str, list[bool]] = {}
    for clip_id, is_present in zip(table.owners or table.clip_ids, table.present, strict=True):
        found.setdefault(clip_id, []).append(bool(is_present))
    rows = []
    for clip_id, present in found.items():
        if all(present):
            rows.append(LedgerRow(clip_id, stage.name, "ok"))
        elif any(present):
            told = f"{present.count(False)} of {len(present)} steps without scores: {what} has no"
            rows.append(LedgerRow(clip_id, stage.name, "partial", f"{told} rows near them"))
        else:
            told = f"no scores: {what} has no rows of this clip"
            rows.append(LedgerRow(clip_id, stage.name, "missing", told))
    return rows
