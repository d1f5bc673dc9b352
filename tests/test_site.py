"""The site: references leave nothing unexplained, and a link that leads nowhere is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

pytest.importorskip("nbclient", reason="the site runs notebooks")

from benchmarks.jobs import JOBS, counted
from docs import filling
from docs.blocks import blocks_of
from docs.links import wrong_in
from emotiw.cli.app import app
from emotiw.models.registry import MODELS
from emotiw.runs.recipe_settings import RecipeSettings
from features.registry import EXTRACTORS

ROOT = Path(__file__).parents[1]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.split("\n") if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_every_key_of_a_recipe_is_there_and_explained() -> None:
    text = filling.recipe()
    for name in (*EXTRACTORS.names(), *MODELS.names()):
        assert f"\n### {name}\n" in text
    listed = {cells[0].split("`")[1] for cells in rows(text) if "`" in cells[0]}
    for model in (RecipeSettings, *(MODELS.resolve(name).Options for name in MODELS.names())):
        assert set(model.model_fields) <= listed
    assert [cells for cells in rows(text) if len(cells) < 3] == []


def test_every_command_is_there_and_explained() -> None:
    text = filling.commands()
    for name, command in typer.main.get_command(app).commands.items():
        for word in getattr(command, "commands", [""]):
            assert f"# {f'emotiw {name} {word}'.strip()}\n" in text
    assert [cells for cells in rows(text) if len(cells) < 3 and cells[0].startswith("`")] == []


def test_a_docstring_becomes_markdown() -> None:
    assert filling.plain("a ``b`` of :class:`~c.D`") == "a `b` of `c.D`"
    assert filling.table(("a",), [("x|\n y",)]) == "| a |\n| --- |\n| x\\| y |\n"


def test_what_is_wrong_with_a_site_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="top"></h1><a href="b.html#here">b</a>')
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="https://elsewhere.org">may be</a>')
    assert list(wrong_in(tmp_path)) == []
    (tmp_path / "b.html").write_text(
        '<a href="c.html"></a><a href="a.html#none"></a><script src="https://far.org/x.js">'
    )
    (tmp_path / "s.css").write_text("@font-face {src: url(https://far.org/font)}")
    assert list(wrong_in(tmp_path)) == [
        "a.html: no place for b.html#here",
        "b.html: loads https://far.org/x.js",
        "b.html: no file for c.html",
        "b.html: no place for a.html#none",
        "s.css: loads https://far.org/font",
    ]


def test_the_page_of_jobs_counts_the_guides_as_they_are() -> None:
    page = (ROOT / "docs" / "jobs.md").read_text("utf-8")
    for name in JOBS:
        assert f"| {' | '.join(counted(name))} |" in page, "python benchmarks/jobs.py --write"


def test_comments_say_what_is_done_with_a_block(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- with: clips -->\n```{toctree}\nother\n```\n<!-- quicker: a=1 b=2 -->\n"
        "```\nemotiw run x \\\n  --quiet   # said\nemotiw a && emotiw b\n```\n"
        "<!-- not run: no network -->\n```yaml\n# r.yaml\nseed: 1\n```\n"
    )
    first, second = blocks_of(page)
    assert first.commands == ["emotiw run x    --quiet", "emotiw a", "emotiw b"]
    assert (first.given, first.settings, first.why_not) == (("clips",), ("a=1", "b=2"), "")
    assert (second.file, second.commands, second.why_not) == ("r.yaml", [], "no network")
    assert second.settings == ()
