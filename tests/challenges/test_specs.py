from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.challenges.reading import reader_of
from emotiw.challenges.spec import load_spec, spec_names
from emotiw.core.errors import ConfigError

MINIMAL = """\
name: mine
title: Mine
year: 2026
unit: clip
task: classification
labels: [Good, Bad]
layout: {reader: folder}
metric: accuracy
submission: {format: text_files}
sources: [{says: everything, where: here, certainty: assumed}]
"""


@pytest.mark.parametrize("name", spec_names())
def test_every_packaged_spec_is_whole(name: str) -> None:
    spec = load_spec(name)
    assert spec.name == name
    assert spec.sources
    assert reader_of(spec).extensions
    for protocol in spec.folds.values():
        held = [value for fold in protocol.held_out or () for value in fold]
        assert len(held) == len(set(held)), "a speaker is held out twice"


def test_a_spec_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL)
    assert load_spec(path).labels == ("Good", "Bad")
    assert load_spec(str(path)).score_names == ("Good", "Bad")


def test_all_mistakes_of_a_spec_are_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        MINIMAL.replace("title:", "titel:")
        .replace("metric: accuracy", "metric: acuracy")
        .replace("year: 2026", "year: soon")
    )
    with pytest.raises(ConfigError) as caught:
        load_spec(path)
    message = str(caught.value)
    assert "mine.yaml:2: unknown key 'titel'; did you mean 'title'?" in message
    assert "mine.yaml:3: year" in message
    assert "mine.yaml:8: metric" in message
    assert "'accuracy'" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("labels: [Good, Bad]", "labels: [Good, Good]", "'Good' comes 2 times"),
        ("labels: [Good, Bad]", "labels: [Good, GOOD]", "'Good and GOOD' comes 2 times"),
        ("labels: [Good, Bad]", "labels: [Good]", "at least two labels"),
        ("layout:", "codes: {'1': Goood}\nlayout:", "did you mean 'Good'?"),
        ("task: classification", "task: regression", "targets and no labels"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL.replace(old, new))
    with pytest.raises(ConfigError, match=words.replace("?", r"\?")):
        load_spec(path)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="did you mean 'ravdess'"):
        load_spec("ravdes")


def test_a_misspelt_layout_option_is_refused() -> None:
    spec = load_spec("afew2017").with_options({"besides": ["x"]})
    with pytest.raises(ConfigError, match="did you mean 'beside'"):
        reader_of(spec)


def test_a_reader_of_ones_own_needs_no_registration(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL.replace("reader: folder", "reader: 'emotiw.challenges.folder:Folder'"))
    assert reader_of(load_spec(path)).expects().startswith("videos, photographs or recordings")
