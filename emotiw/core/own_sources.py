"""The source of a user's own class: its module, and what that imports from the same project.

What comes out of such a class is kept under a key that holds this source, so that edited code is
run again whether or not anybody raised a version.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OURS = frozenset({"emotiw", "features", "fusion", "submissions"})
INSTALLED = ("site-packages", "dist-packages")


def is_own(kind: type[Any]) -> bool:
    """Return whether a class is neither the toolkit's nor Python's.

    Examples:
        >>> is_own(dict), is_own(type("Mine", (), {"__module__": "mine"}))
        (False, True)
    """
    top = kind.__module__.partition(".")[0]
    return top == "__main__" or top not in OURS | sys.stdlib_module_names


def source_of(kind: type[Any]) -> str:
    """Return the source of a class as it is in its files now; nothing where there are none.

    Of an installed package that is what the module imports of that package.
    """
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file is None:
        return ""
    name = kind.__module__
    home = Path(file).absolute().parents[name.count(".") + (Path(file).stem == "__init__")]
    texts: dict[str, str] = {}
    waiting = [(name, Path(file))]
    while waiting:
        name, path = waiting.pop()
        if name in texts:
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
            imported = list(_imports(ast.parse(texts[name]), name, path))
        except (OSError, ValueError, SyntaxError):  # told by the import
            continue
        waiting += [(each, there) for each in imported if (there := _file(each, home, name))]
    return "\0".join(texts[name] for name in sorted(texts))


def _imports(tree: ast.AST, module: str, path: Path) -> Iterator[str]:
    """Yield the modules that a module may import, and the packages that they are in."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")
            above = above[: len(above) - node.level + (path.stem == "__init__")]
            base = [*(above if node.level else []), *filter(None, [node.module])]
            names = [".".join([*base, alias.name]) for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _file(name: str, home: Path, importer: str) -> Path | None:
    """Return the file of a module, if it is in the same project as the one that imports it."""
    top = name.partition(".")[0]
    if not top or top in OURS | sys.stdlib_module_names:
        return None
    if home.name in INSTALLED and top != importer.partition(".")[0]:
        return None
    place = home.joinpath(*name.split("."))
    return next((f for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()), None)
