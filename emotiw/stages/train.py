"""Features → one model per modality → scores that can be fused: out-of-fold, val and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.feature_table import FeatureTable
from emotiw.core.files import sha256_of
from emotiw.core.ledger import LedgerRow
from emotiw.core.manifest import Manifest
from emotiw.core.score_table import ScoreTable
from emotiw.core.store import artifact_key
from emotiw.models.folds import assign_folds
from emotiw.models.interface import Goal, Model
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.part import full_version
from emotiw.models.registry import MODELS
from emotiw.recipe import IMPORTED, ImportedScoresOptions, ModelEntry
from emotiw.run import Run
from emotiw.stages.artifacts import read_artifacts
from emotiw.stages.features import feature_table
from emotiw.stages.score_files import reusable_scores, write_scores
from emotiw.stages.trained import model_folder, write_model_keys
from features.imported import ImportedOptions
from fusion.imported import import_scores


def train_all(run: Run, names: Sequence[str] = (), *, force: bool = False) -> dict[str, ScoreTable]:
    """Fit the models of the recipe and score every clip with models that have not seen its group.

    Args:
        run: the run.
        names: the models to fit; all of the recipe by default.
        force: overwrite scores that were changed by hand.

    Raises:
        ConfigError: if the recipe has no model of that name, or a feature does not suit its model.
        MissingStageError: if a feature has not been extracted.
    """
    known = run.recipe.models
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError(f"no model {name!r}{suggest(name, known)} (recipe has: {listed})")
    manifest = run.manifest()
    prints = run.fingerprints(manifest)
    folds = training_folds(run, manifest, prints)
    tables = {}
    for entry in (known[name] for name in names or known):
        if entry.model == IMPORTED:
            tables[entry.name] = _import(run, entry, manifest, prints, folds)
        else:
            tables[entry.name] = _train(run, entry, manifest, prints, folds, force=force)
        _record(run, entry, tables[entry.name])
    return tables


def training_folds(run: Run, manifest: Manifest, prints: Mapping[str, str]) -> dict[str, int]:
    """Return the fold of every training clip with an answer; empty for no cross-validation.

    Copies of a clip share its fold, and don't change the folds of others.
    """
    settings = run.recipe.settings.folds
    answers = manifest.answer_key()
    training = [clip for clip in manifest.select("train") if clip.clip_id in answers]
    training.sort(key=lambda clip: prints[clip.clip_id])
    if settings.n_folds == 0 or not training:
        return {}
    groups = manifest.groups(fallback=lambda clip: prints[clip.clip_id])
    original = originals([clip.clip_id for clip in training], prints, groups)
    once = [clip for clip in training if original[clip.clip_id] == clip.clip_id]
    folds = assign_folds(
        {clip.clip_id: groups[clip.clip_id] for clip in once},
        {clip.clip_id: answers[clip.clip_id] for clip in once},
        published={clip.clip_id: clip.fold for clip in once if clip.fold is not None},
        scheme=settings.scheme,
        n_folds=settings.n_folds,
        seed=run.recipe.settings.seed,
    )
    return {clip.clip_id: folds[original[clip.clip_id]] for clip in training}


def originals(
    clip_ids: Sequence[str], prints: Mapping[str, str], groups: Mapping[str, str]
) -> dict[str, str]:
    """Return, per clip, the one clip that stands for all copies of it in its group.

    Args:
        clip_ids: the clips.
        prints: the sha256 of their bytes.
        groups: their groups; the same recording of two speakers is no copy.
    """
    first: dict[tuple[str, str], str] = {}
    return {c: first.setdefault((prints[c], groups[c]), c) for c in sorted(clip_ids)}


def goal_of(run: Run) -> Goal:
    """Return what the challenge asks for."""
    spec = run.recipe.spec
    ranges = [(target.minimum, target.maximum) for target in spec.targets]
    is_number = spec.task == "regression"
    return Goal(spec.task, run.labels, ranges[0] if is_number and ranges else None)


def _train(
    run: Run,
    entry: ModelEntry,
    manifest: Manifest,
    prints: Mapping[str, str],
    folds: Mapping[str, int],
    *,
    force: bool,
) -> ScoreTable:
    assert entry.features is not None
    kind = MODELS.resolve(entry.model)
    table = feature_table(run, entry.features)
    goal = goal_of(run)
    work = OutOfFold(manifest, table, fingerprints=prints, folds=folds, goal=goal)
    contents = _contents(run, entry.features, table, prints)
    answers = manifest.answer_key()
    fits = list(work.fits())
    about = {
        "model": entry.model,
        "options": entry.options.model_dump(mode="json"),
        "goal": asdict(goal),
        "spec": asdict(table.spec) | {"name": ""},
        "seed": run.recipe.settings.seed,
    }
    fit_keys = {
        fit.fold: artifact_key(
            "models",
            version=full_version(kind, entry.options),
            content="\n".join(
                f"{contents[clip_id]} {answers[clip_id]!r} {work.groups[clip_id]}"
                for clip_id in fit.training
            ),
            options=about,
        )
        for fit in fits
    }
    scored = [f"{clip_id} {contents[clip_id]}" for fit in fits for clip_id in fit.scored]
    key = artifact_key(
        "scores",
        version="1",
        content="\n".join([*fit_keys.values(), *scored, *manifest.clip_ids]),
        options={},
    )
    path = run.scores_path(entry.name)
    write_model_keys(run, entry.name, fit_keys)
    existing = reusable_scores(path, key, force=force)
    if existing is not None:
        return existing

    def make_model() -> Model:
        return kind(entry.options, spec=table.spec, goal=goal, seed=run.recipe.settings.seed)

    scores = {
        fit.fold: work.run(fit, make_model, model_folder(run, fit_keys[fit.fold]))
        for fit in run.progress.track(fits, stage=f"train {entry.name}", total=len(fits))
    }
    fused = work.table_of(entry.name, scores)
    write_scores(fused, path, key=key)
    # what is on disk is what the next stage reads: the same digits with and without a restart
    return ScoreTable.read_csv(path)


def _import(
    run: Run,
    entry: ModelEntry,
    manifest: Manifest,
    prints: Mapping[str, str],
    folds: Mapping[str, int],
) -> ScoreTable:
    options = entry.options
    assert isinstance(options, ImportedScoresOptions)
    groups = manifest.groups(fallback=lambda clip: prints[clip.clip_id])
    table = import_scores(
        run.recipe.settings.data.root / options.path,
        name=entry.name,
        labels=run.labels,
        clips={
            clip.clip_id: (clip.split, groups[clip.clip_id], folds.get(clip.clip_id))
            for clip in manifest
        },
        kind=options.kind,
        trained_on=options.trained_on,
        task=run.recipe.spec.task,
    )
    write_scores(table, run.scores_path(entry.name), key="imported")
    return table


def _contents(
    run: Run, feature: str, table: FeatureTable, prints: Mapping[str, str]
) -> dict[str, str]:
    """Return, per clip, a name for the very rows that a model would see."""
    options = run.recipe.features[feature].options
    if isinstance(options, ImportedOptions):
        whole = sha256_of(run.recipe.settings.data.root / options.path)
        return {clip_id: f"{whole} {clip_id}" for clip_id in table.clip_ids}
    artifacts = read_artifacts(run.features_path(feature), made_by=f"features {feature}")
    return {clip_id: f"{artifacts[clip_id].key} {prints[clip_id]}" for clip_id in table.clip_ids}


def _record(run: Run, entry: ModelEntry, table: ScoreTable) -> None:
    stage = f"train:{entry.name}"
    lacking = f"no scores: {entry.features or 'the import'} lacks this clip"
    run.record(
        stage,
        [
            LedgerRow(clip_id, stage, "ok")
            if is_present
            else LedgerRow(clip_id, stage, "missing", lacking)
            for clip_id, is_present in zip(table.clip_ids, table.present, strict=True)
        ],
    )
