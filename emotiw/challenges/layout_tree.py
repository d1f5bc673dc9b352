"""A challenge's folder as people look at it: an indented tree of what has to lie where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

INDENT = "  "


def tree_lines(paths: Mapping[str, str]) -> list[str]:
    """Return one line per folder and file, in the order of the paths.

    Args:
        paths: what each path is for; ``/`` parts folders.

    Examples:
        >>> paths = {"Train/<label>/*.avi": "clips", "Train/list.csv": ""}
        >>> for line in tree_lines(paths):
        ...     print(line)
        Train/
          <label>/
            *.avi  clips
          list.csv
    """
    tree: dict[str, Any] = {}
    for path, told in paths.items():
        *folders, name = path.split("/")
        inner = tree
        for folder in folders:
            inner = inner.setdefault(f"{folder}/", {})
        inner[name] = f"{inner[name]}; {told}" if name in inner else told
    return list(_drawn(tree, ""))


def _drawn(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, inner in tree.items():
        if isinstance(inner, str):
            yield f"{indent}{name}  {inner}".rstrip()
        else:
            yield f"{indent}{name}"
            yield from _drawn(inner, indent + INDENT)
