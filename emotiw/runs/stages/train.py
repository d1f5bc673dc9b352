"""Features → one model per modality → scores that can be fused: out-of-fold, val and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from emotiw.core.checksums import are_intact, write_checksums
from emotiw.core.errors import DamagedArtifactError, TableError
from emotiw.core.ledger import LedgerRow
from emotiw.core.part import full_version
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.core.store import artifact_key
from emotiw.models.groups.individuals import judge_of
from emotiw.models.model import Model
from emotiw.models.out_of_fold import OutOfFold, is_damaged, is_fitted, seconds_of_fit
from emotiw.models.registry import MODELS
from emotiw.runs.recipe import ModelEntry, entries_named
from emotiw.runs.run import Run
from emotiw.runs.stages.features import feature_contents, feature_table, mend_feature
from emotiw.runs.stages.persons import individuals_table, link_individuals
from emotiw.runs.stages.score_files import reusable_scores, write_scores
from emotiw.runs.stages.trained import model_folder, write_model_keys


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
    entries = entries_named("model", run.recipe.models, names)
    run.require_device()
    tables = {}
    for entry in entries:
        train = _train if MODELS.resolve(entry.model).is_fitted_here else _take
        try:
            tables[entry.name] = train(run, entry, force=force)
        except DamagedArtifactError as error:
            assert entry.features is not None
            run.progress.say(f"{error}: the stage before makes it anew")
            mend_feature(run, entry.features)
            tables[entry.name] = train(run, entry, force=force)
        _record(run, entry, tables[entry.name])
    link_individuals(run)
    return tables


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
        damaged = [self.folder(f) for f in self.fit_keys if is_damaged(self.folder(f))]
        n_damaged = len(damaged) + (self._path.is_file() and not are_intact(self._sums))
        if n_damaged:
            self.run.progress.say(
                f"train {self.entry.name}: {n_damaged} damaged artifacts of the store are made anew"
            )
        fits = list(self.work.fits())
        bar = self.run.progress.track(fits, stage=f"train {self.entry.name}", total=len(fits))
        scores = {fit.fold: self.work.run(fit, self._make, self.folder(fit.fold)) for fit in bar}
        write_scores(self.work.table_of(self.entry.name, scores), self._path, key=self.key)
        write_checksums(self._sums, [self._path, self._path.with_suffix(".json")])
        return ScoreTable.read_csv(self._path)

    def people(self) -> ScoreTable | None:
        """Return the scores of each person in every clip; None if the model judges nobody."""
        if judge_of(self._make()) is None:
            return None
        found = {}
        for fit in self.work.fits():
            judge = judge_of(self.work.fitted(fit, self._make, self.folder(fit.fold)))
            if judge is not None and fit.scored:
                found[fit.fold] = judge(self.work.examples(fit.scored, with_targets=False))
        return individuals_table(self.scores(), found)

    def _make(self) -> Model:
        return make_model(self.run, self.entry, self.work)

    @property
    def _path(self) -> Path:
        return self.run.store.root / "scores" / self.key[:2] / f"{self.key}.csv"

    @property
    def _sums(self) -> Path:
        return self._path.with_suffix(".sha256")

    def _kept(self) -> ScoreTable | None:
        try:
            return ScoreTable.read_csv(self._path) if are_intact(self._sums) else None
        except TableError:  # not there, or not whole
            return None


def make_model(run: Run, entry: ModelEntry, work: OutOfFold) -> Model:
    """Return an unfitted model of an entry."""
    kind, seed = MODELS.resolve(entry.model), run.recipe.settings.seed
    return kind(entry.options, spec=work.table.spec, task=work.task, seed=seed)


def fits_of(run: Run, name: str) -> Fits:
    """Return what there is to fit for a model that has its features.

    Raises:
        MissingStageError: if there is no manifest, or its feature has not been extracted.
    """
    entry = run.recipe.models[name]
    assert entry.features is not None
    cohort = run.cohort()
    table = feature_table(run, entry.features)
    work = OutOfFold(cohort, table, run.task, device=run.device)
    contents = feature_contents(run, entry.features, table)
    fits = list(work.fits())
    about = {
        "model": entry.model,
        "options": entry.options.model_dump(mode="json"),
        "goal": run.task.to_dict(),
        "spec": asdict(table.spec) | {"name": ""},
        "seed": run.recipe.settings.seed,
    }
    weights = make_model(run, entry, work).weights_fingerprint
    if weights:  # other bytes under the same name give other scores
        about["weights"] = weights
    fit_keys = {
        fit.fold: artifact_key(
            "models",
            version=full_version(MODELS.resolve(entry.model), entry.options),
            content="\n".join(
                f"{contents[clip_id]} {cohort[clip_id].truth!r} {cohort.groups[clip_id]}"
                for clip_id in fit.training
            ),
            options=about,
        )
        for fit in fits
    }
    scored = [f"{fit.fold} {c} {contents[c]}" for fit in fits for c in fit.scored]
    clips = [f"{clip.clip_id} {clip.split}" for clip in cohort]
    key = artifact_key(
        "scores",
        version="2",
        content="\n".join([*fit_keys.values(), *scored, *clips]),
        options={},
    )
    return Fits(run, entry, work, fit_keys, key)


def _train(run: Run, entry: ModelEntry, *, force: bool) -> ScoreTable:
    fits = fits_of(run, entry.name)
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


def _take(run: Run, entry: ModelEntry, *, force: bool) -> ScoreTable:
    """Take scores that are there already."""
    root = run.recipe.settings.data.root
    kind = MODELS.resolve(entry.model)
    table = kind.ready_scores(entry.name, entry.options, run.cohort(), root)
    write_scores(table, run.scores_path(entry.name), key="imported")
    return table


def _record(run: Run, entry: ModelEntry, table: ScoreTable) -> None:
    stage = f"train:{entry.name}"
    missing = f"no scores: {entry.features or 'the import'} has no rows of this clip"
    rows = [
        LedgerRow(c, stage, "ok") if is_present else LedgerRow(c, stage, "missing", missing)
        for c, is_present in zip(table.clip_ids, table.present, strict=True)
    ]
    run.record(stage, rows)
