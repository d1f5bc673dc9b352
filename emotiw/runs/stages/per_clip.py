"""What the stages that work clip by clip have in common: reuse, workers, and a full ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from emotiw.core.device import CPU, require_device, worker_count
from emotiw.core.errors import ConfigError
from emotiw.core.execution import run_jobs
from emotiw.core.ledger import LedgerRow
from emotiw.core.machine_faults import require_clips
from emotiw.core.worker_process import Limits
from emotiw.runs.run import Run
from emotiw.runs.stages.artifacts import Artifact, write_artifacts


class ClipJob(Protocol):
    """The work on one clip: it makes one or more artifacts."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the artifacts that it makes."""

    @property
    def path(self) -> Path:
        """Where the clip is."""


@dataclass
class Made:
    """What one job did, or all of them, by the key of the artifact.

    Attributes:
        failures: why an artifact could not be made.
        seconds: time spent on each; where a job leaves a key out, the time of the whole job counts.
    """

    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def do_jobs(
    run: Run,
    jobs: Mapping[str, ClipJob],
    function: Callable[..., Made],
    *,
    stage: str,
    device: str,
    tells_progress: bool = False,
) -> Made:
    """Do the work that is not done yet.

    Args:
        run: whose workers and progress to use.
        jobs: one per distinct clip, under any name.
        function: writes the artifacts of a job to the store, and returns which could not be made.
        stage: for the progress bar.
        device: where the networks of this work compute; ``cpu`` if it needs none.
        tells_progress: whether ``function`` takes a ``progress``, and tells it how far it is with
            the clip of a run that has only one.

    Raises:
        MachineError: if the machine failed; what was made until then is in the store.
    """
    done = Made()
    if not jobs:
        return done
    execution, root = run.recipe.settings.execution, run.recipe.settings.data.root
    limits = Limits(execution.seconds_per_clip, execution.memory_per_clip_gb)
    if is_watched := tells_progress and len(run.cohort()) == 1 and execution.dask is None:
        function, limits = partial(function, progress=run.progress), Limits()
    workers = 1
    if len(jobs) > 1:
        shared = device if execution.dask is None else CPU
        workers = min(len(jobs), worker_count(execution.workers, shared))
    with run.executor() as engine:
        if engine is not None:
            for begun in run_jobs(require_device, {stage: device}, executor=engine):
                if begun.error is not None:
                    raise ConfigError(f"execution.dask: a worker can't begin: {begun.error}")
        outcomes = run_jobs(
            function,
            jobs,
            workers=workers,
            executor=engine,
            limits=limits,
            max_alike=execution.max_alike_failures,
        )
        tracked = run.progress.track(outcomes, stage=stage, total=len(jobs))
        for outcome in outcomes if is_watched else tracked:
            made = outcome.value or Made()
            if outcome.error is not None or made.failures:
                require_clips(root, jobs[outcome.name].path)
            for key in jobs[outcome.name].keys:
                done.seconds[key] = made.seconds.get(key, outcome.seconds)
                if outcome.error is not None:
                    done.failures[key] = outcome.error
            done.failures.update(made.failures)
    return done


def settle(
    run: Run,
    stage: str,
    *,
    folder: str,
    keys: Mapping[str, str],
    refused: Mapping[str, str],
    done: Made,
    nothing: str,
    table: Path,
) -> list[LedgerRow]:
    """Write the stage's table and its page of the ledger: one row for every clip.

    Args:
        run: the run.
        stage: as the ledger calls it.
        folder: the stage's folder in the store.
        keys: the key of every clip's artifact.
        refused: clips without a key, and why.
        done: what came of the jobs of this run.
        nothing: why a clip counts as missing, where no row of its artifact holds data.
        table: the CSV of artifacts to write.
    """
    earlier = run.ledger()
    artifacts: dict[str, Artifact] = {}
    rows = [LedgerRow(clip_id, stage, "failed", reason) for clip_id, reason in refused.items()]
    for clip_id, key in keys.items():
        spent = done.seconds.get(key, 0.0)
        if key in done.failures:
            rows.append(LedgerRow(clip_id, stage, "failed", done.failures[key], spent))
            continue
        noted = run.store.metadata(folder, key)
        artifact = Artifact(key, int(noted["n_rows"]), int(noted["n_present"]))
        artifacts[clip_id] = artifact
        before = earlier.get(stage, clip_id)
        rows.append(
            LedgerRow(
                clip_id=clip_id,
                stage=stage,
                status="ok" if artifact.n_present else "missing",
                reason="" if artifact.n_present else _told(nothing, noted["quality"]),
                seconds=before.seconds if before and key not in done.seconds else spent,
                quality=noted["quality"],
            )
        )
    write_artifacts(table, artifacts)
    run.record(stage, rows)
    return rows


def _told(nothing: str, quality: Mapping[str, float | int | str]) -> str:
    is_of_sound = "audio" in quality and "n_tracks" not in quality
    return f"sound: {quality['audio']}" if is_of_sound else nothing
