"""Tables with a time in every row: of MuSe, of AVEC, and of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.clip_table import read_clip_table
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ManifestError
from tests.challenges.layouts import write
from tests.challenges.step_layouts import humor, muse

MINE = """\
name: mine
title: Mine
year: 2026
unit: segment
task: regression
targets: [{name: valence, minimum: -1, maximum: 1}, {name: arousal, minimum: -1, maximum: 1}]
layout:
  reader: time_tables
  options:
OPTIONS
metric: ccc
submission:
  format: table
  columns:
    - {name: clip_id, holds: id}
    - {name: time_sec, holds: id}
    - {name: valence, holds: target}
    - {name: arousal, holds: target}
sources: [{says: everything, where: here, certainty: assumed}]
"""
PLAIN = ['tables: ["*.csv"]']
JOINED = [
    'tables: ["label_segments/{answer}/*.csv"]',
    'id: "{stem}"',
    'step: "{timestamp}/{segment_id}"',
    "time: [timestamp]",
    "unit_sec: 0.001",
    "tolerance_sec: 0.1",
    "partition: {table: [metadata/partition.csv]}",
    "answers: {targets: {valence: value, arousal: value}}",
]
RECOLA = [
    'tables: ["ratings/{answer}/*.arff", "ratings/{answer}/*.csv"]',
    r"pattern: '(?P<part>train|dev|test)_(?P<who>\d+)'",
    'id: "{stem}"',
    'group: "{who}"',
    'split: "{part}"',
    "time: [frameTime]",
    "style: {separator: ';'}",
    "answers: {targets: {valence: GoldStandard, arousal: GoldStandard}}",
]


def spec_of(folder: Path, options: list[str]) -> ChallengeSpec:
    lines = "\n".join(f"    {option}" for option in options)
    write(folder / "mine.yaml", MINE.replace("OPTIONS", lines))
    return load_spec(folder / "mine.yaml")


def read(folder: Path, options: list[str]) -> tuple[Cohort, list[str]]:
    cohort, warnings, _ = read_challenge(spec_of(folder, options), folder / "data")
    return cohort, warnings


def mistakes(folder: Path, options: list[str]) -> str:
    with pytest.raises(ManifestError) as caught:
        read(folder, options)
    return str(caught.value)


class TestMuse:
    def test_milliseconds_become_seconds_and_rows_those_of_the_organisers(
        self, tmp_path: Path
    ) -> None:
        muse("arousal").make(tmp_path)
        spec = load_spec("muse2021_arousal")
        cohort, warnings, _ = read_challenge(spec, tmp_path)
        steps = cohort.steps_of("2")
        assert steps.names == ("0/1", "500/1", "1000/1")
        assert steps.time_sec.tolist() == [0, 0.5, 1]
        assert steps.answers.tolist() == [[-0.5], [0], [0.5]]
        assert submission_ids(spec, tmp_path, cohort) == ("30/0/1", "30/500/1")
        assert not [warning for warning in warnings if "have no file" in warning]

    def test_the_middle_of_a_segment_and_the_group_of_its_speaker(self, tmp_path: Path) -> None:
        humor().make(tmp_path / "c2_muse_humor")
        cohort, *_ = read_challenge(load_spec("muse2023_humor"), tmp_path)
        assert cohort.steps_of("baum_1").time_sec.tolist() == [1, 3]
        assert cohort["baum_1"].group == "baum"
        assert cohort.folds == {}
        assert cohort.with_folds("auto", n_folds=2).groups["klopp_2"] == "klopp"

    def test_two_dimensions_are_joined_by_their_times(self, tmp_path: Path) -> None:
        for dimension, rows in (
            ("valence", "0,0.5,1\n500,-0.5,1\n1000,,1\n"),
            ("arousal", "20,0.25,1\n500,0.75,1\n2000,1,1\n"),
        ):
            head = "timestamp,value,segment_id\n"
            write(tmp_path / f"data/label_segments/{dimension}/7.csv", head + rows)
        write(tmp_path / "data/metadata/partition.csv", "id,partition\n7,train\n")
        cohort, warnings = read(tmp_path, JOINED)
        steps = cohort.steps_of("7")
        assert steps.names == ("0/1", "500/1", "1000/1", "2000/1")
        expected = [[0.5, 0.25], [-0.5, 0.75], [np.nan, np.nan], [np.nan, 1]]
        np.testing.assert_array_equal(steps.answers, expected)
        assert any("7: 2 rows have not every answer within 0.1 s" in one for one in warnings)

    def test_what_is_in_no_split_or_in_an_unknown_one(self, tmp_path: Path) -> None:
        muse("arousal").make(tmp_path)
        write(tmp_path / "metadata/partition.csv", "id,partition\n1,train\n2,develop\n30,test\n")
        with pytest.raises(ManifestError) as caught:
            read_challenge(load_spec("muse2021_arousal"), tmp_path)
        assert "7.csv:2: '7' is in no split" in str(caught.value)
        assert "2.csv:2: unknown split 'develop'; did you mean 'devel'?" in str(caught.value)


class TestAvec:
    ARFF = (
        "@relation GOLDSTANDARD\n\n@attribute Instance_name string\n"
        "@attribute frameTime numeric\n@attribute GoldStandard numeric\n\n@data\n\n"
    )

    def make(self, root: Path) -> None:
        for answer, sign in (("valence", 1), ("arousal", -1)):
            for name, values in (("train_1", (0.5, 0.25)), ("test_2", ("?", "?"))):
                rows = [
                    f"'{name}',{0.04 * n:g},{v if v == '?' else sign * float(v)}\n"
                    for n, v in enumerate(values)
                ]
                write(root / f"ratings/{answer}/{name}.arff", self.ARFF + "".join(rows))

    def test_arff_with_texts_and_nothing_in_it(self, tmp_path: Path) -> None:
        self.make(tmp_path / "data")
        cohort, *_ = read(tmp_path, RECOLA)
        assert {clip.clip_id: (clip.split, clip.group) for clip in cohort} == {
            "train_1": ("train", "1"),
            "test_2": ("test", "2"),
        }
        assert cohort.steps_of("train_1").answers.tolist() == [[0.5, -0.5], [0.25, -0.25]]
        assert cohort.steps_of("train_1").time_sec.tolist() == [0, 0.04]
        assert len(cohort.rows.select("test")) == 2

    def test_semicolons_and_what_is_called_otherwise(self, tmp_path: Path) -> None:
        for answer in ("valence", "arousal"):
            for name in ("dev_3", "notes"):
                path = tmp_path / f"data/ratings/{answer}/{name}.csv"
                write(path, f"name;frameTime;GoldStandard\n'{name}';0.4;0.5\n")
        cohort, warnings = read(tmp_path, RECOLA)
        assert [(clip.clip_id, clip.split) for clip in cohort] == [("dev_3", "val")]
        assert any("notes.csv: not called like the other tables" in one for one in warnings)

    def test_a_file_that_is_none_is_told(self, tmp_path: Path) -> None:
        self.make(tmp_path / "data")
        path = tmp_path / "data/ratings/arousal/train_1.arff"
        path.write_text(self.ARFF + "'train_1',0.0\n'train_1',now,0.5\n")
        write(tmp_path / "data/ratings/valence/test_2.arff", "no attributes\n")
        told = mistakes(tmp_path, RECOLA)
        assert "train_1.arff:9: expected 3 fields, got 2" in told
        assert "train_1.arff:10: time 'now' is not a number" in told
        assert "test_2.arff:1: no @attribute above a line @data" in told


class TestOnesOwn:
    ROWS = "clip_id,time_sec,valence,arousal\na,0.5,0.25,-1\na,0,0.5,\nb,0,1,1\n"

    def test_one_table_for_all_clips(self, tmp_path: Path) -> None:
        write(tmp_path / "data/traces.csv", self.ROWS)
        cohort, warnings = read(tmp_path, PLAIN)
        assert cohort.steps_of("a").names == ("0", "0.5")
        np.testing.assert_array_equal(cohort.steps_of("a").answers, [[0.5, np.nan], [0.25, -1]])
        assert cohort["a"].answers == (0.375, -1.0)
        assert any("2 clips have no file, e.g. a" in warning for warning in warnings)

    def test_a_table_per_clip(self, tmp_path: Path) -> None:
        write(tmp_path / "data/train/a.csv", "time_sec,valence,arousal\n0,0.5,1\n")
        write(tmp_path / "data/test/b.csv", "time_sec,valence,arousal\n0,,\n")
        options = ['tables: ["*/*.csv"]', 'id: "{stem}"', 'split: "{folder}"']
        cohort, *_ = read(tmp_path, options)
        assert {clip.clip_id: clip.split for clip in cohort} == {"a": "train", "b": "test"}

    def test_the_same_table_in_place_of_media(self, tmp_path: Path) -> None:
        spec = spec_of(tmp_path, PLAIN)
        head, *rows = self.ROWS.splitlines()
        lines = [f"{head},split,group", *(f"{row},val,g1" for row in rows), "c,3,,,test,g2"]
        write(tmp_path / "traces.csv", "\n".join(lines) + "\n")
        cohort, _ = read_clip_table(spec, tmp_path / "traces.csv", tmp_path)
        told = {clip.clip_id: (clip.split, clip.group) for clip in cohort}
        assert told == {"a": ("val", "g1"), "b": ("val", "g1"), "c": ("test", "g2")}
        assert cohort.steps_of("a").time_sec.tolist() == [0, 0.5]
        assert cohort["a"].answers == (0.375, -1.0)
        assert [row.clip_id for row in cohort.rows.select("test")] == ["c/3"]

    def test_mistakes_of_it_are_told_at_once(self, tmp_path: Path) -> None:
        spec = spec_of(tmp_path, PLAIN)
        write(
            tmp_path / "traces.csv",
            "clip_id,time_sec,valence,split\na,0,0.5,train\na,0,2,train\na,later,0,val\n",
        )
        with pytest.raises(ManifestError) as caught:
            read_clip_table(spec, tmp_path / "traces.csv", tmp_path)
        told = str(caught.value)
        assert "line 3: valence '2' is not from -1 to 1" in told
        assert "line 4: clip 'a' has split 'val', and 'train' on line 2" in told
        assert "line 4: time_sec 'later' is not a number" in told
        assert "clip 'a': step '0' comes 2 times" in told
        write(tmp_path / "traces.csv", "clip_id,valence\na,0.5\n")
        with pytest.raises(ManifestError, match="time_sec"):
            read_clip_table(spec, tmp_path / "traces.csv", tmp_path)

    def test_a_clip_in_two_splits_and_a_row_twice(self, tmp_path: Path) -> None:
        text = "clip_id,time_sec,valence,arousal,set\na,0,1,1,train\na,0,1,1,train\na,1,1,1,test\n"
        write(tmp_path / "data/traces.csv", text)
        told = mistakes(tmp_path, [*PLAIN, 'split: "{set}"'])
        assert "traces.csv:4: split and group of 'a' are" in told
        assert "traces.csv:3: '0' of 'a' again" in told
