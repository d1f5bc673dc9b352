"""Names for interchangeable parts, imported only when they are used."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pydantic import AfterValidator

from emotiw.core import own_modules
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.renames import current_name
from emotiw.core.stopping import Stopped

T = TypeVar("T")
NOTHING = object()


class Registry(Generic[T]):
    """Maps a name to ``module:attribute`` and imports it on first use.

    A name that holds a colon is taken as ``module:attribute`` itself, which is how users plug in
    a part of their own without registering it; it may lie beside their recipe.

    Args:
        kind: what the parts are, for messages.
        entries: ``module:attribute`` by name.
        base: ``module:Class`` that a user's own part must be a subclass of; any, if empty.

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

    def __init__(self, kind: str, entries: Mapping[str, str], *, base: str = "") -> None:
        self.kind = kind
        self._entries = dict(entries)
        self._base = base

    def names(self) -> list[str]:
        """Return the registered names in their order of registration."""
        return list(self._entries)

    def current(self, name: str) -> str:
        """Return what a part is called now, if it is named as it was once called."""
        return current_name(name, self._entries)

    def resolve(self, name: str) -> T:
        """Import and return the part of that name.

        Raises:
            ConfigError: if the name is unknown, its module or attribute can't be imported, or it is
                no part of this kind.
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
            module = own_modules.import_own(module_name)
        except Stopped:
            raise
        except (Exception, SystemExit) as error:  # in the module of a user
            why = _why_not(error)
            raise ConfigError(f"{self.kind} {name!r} can't be imported: {why}") from error
        part = getattr(module, attribute, NOTHING)
        if part is NOTHING:
            place = getattr(module, "__file__", None) or module_name
            hint = suggest(attribute, vars(module))
            raise ConfigError(f"{self.kind} {name!r}: {place} has no attribute {attribute!r}{hint}")
        if self._base and ":" in name:
            self._check_base(name, part)
        return cast(T, part)

    def _check_base(self, name: str, part: Any) -> None:
        module_name, _, attribute = self._base.partition(":")
        base = getattr(importlib.import_module(module_name), attribute)
        if not (isinstance(part, type) and issubclass(part, base)):
            raise ConfigError(
                f"{self.kind} {name!r} is no subclass of {module_name}.{attribute}: "
                f"let it inherit from that class, which says what every {self.kind} must have"
            )


def _why_not(error: BaseException) -> str:
    """Return what went wrong in an import, and the last line of the user's own that led there."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} at {error.filename}:{error.lineno}: {error.msg}"
    importers = {__file__, own_modules.__file__}
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in importers and "importlib" not in frame.filename
    ]
    if not frames:  # there is no such module
        return str(error)
    home = str(Path(frames[0].filename).parent)
    last = [frame for frame in frames if frame.filename.startswith(home)][-1]
    return f"{type(error).__name__} at {last.filename}:{last.lineno}: {error}"


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
