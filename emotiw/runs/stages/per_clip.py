"""What the stages that work clip by clip have in common: reuse, workers, and a full ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from emotiw.core.ledger import LedgerRow, Status
from emotiw.core.machine_faults import require_clips
from emotiw.core.media.reading_report import notes_of
from emotiw.core.worker_process import Limits
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages.artifacts import Artifact, artifacts_as_csv
from features.audio.signal import why_unheard

LEFT_OUT = "left out, as data.damaged says"


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
    n_damaged = sum(key in run.store.damaged for job in jobs.values() for key in job.keys)
    if n_damaged:
        run.progress.say(f"{stage}: {n_damaged} damaged artifacts of the store are made anew")
    execution, root = run.recipe.settings.execution, run.recipe.settings.data.root
    limits = Limits(execution.seconds_per_clip, execution.memory_per_clip_gb)
    if is_watched := tells_progress and len(run.cohort()) == 1 and execution.dask is None:
        function, limits = partial(function, progress=run.progress), Limits()
    outcomes = run.workforce.do(
        function, jobs, device=device, limits=limits, max_alike=execution.max_alike_failures
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
    stage: Stage,
    *,
    folder: str,
    keys: Mapping[str, str],
    refused: Mapping[str, str],
    done: Made,
    nothing: str,
    table: str,
    derived: Mapping[str, bytes] | None = None,
    masked: Collection[str] = (),
    absent: Mapping[str, str] | None = None,
    force: bool = False,
) -> None:
    """Write the stage's table and its page of the ledger: one row for every clip.

    Args:
        stage: the stage.
        folder: the stage's folder in the store.
        keys: the key of every clip's artifact.
        refused: clips without a key, and why.
        done: what came of the jobs of this run.
        nothing: why a clip counts as missing, where no row of its artifact holds data.
        table: the name of the CSV of artifacts to write.
        derived: other files of the stage.
        masked: clips whose faces were left out because they were read in part.
        absent: clips that there was nothing to read of, and why.
        force: overwrite a table that was changed by hand.
    """
    run = stage.run
    earlier = run.ledger(stage.name)
    for path in sorted(run.store.packs(folder).unreadable):
        run.progress.say(f"{stage.name}: {path} is damaged; what was in it is made anew")
    run.store.pack(folder, (key for key in keys.values() if key not in done.failures))
    artifacts: dict[str, Artifact] = {}
    rows = [LedgerRow(clip_id, stage.name, "failed", why) for clip_id, why in refused.items()]
    rows += [LedgerRow(c, stage.name, "missing", why) for c, why in (absent or {}).items()]
    for clip_id, key in keys.items():
        spent = done.seconds.get(key, 0.0)
        if key in done.failures:
            rows.append(LedgerRow(clip_id, stage.name, "failed", done.failures[key], spent))
            continue
        noted = run.store.metadata(folder, key)
        quality = dict(noted["quality"])
        told = str(quality.pop("read_in_part", ""))
        is_masked = clip_id in masked or bool(told and masks_damaged(run, clip_id))
        n_present = 0 if is_masked else int(noted["n_present"])
        artifacts[clip_id] = Artifact(key, int(noted["n_rows"]), n_present)
        before = earlier.get(stage.name, clip_id)
        why = "" if n_present else LEFT_OUT if is_masked else why_missing(nothing, quality)
        status: Status = "missing" if why else "partial" if told else "ok"
        rows.append(
            LedgerRow(
                clip_id=clip_id,
                stage=stage.name,
                status=status,
                reason="; ".join(filter(None, [why, *notes_of(noted["quality"])])),
                seconds=before.seconds if before and key not in done.seconds else spent,
                quality=quality,
            )
        )
    stage.commit({table: artifacts_as_csv(artifacts)}, rows, derived=derived, force=force)


def masks_damaged(run: Run, clip_id: str) -> bool:
    """Return whether the recipe leaves out of this clip what was read in part."""
    wanted = run.recipe.settings.data.damaged
    return wanted == "mask" or (wanted == "drop" and run.cohort()[clip_id].split == "train")


def why_missing(nothing: str, quality: Mapping[str, float | int | str]) -> str:
    """Return why no row of a clip holds data: the state of its sound, or what else is given."""
    if quality.get("pictures") == "missing":
        return "no images: a sound recording"
    is_of_sound = "audio" in quality and "n_tracks" not in quality
    return f"sound: {why_unheard(quality)}" if is_of_sound else nothing
