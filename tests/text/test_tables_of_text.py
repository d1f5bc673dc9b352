"""Transcripts in tables and folders, and a folder of one's own that comes with words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from emotiw.core.errors import ConfigError, TableError
from emotiw.runs.first_recipe import start
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import make_index
from emotiw.runs.stages.transcripts import transcripts_at
from features.text.transcript import Segment
from tests.text.test_recogniser import clip, small_recipe

ROWS = [("clip0", 'He said; "no"'), ("clip1", "שלום, 😀"), ("clip2", "")]


def told(path: Path, **columns: str) -> dict[str, Any]:
    found = transcripts_at(path, columns)
    return {name: said.text for name, said in found.known.items()}


def test_tables_of_any_kind_say_the_same(tmp_path: Path) -> None:
    expected = dict(ROWS)
    quoted = [(c, '"' + text.replace('"', '""') + '"') for c, text in ROWS]
    for mark, name in ((",", "a.csv"), (";", "b.csv"), ("\t", "c.tsv")):
        text = "\n".join(mark.join(row) for row in [("clip_id", "Utterance"), *quoted])
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            (tmp_path / name).write_text(text, encoding)
            assert told(tmp_path / name) == expected
    lines = [json.dumps({"file": c, "text": text}) for c, text in ROWS]
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    assert told(tmp_path / "d.jsonl") == expected
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [("id", "sentence"), *ROWS]:
        book.active.append(row)
    book.save(tmp_path / "e.xlsx")
    assert told(tmp_path / "e.xlsx") == expected


def test_segments_are_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_text("id,text,start,end\na,two,1.5,2\na,one,0,1.5\nb,three,0,1\n")
    found = transcripts_at(path, {}).known
    assert found["a"].segments == (Segment("one", 0, 1.5), Segment("two", 1.5, 2))
    path.write_text("who,what,from\na,two,1.5\na,one,0\n")
    assert told(path, id="who", text="what", start="from") == {"a": "one\ntwo"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,text\na,one\na,two\n", "line 3: clip 'a' again, and no column says when"),
        ("id,text,start,end\na,one,1,0.5\n", "line 2: ends before it begins: 1 to 0.5 s"),
        ("id,text,start\na,one,0:01\n", "line 2: start '0:01' is no time in seconds"),
        ("id,said\na,one\n", r"which column holds the text is not clear among \['id', 'said'\]"),
        ('id,text\na,"never closed\nb,two\n', "line 2: unexpected end of data"),
        ("id,text\na,one, two\n", "line 2: expected 2 fields, got 3"),
    ],
)
def test_what_is_wrong_in_a_table_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "said.csv").write_text(text)
    with pytest.raises(TableError, match=said):
        transcripts_at(tmp_path / "said.csv", {})


def test_other_encodings_and_columns_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_bytes("id,text\na,café\n".encode("latin-1"))
    with pytest.raises(TableError, match="can't be read as UTF-8 text"):
        transcripts_at(path, {})
    path.write_text("id,text\na,one\n")
    with pytest.raises(TableError, match="no column 'said' among"):
        transcripts_at(path, {"text": "said"})
    with pytest.raises(ConfigError, match=r"no file or folder .*none.csv"):
        transcripts_at(tmp_path / "none.csv", {})


def test_a_folder_has_a_file_per_clip(tmp_path: Path) -> None:
    for number in range(4):
        clip(tmp_path / "clips" / ("Dark", "Bright")[number % 2] / f"clip{number}.wav", 4000)
    said = tmp_path / "said"
    said.mkdir()
    (said / "clip0.txt").write_text("It is dark.")
    (said / "clip0.json").write_text('{"segments": [{"start": 0, "end": 1, "text": "Dark."}]}')
    (said / "clip1.srt").write_text("00:00:00,000 --> 00:00:01,000\n\n")
    (said / "clip2.srt").write_text("00:00:00,000 -> 00:00:01,000\n00:00 --> 1\n")
    features = {"words": {"extractor": "transcript", "transcripts": str(said)}}
    run = open_run(small_recipe(tmp_path, features, models={}))
    make_index(run)
    rows = {row.clip_id: row for row in extract_all(run)["words"]}
    assert {c: row.status for c, row in rows.items()} == {
        "clip0": "ok", "clip1": "missing", "clip2": "failed", "clip3": "missing"
    }  # fmt: skip
    assert rows["clip0"].quality["n_characters"] == len("Dark.")
    assert rows["clip1"].reason == "no words"
    assert rows["clip2"].reason.startswith(f"{said}/clip2.srt:1: expected 00:00:01,000 -->")
    assert rows["clip3"].reason == f"no transcript in {said}"
    (said / "clip3.txt").write_text("Bright.")
    rows = {row.clip_id: row for row in extract_all(run)["words"]}
    assert rows["clip3"].status == "ok"
    (said / "more").mkdir()
    (said / "more/clip3.txt").write_text("Bright.")
    with pytest.raises(TableError, match=r"'clip3' has 2 transcripts: clip3.txt, more/clip3.txt"):
        extract_all(run)


def test_a_table_of_text_needs_no_media(tmp_path: Path) -> None:
    lines = ["clip_id,label,group,transcript"]
    for number in range(12):
        label, words = (("Dark", "so dark; dark"), ("Bright", '""so"" bright, 😀'))[number % 2]
        lines.append(f'{number:03},{label},g{number // 4},"{words}"')
    lines += ["t1,,g9,bright", "t2,,g9,"]
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/labels.csv").write_text("\n".join(lines), encoding="utf-8")
    features = {"words": {"extractor": "transcript"}}
    data = {"root": str(tmp_path / "clips"), "clips": "labels.csv"}
    run = open_run(small_recipe(tmp_path, features, data=data))
    make_index(run)
    rows = {row.clip_id: row.status for row in extract_all(run)["words"]}
    assert [c for c, status in rows.items() if status == "missing"] == ["t2"]
    assert len(rows) == 14


def test_start_finds_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["file,emotion,speaker,sentence"]
    for number in range(12):
        clip(tmp_path / "mine" / f"c{number:02}.wav", 3000 + 10 * number)
        label, words = (("happy", "So glad; glad"), ("sad", "so sad, sad"))[number % 2]
        lines.append(f'c{number:02},{label},s{number % 6 // 2},"{words}"')
    table = tmp_path / "mine/labels.csv"
    table.write_text("\n".join(lines))
    made = start(tmp_path / "mine")
    recipe = yaml.safe_load(made.recipe.read_text())
    assert recipe["features"]["words"] == {"extractor": "transcript"}
    assert recipe["models"]["text"] == {"model": "text_logistic", "features": "words"}
    run = open_run(made.recipe, ["features={words: {extractor: transcript}}",
                                 "models={text: {model: text_logistic, features: words}}",
                                 "execution.workers=1"])  # fmt: skip
    run_all(run)
    text = run.scores("text")
    right = [run.cohort()[c].label == run.task.labels[s.argmax()]
             for c, s in zip(text.clip_ids, text.scores, strict=True)]  # fmt: skip
    assert all(right)

    for path in (*tmp_path.glob("mine*.yaml"), table):
        path.unlink()
    for number in range(4):
        name = tmp_path / "mine" / f"c{number:02}.vtt"
        name.write_text("WEBVTT\n\n00:00.000 --> 00:00.500\nSo glad\n")
        for kind in ("wav", "vtt"):
            folder = tmp_path / "mine" / ("happy", "sad")[number % 2]
            folder.mkdir(exist_ok=True)
            name.with_suffix(f".{kind}").rename(folder / f"c{number:02}.{kind}")
    for path in (tmp_path / "mine").glob("*.wav"):
        path.unlink()
    beside = yaml.safe_load(start(tmp_path / "mine").recipe.read_text())
    assert beside["features"]["words"] == {"extractor": "transcript"}
