"""A part of the page is a line, a function and a template: none of them is left alone."""

from __future__ import annotations

from importlib.resources import files

import pytest

from emotiw.analysis.report.sections import SECTIONS, SIDE_BY_SIDE

TEMPLATES = files("emotiw.analysis.report").joinpath("templates/sections")
EVERY = {section.name: section for section in (*SECTIONS, *SIDE_BY_SIDE)}


@pytest.mark.parametrize("name", EVERY)
def test_a_section_is_named_as_its_template_and_anchor(name: str) -> None:
    text = TEMPLATES.joinpath(f"{name}.html.j2").read_text(encoding="utf-8")
    assert f'<section id="{name}" aria-labelledby="h-{name}">' in text
    assert f'<h2 id="h-{name}">' in text
    assert text.count("<section") == text.count("</section>") == 1


def test_no_template_is_without_a_section() -> None:
    assert {file.name.split(".")[0] for file in TEMPLATES.iterdir()} == set(EVERY)


def test_what_next_comes_first_and_anchors_are_unique() -> None:
    assert SECTIONS[0].name == "next_steps"
    for page in (SECTIONS, SIDE_BY_SIDE):
        names = [section.name for section in page]
        assert len(set(names)) == len(names)
