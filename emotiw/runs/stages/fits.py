"""The models to fit for one entry of a recipe, and the names that they have in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from emotiw.core.checksums import are_intact, write_checksums
from emotiw.core.errors import TableError
from emotiw.core.joined_features import FROM_BEST, without_names
from emotiw.core.part import full_version
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.core.store import artifact_key
from emotiw.models.groups.individuals import judge_of
from emotiw.models.inner_tables import inner_tables
from emotiw.models.joint.feature_subsets import subset_tables
from emotiw.models.joint.looking import as_csv_file, attention_of
from emotiw.models.model import Model
from emotiw.models.out_of_fold import Fit, OutOfFold, is_damaged, is_fitted, seconds_of_fit
from emotiw.models.registry import MODELS
from emotiw.models.stepwise.step_view import steps_key
from emotiw.runs.learnt_on import learnt_on
from emotiw.runs.recipe import ModelEntry
from emotiw.runs.run import Run
from emotiw.runs.stages.features_read import contents_read, table_read
from emotiw.runs.stages.persons import individuals_table
from emotiw.runs.stages.score_files import write_scores
from emotiw.runs.stages.trained import model_folder


@dataclass(frozen=True)
class Fits:
    """The models to fit for one entry of a recipe, and what they and their scores are known by.

    Attributes:
        run: the run.
        entry: the model.
        work: the fits.
        fit_keys: by fold, the name of the fitted model in the store.
        key: the name of the scores in the store.
        key_of: the name of any fitted model in the store.
    """

    run: Run
    entry: ModelEntry
    work: OutOfFold
    fit_keys: Mapping[Fold, str]
    key: str
    key_of: Callable[[Fit], str]

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
        scores = {fit.fold: self.work.run(fit, self.make, self.folder(fit.fold)) for fit in bar}
        write_scores(self.work.table_of(self.entry.name, scores), self._path, key=self.key)
        write_checksums(self._sums, [self._path, self._path.with_suffix(".json")])
        return ScoreTable.read_csv(self._path)

    def inner(self) -> dict[int, ScoreTable]:
        """Return by fold the scores that its fusion may be fitted on: of models without the fold.

        They cost a fit for every pair of folds; the models stay in the store.
        """
        return inner_tables(
            self.entry.name,
            self.work,
            lambda fit: self.work.run(fit, self.make, model_folder(self.run, self.key_of(fit))),
            lambda fits: self.run.progress.track(
                fits, stage=f"train {self.entry.name}, nested", total=len(fits)
            ),
        )

    def people(self) -> ScoreTable | None:
        """Return the scores of each person in every clip; None if the model judges nobody."""
        if judge_of(self.make()) is None or self.work.cohort.has_steps:
            return None
        found = {}
        for fit in self.work.fits():
            judge = judge_of(self.work.fitted(fit, self.make, self.folder(fit.fold)))
            if judge is not None and fit.scored:
                found[fit.fold] = judge(self.work.examples(fit.scored, with_targets=False))
        return individuals_table(self.scores(), found)

    def subsets(self) -> dict[tuple[str, ...], ScoreTable]:
        """Return held-out scores by each subset of the features, of the models that there are."""
        models = {
            fit.fold: self.work.fitted(fit, self.make, self.folder(fit.fold))
            for fit in self.work.fits()
        }
        return subset_tables(self.work, models)

    def attention(self) -> bytes | None:
        """Return the table of where the models looked; None if they can't tell."""
        found: dict[str, tuple[Any, Any]] = {}
        for fit in self.work.fits():
            model = self.work.fitted(fit, self.make, self.folder(fit.fold))
            looked = attention_of(model, self.work.examples(fit.scored, with_targets=False))
            if looked is not None:
                both = zip(looked.shares, looked.over_time, strict=True)
                found |= dict(zip(fit.scored, both, strict=True))
        return as_csv_file(self.entry.features, found) if found else None

    def make(self) -> Model:
        """Return an unfitted model."""
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
    return kind(entry.options, spec=work.spec, task=work.task, seed=seed)


def fits_of(run: Run, name: str) -> Fits:
    """Return what there is to fit for a model that has its features.

    Raises:
        MissingStageError: if there is no manifest, or its feature has not been extracted.
    """
    entry = run.recipe.models[name]
    cohort = run.cohort()
    table = table_read(run, entry)
    reads_steps = MODELS.resolve(entry.model).reads_steps(entry.options)
    work = OutOfFold(
        cohort,
        table,
        run.task,
        device=run.device_here,
        steps=entry.steps,
        reads_steps=reads_steps,
        unlabelled=entry.unlabelled,
        takes_together=MODELS.resolve(entry.model).takes_together(entry.options),
    )
    model = make_model(run, entry, work)
    seen = learnt_on(model, run.recipe.spec.name, cohort)
    table.trained_on = max(table.trained_on, seen, key=FROM_BEST.index)
    contents = contents_read(run, entry, table)
    fits = list(work.fits())
    about = {
        "model": entry.model,
        "options": entry.options.model_dump(mode="json"),
        "goal": run.task.to_dict(),
        "spec": asdict(without_names(table.spec)),
        "seed": run.recipe.settings.seed,
    }
    if table.trained_on != "other data":  # scores say what is behind them
        about["trained_on"] = table.trained_on
    if model.weights_fingerprint:  # other bytes under the same name give other scores
        about["weights"] = model.weights_fingerprint
    if cohort.has_steps:
        about["steps"] = entry.steps.model_dump(mode="json")

    def whose(clip_id: str) -> str:
        about_clip = f"{cohort.groups[clip_id]} {cohort[clip_id].corpus}".rstrip()
        return f"{about_clip} {steps_key(cohort, clip_id)}".rstrip()

    def unlabelled_of(fit: Fit) -> list[str]:
        clip_ids = work.unlabelled.clip_ids(fit.fold, fit.beside)
        return [f"unlabelled {contents[clip_id]} {whose(clip_id)}" for clip_id in clip_ids]

    def key_of(fit: Fit) -> str:
        return artifact_key(
            "models",
            version=full_version(MODELS.resolve(entry.model), entry.options),
            content="\n".join(
                [
                    f"{contents[clip_id]} {cohort[clip_id].truth!r} {whose(clip_id)}"
                    for clip_id in fit.training
                ]
                + unlabelled_of(fit)
            ),
            options=about,
        )

    fit_keys = {fit.fold: key_of(fit) for fit in fits}
    scored = [f"{fit.fold} {c} {contents[c]} {whose(c)}" for fit in fits for c in fit.scored]
    clips = [f"{clip.clip_id} {clip.split}" for clip in cohort]
    key = artifact_key(
        "scores",
        version="2",
        content="\n".join([*fit_keys.values(), *scored, *clips]),
        options={"adapted_on": work.adapted_on} if work.adapted_on else {},
    )
    return Fits(run, entry, work, fit_keys, key, key_of)
