"""Old spellings of keys and parts: the same settings as the new ones, with a note, never both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from emotiw.analysis.ablation.axes import variants_of
from emotiw.core import renames
from emotiw.core.config import Document, Strict, override, read_document, validated
from emotiw.core.errors import ConfigError
from emotiw.core.renames import KEYS, PARTS, checked, current_name
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.registry import MODELS
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.description import description_of
from emotiw.runs.recipe import Recipe, load_recipe
from emotiw.runs.run import reopen_run

HEAD = {"challenge": "ravdess", "data": {"root": "clips"}}
VOICE = {"voice": {"extractor": "opensmile"}}
SVM = {"model": "svm", "features": "voice"}
NET = {"model": "lstm", "features": "voice"}


def one_model(**options: Any) -> dict[str, Any]:
    """Return a recipe with one model."""
    return {**HEAD, "features": VOICE, "models": {"m": {**SVM, **options}}}


def one_feature(**options: Any) -> dict[str, Any]:
    """Return a recipe with one feature."""
    return {**HEAD, "features": {"f": options}, "models": {}}


# per old key: a recipe that spells it, where it stands, and a value that isn't the default
OLD: dict[str, tuple[dict[str, Any], str, Any]] = {
    "average_decay": (one_model(**NET), "models.m.training", 0.9),
    "band_masks": (one_model(model="spectrogram_cnn"), "models.m", 3),
    "choose_by": (one_model(), "models.m", "accuracy"),
    "clip_sd": (one_model(), "models.m.preparation", 4),
    "copies": (one_feature(extractor="opensmile"), "features.f", [{"pitch": 1}]),
    "inner_share": (one_model(**NET), "models.m", 0.1),
    "keep": (one_model(**NET), "models.m.training", "last"),
    "longest_sec": (one_feature(extractor="speech_network", weights="w"), "features.f", 9),
    "longest_time_mask": (one_model(model="spectrogram_cnn"), "models.m", 9),
    "min_clips": (one_model(model="boosting"), "models.m", 3),
    "mirrors": (one_model(model="c3d"), "models.m", False),
    "most_frames": (one_feature(extractor="people"), "features.f", 3),
    "reads": (one_model(model="gru"), "models.m", "last"),
    "share_of_columns": (one_model(model="boosting"), "models.m", 0.5),
    "soften_speakers": (one_model(), "models.m.preparation", True),
    "time_masks": (one_model(model="spectrogram_cnn"), "models.m", 3),
    "watch": (one_model(**NET), "models.m.training", "uar"),
    "widest_band_mask": (one_model(model="spectrogram_cnn"), "models.m", 3),
}


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "_told", set())


def written(folder: Path, recipe: dict[str, Any], place: str, **more: Any) -> Path:
    """Write the recipe with more keys at ``place``, one a line."""
    data: dict[str, Any] = yaml.safe_load(yaml.safe_dump(recipe))
    inner = data
    for key in place.split("."):
        inner = inner.setdefault(key, {})
    inner |= more
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def line_of(path: Path, start: str) -> int:
    """Return the number of the only line that starts so."""
    lines = enumerate(path.read_text().splitlines(), 1)
    (line,) = (number for number, text in lines if text.strip().startswith(start))
    return line


def options_of(recipe: Recipe) -> BaseModel:
    (entry,) = recipe.models.values() or recipe.features.values()
    return entry.options


def new_value(old: str, value: Any) -> Any:
    return {"best": True, "last": False}.get(value, value) if old == "keep" else value


def test_every_old_key_is_tried() -> None:
    assert OLD.keys() == KEYS.keys()


@pytest.mark.parametrize("old", OLD)
def test_an_old_key_gives_the_options_of_the_new_one(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, place, value = OLD[old]
    new = KEYS[old]
    as_new = load_recipe(written(tmp_path, recipe, place, **{new: new_value(old, value)}))
    assert not capsys.readouterr().err
    path = written(tmp_path, recipe, place, **{old: value})
    as_old = load_recipe(path)
    line = line_of(path, f"{old}:")
    note = f"{path}:{line}: '{old}' is called '{new}' now; the old name works until 1.0\n"
    assert capsys.readouterr().err == note
    assert options_of(as_old) == options_of(as_new)
    assert options_of(as_old).model_dump_json() == options_of(as_new).model_dump_json()
    # the recipe that a run writes down, which is what the next reader sees
    assert as_old.settings == as_new.settings
    load_recipe(path)
    assert not capsys.readouterr().err  # told once


@pytest.mark.parametrize("old", OLD)
def test_both_spellings_at_once_are_refused(old: str, tmp_path: Path) -> None:
    recipe, place, value = OLD[old]
    new = KEYS[old]
    for keys in (
        {old: value, new: new_value(old, value)},
        {new: new_value(old, value), old: value},
    ):
        path = written(tmp_path, recipe, place, **keys)
        with pytest.raises(ConfigError, match=f"'{old}' is the old name of '{new}': give one") as e:
            load_recipe(path)
        assert f"{path}:" in str(e.value)


@pytest.mark.parametrize("old", OLD)
def test_a_setting_replaces_either_spelling(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, place, value = OLD[old]
    new = KEYS[old]
    wanted = options_of(
        load_recipe(written(tmp_path, recipe, place, **{new: new_value(old, value)}))
    )
    path = written(tmp_path, recipe, place, **{old: "no such value"})
    asked = f"{place}.{new}={yaml.safe_dump(new_value(old, value), default_flow_style=True)}"
    assert options_of(load_recipe(path, [asked.removesuffix("...\n")])) == wanted
    path = written(tmp_path, recipe, place, **{new: "no such value"})
    asked = f"{place}.{old}={yaml.safe_dump(value, default_flow_style=True)}"
    assert options_of(load_recipe(path, [asked.removesuffix("...\n")])) == wanted
    told = capsys.readouterr().err.splitlines()
    assert told == [f"{place}.{old}: '{old}' is called '{new}' now; the old name works until 1.0"]


@pytest.mark.parametrize("old", PARTS)
def test_an_old_name_of_a_part_is_the_part(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = PARTS[old]
    assert MODELS.resolve(old) is MODELS.resolve(new)
    recipe = one_model(model=new)
    as_new = load_recipe(written(tmp_path, recipe, "models.m"))
    path = written(tmp_path, recipe, "models.m", model=old)
    as_old = load_recipe(path)
    assert (as_old.models, as_old.settings) == (as_new.models, as_new.settings)
    assert as_old.models["m"].model == new
    line = line_of(path, f"model: {old}")
    assert capsys.readouterr().err.startswith(f"{path}:{line}: '{old}' is called '{new}' now")
    inside = written(tmp_path, one_model(model="one_vs_rest"), "models.m", learner=old)
    short = options_of(load_recipe(inside))
    assert short.learner["model"] == new  # type: ignore[attr-defined]
    assert f"'{old}' is called '{new}' now" in capsys.readouterr().err


def test_keys_of_a_model_inside_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = one_model(model="group")
    place = "models.m.learner"
    as_new = written(tmp_path, recipe, place, model="svm", preparation={"clip_z": 4})
    wanted = options_of(load_recipe(as_new))
    path = written(tmp_path, recipe, place, model="svm", preparation={"clip_sd": 4})
    assert options_of(load_recipe(path)) == wanted
    line = line_of(path, "clip_sd: 4")
    assert f"{path}:{line}: 'clip_sd' is called 'clip_z' now" in capsys.readouterr().err


def test_what_is_wrong_with_an_old_key_is_told_at_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, one_model(), "models.m.preparation", clip_sd=-4)
    line = line_of(path, "clip_sd: -4")
    with pytest.raises(ConfigError, match=f":{line}: models.m.preparation.clip_z: .* got -4"):
        load_recipe(path)


def test_old_keys_on_the_axes_of_an_ablation(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, one_model(), "models.m.preparation", clip_sd=4))
    for key in ("clip_sd", "clip_z"):
        asked = AblationSettings(axes={f"models.m.preparation.{key}": [3, 4]})
        variants = variants_of(recipe, asked)
        assert variants.reference == "4"
        clips = [options_of(row.recipe).preparation.clip_z for row in variants.rows]  # type: ignore[attr-defined]
        assert clips == [3, 4]


def test_the_recipe_of_an_older_run_is_read(tmp_path: Path) -> None:
    recipe, place, value = OLD["keep"]
    folder = tmp_path / "runs" / "old"
    folder.mkdir(parents=True)
    written(folder, {**recipe, "name": "old"}, place, keep=value)
    run = reopen_run(folder)
    assert options_of(run.recipe).training.restore_best is False  # type: ignore[attr-defined]
    text = description_of(run.recipe)["recipe.yaml"].decode()
    assert "restore_best: false" in text
    assert "keep" not in text


def test_a_backbone_recipe_in_old_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """\
name: mine
network: emotion_cnn
labels: [a, b]
side: 48
inner_share: 0.3
training:
  keep: last
members:
- training: {average_decay: 0.5}
"""
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    recipe = BackboneRecipe.read(path)
    assert recipe.validation_fraction == 0.3
    assert recipe.training.restore_best is False
    assert recipe.members[0].training.ema_decay == 0.5
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in told] == [f"{path}:{n}" for n in (5, 7, 9)]


class Mine(Strict):
    """A user's own options, some of which have names that were once ours."""

    copies: int = 0
    keep: str = "all"
    restore_best: bool = False


def test_an_option_of_the_same_name_stays_a_users_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("copies: 3\nkeep: best\n")
    read = read_document(tmp_path / "a.yaml")
    assert validated(Mine, read.data, document=read) == Mine(copies=3, keep="best")
    assert not capsys.readouterr().err
    with pytest.raises(ConfigError, match="unknown key 'watch'"):
        validated(Mine, {"watch": "loss"}, document=Document("x", {}))


def test_settings_of_a_saved_model_are_taken_without_a_note(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind = MODELS.resolve("svm").Options
    old, new = {"preparation": {"clip_sd": 3}}, {"preparation": {"clip_z": 3}}
    assert checked(kind, old) == checked(kind, new) == kind.model_validate(new)
    assert old == {"preparation": {"clip_sd": 3}}
    assert not capsys.readouterr().err
    with pytest.raises(ConfigError, match="'choose_by' is the old name of 'scoring': give one"):
        checked(kind, {"choose_by": "uar", "scoring": "uar"})


def test_a_name_that_is_known_as_it_is_stays() -> None:
    assert current_name("keep", {"restore_best"}, KEYS) == "restore_best"
    assert current_name("keep", {"keep", "restore_best"}, KEYS) == "keep"
    assert current_name("keep", {"other"}, KEYS) == "keep"


def test_a_setting_leaves_other_keys_alone() -> None:
    document = Document("x", {"a": {"clip_sd": 1, "b": 2}})
    assert override(document, ["a.b=3"]).data == {"a": {"clip_sd": 1, "b": 3}}
    assert override(document, ["a.clip_z=3"]).data == {"a": {"b": 2, "clip_z": 3}}
    assert document.data == {"a": {"clip_sd": 1, "b": 2}}


def test_the_changelog_tells_of_every_rename() -> None:
    text = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    for old, new in (KEYS | PARTS).items():
        assert f"`{old}" in text
        assert f"`{new}" in text
