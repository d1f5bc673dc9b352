"""The organisers' answer: read, and its scores recomputed from its own matrix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import Problems, SubmissionError, suggest
from emotiw.core.files import read_file

ACCURACY = re.compile(r"(?P<name>.+?) Classification Accuracy:\s*(?P<value>\S+)")
LEVEL_MSE = re.compile(r"Mean Square Error for (?P<name>.+?):\s*(?P<value>\S+)", re.IGNORECASE)
TOTAL_MSE = re.compile(r"Overall Mean Square Error:\s*(?P<value>\S+)", re.IGNORECASE)
COUNTS = re.compile(r"[\s,;]*\d{1,9}([\s,;]+\d{1,9})*[\s,;]*")
MATRIX = re.compile(r"Confusion Matrix:?", re.IGNORECASE)


@dataclass(frozen=True)
class ResultSheet:
    """What the organisers say of one attempt.

    Attributes:
        metric: ``accuracy`` (in percent) or ``mse``.
        overall: the official score, as printed.
        parts: the score of every class or level, as printed, in the order of the sheet.
        matrix: counts, rows the truth and columns the prediction, in the order of ``parts``;
            None where the sheet has none.
    """

    metric: str
    overall: str
    parts: dict[str, str]
    matrix: npt.NDArray[np.int64] | None = None

    @property
    def value(self) -> float:
        """The official score."""
        return float(self.overall)

    def recomputed(self) -> dict[str, float]:
        """Return the scores that the matrix gives, in percent, ``overall`` first.

        Empty where there is no matrix; NaN for a class without clips.
        """
        if self.matrix is None:
            return {}
        totals = self.matrix.sum(axis=1)
        hits = np.diagonal(self.matrix)
        with np.errstate(invalid="ignore"):
            shares = 100 * hits / totals
        overall = 100 * float(hits.sum()) / float(totals.sum())
        return {"overall": overall, **dict(zip(self.parts, map(float, shares), strict=True))}

    def differences(self) -> list[str]:
        """Return every printed score that the matrix doesn't give to its last digit."""
        printed = {"overall": self.overall, **self.parts}
        return [
            f"{name}: printed {printed[name]}, the matrix gives {_as_printed(value, printed[name])}"
            for name, value in self.recomputed().items()
            if _as_printed(value, printed[name]) != printed[name] and not np.isnan(value)
        ]


def read_result_sheet(path: Path, labels: tuple[str, ...] = ()) -> ResultSheet:
    """Read a result sheet from a file; see :func:`parse_result_sheet`."""
    return parse_result_sheet(sheet_text(path), labels, where=str(path))


def sheet_text(path: Path) -> str:
    """Return the text of a file that organisers or a platform returned, or of a list of theirs.

    Raises:
        SubmissionError: if it can't be read.
    """
    try:
        return read_file(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SubmissionError(f"{path}: can't be read ({error})") from error


def parse_result_sheet(
    text: str, labels: tuple[str, ...] = (), *, where: str = "result sheet"
) -> ResultSheet:
    """Return what a sheet says: accuracies with a confusion matrix, or mean square errors.

    Args:
        text: the sheet.
        labels: of the challenge; a class of another name is then a problem.
        where: of the sheet, for messages.

    Raises:
        SubmissionError: with the line of everything that can't be understood.

    Examples:
        >>> sheet = parse_result_sheet('''Overall Mean Square Error: 0.062608
        ... Mean Square Error for Engagement level 0: 0.246''')
        >>> sheet.value, sheet.parts
        (0.062608, {'Engagement level 0': '0.246'})
    """
    problems = Problems(where)
    totals: dict[str, str] = {}
    parts: dict[str, str] = {}
    rows: list[list[int]] = []
    in_matrix = False
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line:
            continue
        if MATRIX.fullmatch(line):
            in_matrix = True
        elif match := TOTAL_MSE.fullmatch(line):
            _put(totals, "mse", match["value"], number, problems)
        elif match := LEVEL_MSE.fullmatch(line):
            _put(parts, match["name"], match["value"], number, problems)
        elif match := ACCURACY.fullmatch(line):
            name = match["name"]
            into = totals if name == "Overall" else parts
            if into is parts and labels and name not in labels:
                problems.add(f"line {number}: unknown class {name!r}{suggest(name, labels)}")
            key = "accuracy" if into is totals else name
            _put(into, key, match["value"], number, problems)
        elif in_matrix and COUNTS.fullmatch(line):
            rows.append([int(count) for count in re.findall(r"\d+", line)])
        else:
            problems.add(f"line {number}: can't be understood: {line!r}")
    if len(totals) != 1:
        problems.add(f"expected one overall score, found {len(totals)}")
    if rows and {len(row) for row in rows} | {len(rows)} != {len(parts)}:
        problems.add(f"the matrix should be {len(parts)} by {len(parts)}, one row per class")
    problems.raise_if_any(SubmissionError)
    ((metric, overall),) = totals.items()
    matrix = np.asarray(rows, dtype=np.int64) if rows else None
    return ResultSheet(metric, overall, parts, matrix)


def _put(into: dict[str, str], name: str, value: str, line: int, problems: Problems) -> None:
    if name in into:
        problems.add(f"line {line}: {name} comes twice")
    if not re.fullmatch(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?", value):
        problems.add(f"line {line}: {value!r} is not a number")
    into[name] = value


def _as_printed(value: float, printed: str) -> str:
    return f"{value:.{len(printed.partition('.')[2])}f}"
