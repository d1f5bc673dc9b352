"""Every block of README and of the pages does what it says, in order, in a folder of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from docs.blocks import PAGES, ROOT, blocks_of
from docs.walk import Walk, make_entry, resolved

INLINE = re.compile(r"`(emotiw [^`]+)`")
NAMED = [str(page.relative_to(ROOT)) for page in PAGES]
DOCUMENTS = [*PAGES, ROOT / "CONTRIBUTING.md"]
SHOWN = [
    (page.name, command)
    for page in DOCUMENTS
    for command in (
        *(command for block in blocks_of(page) for command in block.commands),
        *(found for found in INLINE.findall(page.read_text("utf-8")) if "…" not in found),
    )
    if command.startswith("emotiw ")
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_entry(tmp_path_factory.mktemp("entry"))


@pytest.mark.parametrize("name", NAMED)
def test_a_page_does_what_it_says(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    blocks = blocks_of(ROOT / name)
    if not any(not block.why_not for block in blocks):
        pytest.skip("nothing to execute")
    needs_entry = any("entry" in block.given for block in blocks)
    Walk(tmp_path, request.getfixturevalue("entry") if needs_entry else None).page(ROOT / name)


def test_documents_show_commands() -> None:
    assert len(SHOWN) > 40


@pytest.mark.parametrize(("document", "line"), SHOWN)
def test_a_command_that_is_shown_is_there(document: str, line: str) -> None:
    resolved(shlex.split(line.partition(" > ")[0])[1:])


def test_what_is_not_run_is_at_least_well_formed() -> None:
    for page in DOCUMENTS:
        for block in blocks_of(page):
            if block.language == "python":
                compile(block.text, str(page), "exec")
            if block.language == "yaml":
                assert isinstance(yaml.safe_load(block.text), dict)
