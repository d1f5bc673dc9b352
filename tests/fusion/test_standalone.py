from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw.core.errors import LeakageError, TableError
from emotiw.core.score_table import ScoreTable
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from fusion.standalone import fuse_files
from tests.fusion.made_up import Corpus


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
    for expected in ("5 folds", "10 groups", "interval over groups", "optimism", "not nested"):
        assert expected in text


def test_references_are_compared_with_but_never_fused(files: Path) -> None:
    result = fuse_files(
        [files / "voice.csv"],
        labels=files / "labels.csv",
        groups=files / "groups.csv",
        references=[files / "face.csv"],
    )
    assert result.fuser.names_ == ("voice",)
    assert [other.other for other in result.comparisons] == ["voice", "face"]
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
    assert "line 3: unknown split 'tran'; did you mean 'train'?" in str(caught.value)


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
    assert "adjusted to label frequencies of the test clips" in moved.summary()
    assert "adjusted" not in plain.summary()
    is_test = np.array(moved.table.split) == "test"
    assert moved.table.scores[is_test, 0].mean() > plain.table.scores[is_test, 0].mean() + 0.05
    assert np.array_equal(moved.table.scores[~is_test], plain.table.scores[~is_test])
    estimated = fuse_files([files / "voice.csv"], **arguments, options=FusionOptions(prior="em"))
    assert estimated.test_prior is not None
    assert sum(estimated.test_prior.values()) == pytest.approx(1)
