"""The CSV of a score table as a frame: ids as text, labels by name, all that is wrong told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import Problems, TableError

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS = ("clip_id", "split", "fold")
CLIP, TIME = STEP_COLUMNS = ("clip", "time_sec")  # of a table with a row per step


def read_score_frame(
    path: Path, labels: Sequence[str], *, needed: Sequence[str] = KEY_COLUMNS
) -> pd.DataFrame:
    """Read a CSV of scores with ids as text and labels by name, in class order.

    Raises:
        TableError: naming every column that is missing, and every line that holds no number.
    """
    import pandas as pd

    frame = read_frame(path, [*needed, *labels])
    problems = Problems(str(path))
    counted = {"fold", TIME} & set(frame) & {"fold", *needed}
    for column in (name for name in needed if name != "fold"):
        for line in frame.index[frame[column] == ""]:
            problems.add(f"line {line}: no {column.replace('_', ' ')}")
    for column in [*labels, *sorted(counted)]:
        kind = "a whole number" if column == "fold" else "a number"
        text, numbers = frame[column], pd.to_numeric(frame[column], errors="coerce")
        is_number = numbers % 1 == 0 if column == "fold" else numbers.notna()
        for line in frame.index[~is_number & (text != "")]:
            problems.add(f"line {line}: {column} {text[line]!r} is not {kind}")
        frame[column] = numbers
    problems.raise_if_any(TableError)
    return frame
