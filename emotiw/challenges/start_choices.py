"""What a person says of a folder, and what is asked where nothing else can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """What a person has said of a folder; None where it is left to the folder.

    Attributes:
        challenge: whose layout it has; ``none`` of those that are known.
        labels: ``folders``, the name of a column, or ``none``.
        speakers: a pattern for names, or ``unknown``.
        table: the name of the table beside the clips; ``none`` to read none.
        task: ``labels``, or ``numbers`` on a scale.
    """

    challenge: str | None = None
    labels: str | None = None
    speakers: str | None = None
    table: str | None = None
    task: str | None = None


@dataclass(frozen=True)
class Question:
    """What only a person can say.

    Attributes:
        about: the field of :class:`Choices` that the answer is for.
        text: the question.
        options: what may be answered, each in words.
        default: what is taken unasked, with a warning; without it the folder is refused.
    """

    about: str
    text: str
    options: Mapping[str, str]
    default: str | None = None
