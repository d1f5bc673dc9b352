"""All that is known of clips: who belongs together, what is a copy, and labels out of reach."""

from __future__ import annotations

import math
import os
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import cohort_of_frame, read_manifest, write_manifest
from emotiw.core.csv_rows import read_frame, text_frame
from emotiw.core.errors import ConfigError, LeakageError, ManifestError, TableError
from emotiw.core.task import Classification, Regression

LABELS = ("Angry", "Happy", "Neutral")
TASK = Classification(LABELS)


def clip(clip_id: str, split: Any = "train", **more: Any) -> Clip:
    return Clip(clip_id, Path(f"{clip_id}.avi"), split, **more)


@pytest.fixture
def cohort() -> Cohort:
    return Cohort(
        [
            clip("b", "test", label="Happy"),
            clip("NA", "val", label="Angry", group="s2"),
            clip(
                "000143240",
                label="Neutral",
                group="s1",
                fold=3,
                content="00ff",
                extra={"speaker": "01"},
            ),
            clip("a", label=None),
        ],
        task=TASK,
    )


def test_clips_come_in_the_order_of_their_ids_whatever_came_in(cohort: Cohort) -> None:
    assert cohort.clip_ids == ("000143240", "NA", "a", "b")
    turned = Cohort(reversed(list(cohort)), task=TASK)
    assert list(turned) == list(cohort)
    assert len(cohort) == 4


def test_clips_are_found_by_id(cohort: Cohort) -> None:
    assert "NA" in cohort
    assert "na" not in cohort
    assert cohort["NA"].group == "s2"
    with pytest.raises(ManifestError) as caught:
        cohort["00143240"]
    assert str(caught.value) == "no clip '00143240'; did you mean '000143240'?"


def test_splits_are_selected_together_or_alone(cohort: Cohort) -> None:
    assert [c.clip_id for c in cohort.select("train")] == ["000143240", "a"]
    assert [c.clip_id for c in cohort.select("test", "val")] == ["NA", "b"]
    assert cohort.select() == []


def test_answers_of_test_clips_are_out_of_reach_of_clips(cohort: Cohort) -> None:
    whole = Cohort([clip("t", "test", label="Happy"), clip("u", "test", target=0.5)])
    for held_back in (*whole, *whole.select("test"), whole["t"]):
        assert held_back.label is None
        assert held_back.target is None
        values = [getattr(held_back, entry.name) for entry in fields(held_back)]
        assert "Happy" not in values
        assert 0.5 not in values
    assert whole.answer_key() == {"t": "Happy", "u": 0.5}
    assert cohort.answer_key() == {"000143240": "Neutral", "NA": "Angry", "b": "Happy"}


def test_the_answer_key_is_a_copy(cohort: Cohort) -> None:
    cohort.answer_key().clear()
    assert len(cohort.answer_key()) == 3


def test_a_clip_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        clip("a").label = "Happy"  # type: ignore[misc]
    with pytest.raises(TypeError):
        clip("a").extra["speaker"] = "1"  # type: ignore[index]


def test_a_clip_of_unknown_group_stands_for_its_content_or_itself() -> None:
    cohort = Cohort(
        [
            clip("a", group="s1", content="00"),
            clip("b", content="00"),
            clip("c", content="00"),
            clip("d", "test"),
        ]
    )
    assert cohort.groups == {"a": "s1", "b": "00", "c": "00", "d": "d"}


def test_copies_are_clips_of_the_same_bytes_in_the_same_group() -> None:
    cohort = Cohort(
        [
            clip("b", group="s1", content="00"),
            clip("a", group="s1", content="00"),
            clip("c", group="s2", content="00"),
            clip("d", group="s1", content="11"),
            clip("e", group="s1"),
            clip("f", group="s1"),
            clip("y", content="22"),
            clip("x", content="22"),
        ]
    )
    assert cohort.originals == {
        "a": "a", "b": "a", "c": "c", "d": "d", "e": "e", "f": "f", "x": "x", "y": "x",
    }  # fmt: skip


def test_groups_are_known_where_every_clip_that_can_be_judged_has_one() -> None:
    told = [clip("a", label="Happy", group="s1"), clip("b"), clip("t", "test", label="Happy")]
    assert Cohort(told).knows_groups
    assert not Cohort([*told, clip("c", "val", label="Angry")]).knows_groups


def test_training_clips_come_in_an_order_that_their_names_do_not_decide() -> None:
    contents = ["33", "11", "22", "44"]
    for names in ("abcd", "dcba"):
        clips = [
            clip(name, label="Happy", content=content)
            for name, content in zip(names, contents, strict=True)
        ]
        ordered = Cohort([*clips, clip("v", "val", label="Happy"), clip("u")]).training
        assert [each.content for each in ordered] == ["11", "22", "33", "44"]


class TestFolds:
    """Two recordings of a speaker, of which the second is there twice."""

    @staticmethod
    def cohort(**more: Any) -> Cohort:
        return Cohort(
            [
                clip(f"{speaker}{take}", label="Happy", group=speaker, content=f"{speaker}{number}")
                for speaker in "pqrs"
                for number, take in ((1, "one"), (2, "two"), (2, "two again"))
            ],
            **more,
        )

    def test_those_of_the_manifest_are_taken_until_others_are(self) -> None:
        clips = [
            clip("a", label="Happy", group="x", fold=3),
            clip("b", label="Angry", group="y", fold=5),
            clip("c", label="Angry", group="z"),
            clip("d", group="z", fold=5),
            clip("v", "val", label="Happy", fold=3),
        ]
        assert Cohort(clips).folds == {"a": 3, "b": 5}
        with pytest.raises(ConfigError, match="does not say the fold of every training clip"):
            _ = Cohort(clips).with_folds("manifest").folds
        dealt = Cohort(clips).with_folds("grouped", n_folds=3).folds
        assert sorted(dealt.values()) == [0, 1, 2]

    def test_copies_share_a_fold_and_do_not_weigh(self) -> None:
        cohort = self.cohort().with_folds("grouped", n_folds=2)
        assert len(cohort.folds) == 12
        for clip_id, fold in cohort.folds.items():
            assert fold == cohort.folds[cohort.originals[clip_id]]
            assert fold == cohort.folds[f"{clip_id[0]}one"]
        once = [each for each in cohort if "again" not in each.clip_id]
        alone = Cohort(once).with_folds("grouped", n_folds=2)
        assert alone.folds == {each.clip_id: cohort.folds[each.clip_id] for each in once}

    def test_a_scheme_changes_nothing_of_the_cohort_it_is_asked_of(self) -> None:
        cohort = self.cohort()
        before = cohort.digest
        assert cohort.folds == {}
        two, four = (cohort.with_folds("grouped", n_folds=n) for n in (2, 4))
        assert set(two.folds.values()) == {0, 1}
        assert set(four.folds.values()) == {0, 1, 2, 3}
        assert cohort.folds == {}
        assert cohort.with_folds("grouped", n_folds=0).folds == {}
        assert len({cohort.digest, two.digest, four.digest}) == 3
        assert cohort.digest == before

    def test_published_folds_that_tear_a_group_apart_are_refused(self) -> None:
        torn = [clip(c, label="Happy", group="x", fold=n) for n, c in enumerate("ab")]
        with pytest.raises(LeakageError, match="group 'x' is in fold 0 and, by 'b', 1"):
            _ = Cohort(torn).with_folds("manifest").folds


@pytest.mark.parametrize(
    "changed",
    [
        {"clip_id": "b"},
        {"split": "val"},
        {"label": "Angry"},
        {"group": "s2"},
        {"fold": 1},
        {"content": "11"},
    ],
)
def test_what_is_known_of_clips_is_in_the_digest_and_their_order_is_not(
    changed: dict[str, Any],
) -> None:
    own: dict[str, Any] = {"clip_id": "a", "label": "Happy", "group": "s1", "fold": 0}
    other = clip("z", "test", label="Happy")
    digest = Cohort([clip(**own), other]).digest
    assert digest == Cohort([other, clip(**own)], task=TASK).digest
    assert digest != Cohort([clip(**{**own, **changed}), other]).digest
    # labels of test clips count too: results of an evaluation depend on them
    assert digest != Cohort([clip(**own), clip("z", "test", label="Angry")]).digest


def test_contents_are_read_of_every_clip_and_answers_stay() -> None:
    cohort = Cohort([clip("a", label="Happy"), clip("t", "test", label="Angry")], task=TASK)
    hashed = cohort.with_contents(lambda each: f"hash of {each.path}")
    assert [each.content for each in hashed] == ["hash of a.avi", "hash of t.avi"]
    assert hashed.answer_key() == cohort.answer_key() == {"a": "Happy", "t": "Angry"}
    assert hashed.task == TASK
    assert cohort["a"].content == ""


def test_a_frame_holds_no_label_of_a_test_clip(cohort: Cohort) -> None:
    frame = cohort.to_frame().set_index("clip_id")
    assert frame["label"].dropna().to_dict() == {"000143240": "Neutral", "NA": "Angry"}
    assert frame.loc["000143240", "speaker"] == "01"
    assert frame["fold"].dropna().to_dict() == {"000143240": 3}


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        Cohort(
            [
                clip("", label="Happy"),
                clip("a/b"),
                clip("a\\b"),
                clip(".."),
                clip("a\nb"),
                clip("c", "trian"),
                clip("d", label="happy"),
                clip("d", label="Angry"),
                clip("e", target=math.nan),
            ],
            task=TASK,
            where="the folder",
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == "the folder: 9 problems"
    for line, part in zip(
        lines[1:],
        [
            "empty clip id (.avi)",
            "clip id 'a/b' can't name a file",
            "clip id 'a\\\\b' can't name a file",
            "clip id '..' can't name a file",
            "clip id 'a\\nb' can't name a file",
            "clip 'c': unknown split 'trian'; did you mean 'train'? (expected one of train, val",
            "clip 'd': unknown label 'happy'; did you mean 'Happy'? (expected one of Angry, Happy",
            "duplicate clip id 'd': d.avi and d.avi",
            "clip 'e': target nan is not a finite number",
        ],
        strict=True,
    ):
        assert part in line


def test_labels_are_free_where_none_are_given() -> None:
    assert Cohort([clip("a", label="Contempt")])["a"].label == "Contempt"


class TestCsv:
    def test_what_is_written_is_read(self, cohort: Cohort, tmp_path: Path) -> None:
        rooted = Cohort(
            replace(c, path=tmp_path / "clips" / c.path, content=f"hash of {c.clip_id}")
            for c in cohort.answered()
        )
        write_manifest(rooted, tmp_path / "manifest.csv", root=tmp_path)
        back = read_manifest(tmp_path / "manifest.csv", root=tmp_path, task=TASK)
        assert list(back.answered()) == list(rooted.answered())
        assert back.answer_key() == rooted.answer_key() == cohort.answer_key()
        assert back.digest == rooted.digest

    def test_answers_of_test_clips_are_kept_in_the_file(
        self, cohort: Cohort, tmp_path: Path
    ) -> None:
        write_manifest(cohort, tmp_path / "m.csv", root=Path())
        back = read_manifest(tmp_path / "m.csv", root=Path(), task=TASK)
        assert back["b"].label is None
        assert back.answer_key() == cohort.answer_key()

    def test_the_file_is_what_a_person_would_write(
        self, cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write_manifest(cohort, tmp_path / "m.csv", root=tmp_path)
        assert (tmp_path / "m.csv").read_bytes() == (
            b"clip_id,path,split,label,target,group,fold,content,speaker\n"
            b"000143240,000143240.avi,train,Neutral,,s1,3,00ff,01\n"
            b"NA,NA.avi,val,Angry,,s2,,,\n"
            b"a,a.avi,train,,,,,,\n"
            b"b,b.avi,test,Happy,,,,,\n"
        )

    def test_the_same_clips_give_the_same_bytes(self, cohort: Cohort, tmp_path: Path) -> None:
        write_manifest(cohort, tmp_path / "one.csv", root=tmp_path)
        again = read_manifest(tmp_path / "one.csv", root=tmp_path)
        write_manifest(again, tmp_path / "two.csv", root=tmp_path)
        assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()

    def test_files_elsewhere_keep_their_whole_path(self, tmp_path: Path) -> None:
        here, there = tmp_path / "here", tmp_path / "there" / "a.avi"
        write_manifest(Cohort([Clip("a", there, "val")]), tmp_path / "m.csv", root=here)
        assert read_manifest(tmp_path / "m.csv", root=here)["a"].path == there

    def test_a_folder_of_links_keeps_its_own_names(self, tmp_path: Path) -> None:
        (tmp_path / "archive").mkdir()
        (tmp_path / "archive" / "0001.avi").touch()
        (tmp_path / "data").mkdir()
        link = tmp_path / "data" / "a.avi"
        link.symlink_to(tmp_path / "archive" / "0001.avi")
        write_manifest(Cohort([Clip("a", link, "val")]), tmp_path / "m.csv", root=tmp_path / "data")
        assert b"\na,a.avi,val," in (tmp_path / "m.csv").read_bytes()

    def test_a_root_by_another_name_is_the_same_root(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "data", target_is_directory=True)
        clips = [Clip("a", tmp_path / "link" / "a.avi", "val")]
        write_manifest(Cohort(clips), tmp_path / "m.csv", root=tmp_path / "data")
        assert b"\na,a.avi,val," in (tmp_path / "m.csv").read_bytes()

    @pytest.mark.parametrize("target", [0.1 + 0.2, 1e-17, -3.0, 1, np.float64(0.66), np.float32(1)])
    def test_targets_come_back_to_the_last_bit(self, target: float, tmp_path: Path) -> None:
        for split in ("train", "test"):
            write_manifest(
                Cohort([clip("a", split, target=target)]), tmp_path / "m.csv", root=tmp_path
            )
            back = read_manifest(tmp_path / "m.csv", root=tmp_path)
            assert back.answer_key() == {"a": float(target)}

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_a_label_and_a_target_are_both_kept(self, split: str, tmp_path: Path) -> None:
        both = Cohort([clip("a", split, label="Engaged", target=0.66)])
        write_manifest(both, tmp_path / "m.csv", root=Path())
        assert "Engaged,0.66," in (tmp_path / "m.csv").read_text()
        assert read_manifest(tmp_path / "m.csv", root=Path()).answer_key() == {"a": "Engaged"}

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(
        clip_ids=st.lists(
            st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1).filter(
                lambda text: (
                    not set(text) & set("/\\") and text not in {".", ".."} and text.isprintable()
                )
            )
            | st.sampled_from(["NA", "null", "nan", "None", "True", "1e5", "007", "-", "a,b", '"']),
            unique=True,
            max_size=5,
        ),
        extra=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    )
    def test_ids_stay_the_text_that_they_are(
        self, tmp_path: Path, clip_ids: list[str], extra: str
    ) -> None:
        clips = [Clip(i, tmp_path / "x", "val", group=extra, extra={"k": extra}) for i in clip_ids]
        write_manifest(Cohort(clips), tmp_path / "m.csv", root=tmp_path)
        back = read_manifest(tmp_path / "m.csv", root=tmp_path)
        assert back.clip_ids == tuple(sorted(clip_ids))
        assert all(c.group == extra and dict(c.extra) == {"k": extra} for c in back)

    def test_a_manifest_written_by_hand_needs_three_columns(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_bytes(
            b"\xef\xbb\xbfpath,clip_id,split\r\n\r\nx/1.avi,001,train\r\n\r\nx/2.avi,002,test\r\n"
        )
        back = read_manifest(tmp_path / "m.csv", root=tmp_path)
        assert [(c.clip_id, c.path, c.split) for c in back] == [
            ("001", tmp_path / "x" / "1.avi", "train"),
            ("002", tmp_path / "x" / "2.avi", "test"),
        ]

    def test_an_empty_manifest_is_one(self, tmp_path: Path) -> None:
        write_manifest(Cohort([]), tmp_path / "m.csv", root=tmp_path)
        assert len(read_manifest(tmp_path / "m.csv", root=tmp_path)) == 0

    def test_everything_wrong_is_said_at_once_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "m.csv"
        path.write_text(
            "clip_id,path,split,label,target,fold,note\n"  # 1
            'a,a.avi,train,Happy,,,"two\nlines"\n'  # 2, 3
            "b,b.avi,trian,Happy,,,\n"  # 4
            "\n"  # 5
            "c,c.avi,val,Hapy,,,\n"  # 6
            "a,d.avi,val,Happy,,,\n"  # 7
            "e,e.avi,val,,much,,\n"  # 8
            "f,f.avi,val,Happy,,one,\n"  # 9
            "g,g.avi\n"  # 10
            ",h.avi,val,,,,\n"  # 11
            "i,i.avi,val,,inf,,\n"  # 12
        )
        with pytest.raises(ManifestError) as caught:
            read_manifest(path, root=tmp_path, task=TASK)
        lines = str(caught.value).splitlines()
        assert lines[0] == f"{path}: 8 problems"
        found = {line.split(":")[0].removeprefix("  - "): line for line in lines[1:]}
        assert list(found) == [f"line {n}" for n in (4, 6, 7, 8, 9, 10, 11, 12)]
        assert "did you mean 'train'?" in found["line 4"]
        assert "did you mean 'Happy'?" in found["line 6"]
        assert "duplicate clip id 'a', first on line 2" in found["line 7"]
        assert "target 'much' is not a number" in found["line 8"]
        assert "fold 'one' is not a whole number" in found["line 9"]
        assert "expected 7 fields, got 2" in found["line 10"]
        assert "empty clip id" in found["line 11"]
        assert "target inf is not a finite number" in found["line 12"]

    def test_missing_columns_are_all_named(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_text("id,path,Split\n1,1.avi,train\n")
        with pytest.raises(ManifestError) as caught:
            read_manifest(tmp_path / "m.csv", root=tmp_path)
        assert "line 1: no column 'clip_id'" in str(caught.value)
        assert "no column 'split' among ['id', 'path', 'Split']; did you mean 'Split'?" in str(
            caught.value
        )

    def test_no_file_and_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match="no manifest at"):
            read_manifest(tmp_path / "none.csv", root=tmp_path)
        (tmp_path / "m.csv").write_bytes(os.urandom(8) + b"\xff\xfe\0")
        with pytest.raises(ManifestError, match="UTF-8"):
            read_manifest(tmp_path / "m.csv", root=tmp_path)

    def test_a_truncated_manifest_never_reads_as_another_clip(self, tmp_path: Path) -> None:
        clips = [clip(f"{n:03d}", label="Happy", group=f"s{n}", fold=n % 3) for n in range(4)]
        write_manifest(Cohort(clips), tmp_path / "m.csv", root=Path())
        whole = (tmp_path / "m.csv").read_bytes()
        read_whole = 0
        for length in range(whole.index(b"\n"), len(whole)):
            (tmp_path / "m.csv").write_bytes(whole[:length])
            try:
                back = read_manifest(tmp_path / "m.csv", root=Path())
            except ManifestError:
                continue
            read_whole += 1
            assert set(back.clip_ids) <= {c.clip_id for c in clips}
        # only where it ends with a row, with or without its line end, can nobody tell
        assert read_whole <= 2 * len(clips) + 1


class TestTableOfLabels:
    """Labels that people bring, without any clips."""

    labels = ("Angry", "Happy")

    def cohort(self, rows: list[dict[str, str]], **more: Any) -> Cohort:
        frame = text_frame(pd.DataFrame(rows))
        return cohort_of_frame(frame, self.labels, where="labels.csv", **more)

    def test_clips_without_a_split_are_training_clips_and_words_are_translated(self) -> None:
        rows = [
            {"clip_id": "2", "label": "happiness", "group": "s1", "fold": "0", "who": "Ann"},
            {"clip_id": "1", "label": "ANGER", "split": "test"},
            {"clip_id": "3", "label": "", "group": ""},
        ]
        cohort = self.cohort(rows)
        assert cohort.task == Classification(self.labels)
        assert cohort.answer_key() == {"1": "Angry", "2": "Happy"}
        assert [(c.clip_id, c.split, c.group, c.fold) for c in cohort] == [
            ("1", "test", None, None),
            ("2", "train", "s1", 0),
            ("3", "train", None, None),
        ]
        assert dict(cohort["2"].extra) == {"who": "Ann"}

    def test_groups_of_another_table_take_the_place_of_the_column(self) -> None:
        rows = [{"clip_id": c, "label": "Happy", "group": "column"} for c in "ab"]
        cohort = self.cohort(rows, group_of={"a": "table", "t": "other"}, unlabelled=["a", "t"])
        assert cohort.groups == {"a": "table", "b": "b", "t": "other"}
        assert {c.clip_id: c.split for c in cohort} == {"a": "train", "b": "train", "t": "test"}

    def test_targets_are_numbers(self) -> None:
        frame = text_frame(pd.DataFrame({"clip_id": ["a", "b"], "target": [0.1 + 0.2, None]}))
        cohort = cohort_of_frame(frame, ["engagement"], where="labels.csv")
        assert cohort.task == Regression(("engagement",))
        assert cohort.answer_key() == {"a": 0.1 + 0.2}

    def test_everything_wrong_is_told_with_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "labels.csv").write_text(
            "clip_id,label,split,fold,note\n"  # 1
            'a,Happy,,,"two\nlines"\n'  # 2, 3
            "\n"  # 4
            "b,Hapy,,,\n"  # 5
            ",Happy,,,\n"  # 6
            "c,Happy,tran,x,\n"  # 7
            "a,Happy,,,\n"  # 8
        )
        with pytest.raises(TableError) as caught:
            cohort_of_frame(read_frame(tmp_path / "labels.csv"), self.labels, where="labels.csv")
        lines = str(caught.value).splitlines()
        assert lines[0] == "labels.csv: 5 problems"
        assert "line 5: unknown label 'Hapy'; did you mean 'Happy'?" in lines[1]
        assert "line 6: empty clip id" in lines[2]
        assert "line 7: fold 'x' is not a whole number" in lines[3]
        assert "line 7: clip 'c': unknown split 'tran'; did you mean 'train'?" in lines[4]
        assert "line 8: clip 'a' has more than one row" in lines[5]

    def test_a_target_that_is_no_number_is_told_with_its_line(self) -> None:
        frame = text_frame(pd.DataFrame({"clip_id": list("abc"), "target": ["1", "much", "inf"]}))
        with pytest.raises(TableError) as caught:
            cohort_of_frame(frame, ["engagement"], where="labels")
        assert "row 1: target 'much' is not a number" in str(caught.value)
        assert "row 2: clip 'c': target inf is not a finite number" in str(caught.value)

    def test_missing_columns_are_all_named(self) -> None:
        with pytest.raises(TableError) as caught:
            self.cohort([{"clip": "a", "lable": "Happy"}])
        assert "no column clip_id" in str(caught.value)
        assert "no column label or target; did you mean 'lable'?" in str(caught.value)

    def test_ids_that_no_file_could_have_are_names_all_the_same(self) -> None:
        cohort = self.cohort([{"clip_id": "train/001.mp4", "label": "Happy"}], unlabelled=["v/2"])
        assert cohort.clip_ids == ("train/001.mp4", "v/2")
