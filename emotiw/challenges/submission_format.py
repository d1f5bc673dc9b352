"""The files that organisers take, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emotiw.core.config import Strict


class TextFiles(Strict):
    """A flat zip with one text per clip, named after the clip, holding its answer and no more.

    Attributes:
        format: ``text_files``.
        suffix: of every text.
        decimals: digits after the point of a number; as many as it has where None.
    """

    format: Literal["text_files"]
    suffix: str = ".txt"
    decimals: int | None = None


class Column(Strict):
    """One column of a submitted table.

    Attributes:
        name: its heading.
        holds: ``id`` (with several such columns the parts of an id, joined by ``/``), ``label``
            (the word), ``index`` (of the label in class order, from 0), ``target`` (a number) or
            ``nothing``.
        target: which target, where there are several; the one of the same name by default.
    """

    name: str
    holds: Literal["id", "label", "index", "target", "nothing"]
    target: str | None = None


class Table(Strict):
    """One table with a row per clip, frame or segment.

    Attributes:
        format: ``table``.
        columns: in order.
        separator: between fields.
        header: whether the first line holds the names of the columns.
        header_line: the first line, where it isn't simply those names.
        quote: put around every field; nothing where empty.
        suffix: of the file.
        file_name: the name that the organisers ask for, if they do.
        decimals: digits after the point of a number; as many as it has where None.
    """

    format: Literal["table"]
    columns: tuple[Column, ...]
    separator: str = ","
    header: bool = True
    header_line: str | None = None
    quote: str = ""
    suffix: str = ".csv"
    file_name: str | None = None
    decimals: int | None = None


class TablePerClip(Strict):
    """A zip with one table per clip, in a folder; the first part of a row's id names its table.

    Attributes:
        format: ``table_per_clip``.
        columns: as in :class:`Table`; the ``id`` columns hold the rest of the id.
        folder: inside the zip; the top where empty.
        separator: between fields.
        suffix: of every table.
        decimals: digits after the point of a number; as many as it has where None.
    """

    format: Literal["table_per_clip"]
    columns: tuple[Column, ...]
    folder: str = ""
    separator: str = ","
    suffix: str = ".csv"
    decimals: int | None = None


SubmissionFormat = Annotated[TextFiles | Table | TablePerClip, Field(discriminator="format")]
