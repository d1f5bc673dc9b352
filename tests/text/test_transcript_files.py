"""Transcripts as files: what subtitles and recognisers write, and where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emotiw.core.errors import TableError
from features.text.transcript import Segment, Transcript, text_in
from features.text.transcript_files import read_transcript

SRT = """1
00:00:00,500 --> 00:00:01,250
- <i>Oh; "no"!</i>
- שלום 😀

2
00:00:02,000 --> 00:00:03,000 X1:40 X2:600
{\\an8}Rock &amp; roll

3
00:00:03,000 --> 00:00:04,000


"""
VTT = """WEBVTT - said

NOTE a note
that goes on

STYLE
::cue { color: red }

intro
00:00.500 --> 00:01.250 align:start
<v Ross>Hi <00:00.900><c>there</c>

01:00:02.000 --> 01:00:03.500
我喜欢
"""


def read(folder: Path, name: str, text: str | bytes) -> Transcript:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_transcript(path)


def test_subtitles_are_read_without_their_marks(tmp_path: Path) -> None:
    assert read(tmp_path, "a.srt", SRT).segments == (
        Segment('- Oh; "no"! - שלום 😀', 0.5, 1.25),
        Segment("Rock & roll", 2.0, 3.0),
    )
    assert read(tmp_path, "a.vtt", VTT).segments == (
        Segment("Hi there", 0.5, 1.25),
        Segment("我喜欢", 3602.0, 3603.5),
    )
    expected = read(tmp_path, "a.srt", SRT)
    for form in (SRT.replace("\n", "\r\n"), "\ufeff" + SRT):
        assert read(tmp_path, "b.srt", form) == expected
    assert read(tmp_path, "c.srt", SRT.encode("utf-16")) == expected


def test_subtitles_that_others_write_loosely_lose_no_word(tmp_path: Path) -> None:
    one, two = "1\n00:01,000 --> 00:02,000\n", "2\n00:02,000 --> 00:03,000\nyou\n"
    expected = (Segment("Hello 42", 1.0, 2.0), Segment("you", 2.0, 3.0))
    for loose in (
        f"{one}Hello\n42\n{two}",
        f"{one}Hello\n\n42\n\n{two}",
        f"{two}\n{one}Hello\n42\n",
    ):
        assert read(tmp_path, "a.srt", loose).segments == expected


@pytest.mark.parametrize(
    "told",
    [
        {"text": " Hi. Yes ", "segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": " Hi."},
                                           {"start": 1, "end": 2.5, "text": " Yes"}]},
        {"text": "x", "chunks": [{"timestamp": [0.0, 1.0], "text": " Hi."},
                                 {"timestamp": [1.0, 2.5], "text": " Yes"}]},
        {"result": [{"word": "Hi.", "start": 0, "end": 1, "conf": 1},
                    {"word": "Yes", "start": 1, "end": 2.5, "conf": 0.5}], "text": "Hi. Yes"},
        [{"start": 0, "end": 1, "text": "Hi."}, {"start": 1, "end": 2.5, "text": "Yes"}],
    ],
)  # fmt: skip
def test_json_of_common_recognisers_is_read(tmp_path: Path, told: Any) -> None:
    found = read(tmp_path, "a.json", json.dumps(told))
    assert found.segments == (Segment("Hi.", 0.0, 1.0), Segment("Yes", 1.0, 2.5))


def test_text_without_times_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, "a.json", '{"text": "Hi"}').segments == (Segment("Hi"),)
    assert read(tmp_path, "a.txt", "Hi\n\n you \n").segments == (Segment("Hi"), Segment("you"))
    open_end = {"chunks": [{"timestamp": [1.0, None], "text": "Hi"}]}
    assert read(tmp_path, "a.json", json.dumps(open_end)).to_array().times is None


@pytest.mark.parametrize("text", ["", " \n", '{"segments": [], "text": ""}', '{"result": []}'])
def test_nothing_said_is_no_segment(tmp_path: Path, text: str) -> None:
    name = "a.json" if text.startswith("{") else "a.txt"
    assert read(tmp_path, name, text) == Transcript()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.srt", "1\n00:00:01 --> 00:00:02\nHi\n", r"a.srt:2: expected 00:00:01,000 -->"),
        ("a.srt", "1\n00:00:01,000 -> 00:00:02,000\nHi\n", r"a.srt:2: expected 00:00:01,000 -->"),
        ("a.srt", "Hi there\n", "a.srt: no subtitles"),
        ("a.vtt", "WEBVTT\n\n00:03.000 --> 00:02.000\nHi", r"a.vtt:3: ends before it begins"),
        ("a.json", '{"segments": [\n{"start": 0,}]}', r"a.json:2: no JSON"),
        ("a.json", '{"said": "Hi"}', r"no transcript that is known: expected one of segments, "),
        ("a.json", '[{"start": 0, "end": 1}]', r"segment 1: expected one of text, word"),
        ("a.json", '[{"start": "0:01", "end": 1, "text": "a"}]', r"expected seconds, got '0:01'"),
        ("a.json", '[{"start": 2, "end": 1, "text": "a"}]', r"segment 1: ends before it begins"),
        ("a.json", '["Hi"]', r"segment 1: expected an object, got 'Hi'"),
        ("a.txt", "one\ncaf\xe9\n".encode("latin-1"), r"a.txt:2: is neither UTF-8 nor UTF-16"),
        ("a.docx", "Hi", r"a transcript is one of .json, .srt, .vtt, .txt"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, name: str, text: str | bytes, told: str
) -> None:
    with pytest.raises(TableError, match=told):
        read(tmp_path, name, text)


def test_text_survives_as_rows(tmp_path: Path) -> None:
    said = Transcript.of([Segment('„Ja“; "no"', 0, 1), Segment("שלום 👩‍❤️‍👨 हिन्दी", 1.0, 2.5)])
    array = said.to_array()
    assert text_in(array) == said.text
    assert Transcript.from_array(array) == said
    assert array.times is not None
    assert array.times[0].tolist() == [0, 1]
    assert array.times[-1].tolist() == [1, 2.5]
    long = Transcript.of([Segment("ab " * 200_000)])
    assert Transcript.from_array(long.to_array()) == long
