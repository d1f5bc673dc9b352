"""YAML of a stranger costs no more than its own size, and every refusal names its line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from emotiw.core.config import MOST_BYTES, Document, override, read_document
from emotiw.core.errors import ConfigError
from emotiw.core.yaml_text import MOST_LEVELS, load

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "aliases that expand to more than 100000 values(.|\n)*line 6"),
        (BOMB.replace("a11:", "? *a10\n:"), "more than 100000 values"),
        ("a: &a [*a]", "holds itself(.|\n)*line 1"),
        ("x: 1\ndata: &d {root: x, more: *d}", "holds itself(.|\n)*line 2"),
        ("a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)), "levels"),
        (nested(1500), f"more than {MOST_LEVELS} levels"),
        (nested(MOST_LEVELS + 1), f"more than {MOST_LEVELS} levels"),
        ("a: 1\nb: !!timestamp 2020-13-45", "no timestamp(.|\n)*line 2"),
        ("a: 1\nb: !!timestamp soon", "no timestamp(.|\n)*line 2"),
        ("seed: " + "9" * 5000, "more than 4000 digits(.|\n)*line 1"),
        ("seed: 1" + ":59" * 5000, "more than 4000 digits"),
        ("seed: !!bool often", "'often' is no bool"),
        ("x: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    begin = time.perf_counter()
    with pytest.raises(ConfigError, match=message):
        read_document(path)
    assert time.perf_counter() - begin < 5
    with pytest.raises(yaml.YAMLError):
        load(text)


def test_dates_are_text_and_aliases_are_welcome() -> None:
    assert load("{a: 2020-01-01, b: 2020-13-45}") == {"a": "2020-01-01", "b": "2020-13-45"}
    assert load("base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}")["more"] == {"x": 1, "y": 3}
    assert load(nested(MOST_LEVELS))
    assert load("") is None


def test_a_merged_key_may_be_given_anew(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\n")
    read = read_document(path)
    assert read.data["more"] == {"x": 1, "y": 3}
    assert read.place(("more", "y")) == f"{path}:4"


def test_a_setting_is_read_within_the_same_bounds() -> None:
    nothing = Document("x", {})
    with pytest.raises(ConfigError, match=r"a=.*not valid YAML.*holds itself"):
        override(nothing, ["a=&a [*a]"])
    assert override(nothing, ["name=2020-13-45"]).data == {"name": "2020-13-45"}


def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero"), tmp_path):
        with pytest.raises(ConfigError, match="not a regular file"):
            read_document(path)
    large = tmp_path / "large.yaml"
    large.write_bytes(b"")
    os.truncate(large, MOST_BYTES + 1)
    with pytest.raises(ConfigError, match="1,048,577 bytes of settings; 1,048,576 are"):
        read_document(large)
