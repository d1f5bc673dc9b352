"""The blocks of a page: what a reader types, and what a comment above each says of it.

Comments, each of its own line, that a reader of the site doesn't see:

- ``<!-- with: NAME… -->``: the page's folder holds this (`docs/given.py`), from here on
- ``<!-- quicker: KEY=VALUE… -->``: settings by which the next block's commands take seconds
- ``<!-- within: FILE -->``: the next block stands in that recipe, beside what it has
- ``<!-- ends with: STATUS, WHY -->``: so does each command of the next block, not with 0
- ``<!-- not run: WHY -->``: the next block is checked, and not executed
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
FOUND = re.compile(
    r"^<!-- (?P<kind>with|ends with|quicker|within|not run): (?P<said>.*?) -->$"
    r"|^```(?P<language>[^\n`]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FILE = re.compile(r"# (\S+\.(?:ya?ml|py))\n")


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes:
        language: of the text: empty for commands.
        text: as it stands.
        given: what the page's folder has to hold.
        settings: by which its commands are quick.
        within: the recipe that it is a part of.
        why_not: the reason for which it is not executed.
        status: with which its commands end.
    """

    language: str
    text: str
    given: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    within: str = ""
    why_not: str = ""
    status: int = 0

    @property
    def file(self) -> str:
        """The file that it is to be written into, by its first line; or nothing."""
        named = FILE.match(self.text)
        return named[1] if named else ""

    @property
    def commands(self) -> list[str]:
        """Its commands, those of several lines as one, without comments."""
        if self.language:
            return []
        lines = (line.split(" #")[0].strip() for line in self.text.replace("\\\n", " ").split("\n"))
        return [command for line in lines if line for command in line.split(" && ")]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    blocks, given, said = [], (), {}
    for found in FOUND.finditer(page.read_text(encoding="utf-8")):
        if found["kind"] == "with":
            given = tuple(found["said"].split())
        elif found["kind"]:
            said[found["kind"]] = found["said"]
        elif not found["language"].startswith("{"):
            blocks.append(
                Block(
                    language=found["language"],
                    text=found["text"],
                    given=given,
                    settings=tuple(said.get("quicker", "").split()),
                    within=said.get("within", ""),
                    why_not=said.get("not run", ""),
                    status=int(said.get("ends with", "0").partition(",")[0]),
                )
            )
            said = {}
    return blocks
