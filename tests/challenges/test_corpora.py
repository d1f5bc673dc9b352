"""Several corpora as one challenge: shared labels by name, speakers and splits kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.challenges import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import ManifestError
from emotiw.runs.recipe import load_recipe

EMODB = ("emodb/wav/03a01Fa.wav", "emodb/wav/16b10Wb.wav", "emodb/wav/16b10Lb.wav")
RAVDESS = tuple(
    f"ravdess/Actor_03/03-01-{code}-01-01-01-03.wav" for code in ("02", "03", "05", "07")
)


def make(root: Path) -> None:
    for name in (*EMODB, *RAVDESS):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (root / "elsewhere.txt").write_text("of nobody's interest")


def test_one_corpus_trains_and_another_is_judged_by_the_labels_that_both_have(
    tmp_path: Path,
) -> None:
    make(tmp_path)
    cohort, warnings, left_out = read_challenge(load_spec("four_emotions"), tmp_path)
    assert [(c.clip_id, c.split, c.label, c.group, c.corpus) for c in cohort.answered()] == [
        ("03-01-02-01-01-01-03", "test", "neutral", "ravdess 03", "ravdess"),  # said to be calm
        ("03-01-03-01-01-01-03", "test", "happy", "ravdess 03", "ravdess"),
        ("03-01-05-01-01-01-03", "test", "angry", "ravdess 03", "ravdess"),
        ("03a01Fa", "train", "happy", "emodb 03", "emodb"),  # another speaker than actor 03
        ("16b10Wb", "train", "angry", "emodb 16", "emodb"),
    ]
    assert all(clip.fold is None for clip in cohort)  # they are published for one corpus
    assert {each.status for each in left_out} == {"missing"}
    assert len(left_out) == 2
    assert "emodb: train: 3 clips, 535 were published" in warnings
    assert "1 clips left out: labelled 'boredom'" in warnings
    assert not any("no media" in warning for warning in warnings)


def test_a_recipe_says_which_corpus_trains(tmp_path: Path) -> None:
    make(tmp_path)
    recipe = load_recipe("ravdess_to_emodb", [f"data.root={tmp_path}"])
    cohort, _, _ = read_challenge(recipe.spec, tmp_path)
    assert {(clip.corpus, clip.split) for clip in cohort} == {
        ("ravdess", "train"),
        ("emodb", "test"),
    }


def test_labels_that_nobody_translates_are_named(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "mine.yaml").write_text("extends: four_emotions\nignored_codes: [disgust]\n")
    with pytest.raises(ManifestError, match=r"16b10Lb\.wav: unknown label 'boredom'"):
        read_challenge(load_spec(tmp_path / "mine.yaml"), tmp_path)


def test_a_corpus_may_lie_elsewhere_and_be_called_otherwise(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "emodb").rename(tmp_path / "berlin")
    corpora = {"german": {"challenge": "emodb", "folder": "berlin", "split": "val"}}
    spec = load_spec("four_emotions").with_options({"corpora": corpora})
    cohort, _, _ = read_challenge(spec, tmp_path)
    assert {(clip.group, clip.split) for clip in cohort} == {
        ("german 03", "val"),
        ("german 16", "val"),
    }
