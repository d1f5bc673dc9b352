"""Clips read are the clips written, and answers of test clips stay out of reach."""

from __future__ import annotations

import math
import os
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.cohort import Clip, Manifest
from emotiw.core.errors import ManifestError

LABELS = ("Angry", "Happy", "Neutral")


def clip(clip_id: str, split: Any = "train", **more: Any) -> Clip:
    return Clip(clip_id, Path(f"{clip_id}.avi"), split, **more)


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        [
            clip("b", "test", label="Happy"),
            clip("NA", "val", label="Angry", group="s2"),
            clip("000143240", label="Neutral", group="s1", fold=3, extra={"speaker": "01"}),
            clip("a", label=None),
        ],
        labels=LABELS,
    )


def test_clips_come_in_the_order_of_their_ids_whatever_came_in(manifest: Manifest) -> None:
    assert manifest.clip_ids == ("000143240", "NA", "a", "b")
    turned = Manifest(reversed(list(manifest)), labels=LABELS)
    assert list(turned) == list(manifest)
    assert len(manifest) == 4


def test_clips_are_found_by_id(manifest: Manifest) -> None:
    assert "NA" in manifest
    assert "na" not in manifest
    assert manifest["NA"].group == "s2"
    with pytest.raises(ManifestError) as caught:
        manifest["00143240"]
    assert str(caught.value) == "no clip '00143240'; did you mean '000143240'?"


def test_splits_are_selected_together_or_alone(manifest: Manifest) -> None:
    assert [c.clip_id for c in manifest.select("train")] == ["000143240", "a"]
    assert [c.clip_id for c in manifest.select("test", "val")] == ["NA", "b"]
    assert manifest.select() == []


def test_answers_of_test_clips_are_out_of_reach_of_clips(manifest: Manifest) -> None:
    whole = Manifest([clip("t", "test", label="Happy"), clip("u", "test", target=0.5)])
    for held_back in (*whole, *whole.select("test"), whole["t"]):
        assert held_back.label is None
        assert held_back.target is None
        values = [getattr(held_back, entry.name) for entry in fields(held_back)]
        assert "Happy" not in values
        assert 0.5 not in values
    assert whole.answer_key() == {"t": "Happy", "u": 0.5}
    assert manifest.answer_key() == {"000143240": "Neutral", "NA": "Angry", "b": "Happy"}


def test_the_answer_key_is_a_copy(manifest: Manifest) -> None:
    manifest.answer_key().clear()
    assert len(manifest.answer_key()) == 3


def test_a_clip_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        clip("a").label = "Happy"  # type: ignore[misc]
    with pytest.raises(TypeError):
        clip("a").extra["speaker"] = "1"  # type: ignore[index]


def test_a_clip_without_a_group_stands_for_itself(manifest: Manifest) -> None:
    assert manifest.groups() == {"000143240": "s1", "NA": "s2", "a": "a", "b": "b"}
    by_path = manifest.groups(fallback=lambda clip: clip.path.name)
    assert by_path == {"000143240": "s1", "NA": "s2", "a": "a.avi", "b": "b.avi"}


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        Manifest(
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
            labels=LABELS,
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
    assert Manifest([clip("a", label="Contempt")])["a"].label == "Contempt"


class TestCsv:
    def test_what_is_written_is_read(self, manifest: Manifest, tmp_path: Path) -> None:
        rooted = Manifest(
            Clip(
                c.clip_id, tmp_path / "clips" / c.path, c.split, c.label, c.target, c.group, c.fold
            )
            for c in manifest
        )
        rooted.write_csv(tmp_path / "manifest.csv", root=tmp_path)
        back = Manifest.read_csv(tmp_path / "manifest.csv", root=tmp_path, labels=LABELS)
        assert list(back) == list(rooted)
        assert back.answer_key() == rooted.answer_key()

    def test_answers_of_test_clips_are_kept_in_the_file(
        self, manifest: Manifest, tmp_path: Path
    ) -> None:
        manifest.write_csv(tmp_path / "m.csv", root=Path())
        back = Manifest.read_csv(tmp_path / "m.csv", root=Path(), labels=LABELS)
        assert back["b"].label is None
        assert back.answer_key() == manifest.answer_key()

    def test_the_file_is_what_a_person_would_write(
        self, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        manifest.write_csv(tmp_path / "m.csv", root=tmp_path)
        assert (tmp_path / "m.csv").read_bytes() == (
            b"clip_id,path,split,label,target,group,fold,speaker\n"
            b"000143240,000143240.avi,train,Neutral,,s1,3,01\n"
            b"NA,NA.avi,val,Angry,,s2,,\n"
            b"a,a.avi,train,,,,,\n"
            b"b,b.avi,test,Happy,,,,\n"
        )

    def test_the_same_clips_give_the_same_bytes(self, manifest: Manifest, tmp_path: Path) -> None:
        manifest.write_csv(tmp_path / "one.csv", root=tmp_path)
        Manifest.read_csv(tmp_path / "one.csv", root=tmp_path).write_csv(
            tmp_path / "two.csv", root=tmp_path
        )
        assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()

    def test_files_elsewhere_keep_their_whole_path(self, tmp_path: Path) -> None:
        here, there = tmp_path / "here", tmp_path / "there" / "a.avi"
        Manifest([Clip("a", there, "val")]).write_csv(tmp_path / "m.csv", root=here)
        assert Manifest.read_csv(tmp_path / "m.csv", root=here)["a"].path == there

    def test_a_folder_of_links_keeps_its_own_names(self, tmp_path: Path) -> None:
        (tmp_path / "archive").mkdir()
        (tmp_path / "archive" / "0001.avi").touch()
        (tmp_path / "data").mkdir()
        link = tmp_path / "data" / "a.avi"
        link.symlink_to(tmp_path / "archive" / "0001.avi")
        Manifest([Clip("a", link, "val")]).write_csv(tmp_path / "m.csv", root=tmp_path / "data")
        assert b"\na,a.avi,val," in (tmp_path / "m.csv").read_bytes()

    def test_a_root_by_another_name_is_the_same_root(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "data", target_is_directory=True)
        clips = [Clip("a", tmp_path / "link" / "a.avi", "val")]
        Manifest(clips).write_csv(tmp_path / "m.csv", root=tmp_path / "data")
        assert b"\na,a.avi,val," in (tmp_path / "m.csv").read_bytes()

    @pytest.mark.parametrize("target", [0.1 + 0.2, 1e-17, -3.0, 1, np.float64(0.66), np.float32(1)])
    def test_targets_come_back_to_the_last_bit(self, target: float, tmp_path: Path) -> None:
        for split in ("train", "test"):
            Manifest([clip("a", split, target=target)]).write_csv(tmp_path / "m.csv", root=tmp_path)
            back = Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)
            assert back.answer_key() == {"a": float(target)}

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_a_label_and_a_target_are_both_kept(self, split: str, tmp_path: Path) -> None:
        both = Manifest([clip("a", split, label="Engaged", target=0.66)])
        both.write_csv(tmp_path / "m.csv", root=Path())
        assert "Engaged,0.66," in (tmp_path / "m.csv").read_text()
        assert Manifest.read_csv(tmp_path / "m.csv", root=Path()).answer_key() == {"a": "Engaged"}

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
        Manifest(clips).write_csv(tmp_path / "m.csv", root=tmp_path)
        back = Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)
        assert back.clip_ids == tuple(sorted(clip_ids))
        assert all(c.group == extra and dict(c.extra) == {"k": extra} for c in back)

    def test_a_manifest_written_by_hand_needs_three_columns(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_bytes(
            b"\xef\xbb\xbfpath,clip_id,split\r\n\r\nx/1.avi,001,train\r\n\r\nx/2.avi,002,test\r\n"
        )
        back = Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)
        assert [(c.clip_id, c.path, c.split) for c in back] == [
            ("001", tmp_path / "x" / "1.avi", "train"),
            ("002", tmp_path / "x" / "2.avi", "test"),
        ]

    def test_an_empty_manifest_is_one(self, tmp_path: Path) -> None:
        Manifest([]).write_csv(tmp_path / "m.csv", root=tmp_path)
        assert len(Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)) == 0

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
            Manifest.read_csv(path, root=tmp_path, labels=LABELS)
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

    def test_columns_that_lack_are_all_named(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_text("id,path,Split\n1,1.avi,train\n")
        with pytest.raises(ManifestError) as caught:
            Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)
        assert "line 1: no column 'clip_id'" in str(caught.value)
        assert "no column 'split' among ['id', 'path', 'Split']; did you mean 'Split'?" in str(
            caught.value
        )

    def test_no_file_and_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match="no manifest at"):
            Manifest.read_csv(tmp_path / "none.csv", root=tmp_path)
        (tmp_path / "m.csv").write_bytes(os.urandom(8) + b"\xff\xfe\0")
        with pytest.raises(ManifestError, match="UTF-8"):
            Manifest.read_csv(tmp_path / "m.csv", root=tmp_path)

    def test_a_truncated_manifest_never_reads_as_another_clip(self, tmp_path: Path) -> None:
        clips = [clip(f"{n:03d}", label="Happy", group=f"s{n}", fold=n % 3) for n in range(4)]
        Manifest(clips).write_csv(tmp_path / "m.csv", root=Path())
        whole = (tmp_path / "m.csv").read_bytes()
        read_whole = 0
        for length in range(whole.index(b"\n"), len(whole)):
            (tmp_path / "m.csv").write_bytes(whole[:length])
            try:
                back = Manifest.read_csv(tmp_path / "m.csv", root=Path())
            except ManifestError:
                continue
            read_whole += 1
            assert set(back.clip_ids) <= {c.clip_id for c in clips}
        # only where it ends between two rows, or within the last field, can nobody tell
        assert read_whole <= 3 * len(clips) + 1
