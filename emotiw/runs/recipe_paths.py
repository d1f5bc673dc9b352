"""Where the files lie that a recipe names: beside it; else where the command is run.

So a recipe goes on working wherever it is called from. What is given by ``--set`` starts where the
command is run, as everything that is typed into a shell does; so does what is written (``paths``),
and what stands in the recipe that a run writes of itself: beside that lie results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emotiw.core.config import Document, packaged
from emotiw.core.errors import ConfigError
from emotiw.core.files import shown_in_full
from emotiw.core.notices import warn
from emotiw.runs.records import PLACE

READ = (
    ("data", "root"),
    ("paths", "modules"),
)  # of a recipe; and its challenge, where it is a file


def beside_the_recipe(document: Document, home: Path) -> Document:
    """Return the document with the paths that it reads from where they are.

    Args:
        document: a recipe, as it was written.
        home: the folder that it lies in.
    """
    if (home / PLACE).is_dir():
        return document
    data: dict[str, Any] = dict(document.data)
    for section, key in READ:
        written = data.get(section)
        if isinstance(written, dict) and isinstance(written.get(key), str):
            data[section] = {**written, key: _found(written[key], home, f"{section}.{key}")}
    challenge = data.get("challenge")
    if isinstance(challenge, str) and challenge.endswith((".yaml", ".yml")):
        data["challenge"] = _found(challenge, home, "challenge")
    return Document(document.where, data, document.lines)


def where_looked(path: Path, recipe: str) -> str:
    """Return where what a recipe names and isn't there was looked for, in full.

    Examples:
        >>> where_looked(Path("/data/clips"), "mine.yaml")
        '/data/clips'
    """
    home = Path(recipe).absolute().parent
    if path.is_absolute() or home == Path.cwd() or home.is_relative_to(packaged()):
        return shown_in_full(path)
    return f"{shown_in_full(path)}, and no {home / path} beside the recipe"


def _found(written: str, home: Path, name: str) -> str:
    path = Path(written)
    beside = home / path
    if path.is_absolute() or not beside.exists():
        return written
    if path.exists() and not path.samefile(beside):
        warn(f"{name}: {beside} is taken, beside the recipe, and not {path.absolute()}")
    return str(beside)


def refuse_a_twin(config: Path | str, path: Path) -> Path:
    """Return a recipe's path, unless it comes along and a file here is called so as well.

    Both would write into the run of this name.

    Raises:
        ConfigError: with the way out.
    """
    own = Path(f"{config}.yaml")
    if path != Path(config) and own.is_file():
        raise ConfigError(
            f"two recipes are called {config}: one that comes along, and {own} here; say {own}, or "
            f"copy the other (`emotiw recipes show {config}`) under another name"
        )
    return path
