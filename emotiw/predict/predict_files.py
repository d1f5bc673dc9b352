"""Predictions for files: each one alone, so that its scores never depend on the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from emotiw.core.clip import escaped
from emotiw.core.cores import alone_in_one_thread
from emotiw.core.device import AUTO, require_device, worker_count
from emotiw.core.errors import MediaError
from emotiw.core.execution import run_jobs
from emotiw.core.machine_faults import require_machine
from emotiw.core.media import MediaReader
from emotiw.core.media.reading_report import notes_of, seen_track
from emotiw.core.progress import Progress, Silent, ticking
from emotiw.predict.company import Speakers
from emotiw.predict.face_and_voice import FaceAndVoice
from emotiw.predict.prediction_rows import FilePrediction
from emotiw.predict.spoken import Spoken
from emotiw.predict.windows import Footage, Span, window_spans
from features.faces.detect import load_detector
from features.faces.find_faces import find_faces

if TYPE_CHECKING:
    from emotiw.predict.ensemble import Ensemble


@dataclass(frozen=True)
class Wanted:
    """What is asked of every file.

    Attributes:
        run: the folder of a trained run; None for the bundled face network and voice model.
        settings: over the run's recipe.
        weights: the card of the frame CNN; the default one where None.
        window_sec: length of a window; None for no windows, if nothing else needs them.
        hop_sec: from one window to the next.
        video: folder for annotated videos; None for none.
        timeline: folder for plots over time; None for none.
        device: where networks compute; the run's own choice where None.
        speakers: who speaks in each file, for models that go by speaker.
        spoken: what is said in each file, for models that read text.
        portraits: folder for the best picture of each person; None for none.
    """

    run: Path | None = None
    settings: tuple[str, ...] = ()
    weights: str | None = None
    window_sec: float | None = None
    hop_sec: float | None = None
    video: Path | None = None
    timeline: Path | None = None
    device: str | None = None
    speakers: Speakers = ()
    spoken: Spoken = ()
    portraits: Path | None = None


DEFAULT_WINDOW_SEC = 2.0  # where a video or a plot is asked for, and no window


def predict_files(
    files: Mapping[str, Path],
    wanted: Wanted,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[FilePrediction]:
    """Return what each file shows, in the order given; a broken one has its reason instead.

    Args:
        files: by what to call them.
        wanted: what is asked.
        workers: processes, as in a recipe; they change no answer.
        progress: hears of files, or of the frames of a single one.

    Raises:
        EmotiwError: if the run, the weights or the device can't be used, or the window makes no
            sense.
    """
    device = _predictor(wanted).device  # a mistake here is everyone's, and told once
    require_device(device)
    if wanted.window_sec is not None:
        window_spans(1.0, wanted.window_sec, wanted.hop_sec)
    progress = progress or Silent()
    if _predictor(wanted).needs_faces and (lost := _predictor(wanted).face_options.what_is_lost()):
        progress.say(lost)
    names = _targets(files)
    jobs = {name: (name, path, names[name], wanted) for name, path in files.items()}
    found: dict[str, FilePrediction] = {}
    if len(jobs) == 1:
        outcomes = run_jobs(partial(predict_file, progress=progress), jobs)
    else:
        workers = min(worker_count(workers, device), len(jobs))
        outcomes = run_jobs(predict_file, jobs, workers=workers)
        outcomes = progress.track(outcomes, stage="files", total=len(jobs))
    for outcome in outcomes:
        failed = FilePrediction(outcome.name, reason=outcome.error or "")
        found[outcome.name] = outcome.value or failed
    return [found[name] for name in files]


def predict_file(
    job: tuple[str, Path, str, Wanted], *, progress: Progress | None = None
) -> FilePrediction:
    """Return what one file shows, and write what was asked for beside the scores.

    Raises:
        MediaError: if it can't be read.
    """
    name, path, target, wanted = job
    progress = progress or Silent()
    predictor = _predictor(wanted)
    with MediaReader(path) as reader:
        info = reader.info
    tracks, duration = None, info.duration_sec
    if info.has_audio and not info.sound_sec and not predictor.is_deaf:
        duration = max(_heard_until(path, duration), duration if info.has_video else 0.0)
    unread, told, track = "", [], None
    with alone_in_one_thread():
        if info.has_video and predictor.needs_faces:
            n_frames = info.expected_frames
            try:
                options = predictor.face_options.resolved()
                detector = load_detector(
                    options.detector, device=predictor.device, weights=options.weights
                )
                with ticking(progress, "faces, frame by frame", n_frames) as tick:
                    tracks, quality = find_faces(path, options, detector=detector, on_frame=tick)
            except MediaError as error:
                require_machine(error)
                if predictor.is_deaf:
                    raise
                unread = f"faces: {error}"  # the sound may still be heard
            else:
                duration = max(duration, float(tracks.shown_sec[-1, 1]))
                told, track = notes_of(quality), seen_track(quality)
        spans = _spans(wanted, duration, is_still=info.is_still)
        footage = Footage(path, tracks, duration, spans)
        rows, notes = predictor.rows(footage, progress)
    notes = [*([unread] if unread else []), *told, *(note for note in notes if note not in told)]
    if unread and all(row.scores is None for row in rows):
        raise MediaError(unread)
    found = FilePrediction(name, predictor.task, duration, tuple(rows), "", tuple(notes))
    written = []
    if wanted.timeline is not None and found.windows(None):
        from emotiw.predict.timeline import plot_timeline

        written.append(plot_timeline(found, wanted.timeline / f"{target}.timeline.png"))
    if wanted.video is not None and info.has_video:
        from emotiw.predict.annotate import Annotation
        from emotiw.visualization.annotated_video import write_annotated

        draw = Annotation(found, tracks)
        place = wanted.video / target
        written.append(write_annotated(path, draw, place, progress=progress, video_track=track))
    if wanted.portraits is not None and tracks is not None:
        from emotiw.predict.person_pictures import write_portraits

        written += write_portraits(tracks, wanted.portraits / target)
    return replace(found, written=tuple(map(str, written)))


def _heard_until(path: Path, guess: float) -> float:
    """Return when the sound of a file ends, in seconds, where the file doesn't say.

    So it is with what a browser has recorded, and with AAC or MP3 of a changing bit rate.
    """
    try:
        with MediaReader(path) as reader:
            return max((part.start_sec + part.duration_sec for part in reader.sound()), default=0.0)
    except MediaError as error:  # whoever listens tells of it
        require_machine(error)
        return guess


def _spans(wanted: Wanted, duration: float, *, is_still: bool) -> list[Span]:
    needs_some = wanted.video is not None or wanted.timeline is not None
    window = wanted.window_sec or (DEFAULT_WINDOW_SEC if needs_some else None)
    if window is None or is_still:
        return []
    return window_spans(duration, window, wanted.hop_sec)


@lru_cache(maxsize=2)
def _predictor(wanted: Wanted) -> Ensemble | FaceAndVoice:
    if wanted.run is not None:
        from emotiw.predict.ensemble import Ensemble
        from emotiw.runs.run import reopen_run

        device = [f"execution.device={wanted.device}"] if wanted.device else []
        return Ensemble(
            reopen_run(wanted.run, [*wanted.settings, *device]), wanted.speakers, wanted.spoken
        )
    return FaceAndVoice(wanted.weights, device=wanted.device or AUTO)


def _targets(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the name, without suffix, of what is written for each file; no two are alike."""
    taken: dict[str, str] = {}
    used: set[str] = set()
    for name, path in files.items():
        stem = escaped(path.stem).replace("\\", "_")
        candidates = (stem + (f"-{n}" if n else "") for n in count())
        taken[name] = next(one for one in candidates if one.casefold() not in used)
        used.add(taken[name].casefold())
    return taken
