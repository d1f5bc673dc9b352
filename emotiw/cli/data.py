"""`emotiw data fetch`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from emotiw.cli.completion import challenges_or_files
from emotiw.cli.stage import AsJson, Quiet, print_json, show_download

app = typer.Typer(help="Corpora that anyone may have.", no_args_is_help=True)


@app.callback()
def _top() -> None:
    pass


@app.command()
def fetch(
    name: Annotated[
        str,
        Argument(
            metavar="CHALLENGE",
            help="The corpus: ravdess, crema_d, …",
            autocompletion=challenges_or_files,
        ),
    ],
    folder: Annotated[Path, Argument(help="Where it goes.")],
    parts: Annotated[list[str] | None, Option("--part", help="audio, …; all by default.")] = None,
    agreed: Annotated[bool, Option("--yes", help="I agree to the licence.")] = False,
    drop_archives: Annotated[
        bool, Option("--drop-archives", help="Delete archives once they are unpacked.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Download a corpus whose licence allows it; run it again to go on where it stopped.

    emotiw data fetch ravdess data/ravdess --part audio
    """
    from emotiw.challenges.fetch import fetch as fetch_parts
    from emotiw.challenges.fetch import fetchable
    from emotiw.challenges.spec import load_spec

    spec = load_spec(name)
    told = sys.stderr if as_json else sys.stdout
    for part, download in fetchable(spec, parts or ()).items():
        known = [file.size for file in download.files if file.size is not None]
        size = f", {sum(known) / 1e6:.0f} MB" if len(known) == len(download.files) > 0 else ""
        print(f"{spec.name} {part}: {download.licence}{size}", file=told)
    if not agreed and not typer.confirm("Do you agree to the licence?", err=as_json):
        raise typer.Exit(1)
    progress = None if quiet or as_json or not sys.stderr.isatty() else show_download
    done = fetch_parts(
        spec, folder, parts or (), progress=progress, keep_archives=not drop_archives
    )
    if as_json:
        print_json({"folder": folder, **vars(done)})
    else:
        print(
            f"{folder}: {done.n_files} files, {done.n_downloaded} downloaded now, "
            f"{done.n_unpacked} unpacked"
        )
    for odd in done.odd:
        print(f"  odd: {odd}", file=sys.stderr)
    for reason in done.failures.values():
        print(f"  failed: {reason}", file=sys.stderr)
    if done.failures:
        raise typer.Exit(1)
