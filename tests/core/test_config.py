"""Settings are read strictly, and every problem says where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from emotiw.core.config import Document, Strict, override, packaged, read_document, validated
from emotiw.core.errors import ConfigError
from emotiw.runs.recipe import load_recipe


class Network(Strict):
    layers: int = Field(1, ge=1)
    dropout: float = 0.0


class Entry(Strict):
    name: str
    network: Network = Network()
    networks: dict[str, Network] | None = None


class Recipe(Strict):
    seed: int = 0
    first: Entry | None = None
    entries: tuple[Entry, ...] = ()
    by_name: dict[str, Entry] | None = None


def document(tmp_path: Path, text: str) -> Document:
    (tmp_path / "recipe.yaml").write_text(text)
    return read_document(tmp_path / "recipe.yaml")


def problems_of(tmp_path: Path, text: str) -> list[str]:
    read = document(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        validated(Recipe, read.data, document=read)
    where = str(tmp_path / "recipe.yaml")
    first, *lines = str(caught.value).splitlines()
    assert first.startswith(f"{where}: {len(lines)} problem")
    return [line.removeprefix(f"  - {where}") for line in lines]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    read = document(tmp_path, "seed: 3\nfirst: {name: audio}\nentries:\n- name: '007'\n")
    recipe = validated(Recipe, read.data, document=read)
    assert recipe == Recipe(seed=3, first=Entry(name="audio"), entries=(Entry(name="007"),))
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 4  # type: ignore[misc]


def test_every_key_knows_its_line(tmp_path: Path) -> None:
    read = document(tmp_path, "# a comment\nseed: 1\n\nentries:\n  - name: a\n  - name: b\n")
    assert read.lines == {
        ("seed",): 2,
        ("entries",): 4,
        ("entries", 0): 5,
        ("entries", 0, "name"): 5,
        ("entries", 1): 6,
        ("entries", 1, "name"): 6,
    }
    assert read.place(("entries", 1, "network", "layers")) == f"{read.where}:6"
    assert read.place(("nowhere",)) == read.where
    assert read.place(()) == read.where


def test_all_problems_come_at_once_with_lines_and_suggestions(tmp_path: Path) -> None:
    text = (
        "sede: 1\n"  # 1
        "first:\n"  # 2
        "  nam: audio\n"  # 3
        "entries:\n"  # 4
        "  - name: a\n"  # 5
        "    network: {layers: 0}\n"  # 6
        "by_name:\n"  # 7
        "  video:\n"  # 8
        "    name: v\n"  # 9
        "    network:\n"  # 10
        "      droput: 0.5\n"  # 11
        "    networks: {deep: {layer: 3}}\n"  # 12
    )
    found = sorted(problems_of(tmp_path, text))
    assert found == sorted(
        [
            ":1: unknown key 'sede'; did you mean 'seed'? (known: seed, first, entries, by_name)",
            ":2: 'first.name' is needed",
            ":3: unknown key 'first.nam'; did you mean 'name'? (known: name, network, networks)",
            ":6: entries.0.network.layers: Input should be greater than or equal to 1, got 0",
            ":11: unknown key 'by_name.video.network.droput'; did you mean 'dropout'? "
            "(known: layers, dropout)",
            ":12: unknown key 'by_name.video.networks.deep.layer'; did you mean 'layers'? "
            "(known: layers, dropout)",
        ]
    )


def test_what_is_no_number_is_refused(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, "first: {name: a, network: {dropout: .nan}}\n")
    assert line == ":1: first.network.dropout: Value error, expected a number, got nan"


def test_a_seed_that_no_generator_takes_is_refused() -> None:
    for seed in (-1, 2**32):
        with pytest.raises(ConfigError, match="seed: Input should be"):
            load_recipe("demo", [f"seed={seed}"])


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, f"seed: {'x' * 500}\n")
    assert line.endswith("x…")
    assert len(line) < 200


def test_settings_below_a_key_are_placed_there(tmp_path: Path) -> None:
    read = document(tmp_path, "models:\n  audio:\n    layres: 2\n")
    with pytest.raises(ConfigError) as caught:
        validated(Network, {"layres": 2}, document=read, path=("models", "audio"))
    assert f"{read.where}:3: unknown key 'models.audio.layres'; did you mean 'layers'?" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected a mapping of settings, got NoneType"),
        (b"- a\n- b\n", "expected a mapping of settings, got list"),
        (b"just text", "expected a mapping of settings, got str"),
        (b"a: [1\n", "not valid YAML"),
        (b"a: 1\n b: 2\n", "not valid YAML"),
        (b"a: \x00", "not valid YAML"),
        (b"a: \xff\xfe", "can't be read"),
        (b"a: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
        (b"a: 1\nb: {c: 1, c: 2}\na: 3\n", "2 problems"),
    ],
)
def test_another_file_is_one_clear_error(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_document(tmp_path / "x.yaml")
    assert says in str(caught.value)
    assert str(tmp_path / "x.yaml") in str(caught.value)


def test_a_key_that_comes_twice_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        document(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    lines = sorted(str(caught.value).splitlines()[1:])
    assert lines == ["  - line 4: key 'b.c' comes twice", "  - line 5: key 'a' comes twice"]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="can't be read"):
        read_document(tmp_path)


class TestOverride:
    read = Document("recipe.yaml", {"a": {"b": 1, "c": [{"d": 1}]}, "e": None}, {("a",): 1})

    @pytest.mark.parametrize(
        ("setting", "data"),
        [
            ("a.b=2", {"a": {"b": 2, "c": [{"d": 1}]}, "e": None}),
            ("a.b=", {"a": {"b": None, "c": [{"d": 1}]}, "e": None}),
            ("a=x=y", {"a": "x=y", "e": None}),
            ("e.f.g=true", {"a": {"b": 1, "c": [{"d": 1}]}, "e": {"f": {"g": True}}}),
            ("new=[1, two]", {"a": {"b": 1, "c": [{"d": 1}]}, "e": None, "new": [1, "two"]}),
        ],
    )
    def test_a_setting_goes_over_the_document(self, setting: str, data: dict[str, Any]) -> None:
        changed = override(self.read, [setting])
        assert changed.data == data
        assert changed.lines == self.read.lines
        assert self.read.data == {"a": {"b": 1, "c": [{"d": 1}]}, "e": None}

    def test_later_settings_go_over_earlier_ones(self) -> None:
        assert override(self.read, ["a.b=2", "a.b=3"]).data["a"]["b"] == 3

    def test_all_problems_come_at_once(self) -> None:
        with pytest.raises(ConfigError) as caught:
            override(self.read, ["a.b", "=1", "a.b.c=1", "a.c.d=2", "a.b=[1", "e=1"])
        lines = str(caught.value).splitlines()
        assert lines[0] == "--set: 5 problems"
        assert "  - 'a.b': expected NAME=VALUE, like models.voice.c=0.1" in lines
        assert "  - '=1': expected NAME=VALUE, like models.voice.c=0.1" in lines
        assert "  - 'a.b.c=1': 'b' is no mapping" in lines
        assert "  - 'a.c.d=2': 'c' is no mapping" in lines
        assert "'a.b=[1': the value is not valid YAML" in str(caught.value)


def test_files_that_come_with_the_toolkit_are_found() -> None:
    assert packaged("challenges").is_dir()
    assert any(path.suffix == ".yaml" for path in packaged("challenges").iterdir())
