"""Does what a page tells its reader to do: block after block, in one folder."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.testing import CliRunner

from docs.blocks import ROOT, Block, blocks_of
from docs.given import GIVEN
from emotiw.cli.app import app
from emotiw.runs.recipe import load_recipe

ENTRY = ROOT / "docs" / "guides" / "challenge_entry.md"
IN_PROCESS = "execution={workers: 1, seconds_per_clip: null, memory_per_clip_gb: null}"
Typed = list[str]


class Walk:
    """A reader with a folder.

    Args:
        folder: empty.
        entry: a folder in which `emotiw run afew.yaml` of the page on entries was done; pages
            with ``entry`` begin with a copy of it.
    """

    def __init__(self, folder: Path, entry: Path | None = None) -> None:
        self.folder, self.entry = folder, entry
        self.has: set[str] = set()
        self.names: dict[str, Any] = {}

    def page(self, page: Path) -> None:
        """Do the whole page; what is a part of a recipe is tried in it at the end."""
        blocks = blocks_of(page)
        with chdir(self.folder):
            for block in blocks:
                self.block(block)
            for block in blocks:
                if block.within:
                    _load_with(Path(block.within), block.text)

    def block(self, block: Block) -> None:
        """Do one block, with what it needs."""
        for name in block.given:
            self.give(name)
        if block.why_not or block.within or block.language in {"text", "tex"}:
            return
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        if block.language == "yaml":
            assert block.file, f"a recipe without a name, or a part of none:\n{block.text}"
            if "challenge:" in block.text:
                load_recipe(block.file)
        elif block.language == "python":
            exec(compile(block.text, "a block of the page", "exec"), self.names)
        else:
            assert not block.language, f"a block of {block.language!r}"
            for command in block.commands:
                typed(command, block.settings, block.status)

    def give(self, name: str) -> None:
        """Put what a page starts from into the folder, once."""
        if name in self.has:
            return
        self.has.add(name)
        if name == "entry":
            assert self.entry is not None
            shutil.copytree(self.entry, self.folder, dirs_exist_ok=True)
        else:
            GIVEN[name](self.folder)


def make_entry(folder: Path) -> Path:
    """Follow the page on entries until its recipe has run; return the folder."""
    walk = Walk(folder)
    with chdir(folder):
        for block in blocks_of(ENTRY):
            if block.file == "afew.yaml":
                walk.block(block)
            else:
                for name in block.given:
                    walk.give(name)
            if any(command.startswith("emotiw run afew.yaml") for command in block.commands):
                typed("emotiw run afew.yaml", block.settings)
                return folder
    raise AssertionError("the page on entries runs no afew.yaml")


def typed(command: str, settings: tuple[str, ...] = (), status: int = 0) -> str:
    """Run a command of `emotiw` as a shell would, in this process; return what it printed.

    Raises:
        AssertionError: if it ends otherwise, with what it said.
    """
    line, _, target = command.partition(" > ")
    words = [name for word in shlex.split(line) for name in _expanded(word)]
    assert words[0] == "emotiw", f"not a command of emotiw: {command}"
    known, words = resolved(words[1:])
    if words[0] == "start" and not {"-y", "--yes"} & set(words):
        words.append("--yes")  # what the reader answers
    if "--set" in known and not any(word.startswith("--scores") for word in words):
        named = {setting.partition("=")[0].partition(".")[0] for setting in settings}
        words += [each for s in (*settings, *_in_process(words, named)) for each in ("--set", s)]
    if "--workers" in known and "--workers" not in words:
        words += ["--workers", "1"]
    result = CliRunner().invoke(app, words, input="y\n", env={"COLUMNS": "100"})
    said = f"{command}\n{result.output}\n{result.exception!r}"
    assert result.exit_code == status, said
    if target:
        Path(target.strip()).write_text(result.stdout, encoding="utf-8")
    return result.output


def _in_process(words: Typed, named: set[str]) -> list[str]:
    takes_execution = words[0] != "predict" and words[:2] != ["faces", "show"]
    return [IN_PROCESS] if takes_execution and "execution" not in named else []


def _expanded(word: str) -> Typed:
    word = os.path.expandvars(word)
    return sorted(map(str, Path().glob(word))) or [word] if "*" in word else [word]


def resolved(words: Typed) -> tuple[set[str], Typed]:
    """Return the options that a command has, and its words with the names of all commands.

    Raises:
        AssertionError: if there is no such command, or it has no such option.
    """
    command, rest, path = typer.main.get_command(app), list(words), []
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        if rest[0] not in command.commands and "find" in command.commands:
            rest.insert(0, "find")  # `emotiw faces RECIPE` is `emotiw faces find RECIPE`
        path.append(rest.pop(0))
        assert path[-1] in command.commands, f"no command {' '.join(path)}"
        command = command.commands[path[-1]]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for word in rest:
        if word.startswith("--"):
            assert word.partition("=")[0] in known | {"--help"}, f"{' '.join(path)} has no {word}"
    return known, [*path, *rest]


def _load_with(recipe: Path, text: str) -> None:
    """Read a recipe with a part of it from elsewhere, each key of it added or put over."""
    merged = recipe.with_name(f"with_{recipe.name}")
    data = dict(_merged(yaml.safe_load(recipe.read_text("utf-8")), yaml.safe_load(text)))
    merged.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    load_recipe(merged)


def _merged(under: Any, over: Any) -> Iterator[tuple[str, Any]]:
    for key in {**under, **over}:
        both = isinstance(under.get(key), dict) and isinstance(over.get(key), dict)
        yield key, dict(_merged(under[key], over[key])) if both else over.get(key, under.get(key))
