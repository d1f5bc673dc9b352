"""Which features the model of a recipe reads, and whether it can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emotiw.core.errors import suggest
from emotiw.models.model import Model


def features_named(written: Any) -> tuple[str, ...]:
    """Return the names in ``features:`` of a model; a list of one is that feature.

    Examples:
        >>> features_named("voice"), features_named(["face", "voice"])
        (('voice',), ('face', 'voice'))
    """
    if written in (None, []):
        return ()
    return tuple(map(str, written)) if isinstance(written, list) else (str(written),)


def unreadable(
    names: Sequence[str], known: Sequence[str], kind: type[Model], options: Any
) -> Iterator[str]:
    """Yield why a model can't read these features.

    Args:
        names: of the features.
        known: those of the recipe.
        kind: of the model.
        options: of it; None where they are wrong, and what depends on them is not asked.
    """
    told = ", ".join(known) or "none"
    if not names:
        yield f"which feature does it read? (features: {told})"
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"unknown feature {name!r}{suggest(name, known)} (features: {told})"
        if names.count(name) > 1:
            yield f"feature {name!r} is named twice in features: {', '.join(names)}"
    if len(names) > 1 and options is not None and kind.joins(options) is None:
        yield (
            f"{kind.__name__} reads one feature, got {', '.join(names)}; early, gated, low_rank, "
            "cross_attention and joint_attention join several"
        )
