"""Declared axes → the variants of a recipe, all of them checked before any work begins."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from emotiw.core.config import NO_VALUE, name_and_value, yaml_value
from emotiw.core.errors import ConfigError, EmotiwError, Problems, suggest
from emotiw.models.registry import MODELS
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.recipe import Recipe, varied

MODALITIES = "modalities"
FUSION_POINT = "fusion_point"
WORDS = ("subsets", "leave one out", "alone")
SHORT = {"fusion": "fusion.method", "calibration": "fusion.calibration"}
VARIED = ("seed", "faces", "features", "models", "folds", "fusion")
MOST_SUBSETS_OF = 4  # models of which all subsets are taken by default


@dataclass(frozen=True)
class Setting:
    """One place on an axis.

    Attributes:
        name: unique on its axis.
        changes: values by key of the recipe.
        models: the models that are fused; None for all.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Variant:
    """One row of the table to be.

    Attributes:
        name: unique in the table.
        choice: the setting of every axis, by name.
        recipe: the recipe with these settings.
        models: what is fused.
    """

    name: str
    choice: Mapping[str, str]
    recipe: Recipe
    models: tuple[str, ...]


@dataclass(frozen=True)
class Variants:
    """The rows, and which of them the others are compared with."""

    axes: Mapping[str, tuple[str, ...]]
    rows: tuple[Variant, ...]
    reference: str


def variants_of(recipe: Recipe, settings: AblationSettings) -> Variants:
    """Return the variants that an ablation asks for.

    Where no axis is declared, the modalities are varied: all their subsets, or, where they are
    many, each left out in turn.

    Raises:
        ConfigError: with everything that is wrong with axes and settings.

    Examples:
        >>> from emotiw.runs.recipe import load_recipe
        >>> asked = AblationSettings(axes={"modalities": "subsets", "fusion": ["weighted", "mean"]})
        >>> variants = variants_of(load_recipe("ravdess"), asked)
        >>> len(variants.rows), variants.reference
        (6, 'voice+video_au_mlp, weighted')
    """
    if not recipe.models:
        raise ConfigError(f"recipe {recipe.name!r} has no models: there is nothing to compare")
    problems = Problems("ablation")
    axes: dict[str, tuple[Setting, ...]] = {}
    is_small = len(recipe.models) <= MOST_SUBSETS_OF
    if {MODALITIES, FUSION_POINT} <= settings.axes.keys():
        problems.add(f"axes {MODALITIES!r} and {FUSION_POINT!r} both choose models: give one")
    declared = settings.axes or {MODALITIES: "subsets" if is_small else "leave one out"}
    for name, written in declared.items():
        found = tuple(_settings(name, written, recipe, problems))
        names = [setting.name for setting in found]
        for twice in sorted({n for n in names if names.count(n) > 1}):
            problems.add(f"axis {name!r}: setting {twice!r} comes twice")
        if found:
            axes[name] = found
    problems.raise_if_any(ConfigError)
    recipes: dict[str, Recipe] = {}
    for name, found in axes.items():
        for setting in found:
            try:
                varied(recipe, setting.changes)
            except EmotiwError as error:
                problems.add(f"axis {name!r}, setting {setting.name!r}: {_inner(error)}")
    reference = _reference(axes, recipe, settings, problems)
    problems.raise_if_any(ConfigError)
    rows = []
    for chosen in _combinations(axes, reference, settings.combine):
        changes: dict[str, Any] = {}
        for setting in chosen.values():
            changes |= setting.changes
        choice = {axis: setting.name for axis, setting in chosen.items()}
        name = ", ".join(choice.values())
        key = _as_text(changes)
        try:
            recipes[key] = recipes.get(key) or varied(recipe, changes)
        except EmotiwError as error:  # settings that are fine alone and not together
            problems.add(f"{name}: {_inner(error)}")
            continue
        models = next((s.models for s in chosen.values() if s.models), tuple(recipe.models))
        rows.append(Variant(name, choice, recipes[key], models))
    problems.raise_if_any(ConfigError)
    shown = {axis: tuple(setting.name for setting in found) for axis, found in axes.items()}
    return Variants(shown, tuple(rows), ", ".join(s.name for s in reference.values()))


def _settings(name: str, written: Any, recipe: Recipe, problems: Problems) -> Iterator[Setting]:
    if name == MODALITIES:
        yield from _of_modalities(written, tuple(recipe.models), problems)
        return
    if name == FUSION_POINT:
        yield from _of_points(written, recipe, problems)
        return
    key = SHORT.get(name, name)
    is_key = key.split(".")[0] in VARIED
    if is_key and isinstance(written, list):
        yield from (Setting(_as_text(value), {key: value}) for value in written)
    elif is_key and isinstance(written, Mapping):
        yield from (Setting(str(own), {key: value}) for own, value in written.items())
    elif is_key:
        problems.add(f"axis {name!r}: expected a list of values, got {written!r}")
    elif isinstance(written, Mapping) and all(
        isinstance(changes, Mapping) for changes in written.values()
    ):
        for own, changes in written.items():
            for changed in changes:
                _check_key(f"axis {name!r}, setting {own!r}", str(changed), problems)
            full = {SHORT.get(str(k), str(k)): value for k, value in changes.items()}
            yield Setting(str(own), full)
    else:
        _check_key(f"axis {name!r}", name, problems)
    if isinstance(written, (list, Mapping)) and not written:
        problems.add(f"axis {name!r}: no settings")


def _check_key(where: str, name: str, problems: Problems) -> None:
    if name in SHORT or name.split(".")[0] in VARIED:
        return
    known = (MODALITIES, FUSION_POINT, *SHORT, *VARIED)
    hint = suggest(name, known) or suggest(name.split(".")[0], known)
    problems.add(
        f"{where}: {name!r} is no key of the recipe that can be varied{hint} (known: "
        f"{', '.join(dict.fromkeys(known))}); an axis of your own is a mapping of names to keys"
    )


def _of_modalities(written: Any, models: tuple[str, ...], problems: Problems) -> Iterator[Setting]:
    where = f"axis {MODALITIES!r}"
    if isinstance(written, str):
        if written not in WORDS:
            problems.add(
                f"{where}: unknown {written!r}{suggest(written, WORDS)} "
                f"(known: {', '.join(WORDS)}, or a list)"
            )
            return
        yield from (Setting("+".join(names), models=names) for names in _named(written, models))
        return
    if not isinstance(written, list):
        problems.add(f"{where}: expected {', '.join(WORDS)} or a list, got {written!r}")
        return
    for entry in written:
        names = [str(n) for n in entry] if isinstance(entry, list) else str(entry).split("+")
        for unknown in [name for name in names if name not in models]:
            problems.add(
                f"{where}: no model {unknown!r}{suggest(unknown, (*models, *WORDS))} "
                f"(recipe has: {', '.join(models)})"
            )
        # in the recipe's order, so that a combination has one name
        ordered = tuple(name for name in models if name in names)
        yield Setting("+".join(ordered or names), models=ordered)


def _of_points(written: Any, recipe: Recipe, problems: Problems) -> Iterator[Setting]:
    """Yield the models that meet early, within a network, late; and the last two together."""
    at: dict[str, list[str]] = {"early": [], "joint": [], "late": []}
    for name, entry in recipe.models.items():
        at[MODELS.resolve(entry.model).joins(entry.options) or "late"].append(name)
    there = {point: names for point, names in at.items() if names}
    for both in itertools.combinations(there, 2):
        there[" + ".join(both)] = [name for point in both for name in at[point]]
    points = list(there) if written in ("all", ["all"]) else written
    if not isinstance(points, list):
        problems.add(f"axis {FUSION_POINT!r}: expected a list of points, or all, got {written!r}")
        return
    for point in map(str, points):
        if point not in there:
            problems.add(
                f"axis {FUSION_POINT!r}: the recipe has no models for {point!r}"
                f"{suggest(point, there)} (it has some for: {', '.join(there)})"
            )
            continue
        yield Setting(point, models=tuple(n for n in recipe.models if n in there[point]))


def _named(word: str, models: tuple[str, ...]) -> list[tuple[str, ...]]:
    if word == "subsets":
        sizes = range(1, len(models) + 1)
        return [names for size in sizes for names in itertools.combinations(models, size)]
    if len(models) == 1:
        return [models]
    if word == "alone":
        return [*((name,) for name in models), models]
    return [models, *(tuple(m for m in models if m != left_out) for left_out in models)]


def _reference(
    axes: Mapping[str, tuple[Setting, ...]],
    recipe: Recipe,
    settings: AblationSettings,
    problems: Problems,
) -> dict[str, Setting]:
    for name in settings.reference:
        if name not in axes:
            hint = suggest(name, axes)
            problems.add(f"reference: no axis {name!r}{hint} (axes: {', '.join(axes)})")
    if problems.lines:
        return {}
    reference: dict[str, Setting] = {}
    for name, found in axes.items():
        if name in settings.reference:
            wanted = settings.reference[name]
            text = "+".join(map(str, wanted)) if isinstance(wanted, list) else _as_text(wanted)
            names = [setting.name for setting in found]
            if text not in names:
                problems.add(
                    f"reference: axis {name!r} has no setting {text!r}{suggest(text, names)} "
                    f"(it has: {', '.join(names)})"
                )
                continue
            reference[name] = found[names.index(text)]
        else:
            late = [s for s in found if name == FUSION_POINT and s.name == "late"]
            own = (setting for setting in found if _changes_nothing(setting, recipe))
            reference[name] = late[0] if late else next(own, found[0])
    return reference


def _changes_nothing(setting: Setting, recipe: Recipe) -> bool:
    own, other = (
        (r.faces, r.features, r.models, r.fusion, r.settings.seed, r.settings.folds)
        for r in (recipe, varied(recipe, setting.changes))
    )
    return setting.models in (None, tuple(recipe.models)) and own == other


def _combinations(
    axes: Mapping[str, tuple[Setting, ...]], reference: Mapping[str, Setting], combine: str
) -> Iterable[Mapping[str, Setting]]:
    if combine == "product":
        return (
            dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())
        )
    others = (
        {**reference, name: setting}
        for name, found in axes.items()
        for setting in found
        if setting is not reference[name]
    )
    return itertools.chain([dict(reference)], others)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _inner(error: EmotiwError) -> str:
    lines = str(error).split("\n  - ")
    return "; ".join(lines[1:] or lines)


def parse_axes(written: Sequence[str]) -> dict[str, Any]:
    """Return axes that were written as ``NAME=VALUE`` on the command line; values are YAML.

    Examples:
        >>> parse_axes(["modalities=leave one out", "fusion=mean,weighted", "seed=[0, 1]"])
        {'modalities': 'leave one out', 'fusion': ['mean', 'weighted'], 'seed': [0, 1]}

    Raises:
        ConfigError: if one has no ``=`` or is no YAML.
    """
    axes: dict[str, Any] = {}
    problems = Problems("--axis")
    for each in written:
        pair = name_and_value(each, problems, example="fusion=mean,weighted")
        if pair is None:
            continue
        name, text = pair
        value = yaml_value(text, each, problems)
        if value is not NO_VALUE and not isinstance(value, (list, dict)) and value not in WORDS:
            value = [yaml_value(part, each, problems) for part in text.split(",")]
        axes[name] = value
    problems.raise_if_any(ConfigError)
    return axes
