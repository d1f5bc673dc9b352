"""Clips with guessed labels among those that a network learns from, each with its weight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.task import Task
from emotiw.models.model import Examples

if TYPE_CHECKING:
    from emotiw.models.training.example_source import ExampleSource


def with_guesses(examples: Examples) -> Examples:
    """Return the examples, and after them the unlabelled clips whose guess is learnt from."""
    found = examples.unlabelled
    if found is None or found.guesses is None or not len(found.learnt):
        return examples
    guessed = found.clips.subset(found.learnt)
    assert examples.targets is not None
    return replace(
        examples,
        clip_ids=examples.clip_ids + guessed.clip_ids,
        groups=examples.groups + guessed.groups,
        targets=np.concatenate([examples.targets, found.guesses[found.learnt]]),
        corpora=examples.corpora + guessed.corpora,
    )


def weigh_guesses(source: ExampleSource, examples: Examples, task: Task) -> None:
    """Let a source of :func:`with_guesses` count guesses as much as they weigh.

    The shares of the classes are scaled: cross-entropy is linear in them.
    """
    found = examples.unlabelled
    if found is None or found.weights is None or not len(found.learnt):
        return
    import torch

    from emotiw.models.training.objectives import as_shares

    weights = torch.ones(len(source.targets))
    weights[-len(found.learnt) :] = torch.from_numpy(found.weights[found.learnt]).float()
    weighed: Any = source
    weighed.shares = as_shares(source.targets, task) * weights[:, None]
