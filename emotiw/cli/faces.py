"""`emotiw faces`: the stage, and its result to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option
from typer.core import TyperGroup

from emotiw.cli.stage import (
    AsJson,
    Config,
    Force,
    Quiet,
    Set,
    indexed,
    opened,
    plain_rows,
    print_json,
    progress_of,
    show_rows,
)

if TYPE_CHECKING:
    from emotiw.core.face_tracks import FaceTracks
    from emotiw.core.progress import Progress


class FindByDefault(TyperGroup):
    """A group that takes `emotiw faces RECIPE` for `emotiw faces find RECIPE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the stage's own command in front, where no other one is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["find", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=FindByDefault,
    no_args_is_help=True,
    help="Detect, follow and align the faces of every clip: emotiw faces RECIPE.",
)


@app.command()
def find(
    config: Config,
    preview: Annotated[
        bool,
        Option(
            "--preview",
            help="Also write a contact sheet and an annotated video of every clip into preview/.",
        ),
    ] = False,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Detect, follow and align the faces of every clip; the name may be left out.

    emotiw faces recipe.yaml --preview
    """
    from emotiw.runs.stages.faces import find_all_faces

    run = indexed(config, settings, quiet, as_json)
    rows = find_all_faces(run, force=force)
    if as_json:
        print_json(plain_rows("faces", rows))
    else:
        show_rows(run, "faces", rows)
    if not preview:
        return
    from emotiw.runs.stages.face_previews import preview_folder, write_previews

    failures = write_previews(run)
    if not as_json:
        print(f"contact sheets and annotated clips: {preview_folder(run)}")
    for clip_id, why in failures.items():
        typer.echo(f"  no preview of {clip_id}: {why}", err=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def show(
    clip: Annotated[str, Argument(help="A video or photograph; with --run, the id of a clip.")],
    run: Annotated[
        str | None, Option(help="A recipe or the folder of a run: show what its faces stage found.")
    ] = None,
    out: Annotated[Path, Option(help="Where the images go.")] = Path(),
    settings: Annotated[
        list[str] | None,
        Option("--set", help="faces.min_face=0.1, execution.device=cuda; may come several times."),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show the faces of one clip: a table, a contact sheet, the clip with boxes and points.

    emotiw faces show clip.mp4
    """
    from emotiw.runs.stages.face_previews import file_name
    from emotiw.visualization.contact_sheet import about_track, headline, write_preview

    progress = progress_of(quiet, as_json)
    if run is not None:
        from emotiw.runs.run import open_run
        from emotiw.runs.stages.faces import face_tracks, faces_quality

        whole = open_run(run, settings or ())
        path, name = whole.cohort()[clip].path, file_name(clip)
        tracks, quality = face_tracks(whole, clip), faces_quality(whole, clip)
    else:
        path, name = Path(clip), Path(clip).stem
        tracks, quality = _found(path, settings or [], progress)
    target = out / f"{name}.faces"
    written = write_preview(path, tracks, quality, target, progress=progress)
    if as_json:
        print_json({**quality, "written": [str(file) for file in written]})
        return
    print(headline(tracks, quality))
    for number in range(tracks.n_tracks):
        print(f"  {about_track(tracks, number)}")
    for file in written:
        print(f"wrote {file}")


@app.command()
def crops(
    config: Config,
    clips: Annotated[list[str] | None, Argument(help="Ids of clips; all by default.")] = None,
    size: Annotated[int, Option(min=16, max=2048, help="Side of the crops, px.")] = 224,
    out: Annotated[Path | None, Option(help="A folder; crops/ in the run's by default.")] = None,
    settings: Set = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write aligned crops of any size as PNG files, without detecting again.

    They are <clip>/<track>/<frame>.png, cut out by the transforms that the faces stage has kept.

    emotiw faces crops recipe.yaml --size 224
    """
    from emotiw.core.errors import MediaError
    from emotiw.runs.stages.artifacts import read_artifacts
    from emotiw.runs.stages.face_previews import write_crops

    run = opened(config, settings, quiet, as_json)
    folder = out or run.folder / "crops"
    names = clips or sorted(read_artifacts(run.faces_path, made_by="faces"))
    counts, failures = {}, {}
    for clip_id in run.progress.track(names, stage="crops", total=len(names)):
        try:
            counts[clip_id] = write_crops(run, clip_id, folder, size)
        except MediaError as error:
            failures[clip_id] = str(error)
    if as_json:
        print_json({"folder": str(folder), "crops": counts, "failures": failures})
    else:
        print(f"{folder}: {sum(counts.values())} crops of {len(counts)} clips, {size} px")
    for clip_id, why in failures.items():
        typer.echo(f"  no crops of {clip_id}: {why}", err=True)
    if failures:
        raise typer.Exit(1)


def _found(
    path: Path, settings: list[str], progress: Progress
) -> tuple[FaceTracks, dict[str, float | int | str]]:
    from emotiw.core.config import Document, Strict, override, validated
    from emotiw.core.media import MediaReader
    from emotiw.core.progress import ticking
    from emotiw.runs.recipe_settings import ExecutionSettings
    from features.faces.face_options import FaceOptions
    from features.faces.find_faces import find_faces

    class Settings(Strict):
        faces: FaceOptions = FaceOptions()
        execution: ExecutionSettings = ExecutionSettings()

    document = override(Document("--set", {}), settings)
    asked = validated(Settings, document.data, document=document)
    if lost := asked.faces.what_is_lost():
        progress.say(lost)
    with MediaReader(path) as reader:
        n_frames = reader.info.expected_frames
    with ticking(progress, "faces, frame by frame", n_frames) as tick:
        return find_faces(path, asked.faces, device=asked.execution.device, on_frame=tick)
