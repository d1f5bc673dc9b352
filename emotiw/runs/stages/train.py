"""Features → one model per modality → scores that can be fused: out-of-fold, val and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emotiw.core.errors import ConfigError, TableError, suggest
from emotiw.core.feature_table import FeatureTable
from emotiw.core.files import sha256_of
from emotiw.core.folds import assign_folds
from emotiw.core.ledger import LedgerRow
from emotiw.core.manifest import Manifest
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.core.store import artifact_key
from emotiw.models.groups.individuals import judge_of
from emotiw.models.model import Goal, Model
from emotiw.models.nested_parts import full_version
from emotiw.models.out_of_fold import OutOfFold, is_fitted, seconds_of_fit
from emotiw.models.registry import MODELS
from emotiw.runs.recipe import IMPORTED, ImportedScoresOptions, ModelEntry
from emotiw.runs.run import Run
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.runs.stages.features import feature_table
from emotiw.runs.stages.persons import individuals_table, link_individuals
from emotiw.runs.stages.score_files import reusable_scores, write_scores
from emotiw.runs.stages.trained import model_folder, write_model_keys
from features.external.imported_features import ImportedOptions
from fusion.imported_scores import import_scores


def train_all(run: Run, names: Sequence[str] = (), *, force: bool = False) -> dict[str, ScoreTable]:
    """Fit the models of the recipe and score every clip with models that have not seen its group.

    Args:
        run: the run.
        names: the models to fit; all of the recipe by default.
        force: overwrite scores that were changed by hand.

    Raises:
        ConfigError: if the recipe has no model of that name, a feature does not suit its
            model, or there is no such device here.
        MissingStageError: if a feature has not been extracted.
    """
    known = run.recipe.models
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError(f"no model {name!r}{suggest(name, known)} (recipe has: {listed})")
    run.require_device()
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
    link_individuals(run)
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
    groups = manifest.groups_or_contents(prints)
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


@dataclass(frozen=True)
class Fits:
    """The models to fit for one entry of a recipe, and what they and their scores are known by.

    Attributes:
        run: the run.
        entry: the model.
        work: the fits.
        fit_keys: by fold, the name of the fitted model in the store.
        key: the name of the scores in the store.
    """

    run: Run
    entry: ModelEntry
    work: OutOfFold
    fit_keys: Mapping[Fold, str]
    key: str

    def folder(self, fold: Fold) -> Path:
        """Return where the model of a fold is, or would be."""
        return model_folder(self.run, self.fit_keys[fold])

    @property
    def to_do(self) -> list[Fold]:
        """The folds whose model is not there yet, if the scores are not."""
        if self._kept() is not None:
            return []
        return [fold for fold in self.fit_keys if not is_fitted(self.folder(fold))]

    @property
    def seconds(self) -> float | None:
        """How long the fits took when they were made; None where that is not known of all."""
        spent = [seconds_of_fit(self.folder(fold)) for fold in self.fit_keys]
        return None if None in spent else float(sum(s for s in spent if s is not None))

    def scores(self) -> ScoreTable:
        """Return the scores of every clip, out of fold; nothing is fitted or scored twice."""
        kept = self._kept()
        if kept is not None:
            return replace(kept, name=self.entry.name)
        fits = list(self.work.fits())
        bar = self.run.progress.track(fits, stage=f"train {self.entry.name}", total=len(fits))
        scores = {fit.fold: self.work.run(fit, self._make, self.folder(fit.fold)) for fit in bar}
        write_scores(self.work.table_of(self.entry.name, scores), self._path, key=self.key)
        return ScoreTable.read_csv(self._path)

    def people(self) -> ScoreTable | None:
        """Return the scores of each person in every clip; None if the model judges nobody."""
        if judge_of(self._make()) is None:
            return None
        found = {}
        for fit in self.work.fits():
            judge = judge_of(self.work.fitted(fit, self._make, self.folder(fit.fold)))
            if judge is not None and fit.scored:
                found[fit.fold] = judge(self.work.examples(fit.scored, with_answers=False))
        return individuals_table(self.scores(), found)

    def _make(self) -> Model:
        kind, seed = MODELS.resolve(self.entry.model), self.run.recipe.settings.seed
        return kind(self.entry.options, spec=self.work.table.spec, goal=self.work.goal, seed=seed)

    @property
    def _path(self) -> Path:
        return self.run.store.root / "scores" / self.key[:2] / f"{self.key}.csv"

    def _kept(self) -> ScoreTable | None:
        try:
            return ScoreTable.read_csv(self._path)
        except TableError:  # not there, or not whole
            return None


def fits_of(run: Run, name: str) -> Fits:
    """Return what there is to fit for a model that has its features.

    Raises:
        MissingStageError: if its feature has not been extracted.
    """
    manifest = run.manifest()
    prints = run.fingerprints(manifest)
    folds = training_folds(run, manifest, prints)
    return _fits(run, run.recipe.models[name], manifest, prints, folds)


def _fits(
    run: Run,
    entry: ModelEntry,
    manifest: Manifest,
    prints: Mapping[str, str],
    folds: Mapping[str, int],
) -> Fits:
    assert entry.features is not None
    kind = MODELS.resolve(entry.model)
    table = feature_table(run, entry.features)
    goal = goal_of(run)
    work = OutOfFold(
        manifest, table, fingerprints=prints, folds=folds, goal=goal, device=run.device
    )
    contents = _contents(run, entry.features, table, prints)
    answers = manifest.answer_key()
    fits = list(work.fits())
    seed = run.recipe.settings.seed
    about = {
        "model": entry.model,
        "options": entry.options.model_dump(mode="json"),
        "goal": asdict(goal),
        "spec": asdict(table.spec) | {"name": ""},
        "seed": seed,
    }
    model = kind(entry.options, spec=table.spec, goal=goal, seed=seed)
    weights = getattr(model, "weights_fingerprint", "")
    if weights:  # other bytes under the same name give other scores
        about["weights"] = weights
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
    scored = [f"{fit.fold} {c} {contents[c]}" for fit in fits for c in fit.scored]
    clips = [f"{clip.clip_id} {clip.split}" for clip in manifest]
    key = artifact_key(
        "scores",
        version="2",
        content="\n".join([*fit_keys.values(), *scored, *clips]),
        options={},
    )
    return Fits(run, entry, work, fit_keys, key)


def _train(
    run: Run,
    entry: ModelEntry,
    manifest: Manifest,
    prints: Mapping[str, str],
    folds: Mapping[str, int],
    *,
    force: bool,
) -> ScoreTable:
    fits = _fits(run, entry, manifest, prints, folds)
    path = run.scores_path(entry.name)
    write_model_keys(run, entry.name, fits.fit_keys)
    scores = reusable_scores(path, fits.key, force=force)
    if scores is None:
        write_scores(fits.scores(), path, key=fits.key)
        # what is on disk is what the next stage reads: the same digits with and without a restart
        scores = ScoreTable.read_csv(path)
    people_path = run.individual_scores_path(entry.name)
    if reusable_scores(people_path, fits.key, force=force) is None:
        people = fits.people()
        if people is not None:
            write_scores(people, people_path, key=fits.key)
    return scores


def _import(
    run: Run,
    entry: ModelEntry,
    manifest: Manifest,
    prints: Mapping[str, str],
    folds: Mapping[str, int],
) -> ScoreTable:
    options = entry.options
    assert isinstance(options, ImportedScoresOptions)
    groups = manifest.groups_or_contents(prints)
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
