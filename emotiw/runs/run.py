"""A run: one recipe, and the folder of plain files that its stages read and write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import STEPS, read_manifest
from emotiw.core.content_hashes import ContentHashes
from emotiw.core.device import AUTO, require_device, worker_count
from emotiw.core.errors import ConfigError, EmotiwError, MissingStageError
from emotiw.core.ledger import Ledger
from emotiw.core.machine_faults import require_machine
from emotiw.core.notices import heard_by
from emotiw.core.own_modules import use_folder
from emotiw.core.progress import Progress, Silent
from emotiw.core.score_table import ScoreTable
from emotiw.core.store import Store, artifact_key
from emotiw.core.task import Task
from emotiw.runs.estimated_groups import SPEAKERS, are_groups_estimated, read_estimated
from emotiw.runs.ledger_pages import page_of, read_ledger, write_ledger
from emotiw.runs.lock import held, is_held
from emotiw.runs.recipe import Recipe, load_recipe, packaged_recipes
from emotiw.runs.records import Records
from emotiw.runs.stage_status import RunStatus
from emotiw.runs.workforce import Workforce

FUSED = "fused"


class _File:
    """A file of the run's folder, as the class's own text describes it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: Run, kind: type[Run] | None = None) -> Path:
        return run.folder / self.name


class Run:
    """The folder of one run::

        manifest.csv              clips, splits, labels, groups
        steps.csv                 answers step by step, where the challenge asks for these
        speakers.csv              probable groups, where they are estimated
        ledger.csv, ledger/       what became of every clip in every stage
        faces.csv                 where the face tracks of every clip are in the store
        features/<name>.csv       where the rows of every clip are in the store
        models/<model>.csv        where the trained models of every fold are in the store
        scores/, attention/…      scores of one modality, out-of-fold; where its model looked
        individuals.csv, …/       in groups: who is in which clip, when; scores of each person
        fused.csv                 fused scores
        fusion.yaml               the final fusion
        fusion.json, fusion.txt   on what it was fitted and judged; intervals and tests
        metrics.csv, folds.csv    every metric per modality and fused, with intervals; by fold
        submission/               the zip, and its check
        recipe.yaml, versions.json
        provenance.json           sha256 of manifest, weights and imported files; state of git
        .emotiw/                  from what every stage was made; who is at work
        run.log                   what commands did, when, and how they ended

    All of them can be looked at, changed by hand and read on by the next stage.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        progress: Progress | None = None,
        workforce: Workforce | None = None,
    ) -> None:
        self._recipe = recipe
        about = recipe.settings.execution, recipe.settings.data.root, recipe.store
        self.workforce = workforce or Workforce(*about)
        self.progress: Progress = progress or Silent()
        self.folder, self.store = recipe.folder, Store(recipe.store)
        self._hashes = ContentHashes(recipe.store / "hashes.json")
        self.records = Records(recipe.folder)
        self._depth = 0  # of commands at work
        self._warnings: list[str] = []  # of the stage at work
        self._listing: str | None = None
        self._cohort: tuple[tuple[str, str], Cohort] | None = None  # with what it was read from

    def __repr__(self) -> str:
        return f"<Run {self._recipe.name} of {self._recipe.spec.name} in {self.folder}>"

    manifest_path = _File("manifest.csv")
    ledger_path = _File("ledger.csv")
    faces_path = _File("faces.csv")
    individuals_path = _File("individuals.csv")
    fused_path = _File("fused.csv")
    fusion_path = _File("fusion.yaml")
    evaluation_path = _File("fusion.json")
    summary_path = _File("fusion.txt")
    metrics_path = _File("metrics.csv")
    folds_path = _File("folds.csv")

    @property
    def recipe(self) -> Recipe:
        """The recipe; the modules beside it are found by whoever goes by it."""
        use_folder(self._recipe.modules)
        return self._recipe

    def features_path(self, feature: str) -> Path:
        """Where the rows of every clip of a feature are in the store."""
        return self.folder / "features" / f"{feature}.csv"

    def models_path(self, model: str) -> Path:
        """Where the trained models of a modality are in the store, fold by fold."""
        return self.folder / "models" / f"{model}.csv"

    def scores_path(self, model: str) -> Path:
        """Where the scores of a model are."""
        return self.folder / "scores" / f"{model}.csv"

    def individual_scores_path(self, name: str) -> Path:
        """Where the scores are that a model gave each person."""
        return self.folder / "individuals" / f"{name}.csv"

    @property
    def workers(self) -> int:
        """The number of worker processes, for work that no network is needed for."""
        return worker_count(self.recipe.settings.execution.workers)

    @property
    def device(self) -> str:
        """Where networks compute, as the recipe says it: ``auto``, ``cpu``, ``cuda:1``."""
        return self.recipe.settings.execution.device

    @property
    def device_here(self) -> str:
        """Where this process computes itself; with Dask, the one that is named is the workers'."""
        return self.device if self.recipe.settings.execution.dask is None else AUTO

    def require_device(self) -> None:
        """Raise ConfigError if this machine doesn't have it; with Dask, others do the work."""
        if self.recipe.settings.execution.dask is None:
            require_device(self.device)

    @property
    def task(self) -> Task:
        """What the challenge asks."""
        return self.recipe.spec.task

    @contextmanager
    def at_work(self, *, begins: bool = False) -> Iterator[None]:
        """Hold the folder while a command writes in it; in the end ``ledger.csv`` is up to date.

        Args:
            begins: make the folder where there is none.

        Raises:
            MissingStageError: if there is no folder yet.
            BusyError: if another command is at work in it.
        """
        if not begins and not self.folder.is_dir():
            raise MissingStageError(f"{self.manifest_path} is not there yet: run `emotiw index`")
        with held(self.records.home), self.workforce.kept():
            self._depth += 1
            if self._depth == 1:
                self._listing = None
                self.records.recover()
            try:
                with heard_by(self.warn):
                    yield
            finally:
                self._depth -= 1
                if not self._depth:
                    write_ledger(self.records)

    def warn(self, line: str) -> None:
        """Tell what a user should know; the stage at work keeps it."""
        if line not in self._warnings:
            self._warnings.append(line)
            self.progress.warn(line)

    def taken_warnings(self) -> list[str]:
        """Return what the stage at work has told; from now on another one does."""
        taken, self._warnings = self._warnings, []
        return taken

    def listing(self) -> str:
        """Return a hash of the names, sizes and times of all files in the challenge's folder.

        While a command is at work they are looked at once.
        """
        if self._listing is None or not self._depth:
            data, runs = self.recipe.settings.data, self.recipe.settings.paths.runs
            self._listing = data.listing(without=(runs, self.store.root))
        return self._listing

    def cohort(self) -> Cohort:
        """Return all that is known of the clips: manifest, contents and folds.

        It is read again only where the manifest has changed, or the folder of the clips.

        Raises:
            MissingStageError: if the run has none yet.
            ManifestError: with everything that is wrong with it.
        """
        manifest = self.records.sha256("manifest.csv")
        if manifest is None:
            raise MissingStageError(f"{self.manifest_path} is not there yet: run `emotiw index`")
        beside = f"{self.records.sha256(SPEAKERS)} {self.records.sha256(STEPS)}"
        made_from = f"{manifest} {beside}", self.listing()
        if self._cohort is None or self._cohort[0] != made_from:
            root, settings = self.recipe.settings.data.root, self.recipe.settings
            listed = read_manifest(self.manifest_path, root=root, task=self.task)
            known = self.with_contents(listed)
            if settings.folds.groups == "estimated":
                known = known.with_estimated(read_estimated(self.folder))
            cohort = known.with_folds(
                settings.folds.scheme, n_folds=settings.folds.n_folds, seed=settings.seed
            )
            self._cohort = (made_from, cohort)
        return self._cohort[1]

    def with_contents(self, cohort: Cohort) -> Cohort:
        """Return the cohort with the sha256 of every clip's bytes.

        A clip that can't be read now keeps what was noted of it; without a note it stands for
        itself.
        """

        def content_of(clip: Clip) -> str:
            if clip.path == Path():
                return clip.content
            try:
                return self._hashes.of(clip.path)
            except OSError as error:
                require_machine(error)
                return clip.content or artifact_key(
                    "unreadable", version="1", content=clip.clip_id, options={}
                )

        files = (clip.path for clip in cohort if clip.path != Path())
        self._hashes.read_together(files, self.workforce.do_reading)
        known = cohort.with_contents(content_of)
        self._hashes.save()
        return known

    def scores(self, name: str) -> ScoreTable:
        """Read the scores of a model, or those called ``fused``.

        Raises:
            MissingStageError: if they are not there yet.
        """
        path = self.fused_path if name == FUSED else self.scores_path(name)
        if not path.is_file():
            stage = "fuse" if name == FUSED else f"train {name}"
            raise MissingStageError(f"{path} is not there yet: run `emotiw {stage}`")
        return replace(ScoreTable.read_csv(path), name=name)

    def status(self) -> RunStatus:
        """Return every stage, whether it is up to date, and what was changed by hand."""
        return import_module("emotiw.runs.status").status_of(self)  # type: ignore[no-any-return]

    def ledger(self, stage: str | None = None) -> Ledger:
        """Read the ledger, or the page of one stage."""
        return read_ledger(self.folder, stage)

    def ledger_page(self, stage: str) -> str:
        """Return the name of a stage's page of the ledger."""
        return page_of(stage)


def open_run(
    config: Path | str, settings: Sequence[str] = (), *, progress: Progress | None = None
) -> Run:
    """Return the run of a recipe, for its stages and for looking at what they wrote.

    Args:
        config: a YAML file, or the name of a recipe that comes with the toolkit; or the folder of
            a run, as :func:`reopen_run` takes it.
        settings: ``KEY.KEY=VALUE`` put over it.
        progress: hears of the work; nobody by default.

    Raises:
        ConfigError: with everything that is wrong with the recipe.
    """
    folder = Path(config)
    # a folder may be called as a recipe is: `demo` after `emotiw demo`
    is_recipe = str(config) in packaged_recipes() and not (folder / "recipe.yaml").is_file()
    if folder.is_dir() and not is_recipe:
        return reopen_run(folder, settings, progress=progress)
    run = Run(load_recipe(config, settings), progress=progress)
    finish_cut(run.folder)
    return run


def reopen_run(
    folder: Path, settings: Sequence[str] = (), *, progress: Progress | None = None
) -> Run:
    """Return the run of a folder that its stages wrote, wherever it lies now.

    Args:
        folder: the run's own folder, with its ``recipe.yaml``.
        settings: put over that recipe; ``data.root`` above all, if the clips have moved.
        progress: as in :func:`open_run`.

    Raises:
        ConfigError: if it is no such folder, or its recipe is damaged.
    """
    config = folder / "recipe.yaml"
    finish_cut(folder)
    if not config.is_file():
        raise ConfigError(
            f"{folder} is not the folder of a run: expected {config} (runs are in runs/<recipe>)"
        )
    here = folder.resolve()
    places = [f"paths.runs={json.dumps(str(here.parent))}", f"name={json.dumps(here.name)}"]
    return Run(load_recipe(config, [*places, *settings]), progress=progress)


def finish_cut(folder: Path) -> None:
    """Finish what a killed command had decided to write in a run's folder, if it had."""
    records = Records(folder)
    if records.needs_recovery() and not is_held(records.home):
        with held(records.home):
            records.recover()


def cohort_in(folder: Path, task: Task | None = None) -> Cohort:
    """Return the clips of a run's folder; contents that its manifest doesn't say are read.

    A manifest that was written by hand, or by an earlier version, says nothing of contents, and
    copies would count as clips of their own. They do where no file can be read any more.

    Raises:
        ManifestError: with everything that is wrong with the manifest.
    """
    finish_cut(folder)
    cohort = read_manifest(folder / "manifest.csv", root=folder, task=task)
    if are_groups_estimated(folder):
        cohort = cohort.with_estimated(read_estimated(folder))
    if all(clip.content for clip in cohort):
        return cohort
    try:
        return reopen_run(folder).cohort()
    except EmotiwError:  # its recipe can't be read: there is nothing to find the files by
        return cohort
