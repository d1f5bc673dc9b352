"""Which clips without labels a model of a recipe learns from."""

from __future__ import annotations

from typing import Any

from emotiw.core.clip import UNLABELLED
from emotiw.core.errors import ConfigError, suggest
from emotiw.models.model import Model

KEY = "unlabelled"  # of a model
ALLOWED = (UNLABELLED, "test")


def unlabelled_splits(
    written: Any, kind: type[Model], options: Any, *, asks_steps: bool
) -> tuple[str, ...]:
    """Return the splits whose clips a model learns from without their labels.

    A model that can takes those of the split ``unlabelled`` unless the recipe says otherwise; test
    clips only where it says so.

    Args:
        written: the entry of the recipe; None where there is none.
        kind: of model.
        options: its own, checked.
        asks_steps: whether answers are asked for step by step; then there is nothing to learn from.

    Raises:
        ConfigError: if the model can't, or a split is none that may be learnt from.
    """
    can = kind.is_fitted_here and kind.reads_unlabelled(options) and not asks_steps
    if written is None:
        return (UNLABELLED,) if can else ()
    splits = [written] if isinstance(written, str) else written
    if not isinstance(splits, list):
        raise ConfigError(f"{KEY}: expected a list of {', '.join(ALLOWED)}, got {written!r}")
    for split in splits:
        if split not in ALLOWED:
            hint = suggest(str(split), ALLOWED)
            raise ConfigError(f"{KEY}: got {split!r}{hint} (expected {' or '.join(ALLOWED)})")
    if splits and not can:
        raise ConfigError(
            f"{KEY}: {kind.__name__} learns nothing from clips without labels as it stands here "
            "(pseudo_labels does, training: {consistency}, and preparation: {standardise: corpus} "
            "or {align: coral}" + ("; none does step by step)" if asks_steps else ")")
        )
    return tuple(dict.fromkeys(splits))
