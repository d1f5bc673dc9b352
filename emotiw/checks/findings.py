"""What a check has found so far; whatever a part does wrong is told, and never a traceback."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import Problems
from emotiw.core.own_sources import OURS

Array = npt.NDArray[Any]
NOT_THEIRS = (
    *(Path(__file__).parents[2] / package for package in OURS),
    Path(np.__file__).parents[1],
)


class Findings(Problems):
    """Problems that end in what was expected."""

    def expect(self, holds: object, told: str) -> None:
        """Note something that doesn't hold."""
        if not holds:
            self.add(told)

    def expect_same(self, found: Any, expected: Any, told: str, *, atol: float = 0.0) -> None:
        """Note arrays that differ, in shape or by more than ``atol``; NaN equals NaN."""
        one, other = np.asarray(found), np.asarray(expected)
        if one.shape != other.shape:
            self.add(f"{told}; got {one.shape} and {other.shape}")
        elif not np.allclose(one, other, rtol=0, atol=atol, equal_nan=True):
            worst = np.nanmax(np.abs(one.astype(np.float64) - other), initial=0)
            self.add(f"{told}; they differ by up to {worst:.3g}")

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Note whatever is raised inside, and where; the rest of the block is left out."""
        try:
            yield
        except Exception as error:  # a class of anyone's may raise anything
            told = str(error).replace("\n", " ")
            self.add(f"{what}: {type(error).__name__}: {told}{_place(error)}")


def _place(error: Exception) -> str:
    """Return the line of the user's own code that was last in the way, if any was."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not any(part in Path(f.filename).parents for part in NOT_THEIRS)]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
