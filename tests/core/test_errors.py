"""What a user reads when something is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiw.core.errors import ConfigError, EmotiwError, Problems, TableError, suggest

LABELS = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Angy", "Angry"), ("happy", "Happy"), ("Surprised", "Surprise"), ("NEUTRAL", "Neutral")],
)
def test_the_closest_word_is_named(word: str, meant: str) -> None:
    assert suggest(word, LABELS) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("word", ["", "xyz", "contempt-and-more"])
def test_nothing_is_named_where_nothing_is_close(word: str) -> None:
    assert suggest(word, LABELS) == ""


def test_nothing_is_named_where_nothing_is_known() -> None:
    assert suggest("Angry", iter(())) == ""


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=9), st.lists(st.text(min_size=1, max_size=9), max_size=6))
def test_what_is_named_is_always_known(word: str, known: list[str]) -> None:
    hint = suggest(word, known)
    assert hint == "" or hint in {f"; did you mean {name!r}?" for name in known}


@given(st.sampled_from(LABELS), st.data())
def test_one_letter_left_out_is_understood(label: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(label) - 1))
    misspelt = label[:position] + label[position + 1 :]
    assert suggest(misspelt, LABELS) == f"; did you mean {label!r}?"


def test_no_problem_raises_nothing() -> None:
    Problems("a file").raise_if_any(ConfigError)


def test_all_problems_come_at_once_in_order() -> None:
    problems = Problems("labels.csv")
    problems.add("line 2: b")
    problems.add("line 3: a")
    with pytest.raises(TableError) as caught:
        problems.raise_if_any(TableError)
    assert str(caught.value) == "labels.csv: 2 problems\n  - line 2: b\n  - line 3: a"


@pytest.mark.parametrize(("count", "more"), [(3, None), (4, "  … and 1 more")])
def test_a_flood_of_problems_is_counted(count: int, more: str | None) -> None:
    problems = Problems("x", most=3)
    for number in range(count):
        problems.add(f"problem {number}")
    with pytest.raises(ConfigError) as caught:
        problems.raise_if_any(ConfigError)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"x: {count} problems"
    assert lines[1:4] == ["  - problem 0", "  - problem 1", "  - problem 2"]
    assert lines[4:] == ([more] if more else [])


def test_every_error_of_the_project_is_one_that_a_user_can_mend() -> None:
    from emotiw.core import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    named = [kind for kind in kinds if kind.__name__.endswith("Error")]
    assert len(named) >= 9
    assert all(issubclass(kind, EmotiwError) for kind in named)
