"""What every interchangeable piece has: options, a version, and a name for all it depends on.

Extractors, detectors, models, aggregations, fusion rules, calibrations, layout readers and
submission formats are parts: classes that a registry names, or that a user writes in a file of
their own and names as ``module:Class``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from emotiw.core.config import Strict
from emotiw.core.own_sources import is_own, source_of
from emotiw.core.renames import NamesPart
from emotiw.core.weights import fingerprint

_sources: WeakKeyDictionary[type[Any], str] = WeakKeyDictionary()  # as they were imported


class NoOptions(Strict):
    """Nothing can be set."""


class Part:
    """The base of every interchangeable piece; a subclass overrides what it needs.

    Attributes:
        Options: pydantic model of what a recipe may set.
        version: raised whenever the same input would give another result than before.
        speed_options: names of options that change no result, and stay out of keys.
    """

    Options: ClassVar[type[BaseModel]] = NoOptions
    version: ClassVar[str] = "1"
    speed_options: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if is_own(cls):  # now: the file may be edited while the class is at work
            _sources[cls] = source_of(cls)

    @property
    def weights_fingerprint(self) -> str:
        """The fingerprint of its ``card`` and the weights that it names; empty where it has none.

        Raises:
            WeightsError: if they are missing, or not those of the card.
        """
        card = getattr(self, "card", None)
        return "" if card is None else fingerprint(card)

    @classmethod
    def outside_files(cls, options: Any, root: Path) -> list[Path]:
        """Return files of the user's that the result depends on; none, for most.

        Args:
            options: checked ``Options``.
            root: what relative paths in them are relative to.
        """
        return []


class DataPart(Strict, Part):
    """A part that is its own options: what a recipe may set are its fields."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.Options = cls


def full_version(kind: type[Any], options: Any = None) -> str:
    """Return a part's version; of a user's own class with a hash of the source that it comes from.

    What is changed in that source, or in a module of the same project that it imports, is made
    anew, whether or not anybody raised the version. The versions of parts that the options name
    follow.

    Examples:
        >>> full_version(Part)
        '1'
    """
    versions = [_own_version(kind)]
    for name, field in getattr(type(options), "model_fields", {}).items():
        for mark in field.metadata:
            if isinstance(mark, NamesPart):
                versions.append(full_version(*mark.resolved(getattr(options, name))))
    return "+".join(versions)


def _own_version(kind: type[Any]) -> str:
    version = str(getattr(kind, "version", ""))
    own = [each for each in kind.__mro__ if each is kind or issubclass(each, Part)]
    sources = {_sources.get(each) or source_of(each) for each in own if is_own(each)} - {""}
    if not sources:
        return version
    text = "\0".join(sorted(sources))
    return f"{version}+{hashlib.sha256(text.encode()).hexdigest()[:16]}"
