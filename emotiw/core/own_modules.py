"""Modules of a user's own, found beside the recipe that names classes in them.

While a recipe is read, and while its run works, the folder of the recipe comes first on the import
path, as the folder of a script does; in worker processes too. Two recipes in two folders may each
have a ``mine.py``: the modules of the folder before are set aside until its recipe is used again.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from emotiw.core.own_sources import OURS

Stamp = tuple[tuple[str, int, int], ...]


class _Beside(MetaPathFinder):
    """Finds modules in one folder; never in the place of the toolkit's or of Python's own."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.found: dict[str, Stamp] = {}  # modules of the folder, as their files were then
        self.aside: dict[Path, tuple[dict[str, Stamp], dict[str, ModuleType]]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is, if it is in the folder."""
        if path is not None or self.folder is None or name in OURS | sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(name, [str(self.folder)])
        if spec is None or spec.loader is None:  # a folder without code is no package
            return None
        self.found[name] = _stamp(spec)
        return spec

    def taken_out(self) -> dict[str, ModuleType]:
        """Remove the modules of the folder from those that Python knows."""
        names = [name for name in sys.modules if name.partition(".")[0] in self.found]
        return {name: sys.modules.pop(name) for name in names}


_beside = _Beside()


def use_folder(folder: Path) -> None:
    """Let modules in this folder be imported from now on, instead of those of the one before.

    Args:
        folder: absolute.
    """
    if folder == _beside.folder:
        return
    if _beside not in sys.meta_path:
        sys.meta_path.insert(0, _beside)
    if _beside.folder is not None:
        _beside.aside[_beside.folder] = (_beside.found, _beside.taken_out())
    _beside.found, modules = _beside.aside.pop(folder, ({}, {}))
    _beside.folder = folder
    sys.modules.update(modules)


def folder_in_use() -> Path | None:
    """Return the folder, if any module in it has been imported."""
    return _beside.folder if _beside.found else None


def forget_changed() -> None:
    """Let the modules of the folder be imported anew if any of their files has changed."""
    importlib.invalidate_caches()
    for name, stamp in _beside.found.items():
        spec = PathFinder.find_spec(name, [str(_beside.folder)])
        if spec is None or _stamp(spec) != stamp:
            _beside.taken_out()
            _beside.found = {}
            return


def import_own(name: str) -> ModuleType:
    """Import a module that a recipe names: the one beside it, if there is another elsewhere."""
    top = name.partition(".")[0]
    there = sys.modules.get(top)
    if there is not None and top not in _beside.found:
        beside = _beside.find_spec(top)
        if beside is not None and beside.origin != getattr(there, "__file__", None):
            for other in [other for other in sys.modules if other.partition(".")[0] == top]:
                del sys.modules[other]
    return importlib.import_module(name)


def _stamp(spec: ModuleSpec) -> Stamp:
    """Return the times and sizes of the files of a module or package."""
    folders = [Path(place) for place in spec.submodule_search_locations or []]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    if not files and spec.origin is not None:
        files = [Path(spec.origin)]
    stats = [(file, file.stat()) for file in files]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in stats)
