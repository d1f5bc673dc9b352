"""Names for interchangeable parts, imported only when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, cast

from pydantic import AfterValidator

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.renames import current_name

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps a name to ``module:attribute`` and imports it on first use.

    A name that holds a colon is taken as ``module:attribute`` itself, which is how users plug in
    a part of their own without registering it.

    Examples:
        >>> paths = Registry("path", {"pure": "pathlib:PurePath"})
        >>> paths.resolve("pure").__name__
        'PurePath'
        >>> paths.resolve("collections:Counter").__name__
        'Counter'
        >>> paths.resolve("pur")
        Traceback (most recent call last):
        ...
        emotiw.core.errors.ConfigError: unknown path 'pur'; did you mean 'pure'? (known: pure)
    """

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def names(self) -> list[str]:
        """Return the registered names in their order of registration."""
        return list(self._entries)

    def current(self, name: str) -> str:
        """Return what a part is called now, if it is named as it was once called."""
        return current_name(name, self._entries)

    def resolve(self, name: str) -> T:
        """Import and return the part of that name.

        Raises:
            ConfigError: if the name is unknown, or its module or attribute can't be imported.
        """
        target = self._entries.get(self.current(name), name if ":" in name else None)
        if target is None:
            known = ", ".join(self._entries)
            hint = suggest(name, self._entries)
            raise ConfigError(f"unknown {self.kind} {name!r}{hint} (known: {known})")
        module_name, _, attribute = target.partition(":")
        if not attribute or not all(part.isidentifier() for part in module_name.split(".")):
            raise ConfigError(f"{self.kind} {name!r}: expected 'module:attribute'")
        try:
            module: Any = importlib.import_module(module_name)
            return cast(T, getattr(module, attribute))
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"{self.kind} {name!r} can't be imported: {error}") from error


def named_in(registry: Registry[Any]) -> AfterValidator:
    """Return what checks an option that names a part; a name with a colon is a user's own.

    Nothing is imported for it.

    Examples:
        >>> from typing import Annotated
        >>> from pydantic import TypeAdapter
        >>> kinds = Registry("kind", {"mean": "statistics:mean"})
        >>> TypeAdapter(Annotated[str, named_in(kinds)]).validate_python("mine:Own")
        'mine:Own'
    """

    def check(name: str) -> str:
        if ":" not in name and name not in registry.names():
            known = ", ".join(registry.names())
            hint = suggest(name, registry.names())
            raise ValueError(f"unknown {registry.kind}{hint} (known: {known})")
        return name

    return AfterValidator(check)
