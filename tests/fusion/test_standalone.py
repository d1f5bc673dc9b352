from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emotiw.core.errors import ConfigError, LeakageError, TableError
from emotiw.core.imported_scores import TrainedOn
from emotiw.core.notices import EmotiwWarning, heard_by
from emotiw.core.score_table import ScoreTable
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from fusion.result import FusionResult
from fusion.standalone import fuse_files
from tests.fusion.made_up import Corpus, with_other_splits


@pytest.fixture
def files(corpus: Corpus, tmp_path: Path) -> Path:
    """Plain CSVs as any script might write them: shuffled rows and columns, other words."""
    rng = np.random.default_rng(0)
    for name, table in corpus.tables.items():
        frame = pd.DataFrame(table.scores, columns=["anger", "happiness", "sadness"])
        frame["clip_id"] = table.clip_ids
        frame.sample(frac=1, random_state=1).to_csv(tmp_path / f"{name}.csv", index=False)
    ids = rng.permutation(list(corpus.answers))
    pd.DataFrame(
        {
            "label": [corpus.answers[c] for c in ids],
            "clip_id": ids,
            "fold": [corpus.folds[c] for c in ids],
        }
    ).to_csv(tmp_path / "labels.csv", index=False)
    pd.DataFrame({"clip_id": ids, "group": [corpus.groups[c] for c in ids]}).to_csv(
        tmp_path / "groups.csv", index=False
    )
    return tmp_path


def test_plain_files_give_the_same_fusion_as_tables(corpus: Corpus, files: Path) -> None:
    result = fuse_files(
        [files / "voice.csv", files / "face.csv"],
        labels=files / "labels.csv",
        groups=files / "groups.csv",
        out=files / "out",
    )
    assert result.table.labels == ("anger", "happiness", "sadness")
    assert result.n_groups == 10
    again = ScoreTable.read_csv(files / "out" / "fused.csv")
    assert np.allclose(again.aligned_to(result.table.clip_ids), result.table.scores, atol=1e-8)
    fusion = LateFusion.from_yaml(files / "out" / "fusion.yaml")
    assert fusion.names_ == ("face", "voice")
    text = (files / "out" / "summary.txt").read_text(encoding="utf-8")
    for expected in ("5 folds", "10 groups", "intervals over groups", "optimism", "not nested"):
        assert expected in text
    assert "speakers are unknown" not in text


def test_clips_that_a_modality_has_no_scores_of_are_counted(files: Path) -> None:
    voice = pd.read_csv(files / "voice.csv")
    voice.iloc[:-7].to_csv(files / "voice.csv", index=False)
    found = fuse_files(
        [files / "voice.csv", files / "face.csv"],
        labels=files / "labels.csv",
        groups=files / "groups.csv",
    )
    n = found.n_clips
    assert f"voice has no scores of 7 of {n} clips: they count as wrong" in found.summary()
    assert "face has no scores" not in found.summary()
    assert str(found.comparisons[0].theirs).endswith(f"n = {n}, {n - 7} scored")


def test_references_are_compared_with_but_never_fused(files: Path) -> None:
    result = fuse_files(
        [files / "voice.csv"],
        labels=files / "labels.csv",
        groups=files / "groups.csv",
        references=[files / "face.csv"],
    )
    assert result.fuser.names_ == ("voice",)
    assert [other.theirs.name for other in result.comparisons] == ["voice", "face"]
    assert "face" in result.summary()


def test_scores_of_unknown_models_are_refused_with_the_way_out(files: Path) -> None:
    labels = pd.read_csv(files / "labels.csv").drop(columns="fold")
    labels.to_csv(files / "labels.csv", index=False)
    scores, options = [files / "voice.csv"], FusionOptions(method="mean")
    with pytest.raises(LeakageError, match=r"a column 'fold' in labels.csv"):
        fuse_files(scores, labels=files / "labels.csv", options=options)
    result = fuse_files(
        scores, labels=files / "labels.csv", options=options, trained_on="other data"
    )
    assert result.n_groups == 300  # every clip stands for itself
    assert "speakers are unknown: copies of one voice or face may be on both" in result.summary()
    assert "over groups" not in result.summary()
    assert result.is_nested


def test_clips_without_a_label_are_test_clips(corpus: Corpus, files: Path) -> None:
    labels = pd.read_csv(files / "labels.csv", dtype=str)
    labels[labels["fold"] != "4"].to_csv(files / "labels.csv", index=False)
    result = fuse_files(
        [files / "voice.csv"], labels=files / "labels.csv", groups=files / "groups.csv"
    )
    assert result.n_clips == 240
    splits = dict(zip(result.table.clip_ids, result.table.split, strict=True))
    assert {splits[c] for c, fold in corpus.folds.items() if fold == 4} == {"test"}


def test_everything_wrong_with_labels_is_told_at_once(files: Path) -> None:
    text = "clip_id,label,split,fold\nclip0001,Hapiness,train,x\nclip0002,Sad,tran,1\n"
    (files / "labels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        fuse_files([files / "voice.csv"], labels=files / "labels.csv")
    assert "line 2: unknown label 'Hapiness'; did you mean 'happiness'?" in str(caught.value)
    assert "line 2: fold 'x'" in str(caught.value)
    assert "line 3: clip 'clip0002': unknown split 'tran'; did you mean 'train'?" in str(
        caught.value
    )


def test_what_is_wrong_is_placed_where_an_editor_shows_it(files: Path) -> None:
    (files / "labels.csv").write_text(
        "clip_id,label,note\n"  # 1
        "\n"  # 2
        'clip0000,anger,"two\nlines"\n'  # 3, 4
        "\n"  # 5
        "clip0001,oops,\n"  # 6
    )
    with pytest.raises(TableError) as caught:
        fuse_files([files / "voice.csv"], labels=files / "labels.csv")
    expected = f"{files / 'labels.csv'}: 1 problem\n  - line 6: unknown label 'oops'"
    assert str(caught.value) == expected
    (files / "labels.csv").write_text("clip_id,label\nclip0000,anger\nclip0001,sadness\n")
    (files / "bad.csv").write_text(
        "clip_id,anger,sadness\n"  # 1
        "\n\n"  # 2, 3
        "clip0000,1,0\n"  # 4
        "\n"  # 5
        "clip0001,0,oops\n"  # 6
    )
    with pytest.raises(TableError) as caught:
        fuse_files([files / "bad.csv"], labels=files / "labels.csv")
    expected = f"{files / 'bad.csv'}: 1 problem\n  - line 6: sadness 'oops' is not a number"
    assert str(caught.value) == expected


class TestOwnRecord:
    """Scores of the toolkit itself, which say in a JSON what their models have seen."""

    @pytest.fixture
    def own(self, corpus: Corpus, tmp_path: Path) -> Corpus:
        made = with_other_splits(corpus)
        for name, table in made.tables.items():
            table.write_csv(tmp_path / f"{name}.csv")
        known = [clip_id for clip_id, g in made.groups.items() if g != "speaker9"]
        self.frame = pd.DataFrame(
            {
                "clip_id": known,
                "label": [made.answers[c] for c in known],
                "group": [made.groups[c] for c in known],
            }
        )
        self.frame.to_csv(tmp_path / "labels.csv", index=False)
        return made

    def test_clips_stay_in_the_split_that_the_scores_have_them_in(
        self, own: Corpus, tmp_path: Path
    ) -> None:
        """As training clips, those of validation would have been seen by their models."""
        scores = [tmp_path / "voice.csv", tmp_path / "face.csv"]
        result = fuse_files(scores, labels=tmp_path / "labels.csv")
        splits = dict(zip(result.table.clip_ids, result.table.split, strict=True))
        assert {c.clip_id: c.split for c in result.cohort} == splits
        expected = fuse(own.tables, own.unfolded)
        assert result.cross_fitted == expected.cross_fitted
        assert result.modalities == expected.modalities
        val = [c for c, split in splits.items() if split == "val"]
        right = [own.tables["voice"].predictions()[c] == own.answers[c] for c in val]
        assert result.modalities["voice"]["accuracy"] == pytest.approx(np.mean(right))

    def test_clips_in_another_split_are_told(self, own: Corpus, tmp_path: Path) -> None:
        self.frame.assign(split="train").to_csv(tmp_path / "labels.csv", index=False)
        with pytest.raises(TableError) as caught:
            fuse_files([tmp_path / "voice.csv"], labels=tmp_path / "labels.csv")
        assert "scores of 'voice' have clips in other splits: 30 problems" in str(caught.value)
        assert "is in val, among the clips in train" in str(caught.value)


def test_clip_ids_need_not_be_names_of_files(tmp_path: Path) -> None:
    ids = [f"Train/{n % 3}/{n}.mp4" for n in range(30)]
    words = [("anger", "happiness")[n % 2] for n in range(30)]
    pd.DataFrame({"clip_id": ids, "label": words}).to_csv(tmp_path / "labels.csv", index=False)
    scores = {word: [0.9 if own == word else 0.1 for own in words] for word in words[:2]}
    pd.DataFrame({"clip_id": ids, **scores}).to_csv(tmp_path / "voice.csv", index=False)
    result = fuse_files(
        [tmp_path / "voice.csv"], labels=tmp_path / "labels.csv", trained_on="other data"
    )
    assert result.cross_fitted["accuracy"] == 1.0


def test_two_files_of_one_name_are_refused(files: Path) -> None:
    with pytest.raises(TableError, match="more than one file is called 'voice'"):
        fuse_files(
            [files / "voice.csv", files / "again" / "voice.csv"], labels=files / "labels.csv"
        )


def test_the_prior_of_test_clips_is_marked(corpus: Corpus, files: Path) -> None:
    labels = pd.read_csv(files / "labels.csv", dtype=str)
    labels[labels["fold"] != "4"].to_csv(files / "labels.csv", index=False)
    arguments = {"labels": files / "labels.csv", "groups": files / "groups.csv"}
    plain = fuse_files([files / "voice.csv"], **arguments)
    prior = {"anger": 8, "happiness": 1, "sadness": 1}
    options = FusionOptions(prior="declared", prior_weights=prior)
    moved = fuse_files([files / "voice.csv"], **arguments, options=options)
    assert "adjusted to their own label frequencies" in moved.summary()
    assert "adjusted" not in plain.summary()
    is_test = np.array(moved.table.split) == "test"
    assert moved.table.scores[is_test, 0].mean() > plain.table.scores[is_test, 0].mean() + 0.05
    assert np.array_equal(moved.table.scores[~is_test], plain.table.scores[~is_test])
    estimated = fuse_files([files / "voice.csv"], **arguments, options=FusionOptions(prior="em"))
    assert estimated.test_prior is not None
    assert sum(estimated.test_prior.values()) == pytest.approx(1)
    told = ("the labels that all test clips together seem to have",)
    assert estimated.table.adapted_for("test") == told
    assert estimated.table.adapted_for("train") == estimated.table.adapted_for("val") == ()


class TestOtherTables:
    """Scores as people have them: what can be understood is, all else is told by its file."""

    @pytest.fixture
    def fused(self, files: Path) -> Callable[..., FusionResult]:
        def fuse_with(change: Callable[[pd.DataFrame], object], **more: object) -> FusionResult:
            frame = pd.read_csv(files / "voice.csv", dtype={"clip_id": str})
            changed = change(frame)
            frame = changed if isinstance(changed, pd.DataFrame) else frame
            frame.to_csv(files / "voice.csv", index=False)
            scores = [files / "voice.csv", files / "face.csv"]
            labels, groups = files / "labels.csv", files / "groups.csv"
            return fuse_files(scores, labels=labels, groups=groups, **more)  # type: ignore[arg-type]

        return fuse_with

    def test_an_ensemble_with_negative_weights_is_no_logits(
        self, corpus: Corpus, fused: Callable[..., FusionResult]
    ) -> None:
        names = ["anger", "happiness", "sadness"]

        def sharper(frame: pd.DataFrame) -> None:
            frame[names] = 2.5 * frame[names] - 0.5  # rows still sum to 1

        heard: list[str] = []
        with heard_by(heard.append):
            result = fused(sharper)
        table, before = result.tables["voice"], corpus.tables["voice"]
        assert table.predictions() == {  # nothing but names has changed
            c: names[before.labels.index(str(label))] for c, label in before.predictions().items()
        }
        assert "read as as is, because rows sum to 1" in " ".join(heard)

    def test_rows_of_zeros_are_missing(self, fused: Callable[..., FusionResult]) -> None:
        def faceless(frame: pd.DataFrame) -> None:
            frame.iloc[:7, frame.columns != "clip_id"] = 0

        with pytest.warns(EmotiwWarning, match="rows of zeros alone count as missing: 7"):
            result = fused(faceless)
        assert int((~result.tables["voice"].present).sum()) == 7

    def test_ids_in_another_spelling_are_no_new_test_clips(
        self, fused: Callable[..., FusionResult]
    ) -> None:
        with pytest.raises(TableError, match=r"voice\.csv: 300 of 300 .*without their extension"):
            fused(lambda frame: frame.assign(clip_id=frame["clip_id"] + ".mp4"))

    def test_wrong_columns_blame_their_own_file(self, fused: Callable[..., FusionResult]) -> None:
        with pytest.raises(TableError, match=r"voice\.csv: no column for label .*labels\.csv"):
            fused(lambda frame: frame.rename(columns={"anger": "0", "happiness": "1"}))

    def test_every_file_may_be_of_another_kind(self, fused: Callable[..., FusionResult]) -> None:
        def percent(frame: pd.DataFrame) -> None:
            frame.iloc[:, frame.columns != "clip_id"] *= 100

        result = fused(percent, kind={"voice": "probabilities"})
        assert np.allclose(result.tables["voice"].scores.sum(axis=1), 1)
        with pytest.raises(ConfigError, match="no scores called 'vioce'; did you mean 'voice'"):
            fused(lambda frame: None, kind={"vioce": "logits"})

    def test_tables_of_other_programs(self, files: Path) -> None:
        frame = pd.read_csv(files / "voice.csv", dtype={"clip_id": str})
        labels, groups = files / "labels.csv", files / "groups.csv"
        plain = fuse_files([files / "voice.csv"], labels=labels, groups=groups)
        for style in ({"sep": ";", "decimal": ","}, {"sep": "\t", "encoding": "utf-16"}):
            frame.to_csv(files / "voice.csv", index=False, **style)  # type: ignore[call-overload]
            again = fuse_files([files / "voice.csv"], labels=labels, groups=groups)
            assert np.allclose(again.table.scores, plain.table.scores)


@pytest.mark.parametrize("options", [{"method": "fixed", "weights": {"voice": 2, "face": 1}},
                                     {"method": "mean"}])  # fmt: skip
@pytest.mark.parametrize(("trained_on", "word"), [("unknown", "unknown"), ("train", "in sample")])
def test_what_learns_nothing_can_leak_nothing(
    files: Path, options: Mapping[str, object], trained_on: TrainedOn, word: str
) -> None:
    labels = pd.read_csv(files / "labels.csv").drop(columns="fold")
    labels.to_csv(files / "labels.csv", index=False)
    scores, groups = [files / "voice.csv", files / "face.csv"], files / "groups.csv"
    about: dict[str, Any] = {"labels": files / "labels.csv", "groups": groups}
    about |= {"trained_on": trained_on}
    result = fuse_files(
        scores, options=FusionOptions.model_validate({**options, "calibration": "none"}), **about
    )
    assert {one.provenance for one in result.results} == {trained_on.replace("train", "seen")}
    text = result.summary()
    assert word in text
    assert "out of fold" not in text
    assert result.is_nested
    with pytest.raises(LeakageError):
        fuse_files(scores, options=FusionOptions.model_validate(options), **about)
