"""Every command that a document shows is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from emotiw.cli.app import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(emotiw [^`]+)`")


def commands_in(text: str) -> list[str]:
    """Return the commands of a document, those of several lines as one, without comments."""
    lines = [
        line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()
    ]
    shown = [line.split(" #")[0].strip() for line in lines if line.startswith("emotiw ")]
    return shown + [found for found in INLINE.findall(text) if "…" not in found]


SHOWN = [(path.name, line) for path in DOCUMENTS for line in commands_in(path.read_text("utf-8"))]


def test_documents_show_commands() -> None:
    assert len(SHOWN) > 40


@pytest.mark.parametrize(("document", "line"), SHOWN)
def test_a_command_that_is_shown_is_there(document: str, line: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands and "find" in command.commands:
            words.insert(0, "find")  # `emotiw faces RECIPE` is `emotiw faces find RECIPE`
        name = words.pop(0)
        assert name in command.commands, f"{document}: {line}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    known |= {option for parameter in command.params for option in parameter.secondary_opts}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{document}: {line}"
