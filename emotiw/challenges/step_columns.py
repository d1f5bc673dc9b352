"""What was annotated in frames or segments: the cells of a challenge's tables as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.spec import Target
from emotiw.core.config import Strict
from emotiw.core.errors import suggest
from emotiw.core.steps import Numbers

NOTHING = {"", "nan", "na", "none", "null", "?"}  # in any case: nobody annotated
Row = tuple[str, Mapping[str, str]]  # file and line, and the text of every column


class StepColumns(Strict):
    """Which columns hold the answers of a row, and what stands for none.

    Attributes:
        label: the column of the label, where one is asked for.
        label_is: the ``word`` (or a code of the challenge), or the ``index`` in class order, from
            0.
        targets: column by target; one of the target's name by default.
        not_annotated: numbers that mean that nobody annotated, where they are no answer (-1 is a
            valence, and no label); so do empty cells and ``nan``.
    """

    label: str = "label"
    label_is: Literal["word", "index"] = "word"
    targets: dict[str, str] = Field(default_factory=dict)
    not_annotated: tuple[float, ...] = ()

    def names(self, builder: ManifestBuilder) -> list[str]:
        """Return the columns that are read, in the order of the challenge's answers."""
        spec = builder.spec
        own = [self.targets.get(target.name, target.name) for target in spec.targets]
        return [self.label, *own] if spec.labels else own

    def read(
        self, builder: ManifestBuilder, rows: Sequence[Row], order: Sequence[str] = ()
    ) -> Numbers:
        """Return ``(n_rows, n_answers)``: numbers, and labels as class indices; NaN of none.

        What is no answer is a problem of the builder, with its place.

        Args:
            order: the labels that indices stand for, where the table has an order of its own.
        """
        spec = builder.spec
        columns = self.names(builder)
        found = np.full((len(rows), len(columns)), np.nan)
        for place, column in enumerate(columns):
            cells = [row[column].strip() for _, row in rows]
            if spec.labels and not place:
                found[:, 0] = self._labels(builder, rows, cells, order or spec.labels)
                continue
            target = spec.targets[place - bool(spec.labels)]
            found[:, place] = self._numbers(builder, rows, cells, target)
        return found

    def _labels(
        self,
        builder: ManifestBuilder,
        rows: Sequence[Row],
        cells: Sequence[str],
        order: Sequence[str],
    ) -> Numbers:
        spec, code_of = builder.spec, dict[str, float]()
        for cell in dict.fromkeys(cells):  # a few texts stand for all of them
            code_of[cell] = np.nan
            number = _number(cell)
            if self.label_is == "word":
                label = spec.label_of(cell)
            else:
                is_index = number is not None and number in range(len(order))
                label = order[int(number)] if number is not None and is_index else None
            if label in spec.labels:
                code_of[cell] = spec.labels.index(label)
            elif cell.lower() not in NOTHING and number not in self.not_annotated:
                told = next(where for (where, _), text in zip(rows, cells, strict=True)
                            if text == cell)  # fmt: skip
                expected = (
                    f"0 to {len(order) - 1}" if self.label_is == "index" else ", ".join(order)
                )
                hint = suggest(cell, spec.labels) if self.label_is == "word" else ""
                builder.problems.add(f"{told}: {cell!r} is no label{hint} (expected {expected})")
        return np.array([code_of[cell] for cell in cells], dtype=np.float64)

    def _numbers(
        self, builder: ManifestBuilder, rows: Sequence[Row], cells: Sequence[str], target: Target
    ) -> Numbers:
        told = [_number(cell) for cell in cells]
        numbers = np.array([np.nan if n is None else n for n in told], dtype=np.float64)
        wrong = (numbers < target.minimum) | (numbers > target.maximum) | np.isinf(numbers)
        if target.is_presence:
            wrong |= ~np.isnan(numbers) & ~np.isin(numbers, (0.0, 1.0))
        is_nobodys = wrong & np.isin(numbers, self.not_annotated)
        numbers[is_nobodys] = np.nan
        wrong &= ~is_nobodys
        no_number = [
            n is None and c.lower() not in NOTHING for n, c in zip(told, cells, strict=True)
        ]
        for row in np.flatnonzero(wrong | no_number).tolist():
            what = "is not a number" if no_number[row] else f"is not {_allowed(target)}"
            builder.problems.add(f"{rows[row][0]}: {target.name} {cells[row]!r} {what}")
        numbers[wrong] = np.nan
        return numbers


def _allowed(target: Target) -> str:
    if target.is_presence:
        return "0 or 1"
    return f"from {target.minimum:g} to {target.maximum:g}"


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
