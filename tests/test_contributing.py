"""What CONTRIBUTING.md shows is written into files as it stands, and does what it says."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiw import check_part
from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.errors import PartError

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```\w+\n# (\S+\.(?:py|yaml))\n(.*?)```", TEXT, flags=re.DOTALL))
PARTS = [
    ("loudness.py", "Loudness"),
    ("nearest.py", "Nearest"),
    ("middle.py", "Middle"),
    ("middle.py", "Flattened"),
    ("waver.py", "Waver"),
    ("worst_class.py", "WORST"),
    ("tiny.py", "build"),
]
MOST_LINES = 22  # imports and options included, empty lines not


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that the page shows."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in BLOCKS:
        sys.modules.pop(name.partition(".")[0], None)


def test_every_file_of_the_page_is_tried_out() -> None:
    assert set(BLOCKS) == {name for name, _ in PARTS} | {"mine.yaml"}


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_a_part_that_is_shown_keeps_its_contract(name: str, part: str, beside: Path) -> None:
    assert len(BLOCKS[name].split("\n")) - BLOCKS[name].count("\n\n") <= MOST_LINES
    check_part(getattr(importlib.import_module(name.partition(".")[0]), part))


def test_a_part_that_breaks_its_contract_is_told(beside: Path) -> None:
    broken = (
        (beside / "middle.py")
        .read_text(encoding="utf-8")
        .replace("middle / middle.sum(1, keepdims=True)", "2 * middle")
    )
    (beside / "broken_middle.py").write_text(broken, encoding="utf-8")
    with pytest.raises(PartError, match="sum to 1"):
        check_part(importlib.import_module("broken_middle").Middle)


def test_the_challenge_that_is_shown_reads_a_folder(beside: Path) -> None:
    for place in ("Train/Calm/a.mp4", "Val/Tense/b.mp4", "Test/c.mp4"):
        path = beside / "data" / place
        path.parent.mkdir(parents=True)
        path.write_bytes(place.encode())
    spec = load_spec(str(beside / "mine.yaml"))
    cohort, *_ = read_challenge(spec, beside / "data")
    assert {c.clip_id: (c.split, c.label) for c in cohort} == {
        "a": ("train", "Calm"),
        "b": ("val", "Tense"),
        "c": ("test", None),
    }
