"""`emotiw predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, Set, print_json, print_table, progress_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emotiw.predict.predict_files import Wanted
    from emotiw.predict.prediction_rows import FilePrediction, Row

MOST_PEOPLE = 6  # in the terminal; all are in the CSV
MIN_SPEECH_SEC = 0.05


def predict(
    inputs: Annotated[
        list[Path] | None, Argument(help="Videos, photographs, sounds, or their folders.")
    ] = None,
    run: Annotated[
        Path | None,
        Option(help="The folder of a trained run; the bundled face and voice models without."),
    ] = None,
    weights: Annotated[
        str | None, Option(help="Without a run: a weights card of a frame CNN with labels.")
    ] = None,
    window: Annotated[float | None, Option(help="Also score windows of so many seconds.")] = None,
    hop: Annotated[float | None, Option(help="Seconds between windows; half by default.")] = None,
    speakers: Annotated[
        Path | None,
        Option(help="With --run: CSV of clip_id (the file's stem), group."),
    ] = None,
    transcripts: Annotated[
        Path | None,
        Option(
            help="With --run: what is said; a table of clip_id (the file's stem), text, or a "
            "folder; files of the same name beside the clips without."
        ),
    ] = None,
    camera: Annotated[
        str | None,
        Option(help="Instead of files: a camera by its number, or a stream that OpenCV opens."),
    ] = None,
    csv: Annotated[Path | None, Option(help="Write every row into this CSV.")] = None,
    video: Annotated[Path | None, Option(help="Write annotated videos into this folder.")] = None,
    timeline: Annotated[
        Path | None, Option(help="Write plots of the scores over time into this folder.")
    ] = None,
    portraits: Annotated[
        Path | None, Option(help="Write the best picture of each person into this folder.")
    ] = None,
    workers: Annotated[int, Option(help="Processes; 0 for one per core, or four on a GPU.")] = 0,
    device: Annotated[
        str | None, Option(help="auto, cpu, cuda or cuda:1; what the run's recipe says by default.")
    ] = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Tell the emotion in any video, photograph or recording, of everyone and of each person.

    emotiw predict clip.mp4 --window 2 --csv scores.csv
    """
    from emotiw.core.errors import ConfigError
    from emotiw.core.files import atomic_write
    from emotiw.predict.company import read_speakers
    from emotiw.predict.inputs import media_files
    from emotiw.predict.predict_files import Wanted, predict_files
    from emotiw.predict.prediction_rows import as_csv
    from emotiw.predict.prediction_rows import as_json as rows_as_json
    from emotiw.predict.spoken import read_spoken

    if hop is not None and (window is None or camera is not None):
        raise ConfigError("--hop needs --window, and files")
    if run is not None and weights is not None:
        raise ConfigError("--run and --weights exclude each other")
    if speakers is not None and run is None:
        raise ConfigError("--speakers needs --run: only models of a run go by speaker")
    if transcripts is not None and run is None:
        raise ConfigError("--transcripts needs --run: only models of a run read text")
    if camera is not None:
        if inputs or speakers or transcripts or video or timeline or portraits:
            told = "--speakers, --transcripts, --video, --timeline, --portraits"
            raise ConfigError(f"--camera goes with none of files, {told}")
        watched = Wanted(run, tuple(settings or ()), weights, device=device)
        _watch(camera, watched, window, csv, as_json=as_json)
        return
    if not inputs:
        raise ConfigError("name videos, photographs, sounds or folders, or a --camera")
    files = media_files(inputs)
    who = read_speakers(speakers, files) if speakers is not None else ()
    said = read_spoken(transcripts, files) if transcripts is not None else ()
    wanted = Wanted(
        run, tuple(settings or ()), weights, window, hop, video, timeline, device, who, said,
        portraits,
    )  # fmt: skip
    progress = progress_of(quiet, as_json)
    found = predict_files(files, wanted, workers=workers, progress=progress)
    if csv is not None:
        atomic_write(csv, as_csv(found).encode())
    if as_json:
        print_json(rows_as_json(found))
    else:
        _print(found)
    if any(all(row.scores is None for row in one.whole()) for one in found):
        raise typer.Exit(1)


def _watch(
    camera: str, wanted: Wanted, window: float | None, csv: Path | None, *, as_json: bool
) -> None:
    """Print a line per window as it comes, until the camera ends or is stopped."""
    import json

    from emotiw.core.files import atomic_write
    from emotiw.predict.camera import watch
    from emotiw.predict.prediction_rows import as_csv
    from emotiw.predict.prediction_rows import as_json as rows_as_json

    seen = []
    for one in watch(camera, wanted, window_sec=window):
        seen.append(one)
        if as_json:
            print(json.dumps(rows_as_json([one])[0]), flush=True)
        else:
            row = one.whole()[0]
            told = (_answer(one, row), _shown(one, row.scores), _basis(row), *one.notes)
            print(f"{one.file}: {'; '.join(filter(None, told))}", flush=True)
        if csv is not None:
            atomic_write(csv, as_csv(seen).encode())


def _print(found: Sequence[FilePrediction]) -> None:
    from rich.table import Column

    rows: list[Sequence[str]] = []
    for one in found:
        name = Path(one.file).name
        if one.reason:
            rows.append((name, "", "", "", "", f"can't be read: {one.reason}"))
        people = [row for row in one.whole() if row.person is not None]
        for row in [row for row in one.whole() if row.person is None] + people[:MOST_PEOPLE]:
            who = "everyone" if row.person is None else f"person {row.person}"
            notes = "; ".join(one.notes) if row.person is None else ""
            rows.append((name, who, _answer(one, row), _shown(one, row.scores), _basis(row), notes))
            name = ""
        if len(people) > MOST_PEOPLE:
            more = f"… and {len(people) - MOST_PEOPLE} more people"
            rows.append(("", "", "", "", "", more))
    file = Column("file", overflow="fold")
    print_table((file, "who", "prediction", "scores", "faces", "notes"), rows)
    for path in [path for one in found for path in one.written]:
        print(f"wrote {path}")


def _answer(one: FilePrediction, row: Row) -> str:
    between = " or ".join(one.nearest(row))
    return f"{one.answer(row)}: {between}" if between else one.answer(row)


def _basis(row: Row) -> str:
    """Return what a row rests on: people, faces counted in every frame, seconds of speech."""
    parts = [f"{row.n_people} people"] if row.n_people > 1 else []
    parts += [f"{row.n_faces} faces"] if row.n_faces else []
    parts += [f"{row.speech_sec:.1f} s of speech"] if row.speech_sec >= MIN_SPEECH_SEC else []
    return ", ".join(parts)


def _shown(one: FilePrediction, scores: Sequence[float] | None) -> str:
    if scores is None or not one.is_label:
        return ""
    ranked = sorted(zip(scores, one.labels, strict=True), key=lambda pair: -pair[0])
    return ", ".join(f"{label} {100 * score:.0f} %" for score, label in ranked[:3])
