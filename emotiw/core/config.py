"""YAML settings read strictly: an unknown key is refused, with its line and the likely meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.files import open_file
from emotiw.core.renames import (
    OTHER_SPELLING,
    KeyPath,
    NamesPart,
    OldName,
    current,
    current_part,
    models_in,
    tell,
)
from emotiw.core.yaml_text import compose, construct, load

Settings = TypeVar("Settings", bound=BaseModel)
NO_VALUE = object()
MOST_BYTES = 1 << 20  # of a file of settings


class Strict(BaseModel):
    """Settings that refuse unknown keys and don't change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _is_a_number(cls, value: Any) -> Any:
        """Refuse NaN, which no limit of a field refuses, and which is never the same again."""
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, float) and each != each:
                raise ValueError("expected a number")
        return value


@dataclass
class Document:
    """The content of a YAML file, with the line of every key.

    Attributes:
        where: the file, for messages.
        data: the mapping at the top.
        lines: line number by path of keys.
    """

    where: str
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Return ``file:line`` of a key, or of the closest key above it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{self.where}:{self.lines[path[:end]]}"
        return self.where

    def note_old_names(self, found: Sequence[OldName], problems: Problems) -> None:
        """Tell of old spellings where they stand; one beside the new spelling is a problem."""
        for name in found:
            line = self.lines.get(name.path)
            place = ".".join(map(str, name.path)) if line is None else f"{self.where}:{line}"
            if name.is_twice:
                problems.add(f"{place}: {name.old!r} is the old name of {name.new!r}: give one")
                continue
            if line is not None:  # what else is wrong there is told with this line
                self.lines.setdefault((*name.path[:-1], name.new), line)
            tell(name, place)


def read_document(path: Path) -> Document:
    """Read a YAML file whose top is a mapping.

    Raises:
        ConfigError: if the file is missing, too large or no YAML, holds a key twice, or isn't a
            mapping.
    """
    try:
        text = _text_of(path)
    except FileNotFoundError:
        raise ConfigError(f"no such file: {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read ({error})") from error
    problems = Problems(str(path))
    try:
        node = compose(text)
        lines = dict(_key_lines(node, (), problems))  # before values are made: << is taken apart
        data = construct(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected a mapping of settings, got {type(data).__name__}")
    problems.raise_if_any(ConfigError)
    return Document(str(path), data, lines)


def override(document: Document, settings: Sequence[str]) -> Document:
    """Return the document with ``a.b=c`` settings put over it; values are read as YAML.

    Examples:
        >>> override(Document("x", {"a": {"b": 1}}), ["a.b=[2, 3]", "c=null"]).data
        {'a': {'b': [2, 3]}, 'c': None}

    Raises:
        ConfigError: if a setting has no ``=`` or goes through something that is no mapping.
    """
    data: dict[str, Any] = _deep_copy(document.data)
    problems = Problems("--set")
    for setting in settings:
        written = name_and_value(setting, problems, example="models.voice.c=0.1")
        if written is None:
            continue
        name, text = written
        value = yaml_value(text, setting, problems)
        if value is NO_VALUE:
            continue
        *above, last = name.split(".")
        inner: Any = data
        for key in above:
            if inner.get(key) is None:
                inner[key] = {}
            inner = inner[key]
            if not isinstance(inner, dict):
                problems.add(f"{setting!r}: {key!r} is no mapping")
                break
        else:
            inner.pop(OTHER_SPELLING.get(last), None)
            inner[last] = value
    problems.raise_if_any(ConfigError)
    return Document(document.where, data, document.lines)


def name_and_value(written: str, problems: Problems, *, example: str) -> tuple[str, str] | None:
    """Return the two sides of ``NAME=VALUE``; None, and a problem, where it is no such thing.

    Examples:
        >>> name_and_value("a.b=[2, 3]", Problems("--set"), example="a.b=1")
        ('a.b', '[2, 3]')
    """
    name, equals, text = written.partition("=")
    if equals and name:
        return name, text
    problems.add(f"{written!r}: expected NAME=VALUE, like {example}")
    return None


def yaml_value(text: str, written: str, problems: Problems) -> Any:
    """Return a value that was written as YAML; NO_VALUE, and a problem, where it is none."""
    try:
        return load(text)
    except yaml.YAMLError as error:
        problems.add(f"{written!r}: the value is not valid YAML: {error}")
        return NO_VALUE


def validated(
    kind: type[Settings], data: Any, *, document: Document, path: KeyPath = ()
) -> Settings:
    """Return settings of that kind; keys in an old spelling are taken, and told of.

    Args:
        kind: a pydantic model.
        data: what was read, at ``path`` of the document.
        document: where it was read, for messages.
        path: the keys above ``data``.

    Raises:
        ConfigError: with file, line and "did you mean" for every problem.
    """
    problems = Problems(document.where)
    found: list[OldName] = []
    data = current(kind, data, found, path)
    document.note_old_names(found, problems)
    checked = None
    try:
        checked = kind.model_validate(data)
    except ValidationError as error:
        for detail in error.errors():
            problems.add(_explain(kind, detail, document, path))
    problems.raise_if_any(ConfigError)
    assert checked is not None
    return checked


def flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings as ``key.key`` and value.

    Examples:
        >>> dict(flat({"a": {"b": 1, "c": {}}, "d": [2]}))
        {'a.b': 1, 'a.c': {}, 'd': [2]}
    """
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def renewed(document: Document, parts: Mapping[str, NamesPart], problems: Problems) -> Document:
    """Return the document with the parts in some of its sections in today's spelling.

    Args:
        document: what was read.
        parts: by section, which maps names to parts; a part without a name of its kind has the
            name that it has in the section.
        problems: gets what is given in both spellings.
    """
    data = dict(document.data)
    found: list[OldName] = []
    for section, part in parts.items():
        if isinstance(data.get(section), dict):
            data[section] = {
                name: current_part(part, written, found, (section, name), default=str(name))
                if isinstance(written, dict)
                else written
                for name, written in data[section].items()
            }
    document.note_old_names(found, problems)
    return Document(document.where, data, document.lines)


def packaged(*parts: str) -> Path:
    """Return the path of a file that comes with the toolkit, below ``configs/``.

    It is found beside ``emotiw``, not by name: a project's own ``configs`` is never in the way.
    """
    return Path(__file__).parents[2].joinpath("configs", *parts)


def _text_of(path: Path) -> str:
    with open_file(path) as file:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise OSError(f"{size:,} bytes of settings; {MOST_BYTES:,} are read at most")
        return file.read().decode("utf-8")


def _explain(
    kind: type[BaseModel], detail: Mapping[str, Any], document: Document, path: KeyPath
) -> str:
    location = (*path, *detail["loc"])
    name = ".".join(map(str, location))
    place = document.place(location)
    if detail["type"] == "extra_forbidden":
        known = _fields_at(kind, detail["loc"][:-1])
        hint = suggest(str(detail["loc"][-1]), known)
        return f"{place}: unknown key {name!r}{hint} (known: {', '.join(known)})"
    if detail["type"] == "missing":
        return f"{place}: {name!r} is needed"
    got = repr(detail["input"])
    return f"{place}: {name}: {detail['msg']}, got {got if len(got) < 80 else got[:77] + '…'}"


def _fields_at(kind: Any, path: Sequence[str | int]) -> list[str]:
    for key in path:
        # a key of a mapping or a place in a list leads to no other kind of settings
        info = getattr(kind, "model_fields", {}).get(key)
        kind = kind if info is None else next(models_in(info.annotation), kind)
    return list(getattr(kind, "model_fields", {}))


def _key_lines(node: Any, path: KeyPath, problems: Problems) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                problems.add(f"line {line}: key {'.'.join(map(str, (*path, name)))!r} comes twice")
            seen.add(name)
            yield (*path, name), line
            yield from _key_lines(value, (*path, name), problems)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _key_lines(value, (*path, index), problems)


def _deep_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _deep_copy(inner) for key, inner in value.items()}
    return list(value) if isinstance(value, list) else value
