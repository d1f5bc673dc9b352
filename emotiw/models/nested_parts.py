"""Options that name a part inside a model: ``mean``, or ``{kind: weighted, by_size: 2}``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.part import full_version as part_version
from emotiw.core.registry import Registry
from emotiw.core.renames import NamesPart, checked


def canonical(registry: Registry[Any], key: str, written: Any) -> dict[str, Any]:
    """Return the part with its name and all of its options filled in.

    Args:
        registry: whose parts have ``Options``.
        key: under which the name stands.
        written: a name, or a mapping with the name under ``key``, the rest being its options.

    Raises:
        ValueError: saying everything that is wrong, for pydantic to put beside its place.
    """
    if isinstance(written, str):
        written = {key: written}
    if not isinstance(written, dict) or not isinstance(written.get(key), str):
        known = ", ".join(registry.names())
        raise ValueError(f"expected a name, or a mapping with {key!r} (known: {known})")
    name = registry.current(written[key])
    try:
        options = part_options(registry, key, written)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    except ValidationError as error:
        told = [_told(registry, name, detail) for detail in error.errors()]
        raise ValueError("; ".join(told)) from None
    return {key: name, **options.model_dump(mode="json")}


def part_options(registry: Registry[Any], key: str, part: dict[str, Any]) -> BaseModel:
    """Return the checked options of a part."""
    rest = {name: value for name, value in part.items() if name != key}
    kind: type[BaseModel] = registry.resolve(part[key]).Options
    return checked(kind, rest)


def full_version(kind: Any, options: Any) -> str:
    """Return the version of a model, with those of the parts inside it, if there are any."""
    versions = [part_version(kind)]
    for name, info in getattr(type(options), "model_fields", {}).items():
        for mark in info.metadata:
            if isinstance(mark, NamesPart):
                part, registry = getattr(options, name), mark.registry()
                inside = part_options(registry, mark.key, part)
                versions.append(full_version(registry.resolve(part[mark.key]), inside))
    return "+".join(versions)


def _told(registry: Registry[Any], name: str, detail: Any) -> str:
    place = ".".join(map(str, detail["loc"]))
    if detail["type"] != "extra_forbidden":
        return f"{place}: {detail['msg']}"
    known = registry.resolve(name).Options.model_fields
    hint = suggest(str(detail["loc"][-1]), known)
    return f"{registry.kind} {name!r} has no option {place!r}{hint} (known: {', '.join(known)})"


def _aggregations() -> Registry[Any]:
    from emotiw.models.aggregation.registry import AGGREGATIONS

    return AGGREGATIONS


def _models() -> Registry[Any]:
    from emotiw.models.registry import MODELS

    return MODELS


def _filled_in(part: NamesPart) -> BeforeValidator:
    return BeforeValidator(lambda written: canonical(part.registry(), part.key, written))


AGGREGATION = NamesPart("kind", _aggregations)
LEARNER = NamesPart("model", _models)
AggregationPart = Annotated[dict[str, Any], _filled_in(AGGREGATION), AGGREGATION]
LearnerPart = Annotated[dict[str, Any], _filled_in(LEARNER), LEARNER]
