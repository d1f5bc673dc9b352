"""One table with a row per clip, frame or segment."""

from __future__ import annotations

import csv
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from emotiw.challenges.spec import Answer, ChallengeSpec, Target
from emotiw.core.config import Strict
from emotiw.core.errors import suggest
from submissions.answers import (
    Part,
    Wrong,
    answer_of,
    number_text,
    parts_of,
    read_index,
    read_label,
    read_number,
)
from submissions.archive import read_zip
from submissions.check_report import CheckReport
from submissions.submission_format import SubmissionFormat
from submissions.text_files import FEW, MARKS

MAX_BYTES = 256 * 2**20
NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?")


class Column(Strict):
    """One column of a submitted table.

    Attributes:
        name: its heading.
        holds: ``id`` (with several such columns the parts of an id, joined by ``/``), ``label``
            (the word), ``index`` (of the label in class order, from 0), ``target`` (a number) or
            ``nothing``.
        target: which target, where there are several; the one of the same name by default.
        numeric: whether an id is a number, so that 12 and 12.0 are the same.
        suffix: what is written behind an id: the extension of its file.
    """

    name: str
    holds: Literal["id", "label", "index", "target", "nothing"]
    target: str | None = None
    numeric: bool = False
    suffix: str = ""


class Table(SubmissionFormat):
    """One table with a row per clip, frame or segment.

    Attributes:
        columns: in order.
        separator: between fields.
        header: whether the first line holds the names of the columns.
        header_line: the first line, where it isn't simply those names.
        quote: put around every field; where empty, CSV's own around those alone that need it.
        file_name: the name that the organisers ask for, if they do.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> from submissions.registry import format_of
        >>> spec = load_spec("eat_food")
        >>> format_of(spec).to_bytes(spec, {"test_001": "Crisp"})
        b"'test_001';'Crisp'\\n"
    """

    version = "2"

    suffix: str = ".csv"
    columns: tuple[Column, ...]
    separator: str = ","
    header: bool = True
    header_line: str | None = None
    quote: str = ""
    file_name: str | None = None

    def name_for(self, team: str) -> str:
        """Return the organisers' name for it, or the team's."""
        return self.file_name or team + self.suffix

    def to_bytes(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> bytes:
        """Return the table, its rows in the order of ``predictions``."""
        lines = [_header(self)] if self.header else []
        lines += [_row(spec, self, row_id, answer) for row_id, answer in predictions.items()]
        return ("\n".join(lines) + "\n").encode()

    def check(
        self, spec: ChallengeSpec, path: Path, expected_ids: Collection[str], report: CheckReport
    ) -> None:
        """Check name, size and rows of the table; one in a zip is looked at where it lies."""
        if zipfile.is_zipfile(path) and path.suffix.lower() == ".zip":
            self._check_zip(spec, path, expected_ids, report)
            return
        if self.file_name is not None and path.name != self.file_name:
            advice = f"organisers ask for {self.file_name}"
            report.add("wrong name", [path.name], advice=advice)
        if path.stat().st_size > MAX_BYTES:
            report.add("too large", [f"{path.stat().st_size} bytes"])
        else:
            self.check_rows(spec, path.read_bytes(), expected_ids, report)

    def _check_zip(
        self, spec: ChallengeSpec, path: Path, expected_ids: Collection[str], report: CheckReport
    ) -> None:
        told = (
            "as platforms of CodaLab's kind take it; hand in the bare table where that is asked for"
        )
        report.add("table in a zip", [path.name], advice=told, severity="note")
        members = read_zip(path, report, max_member=MAX_BYTES)
        files = {name: data for name, data in members.items() if not name.endswith("/")}
        if len(files) != 1:
            report.add("wrong number of files", sorted(files) or ["none"], advice="one table")
        for name, data in files.items():
            base = name.rsplit("/", 1)[-1]
            if "/" in name:
                advice = "zip the table, not the folder it lies in: platforms look at the top"
                report.add("folder in the zip", [name], advice=advice)
            if self.file_name is not None and base != self.file_name:
                report.add("wrong name", [base], advice=f"organisers ask for {self.file_name}")
            if len(files) == 1:
                self.check_rows(spec, data, expected_ids, report)

    def check_rows(
        self,
        spec: ChallengeSpec,
        data: bytes,
        expected_ids: Collection[str],
        report: CheckReport,
        *,
        where: str = "",
    ) -> None:
        """Note everything that is wrong with a table, by line.

        Args:
            spec: the challenge.
            data: the table.
            expected_ids: of its rows.
            report: takes findings and answers.
            where: the table's name, where there are several.
        """
        prefix = f"{where} " if where else ""
        wrong: dict[str, list[str]] = defaultdict(list)
        try:
            lines = _lines(data)
        except Wrong as mistake:
            report.add(mistake.kind, [f"{prefix}{mistake}"])
            if mistake.kind != "byte-order mark":
                return
            lines = data[3:].decode(errors="replace").splitlines()
        if self.header:
            first, wanted = lines[0] if lines else "", _header(self)
            if first != wanted:
                told = f"{prefix}line 1: {first[:80]!r} instead of {wanted!r}"
                wrong["wrong header"].append(told)
        expected = {_as_written(row_id, self.columns): row_id for row_id in expected_ids}
        line_of: dict[str, int] = {}
        extra: list[str] = []
        for number, line in enumerate(lines[1:] if self.header else lines, start=1 + self.header):
            place = f"{prefix}line {number}"
            try:
                fields = _fields(line, self)
                row_id = _row_id(
                    "/".join(
                        f for f, c in zip(fields, self.columns, strict=True) if c.holds == "id"
                    ),
                    self.columns,
                )
                if row_id in line_of:
                    raise Wrong("duplicate", f"{row_id!r} again, first on line {line_of[row_id]}")
                line_of[row_id] = number
                if row_id not in expected:
                    extra.append(f"{place}: {row_id!r}")
                    continue
                report.answers[expected[row_id]] = _answer(spec, self, fields)
            except Wrong as mistake:
                wrong[mistake.kind].append(f"{place}: {mistake}")
        for kind, items in wrong.items():
            report.add(kind, items)
        missing = sorted(expected[row_id] for row_id in expected.keys() - line_of.keys())
        report.add("missing", [f"{prefix}{row_id}" for row_id in missing])
        folded = {row_id.casefold(): row_id for row_id in missing}
        few = len(missing) * len(extra) <= FEW
        report.add("unexpected", [text + _meant(text, folded, few) for text in extra])


def _row(spec: ChallengeSpec, style: Table, row_id: str, answer: Answer) -> str:
    n_ids = sum(column.holds == "id" for column in style.columns)
    ids = iter(row_id.split("/", n_ids - 1))
    parts = parts_of(answer)
    numbers = dict(zip((t.name for t in spec.targets), parts[bool(spec.labels) :], strict=True))
    texts = []
    for column in style.columns:
        if column.holds == "id":
            texts.append(next(ids) + column.suffix)
        elif column.holds == "label":
            texts.append(str(parts[0]))
        elif column.holds == "nothing":
            texts.append("")
        elif column.holds == "index":
            texts.append(str(spec.labels.index(str(parts[0]))))
        else:
            target = _target(spec, column)
            value = float(numbers[target.name])
            texts.append(
                str(int(value))
                if target.values is not None and value.is_integer()
                else number_text(value, style.decimals)
            )
    return _line(texts, style)


def _as_written(row_id: str, columns: Sequence[Column]) -> str:
    """Return an id as it stands in the table, see :func:`_row_id`."""
    ids = [column for column in columns if column.holds == "id"]
    parts = zip(row_id.split("/", len(ids) - 1), ids, strict=False)
    return _row_id("/".join(part + column.suffix for part, column in parts), columns)


def _row_id(row_id: str, columns: Sequence[Column]) -> str:
    """Return an id whose numbers are written in one way only."""
    ids = [column for column in columns if column.holds == "id"]
    if not any(column.numeric for column in ids):
        return row_id
    parts = row_id.split("/", len(ids) - 1)
    return "/".join(
        f"{float(part):.15g}" if column.numeric and NUMBER.fullmatch(part) else part
        for part, column in zip(parts, ids, strict=False)
    )


def _header(style: Table) -> str:
    return style.header_line or _line((column.name for column in style.columns), style)


def _line(texts: Iterable[str], style: Table) -> str:
    if style.quote:
        return style.separator.join(f"{style.quote}{text}{style.quote}" for text in texts)
    special = {style.separator, '"', "\n"}
    return style.separator.join(
        '"' + text.replace('"', '""') + '"' if special & set(text) else text for text in texts
    )


def _lines(data: bytes) -> list[str]:
    if data.startswith(MARKS[0]):
        raise Wrong("byte-order mark", "starts with invisible bytes")
    if not data.strip():
        raise Wrong("empty", "no rows in it")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Wrong("not text", str(error)) from error
    if "\r" in text:
        raise Wrong("wrong line end", "carriage returns; lines end with a bare newline")
    return text.removesuffix("\n").split("\n")


def _fields(line: str, style: Table) -> list[str]:
    if not line.strip():
        raise Wrong("stray newline", "an empty line")
    fields = line.split(style.separator)
    if not style.quote and '"' in line:
        unquoted = next(csv.reader([line], delimiter=style.separator))
        if _line(unquoted, style) == line:  # where quotes are needed, and nowhere else
            fields = unquoted
    if len(fields) != len(style.columns):
        others = [s for s in ",;\t| " if s != style.separator and s in line]
        hint = f"; separated by {others[0]!r}?" if len(fields) == 1 and others else ""
        kind = "wrong separator" if hint else "wrong number of fields"
        raise Wrong(kind, f"{line[:80]!r}: expected {len(style.columns)} fields{hint}")
    if style.quote:
        for field in fields:
            if len(field) < 2 or not (field[0] == field[-1] == style.quote):
                raise Wrong("wrong quotes", f"{field!r} is not in {style.quote}…{style.quote}")
        return [field[1:-1] for field in fields]
    return fields


def _answer(spec: ChallengeSpec, style: Table, fields: Sequence[str]) -> Answer:
    labels: list[Part] = []
    numbers: dict[str, float] = {}
    for column, text in zip(style.columns, fields, strict=True):
        if column.holds not in {"id", "nothing"} and not text.strip():
            raise Wrong("empty", f"no {column.name}")
        if column.holds == "label":
            labels.append(read_label(text, spec))
        elif column.holds == "index":
            labels.append(read_index(text, spec))
        elif column.holds == "target":
            target = _target(spec, column)
            numbers[target.name] = read_number(text, target)
    return answer_of((*labels, *(numbers[target.name] for target in spec.targets)))


def _target(spec: ChallengeSpec, column: Column) -> Target:
    name = column.target or column.name
    return next(target for target in spec.targets if target.name == name)


def _meant(text: str, folded: Mapping[str, str], few: bool) -> str:
    row_id = text.rsplit("'", 2)[-2] if text.count("'") > 1 else text
    if row_id.casefold() in folded:
        return f" (is it {folded[row_id.casefold()]!r}?)"
    return suggest(row_id, folded.values()) if few else ""
