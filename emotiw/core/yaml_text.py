"""YAML read within bounds: what is written there is never code, and costs no more than its size.

A few lines of aliases can stand for more values than any memory holds, and a document can hold
itself; both are refused before anything is made of them. Dates stay text: a run may be called
2026-11-30, and 2026-13-45 is a name like any other.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import yaml

MOST_VALUES = 100_000  # that aliases may stand for; or as many as the text has characters
MOST_LEVELS = 100
MOST_DIGITS = 4000
DATE = "tag:yaml.org,2002:timestamp"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def compose(text: str) -> yaml.Node | None:
    """Return the nodes of a text, each with its line; None where nothing is written.

    Raises:
        yaml.YAMLError: if it is no YAML, or its values are too many, too deep or hold themselves.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except RecursionError:
        raise yaml.YAMLError(f"nested in more than {MOST_LEVELS} levels") from None
    if node is not None:
        _measure(node, 1, max(MOST_VALUES, len(text)), {})
    return node


def construct(node: yaml.Node | None) -> Any:
    """Return the values of nodes from :func:`compose`.

    Raises:
        yaml.YAMLError: if a value is not what its tag says, with its line.
    """
    return None if node is None else _Loader("").construct_document(node)


def load(text: str) -> Any:
    """Return the values of a text.

    Examples:
        >>> load("{name: 2026-13-45, size: [1, 2.5], on: null}")
        {'name': '2026-13-45', 'size': [1, 2.5], True: None}

    Raises:
        yaml.YAMLError: as :func:`compose` and :func:`construct`.
    """
    return construct(compose(text))


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node."""
        if node.tag in NUMBERS and len(node.value) > MOST_DIGITS:
            raise _error(f"a number of more than {MOST_DIGITS} digits", node)
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # the constructors trust that a value fits its tag
            kind = node.tag.rpartition(":")[2]
            raise _error(f"{str(node.value)[:40]!r} is no {kind} ({error})", node) from error


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != DATE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _measure(
    node: yaml.Node, level: int, most: int, known: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    """Return how many values a node stands for and in how many levels, aliases written out."""
    found = known.get(id(node), None if level <= MOST_LEVELS else (0, MOST_LEVELS + 1))
    if found is None:
        known[id(node)] = (0, 0)  # until it is known; no node has no level
        is_pairs = isinstance(node, yaml.MappingNode)
        inner = () if isinstance(node, yaml.ScalarNode) else node.value
        parts = [
            _measure(part, level + 1, most, known)
            for part in (chain.from_iterable(inner) if is_pairs else inner)
        ]
        found = (1 + sum(n for n, _ in parts), 1 + max((depth for _, depth in parts), default=0))
        known[id(node)] = found
    size, depth = found
    if depth == 0:
        raise _error("it holds itself", node)
    if depth > MOST_LEVELS:
        raise _error(f"nested in more than {MOST_LEVELS} levels", node)
    if size > most:
        raise _error(f"uses aliases that expand to more than {most} values", node)
    return found


def _error(problem: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
