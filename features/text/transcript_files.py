"""A clip's transcript as a file: subtitles, what recognisers write, or plain text."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emotiw.core.errors import TableError
from emotiw.core.files import read_file
from features.text.transcript import Segment, Transcript

FORMATS = (".json", ".srt", ".vtt", ".txt")  # the first of a clip's is taken
TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
CUE = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(?:\s.*)?")
NEARLY = re.compile(r"\s*\d+:[\d:.,]+\s*-+>")
TAGS = re.compile(r"</?[a-zA-Z][^<>]*>|<[\d:.]+>|\{\\[^{}]*\}")
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": ""}
# (list of segments, their text), as recognisers call them
LISTS = ("segments", "chunks", "utterances", "result", "words")
TEXTS = ("text", "word", "transcript", "punctuated_word")


def read_transcript(path: Path) -> Transcript:
    """Return what a file says: ``.srt``, ``.vtt``, ``.json`` of a recogniser, or ``.txt``.

    JSON is that of Whisper and its kin (``segments`` with ``start``, ``end``, ``text``), of
    transformers (``chunks`` with ``timestamp``), of Vosk (``result`` with ``word``), or a list of
    such segments; with nothing but a ``text`` there are no times.

    Raises:
        TableError: if it can't be read, with the line.
    """
    text = decoded(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Transcript.of(_json_segments(path, text))
    if suffix in {".srt", ".vtt"}:
        return Transcript.of(_cues(path, text))
    if suffix == ".txt":
        return Transcript.of(Segment(line) for line in text.splitlines())
    raise TableError(f"{path}: a transcript is one of {', '.join(FORMATS)}")


def decoded(path: Path) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        TableError: if it is in neither.
    """
    try:
        data = read_file(path)
        is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except OSError as error:
        raise TableError(f"{path}: can't be read: {error}") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        why = "is neither UTF-8 nor UTF-16 with a byte order mark: save it as UTF-8"
        raise TableError(f"{path}:{line}: {why}") from None


def _cues(path: Path, text: str) -> Iterator[Segment]:
    """Yield the cues of SRT and WebVTT; notes, styles, numbers and tags are left out.

    In SRT, blank lines within a cue are its own, and between two cues there may be none.
    """
    at: tuple[float, float] | None = None
    said: list[str] = []
    is_srt, before = path.suffix.lower() == ".srt", ""
    for number, line in enumerate(text.splitlines(), start=1):
        match = CUE.fullmatch(line)
        if match is not None:
            if at is not None:
                if said and before.strip().isdecimal():  # the number of this cue
                    said.pop()
                yield Segment(_untagged(" ".join(said)), *at)
            at, said = (_seconds(*match.groups()[:4]), _seconds(*match.groups()[4:])), []
            if at[1] < at[0]:
                raise TableError(f"{path}:{number}: ends before it begins: {line}")
        elif NEARLY.match(line) or ("-->" in line and at is None):
            raise TableError(f"{path}:{number}: expected 00:00:01,000 --> 00:00:02,500: {line}")
        elif at is not None and line.strip():
            said.append(line)
        elif at is not None and not is_srt:
            yield Segment(_untagged(" ".join(said)), *at)
            at = None
        before = line
    if at is not None:
        yield Segment(_untagged(" ".join(said)), *at)
    elif is_srt and text.strip():
        raise TableError(f"{path}: no subtitles: no line like 00:00:01,000 --> 00:00:02,500")


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000


def _untagged(text: str) -> str:
    text = TAGS.sub("", text)
    for entity, meant in ENTITIES.items():
        text = text.replace(entity, meant)
    return text


def _json_segments(path: Path, text: str) -> Iterator[Segment]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise TableError(f"{path}:{line}: no JSON: {error}") from None
    segments: Any = told
    if isinstance(told, dict):
        segments = next((told[name] for name in LISTS if told.get(name)), None)
        if segments is None and isinstance(told.get("text"), str):
            segments = [{"text": told["text"]}]
        if segments is None and any(name in told for name in LISTS):
            segments = []  # it listened, and heard nothing
    if not isinstance(segments, list):
        known = ", ".join((*LISTS, "text"))
        raise TableError(f"{path}: no transcript that is known: expected one of {known}")
    for number, each in enumerate(segments, start=1):
        yield _json_segment(f"{path}: segment {number}", each)


def _json_segment(where: str, each: Any) -> Segment:
    if not isinstance(each, dict):
        raise TableError(f"{where}: expected an object, got {each!r:.80}")
    text = next((each[name] for name in TEXTS if isinstance(each.get(name), str)), None)
    if text is None:
        raise TableError(f"{where}: expected one of {', '.join(TEXTS)}, got {list(each)}")
    pair = each.get("timestamp", (each.get("start"), each.get("end")))
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise TableError(f"{where}: expected a timestamp of two numbers, got {pair!r:.80}")
    start, end = (None if time is None else _number(where, time) for time in pair)
    if start is not None and end is not None and end < start:
        raise TableError(f"{where}: ends before it begins: {start:g} to {end:g} s")
    if start is None or end is None:  # an open end is no time that anything can be placed by
        return Segment(text)
    return Segment(text, start, end)


def _number(where: str, time: Any) -> float:
    is_number = isinstance(time, int | float) and not isinstance(time, bool)
    if not is_number or not 0 <= time < 1e9:
        raise TableError(f"{where}: expected seconds, got {time!r:.80}")
    return float(time)
