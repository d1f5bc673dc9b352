"""Features → one model per modality → scores that can be fused: out-of-fold, val and test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from emotiw.core.config import flat
from emotiw.core.errors import ArtifactError, ConfigError, EmotiwError
from emotiw.core.part import full_version
from emotiw.core.score_table import ScoreTable
from emotiw.models.registry import MODELS
from emotiw.models.stepwise.step_view import step_spec
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.recipe import ModelEntry, entries_named
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage, outside_contents
from emotiw.runs.stages.features_read import features_read, mend_features
from emotiw.runs.stages.fit_jobs import make_fits
from emotiw.runs.stages.fits import fits_of
from emotiw.runs.stages.persons import link_individuals
from emotiw.runs.stages.score_files import inner_name, score_files, score_rows
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
        if entry.unlabelled:
            settings[f"{about}unlabelled"] = list(entry.unlabelled)
        model = kind(entry.options, spec=spec, task=run.task, seed=recipe.settings.seed)
        settings["weights"] = model.weights_fingerprint
        if card := getattr(model, "card", None):
            settings["learnt_on"] = list(card.learnt_on)
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
        failed = _fit_first(run, entries, force=force)
        # what has failed comes first, and says why
        for entry in sorted(entries, key=lambda entry: entry.name != failed):
            stage = train_stage(run, entry)
            if not stage.is_to_do(force=force):
                continue
            train = _train if MODELS.resolve(entry.model).is_fitted_here else _take
            try:
                train(stage, entry, force=force)
            except ArtifactError as error:
                run.progress.say(f"{error}: the stage before makes it anew")
                mend_features(run, entry)
                _fit_first(run, entries, force=force)
                train(stage, entry, force=force)
        link_individuals(run)


def _fit_first(run: Run, entries: Sequence[ModelEntry], *, force: bool) -> str | None:
    """Make the fits of all these models that are to be done, and return the first that fails."""
    wanted = []
    for entry in entries:
        if not MODELS.resolve(entry.model).is_fitted_here:
            continue
        try:
            if train_stage(run, entry).is_to_do(force=force):
                wanted.append(fits_of(run, entry.name))
        except EmotiwError:  # which its turn will bring again
            break
    with closing(make_fits(run, wanted)) as failures:
        return next(failures, None)


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
    rows = score_rows(stage.name, scores, of=entry.read)
    stage.commit(files, rows, derived=derived, force=force)


def _take(stage: Stage, entry: ModelEntry, *, force: bool) -> None:
    """Take scores that are there already."""
    run = stage.run
    kind, root = MODELS.resolve(entry.model), run.recipe.settings.data.root
    table = kind.ready_scores(entry.name, entry.options, run.cohort().rows, root)
    files = score_files(table, f"scores/{entry.name}")
    stage.commit(files, score_rows(stage.name, table), force=force)
