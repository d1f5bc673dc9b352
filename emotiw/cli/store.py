"""`emotiw store status|check|clear`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from emotiw.cli.completion import recipes_or_files
from emotiw.cli.stage import AsJson, print_json, print_table

if TYPE_CHECKING:
    from emotiw.core.store import Store
    from emotiw.runs.store_upkeep import Item

app = typer.Typer(
    help="What was made and is kept for all runs: how much, whether it is whole, taking it out.",
    no_args_is_help=True,
)
Place = Annotated[
    str,
    Argument(
        metavar="RECIPE|RUN|STORE",
        help="A recipe, a run's folder, or the folder of a store.",
        autocompletion=recipes_or_files,
    ),
]


@app.command()
def status(place: Place, as_json: AsJson = False) -> None:
    """Tell how many artifacts there are, how large, and how many of them no run uses.

    emotiw store status runs/store
    """
    from emotiw.core.store import STAGES
    from emotiw.runs.store_upkeep import items_of, leftovers, unreadable_packs

    store, runs = _opened(place)
    used = {key for keys in _used(runs, store).values() for key in keys}
    items = items_of(store)
    rows = []
    for stage in STAGES:
        own = [item for item in items if item.stage == stage]
        unused = [item for item in own if (stage, item.key) not in used]
        n_files = len({item.path for item in own})
        rows.append((stage, len(own), n_files, _size(own), len(unused), _size(unused)))
    left, unreadable = leftovers(store), unreadable_packs(store)
    if as_json:
        names = ("stage", "artifacts", "files", "bytes", "unused", "unused_bytes")
        stages = [dict(zip(names, row, strict=True)) for row in rows]
        others = {"leftovers": [*map(str, left)], "unreadable": [*map(str, unreadable)]}
        print_json({"store": str(store.root), "runs": str(runs), "stages": stages, **others})
        return
    cells = [
        (stage, f"{n:,}", f"{n_files:,}", _mb(size), f"{n_unused:,}", _mb(unused))
        for stage, n, n_files, size, n_unused, unused in rows
    ]
    print_table(("stage", "artifacts", "files", "MB", "used by no run", "MB"), cells, box=None)
    print(f"{store.root}, used by the runs in {runs}")
    if left:
        print(f"{len(left)} leftovers of killed runs: `emotiw store clear` sweeps them")
    if unreadable:
        print(f"{len(unreadable)} damaged files: `emotiw store check --remove` removes them")


@app.command()
def check(
    place: Place,
    remove: Annotated[
        bool, Option("--remove", help="Take out what is damaged, so that it is made anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read everything and compare it with its checksum; exit status 1 if anything is damaged.

    emotiw store check runs/store --remove
    """
    from emotiw.runs.store_upkeep import items_of, unreadable_packs
    from emotiw.runs.store_upkeep import remove as take_out

    store, _ = _opened(place)
    items = items_of(store)
    damaged, unreadable = [i for i in items if not i.is_whole()], unreadable_packs(store)
    if remove:
        take_out(store, damaged)
        for path in unreadable:
            path.unlink(missing_ok=True)
    if as_json:
        listed = [{"stage": i.stage, "key": i.key, "path": str(i.path)} for i in damaged]
        print_json(
            {
                "store": str(store.root),
                "artifacts": len(items),
                "damaged": listed,
                "unreadable": [str(path) for path in unreadable],
                "removed": remove,
            }
        )
    else:
        for item in damaged:
            print(f"damaged: {item.stage} {item.key} in {item.path}")
        for path in unreadable:
            print(f"damaged: all of {path}")
        n_damaged = len(damaged) + len(unreadable)
        told = "removed, and made anew by the next run" if remove else "--remove takes them out"
        print(f"{store.root}: {len(items):,} artifacts, {n_damaged} damaged", end="")
        print(f" ({told})" if n_damaged else "")
    if (damaged or unreadable) and not remove:
        raise typer.Exit(1)


@app.command()
def clear(
    place: Place,
    unused: Annotated[bool, Option("--unused", help="What no run uses.")] = False,
    older_than: Annotated[
        float | None, Option(help="What was made more than so many days ago.")
    ] = None,
    run: Annotated[str | None, Option(help="What this run uses and no other one.")] = None,
    agreed: Annotated[bool, Option("--yes", help="Take it out without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take out artifacts for which all that is asked holds, and sweep what kills left behind.

    What was made within a day stays: a run that is at work may need it.

    emotiw store clear runs/store --unused --older-than 30
    """
    from emotiw.core.errors import ConfigError, suggest
    from emotiw.runs.store_upkeep import DAY_SEC, items_of, leftovers
    from emotiw.runs.store_upkeep import remove as take_out

    store, runs = _opened(place)
    used = _used(runs, store)
    if run is not None and run not in used:
        raise ConfigError(f"no run {run!r} in {runs}{suggest(run, used)}")
    of_run = used.pop(run) if run is not None else set()
    of_others = {key for keys in used.values() for key in keys}

    def is_asked_for(item: Item) -> bool:
        name, age_days = (item.stage, item.key), item.age_sec / DAY_SEC
        return (
            (not unused or name not in of_others | of_run)
            and (run is None or name in of_run - of_others)
            and (older_than is None or age_days > older_than)
        )

    is_any = unused or run is not None or older_than is not None
    asked = [item for item in items_of(store) if is_any and is_asked_for(item)]
    chosen = [item for item in asked if not item.is_young]
    left = leftovers(store)
    n_used = sum((item.stage, item.key) in of_others for item in chosen)
    told = f"{len(chosen):,} artifacts, {_mb(_size(chosen))} MB"
    if not as_json:
        print(f"{store.root}: {told}; {len(left)} leftovers of killed runs")
        if n_used:
            print(f"{n_used:,} of them are used by runs, which would make them anew")
        if len(asked) > len(chosen):
            print(f"{len(asked) - len(chosen):,} more are kept: they were made within a day")
        if not is_any:
            print("say what to take out: --unused, --older-than DAYS, --run NAME")
    is_done = agreed or (not as_json and bool(chosen) and typer.confirm("Take them out?"))
    if is_done:
        take_out(store, chosen)
    for path in left:
        path.unlink(missing_ok=True)
    if as_json:
        print_json(
            {
                "store": str(store.root),
                "artifacts": len(chosen),
                "bytes": _size(chosen),
                "used": n_used,
                "kept_young": len(asked) - len(chosen),
                "leftovers": len(left),
                "removed": is_done,
            }
        )
    elif is_done:
        print("done")


def _opened(place: str) -> tuple[Store, Path]:
    """Return a store, and the folder of the runs that use it."""
    from emotiw.core.errors import ConfigError
    from emotiw.core.store import STAGES, Store
    from emotiw.runs.run import open_run

    folder = Path(place)
    if folder.is_dir() and not (folder / "recipe.yaml").is_file():
        if not any((folder / name).exists() for name in (*STAGES, "hashes.json")):
            raise ConfigError(f"{folder} is neither a store nor the folder of a run")
        return Store(folder), folder.absolute().parent
    run = open_run(place)
    return run.store, run.folder.parent


def _used(runs: Path, store: Store) -> dict[str, set[tuple[str, str]]]:
    from emotiw.runs.store_use import used_by_runs

    return used_by_runs(runs, store.root)


def _size(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
