"""Fits as jobs: of any models and runs at once, the longest first, each left in the shared store.

A fit is the same wherever it is made, so whoever needs it afterwards finds it there and loads it;
whoever makes it has only to say that it is done.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiw.core.device import CPU, Movable, gpu_count
from emotiw.core.errors import ConfigError, MachineError
from emotiw.core.machine_faults import AGAIN
from emotiw.core.notices import heard_by
from emotiw.models.out_of_fold import Fit, is_damaged, is_fitted, seconds_of_fit
from emotiw.runs.recipe import Recipe
from emotiw.runs.run import Run
from emotiw.runs.stages.fits import Fits, fits_of
from emotiw.runs.stages.trained import model_folder

if TYPE_CHECKING:
    from emotiw.core.outcome import Outcome

SLOWER = 1000  # a network, than a model of one vector per clip: good enough for an order
KEPT = 2  # models that a process goes on knowing


@dataclass(frozen=True)
class FitJob:
    """One fit that somebody is to make.

    Attributes:
        recipe: of the run.
        model: its name in the recipe.
        key: the name of the fit in the store.
    """

    recipe: Recipe
    model: str
    key: str


@dataclass(frozen=True)
class Known:
    """The fits of one model, each by its name in the store.

    Those of pairs of folds are among them where the fusion is nested.
    """

    fits: Fits
    by_key: dict[str, Fit]

    @classmethod
    def of(cls, fits: Fits) -> Known:
        """Return what is known of a model's fits."""
        every = list(fits.work.fits())
        if fits.run.recipe.fusion.asks_inner and fits.work.table.trained_on == "other data":
            every += fits.work.inner_fits()
        return cls(fits, {fits.key_of(fit): fit for fit in every})

    def job(self, key: str) -> FitJob:
        """Return a fit as a job for somebody else, who does it himself."""
        return FitJob(self.fits.run.recipe.done_by_oneself(), self.fits.entry.name, key)

    def folder(self, key: str) -> Path:
        """Return where a fit is, or would be."""
        return model_folder(self.fits.run, key)

    @property
    def missing(self) -> list[str]:
        """The fits that are not there, if anybody needs them."""
        is_needed = self.fits.to_do or len(self.by_key) > len(self.fits.fit_keys)
        return [k for k in self.by_key if not is_fitted(self.folder(k))] if is_needed else []

    @cached_property
    def is_network(self) -> bool:
        """Whether the model computes on a device."""
        model: Any = self.fits.make()
        while hasattr(model, "learner"):
            model = model.learner
        return isinstance(model, Movable)

    @cached_property
    def seconds_per_clip(self) -> float:
        """How long a fit takes: as others of the model did, or a guess for the order."""
        times = [(fit, seconds_of_fit(self.folder(key))) for key, fit in self.by_key.items()]
        known = [seconds / len(fit.training) for fit, seconds in times if seconds is not None]
        guess = 1e-7 * math.prod(self.fits.work.spec.shape) * (SLOWER if self.is_network else 1)
        return max(known, default=guess)

    def about(self, key: str) -> float:
        """Return about how many seconds a fit takes."""
        return self.seconds_per_clip * len(self.by_key[key].training)


_known: dict[tuple[Path, str], Known] = {}


def fit_in_store(job: FitJob) -> None:
    """Make one fit, and leave it in the store.

    Raises:
        ConfigError: if there is no such fit here: the files are others, or the version is.
    """
    where = (job.recipe.folder, job.model)
    known = _known.get(where)
    if known is None or job.key not in known.by_key:
        known = Known.of(fits_of(Run(job.recipe), job.model))
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)))
        _known[where] = known
    if job.key not in known.by_key:
        raise ConfigError(
            f"train {job.model}: who is asked for a fit sees other files than who asks for it, or "
            "has another version of this toolkit"
        )
    with heard_by(lambda _: None):  # it is told by whoever loads the fit
        known.fits.work.fitted(known.by_key[job.key], known.fits.make, known.folder(job.key))


def make_fits(run: Run, wanted: Iterable[Fits]) -> Generator[str, None, None]:
    """Make all fits that aren't there, and yield the name of a model for each that failed.

    Args:
        run: whose workers and progress to use.
        wanted: models of this run or others.

    Raises:
        MachineError: if the machine failed, or no process survives a fit; what was made is kept.
    """
    whose: dict[str, Known] = {}
    for known in map(Known.of, wanted):
        missing = known.missing
        whose |= dict.fromkeys(missing, known)
        if n_damaged := sum(is_damaged(known.folder(key)) for key in missing):
            told = f"{n_damaged} damaged artifacts of the store are made anew"
            run.progress.say(f"train {known.fits.entry.name}: {told}")
    _known.update({(k.fits.run.folder.absolute(), k.fits.entry.name): k for k in whose.values()})
    outcomes = _outcomes(run, whose)
    try:
        if not whose:
            return
        for outcome in run.progress.track(outcomes, stage="train", total=len(whose)):
            model = whose[outcome.name].fits.entry.name
            if outcome.is_lost:
                raise MachineError(f"train {model}: {outcome.error}; {AGAIN}")
            if outcome.error is not None:
                yield model
    finally:
        outcomes.close()
        _known.clear()


def _outcomes(run: Run, whose: Mapping[str, Known]) -> Generator[Outcome[None], None, None]:
    """Yield what became of the fits; those that have no use for a GPU don't wait for one."""
    keys = sorted(whose, key=lambda key: (-whose[key].about(key), key))
    networks = [key for key in keys if whose[key].is_network]
    others = [key for key in keys if not whose[key].is_network]
    groups = [(networks, run.device), (others, CPU)]
    has_dask = run.recipe.settings.execution.dask is not None
    if not networks or not (has_dask or gpu_count(run.device)):
        groups = [(keys, CPU)]
    for group, device in groups:
        if group:
            jobs = {key: whose[key].job(key) for key in group}
            yield from run.workforce.do_long(fit_in_store, jobs, device=device)
