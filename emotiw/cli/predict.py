"""`emotiw predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, Set, print_json, print_table, progress_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emotiw.predict.prediction_rows import FilePrediction

MOST_PEOPLE = 6  # in the terminal; all are in the CSV


def predict(
    inputs: Annotated[list[Path], Argument(help="Videos, photographs, sounds, or their folders.")],
    run: Annotated[
        Path | None, Option(help="The folder of a trained run; the bundled frame CNN without one.")
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
    csv: Annotated[Path | None, Option(help="Write every row into this CSV.")] = None,
    video: Annotated[Path | None, Option(help="Write annotated videos into this folder.")] = None,
    timeline: Annotated[
        Path | None, Option(help="Write plots of the scores over time into this folder.")
    ] = None,
    workers: Annotated[int, Option(help="Processes; 0 for one per core, or four on a GPU.")] = 0,
    device: Annotated[
        str | None, Option(help="auto, cpu, cuda or cuda:1; what the run's recipe says by default.")
    ] = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Tell the emotion in any video or photograph, person by person and for everyone together.

    emotiw predict clip.mp4 --window 2 --csv scores.csv
    """
    from emotiw.core.errors import ConfigError
    from emotiw.core.files import atomic_write
    from emotiw.predict.company import read_speakers
    from emotiw.predict.inputs import media_files
    from emotiw.predict.predict_files import Wanted, predict_files
    from emotiw.predict.prediction_rows import as_csv
    from emotiw.predict.prediction_rows import as_json as rows_as_json

    if hop is not None and window is None:
        raise ConfigError("--hop needs --window")
    if run is not None and weights is not None:
        raise ConfigError("--run and --weights exclude each other")
    if speakers is not None and run is None:
        raise ConfigError("--speakers needs --run: only models of a run go by speaker")
    files = media_files(inputs)
    who = read_speakers(speakers, files) if speakers is not None else ()
    wanted = Wanted(run, tuple(settings or ()), weights, window, hop, video, timeline, device, who)
    progress = progress_of(quiet, as_json)
    found = predict_files(files, wanted, workers=workers, progress=progress)
    if csv is not None:
        atomic_write(csv, as_csv(found).encode())
    if as_json:
        print_json(rows_as_json(found))
    else:
        _print(found)
    if any(one.reason for one in found):
        raise typer.Exit(1)


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
            scores, n_faces = _shown(one, row.scores), str(row.n_faces)
            rows.append((name, who, one.answer(row), scores, n_faces, notes))
            name = ""
        if len(people) > MOST_PEOPLE:
            more = f"… and {len(people) - MOST_PEOPLE} more people"
            rows.append(("", "", "", "", "", more))
    file = Column("file", overflow="fold")
    print_table((file, "who", "prediction", "scores", "faces", "notes"), rows)
    for path in [path for one in found for path in one.written]:
        print(f"wrote {path}")


def _shown(one: FilePrediction, scores: Sequence[float] | None) -> str:
    if scores is None or not one.is_label:
        return ""
    ranked = sorted(zip(scores, one.labels, strict=True), key=lambda pair: -pair[0])
    return ", ".join(f"{label} {100 * score:.0f} %" for score, label in ranked[:3])
