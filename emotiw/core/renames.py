"""Old spellings of recipe keys and of parts: taken as the new ones, with a note, until 1.0.

One table for all settings. An old spelling counts only where the settings at hand have the new
one and not the old one, so that a class of a user's own may have an option ``copies`` or ``keep``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from emotiw.core.errors import ConfigError, EmotiwError

KeyPath = tuple[str | int, ...]
Settings = TypeVar("Settings", bound=BaseModel)

KEYS = {  # alphabetical; the old spelling first
    "average_decay": "ema_decay",
    "band_masks": "n_freq_masks",
    "choose_by": "scoring",
    "clip_sd": "clip_z",
    "copies": "augmentations",
    "inner_share": "validation_fraction",
    "keep": "restore_best",
    "longest_sec": "max_sec",
    "longest_time_mask": "max_time_mask",
    "min_clips": "min_samples_leaf",
    "mirrors": "flip",
    "most_frames": "max_frames",
    "reads": "pooling",
    "share_of_columns": "max_features",
    "soften_speakers": "nuisance_projection",
    "time_masks": "n_time_masks",
    "watch": "monitor",
    "widest_band_mask": "max_freq_mask",
}
VALUES: dict[str, dict[Any, Any]] = {"keep": {"best": True, "last": False}}
PARTS = {"expectation": "expected_value", "unpositive": "one_vs_rest"}

OTHER_SPELLING = KEYS | {new: old for old, new in KEYS.items()}

_told: set[str] = set()


@dataclass(frozen=True)
class OldName:
    """An old spelling that was found.

    Attributes:
        path: where it stands.
        old: the spelling.
        new: what it is called now.
        is_twice: whether the new one is given beside it.
    """

    path: KeyPath
    old: str
    new: str
    is_twice: bool = False


@dataclass(frozen=True)
class NamesPart:
    """Marks a field, beside its type, that holds a part: its name, and its options.

    Attributes:
        key: under which the name stands in a mapping.
        registry: returns what knows the parts; called when it is needed.
    """

    key: str
    registry: Callable[[], Any]

    def resolved(self, part: dict[str, Any]) -> tuple[Any, BaseModel]:
        """Return the class of a part, and its checked options."""
        kind = self.registry().resolve(part[self.key])
        return kind, checked(kind.Options, {k: v for k, v in part.items() if k != self.key})


def current_name(name: str, known: Collection[str], renamed: dict[str, str] = PARTS) -> str:
    """Return what a name is called now; a name that is known as it is stays.

    Examples:
        >>> current_name("unpositive", ["one_vs_rest"])
        'one_vs_rest'
        >>> current_name("unpositive", ["one_vs_rest", "unpositive"])
        'unpositive'
    """
    new = renamed.get(name, name)
    return new if name not in known and new in known else name


def current(kind: Any, data: Any, found: list[OldName], path: KeyPath = ()) -> Any:
    """Return settings as they were written, but in today's spelling, in the order of the file.

    Whatever else is wrong with them is left for the validation to tell.

    Args:
        kind: the pydantic model that they are for.
        data: what was read.
        found: gets every old spelling.
        path: the keys above ``data``.
    """
    fields = getattr(kind, "model_fields", None)
    if fields is None or not isinstance(data, dict):
        return data
    renewed = {}
    for key, value in data.items():
        name = current_name(key, fields, KEYS) if isinstance(key, str) else key
        here = (*path, key)
        if name != key:
            found.append(OldName(here, key, name, is_twice=name in data))
            if name in data:
                continue
            value = VALUES.get(key, {}).get(value, value) if isinstance(value, str) else value
        if name in fields:
            value = _inside(fields[name], value, found, here)
        renewed[name] = value
    return renewed


def current_part(
    part: NamesPart, data: Any, found: list[OldName], path: KeyPath = (), default: str = ""
) -> Any:
    """Return a part as it was written, but its name and its options in today's spelling.

    Args:
        part: where its name stands, and who knows it.
        data: a name, or a mapping with the name and the options.
        found: gets every old spelling.
        path: the keys above ``data``.
        default: the name of a part that is written without one.
    """
    is_mapping = isinstance(data, dict)
    name = data.get(part.key, default) if is_mapping else data
    if not isinstance(name, str):
        return data
    registry = part.registry()
    new = registry.current(name)
    if new != name:
        found.append(OldName((*path, part.key) if is_mapping else path, name, new))
    if not is_mapping:
        return new
    try:
        kind = registry.resolve(new).Options
    except (EmotiwError, AttributeError):  # told by whoever needs the part
        return data
    renewed = current(kind, data, found, path)
    return renewed | {part.key: new} if part.key in data else renewed


def checked(kind: type[Settings], data: Any) -> Settings:
    """Return settings that no user has written just now, such as those of a saved model.

    Raises:
        ConfigError: if something is given in both spellings.
        ValidationError: if it is no such settings.
    """
    found: list[OldName] = []
    data = current(kind, data, found)
    twice = [f"{name.old!r} is the old name of {name.new!r}" for name in found if name.is_twice]
    if twice:
        raise ConfigError(f"{'; '.join(twice)}: give one")
    return kind.model_validate(data)


def tell(name: OldName, place: str) -> None:
    """Note an old spelling on stderr, once in a process."""
    note = f"{place}: {name.old!r} is called {name.new!r} now; the old name works until 1.0"
    if note not in _told:
        _told.add(note)
        print(note, file=sys.stderr)


def _inside(info: Any, value: Any, found: list[OldName], path: KeyPath) -> Any:
    part = next((mark for mark in info.metadata if isinstance(mark, NamesPart)), None)
    if part is not None:
        return current_part(part, value, found, path)
    kind = next(models_in(info.annotation), None)
    if isinstance(value, (list, tuple)):
        return [current(kind, each, found, (*path, i)) for i, each in enumerate(value)]
    return current(kind, value, found, path)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the kinds of settings that a type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)
