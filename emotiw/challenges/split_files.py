"""Where the splits and the labels of a layout of tables are, as data."""

from __future__ import annotations

from re import Pattern

from pydantic import Field

from emotiw.challenges.text_table import TableFormat
from emotiw.core.config import Strict


class SplitFiles(Strict):
    """Where a split is.

    Attributes:
        table: names that the split's table may have (``*`` as in a shell); without a table every
            clip of the folder belongs to the split.
        clips: names that the folder of its clips may have; the root by default.
        every: whether all tables of these names are read, not the first of them.
        rows: only the rows whose columns fit these regular expressions, as where one table holds
            all splits.
        files: without a table, only the clips whose stem fits this regular expression.
        labelled: whether the table holds labels or targets.
        optional: whether it is no news that the split is absent.
    """

    table: tuple[str, ...] = ()
    clips: tuple[str, ...] = (".",)
    every: bool = False
    rows: dict[str, Pattern[str]] = Field(default_factory=dict)
    files: Pattern[str] | None = None
    labelled: bool = True
    optional: bool = False


class Answers(Strict):
    """One table with the labels of all splits, where the splits themselves only list clips.

    Attributes:
        table: names that it may have.
        id: template of the clip id from its columns.
        style: how it is written.
    """

    table: tuple[str, ...]
    id: str
    style: TableFormat = TableFormat()
