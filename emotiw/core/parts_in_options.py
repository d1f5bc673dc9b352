"""Options that name a part inside another: ``mean``, or ``{kind: weighted, by_size: 2}``."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator, ValidationError

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.registry import Registry
from emotiw.core.renames import NamesPart


def canonical(part: NamesPart, written: Any) -> dict[str, Any]:
    """Return what was written with the part's name and all of its options filled in.

    Args:
        part: where its name stands, and who knows it.
        written: a name, or a mapping with the name under the part's key, the rest being options.

    Raises:
        ValueError: saying everything that is wrong, for pydantic to put beside its place.
    """
    registry, key = part.registry(), part.key
    if isinstance(written, str):
        written = {key: written}
    if not isinstance(written, dict) or not isinstance(written.get(key), str):
        known = ", ".join(registry.names())
        raise ValueError(f"expected a name, or a mapping with {key!r} (known: {known})")
    name = registry.current(written[key])
    try:
        options = part.resolved(written)[1]
    except ConfigError as error:
        raise ValueError(str(error)) from error
    except ValidationError as error:
        told = [_told(registry, name, detail) for detail in error.errors()]
        raise ValueError("; ".join(told)) from None
    return {key: name, **options.model_dump(mode="json")}


def _told(registry: Registry[Any], name: str, detail: Any) -> str:
    place = ".".join(map(str, detail["loc"]))
    if detail["type"] != "extra_forbidden":
        return f"{place}: {detail['msg']}"
    known = registry.resolve(name).Options.model_fields
    hint = suggest(str(detail["loc"][-1]), known)
    return f"{registry.kind} {name!r} has no option {place!r}{hint} (known: {', '.join(known)})"


def filled_in(part: NamesPart) -> BeforeValidator:
    """Return what checks such an option, and fills in its part's options."""
    return BeforeValidator(lambda written: canonical(part, written))
