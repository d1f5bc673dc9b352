from __future__ import annotations

from pathlib import Path

import pytest

from configs import speech_corpora
from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.spec import load_spec
from tests.challenges.layouts import LAYOUTS
from tests.challenges.step_layouts import STEP_LAYOUTS, STEP_ROWS

EVERY = {**LAYOUTS, **STEP_LAYOUTS}


@pytest.mark.parametrize("name", EVERY)
def test_a_corpus_is_read_by_its_name(name: str, tmp_path: Path) -> None:
    layout, spec = EVERY[name], load_spec(name)
    layout.make(tmp_path / layout.inside)
    cohort, warnings, refused = read_challenge(spec, tmp_path)
    answers = cohort.answer_key()
    found = {c.clip_id: (c.split, answers.get(c.clip_id), c.group) for c in cohort}
    assert found == layout.found
    assert all("none of the challenge's labels" in each.reason for each in refused)
    assert not [warning for warning in warnings if "don't fit" in warning]
    assert all(clip.path.is_file() for clip in cohort)
    rows = submission_ids(spec, tmp_path, cohort)
    asked = STEP_ROWS.get(name, [c for c, f in found.items() if f[0] == "test"])
    assert set(rows) == set(asked)
    assert {row.clip_id for row in cohort.rows.select("test")} == set(asked)


def test_25_names_are_new() -> None:
    assert len(EVERY) >= 25


@pytest.mark.parametrize("corpus", speech_corpora.CORPORA, ids=lambda corpus: corpus.name)
def test_specs_of_speech_corpora_are_those_of_the_script(
    corpus: speech_corpora.Corpus,
) -> None:
    path = speech_corpora.SPECS / f"{corpus.name}.yaml"
    assert path.read_text(encoding="utf-8") == speech_corpora.spec_of(corpus)


def test_iemocap_is_held_out_by_session_or_by_speaker(tmp_path: Path) -> None:
    LAYOUTS["iemocap"].make(tmp_path)
    spec = load_spec("iemocap")
    by_session, *_ = read_challenge(spec, tmp_path)
    assert [clip.fold for clip in by_session] == [0, 1]
    by_speaker, *_ = read_challenge(spec.with_options({"protocol": "loso"}), tmp_path)
    assert {clip.extra["speaker"]: clip.fold for clip in by_speaker} == {"01F": 0, "02M": 1}


def test_another_dimension_of_perception_is_an_option(tmp_path: Path) -> None:
    LAYOUTS["muse2024_perception"].make(tmp_path)
    spec = load_spec("muse2024_perception").with_options({"targets": {"perception": "warm"}})
    cohort, *_ = read_challenge(spec, tmp_path)
    assert [clip.target for clip in cohort.select("train")] == [0.5]


def test_targets_of_a_podcast_are_kept(tmp_path: Path) -> None:
    LAYOUTS["is2025_attributes"].make(tmp_path)
    cohort, *_ = read_challenge(load_spec("is2025_attributes"), tmp_path)
    assert cohort["MSP-PODCAST_0001_0008"].answers == (3.2, 4.5, 3.8)
