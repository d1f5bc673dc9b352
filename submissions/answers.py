"""One answer as organisers want it written, and read back with a reason where it is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from emotiw.challenges.spec import Answer, ChallengeSpec, Target
from emotiw.core.errors import SubmissionError, suggest

Part = str | float


class Wrong(Exception):
    """Why a text is no answer: a kind of finding, and words."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def parts_of(answer: Answer) -> tuple[Part, ...]:
    """Return the label and targets of an answer one by one.

    Examples:
        >>> parts_of("Happy"), parts_of((0.5, -0.5))
        (('Happy',), (0.5, -0.5))
    """
    return answer if isinstance(answer, tuple) else (answer,)


def answer_of(parts: tuple[Part, ...]) -> Answer:
    """Return one answer from its parts; a single part stands for itself."""
    return parts if len(parts) > 1 else parts[0]


def fallback_of(spec: ChallengeSpec, text: str) -> Answer:
    """Return the answer that a recipe's fallback is: a label, a number, or several with commas.

    Raises:
        SubmissionError: if the challenge takes no such answer.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> fallback_of(load_spec("mer2023"), "neutral, 0.5")
        ('neutral', 0.5)
    """
    told = [part.strip() for part in text.split(",")]
    n_labels = bool(spec.labels)
    try:
        answer = answer_of((*told[:n_labels], *map(float, told[n_labels:])))
        wrong = list(problems_of(spec, answer))
    except ValueError as error:
        wrong = [str(error)]
    if wrong:
        raise SubmissionError(f"submission.fallback {text!r}: {'; '.join(wrong)}")
    return answer


def problems_of(spec: ChallengeSpec, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with a prediction before it is written."""
    parts = parts_of(answer)
    wanted = (["label"] if spec.labels else []) + [target.name for target in spec.targets]
    if len(parts) != len(wanted):
        yield f"expected {' and '.join(wanted)}, got {answer!r}"
        return
    rest = list(parts)
    if spec.labels:
        label = rest.pop(0)
        if label not in spec.labels:
            hint = suggest(label, spec.labels) if isinstance(label, str) else ""
            yield f"unknown label {label!r}{hint} (expected one of {', '.join(spec.labels)})"
    for target, value in zip(spec.targets, rest, strict=True):
        if isinstance(value, str) or not math.isfinite(value):
            yield f"{target.name} is {value!r}, not a number"
            continue
        try:
            check_range(value, target)
        except Wrong as wrong:
            yield str(wrong)


def check_range(value: float, target: Target) -> None:
    """Raise Wrong where a number is not one that the target allows."""
    if not target.minimum <= value <= target.maximum:
        raise Wrong(
            "out of range",
            f"{target.name} {value:g} is outside {target.minimum:g} to {target.maximum:g}",
        )
    if target.values is not None and value not in target.values:
        allowed = ", ".join(f"{each:g}" for each in target.values)
        raise Wrong("out of range", f"{target.name} {value:g} is none of {allowed}")


def number_text(value: float, decimals: int | None) -> str:
    """Return a number as text: with so many decimals, or the shortest that reads back the same.

    Examples:
        >>> number_text(0.25, None), number_text(2 / 3, 3), number_text(1, None)
        ('0.25', '0.667', '1.0')
    """
    return repr(float(value)) if decimals is None else f"{value:.{decimals}f}"


def read_label(text: str, spec: ChallengeSpec) -> str:
    """Return the label that a text is.

    Raises:
        Wrong: with what was probably meant.
    """
    if text in spec.labels:
        return text
    expected = f"(expected one of {', '.join(spec.labels)})"
    if text in spec.codes:
        meant = spec.codes[text]
        raise Wrong("code for a word", f"{text!r} where the word {meant!r} is wanted")
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        raise Wrong("number for a word", f"{text!r} {expected}")
    same = [label for label in spec.labels if label.lower() == text.strip().lower()]
    if same and text.strip() != text:
        raise Wrong("stray blank", f"{text!r} instead of {same[0]!r}")
    if same:
        raise Wrong("wrong case", f"{text!r} instead of {same[0]!r}")
    words = [word for word in re.split(r"[\s,;|\t]+", text) if word]
    if len(words) > 1 and any(word in spec.labels for word in words):
        raise Wrong("wrong separator", f"{text!r} holds more than one bare label {expected}")
    raise Wrong("unknown label", f"{text!r}{suggest(text, spec.labels)} {expected}")


def read_index(text: str, spec: ChallengeSpec) -> str:
    """Return the label of an index in class order, from 0.

    Raises:
        Wrong: if it isn't one.
    """
    last = len(spec.labels) - 1
    if text in spec.labels:
        at = spec.labels.index(text)
        raise Wrong("word for a number", f"{text!r} where its index {at} is wanted")
    if not re.fullmatch(r"\d+", text):
        raise Wrong("not a number", f"{text!r} is no index (0 to {last})")
    if int(text) > last:
        raise Wrong("out of range", f"index {text} is outside 0 to {last}")
    return spec.labels[int(text)]


def read_number(text: str, target: Target) -> float:
    """Return the number that a text is.

    Raises:
        Wrong: if it is none, not finite, or out of the target's range.
    """
    if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", text):
        raise Wrong("wrong separator", f"{target.name} {text!r} has a decimal comma")
    if text != text.strip() and text.strip():
        raise Wrong("stray blank", f"{target.name} {text!r}")
    try:
        value = float(text)
    except ValueError:
        raise Wrong("not a number", f"{target.name} {text!r}") from None
    if "_" in text or not math.isfinite(value):
        raise Wrong("not a number", f"{target.name} {text!r}")
    check_range(value, target)
    return value
