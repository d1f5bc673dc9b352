"""A recipe: everything that decides what a run computes, checked before any work begins."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.core.config import (
    Document,
    override,
    packaged,
    read_document,
    renewed,
    validated,
)
from emotiw.core.errors import ConfigError, EmotiwError, Problems, suggest
from emotiw.core.own_modules import folder_in_use, forget_changed, use_folder
from emotiw.core.renames import KeyPath, NamesPart
from emotiw.models.registry import MODELS
from emotiw.models.stepwise.step_options import StepOptions
from emotiw.runs.model_features import features_named, unreadable
from emotiw.runs.recipe_kinds import command_of
from emotiw.runs.recipe_paths import beside_the_recipe, refuse_a_twin
from emotiw.runs.recipe_settings import RecipeSettings
from emotiw.runs.unlabelled_use import KEY as UNLABELLED
from emotiw.runs.unlabelled_use import unlabelled_splits
from features.faces.face_options import FaceOptions
from features.registry import EXTRACTORS
from fusion.fusion_options import FusionOptions
from submissions.registry import format_of

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
PARTS = {
    "features": NamesPart("extractor", lambda: EXTRACTORS),
    "models": NamesPart("model", lambda: MODELS),
}
STEPS = "steps"  # of a model: how its feature meets them
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class FeatureEntry:
    """One feature of a recipe: the extractor's name and its checked options."""

    name: str
    extractor: str
    options: BaseModel


@dataclass(frozen=True)
class ModelEntry:
    """One model of a recipe: its kind, the features it reads, and its checked options.

    Attributes:
        features: one, for most; several, for a model that joins them; none of imported scores.
        steps: how its feature meets steps, where answers are asked for step by step.
        unlabelled: the splits that it learns from without labels.
    """

    name: str
    model: str
    features: tuple[str, ...]
    options: BaseModel
    steps: StepOptions
    unlabelled: tuple[str, ...] = ()

    @property
    def read(self) -> str | None:
        """The features in one text, as the table of several is called; None of imported scores."""
        return "+".join(self.features) or None


@dataclass(frozen=True)
class Recipe:
    """A checked recipe.

    Attributes:
        name: of the run.
        settings: as written, with the defaults filled in.
        spec: the challenge.
        faces: options of the faces stage.
        features: by name.
        models: by name, in the order of the file.
        fusion: options of the fusion.
        document: what all this was read from.
        modules: the folder of the user's own modules, absolute.
    """

    name: str
    settings: RecipeSettings
    spec: ChallengeSpec
    faces: FaceOptions
    features: dict[str, FeatureEntry]
    models: dict[str, ModelEntry]
    fusion: FusionOptions
    document: Document
    modules: Path

    @property
    def folder(self) -> Path:
        """The run's own folder."""
        return self.settings.paths.runs / self.name

    @property
    def store(self) -> Path:
        """The folder of artifacts."""
        return self.settings.paths.store or self.settings.paths.runs / "store"

    def done_by_oneself(self) -> Recipe:
        """Return it for whoever does a part of the work, from any folder: nobody is asked again."""
        settings = self.settings
        places = {"runs": settings.paths.runs.absolute(), "store": self.store.absolute()}
        parts: dict[str, Any] = {
            "data": settings.data.model_copy(update={"root": settings.data.root.absolute()}),
            "paths": settings.paths.model_copy(update=places),
            "execution": settings.execution.model_copy(update={"dask": None, "workers": 1}),
        }
        return replace(self, settings=settings.model_copy(update=parts))


def load_recipe(config: Path | str, settings: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        config: a YAML file, or the name of a recipe that comes with the toolkit.
        settings: ``KEY.KEY=VALUE`` put over it.

    Raises:
        ConfigError: with everything that is wrong, each with its line.

    Examples:
        >>> load_recipe("ravdess", ["data.root=clips"]).settings.data.root.name
        'clips'
    """
    path = refuse_a_twin(config, recipe_path(config))
    document = beside_the_recipe(read_document(path), path.parent)
    if (command := command_of(document.data)) != "run":
        raise ConfigError(f"{path} is no recipe of clips, but one for `emotiw {command}`")
    return _checked(override(document, settings), path.stem, path.parent)


def varied(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Return a recipe with some keys changed, checked like any other.

    Args:
        recipe: what is changed.
        changes: values by ``key.key``.

    Raises:
        ConfigError: with everything that is wrong.

    Examples:
        >>> varied(load_recipe("ravdess"), {"fusion.method": "mean"}).fusion.method
        'mean'
    """
    settings = [f"{key}={_as_yaml(value)}" for key, value in changes.items()]
    return _checked(override(recipe.document, settings), recipe.name, recipe.modules)


def entries_named(kind: str, known: Mapping[str, T], names: Sequence[str] = ()) -> list[T]:
    """Return a recipe's features or models of these names, or all.

    Raises:
        ConfigError: if the recipe has none of a name.
    """
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError(f"no {kind} {name!r}{suggest(name, known)} (recipe has: {listed})")
    return [known[name] for name in names or known]


def packaged_recipes() -> dict[str, Path]:
    """Return the files of the recipes that come with the toolkit, by name."""
    files = (*packaged("recipes").glob("*.yaml"), *packaged().glob("demo*.yaml"))
    return {path.stem: path for path in files}


def _as_yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize))


def _checked(document: Document, stem: str, home: Path) -> Recipe:
    check = _Check(document)
    paths = document.data.get("paths")
    modules = (paths.get("modules") if isinstance(paths, dict) else None) or home
    where = Path(str(modules)).absolute()
    use_folder(where)
    forget_changed()
    document = renewed(document, PARTS, check.problems)
    top = validated(RecipeSettings, document.data, document=document)
    spec = check.attempt(load_spec, top.challenge, place=document.place(("challenge",)))
    if spec is not None:
        check.attempt(format_of, spec, place=document.place(("challenge",)))
    faces = check.options(FaceOptions, top.faces, ("faces",))
    fusion = check.options(FusionOptions, top.fusion, ("fusion",))
    features = _features(top, check)
    models = _models(top, check, asks_steps=spec is not None and spec.asks_steps)
    if spec is not None:
        models = {name: _scored_by(entry, spec) for name, entry in models.items()}
        for model, entry in models.items():
            if spec.asks_steps and len(entry.features) > 1:
                place = document.place(("models", model))
                check.problems.add(
                    f"{place}: models.{model} joins several features, and answers once a clip; "
                    f"challenge {spec.name!r} asks step by step: fuse a model of each instead"
                )
        for model, written in top.models.items():
            if STEPS in written and not spec.asks_steps:
                place = document.place(("models", model, STEPS))
                told = f"challenge {spec.name!r} asks for one answer per clip, and has no steps"
                check.problems.add(f"{place}: models.{model}.{STEPS}: {told}")
    name = top.name or stem
    for kind, names in (("run", [name]), ("feature", top.features), ("model", top.models)):
        for each in names:
            if not NAME.fullmatch(each):
                check.problems.add(f"{kind} name {each!r}: letters, digits, '_', '.', '-' only")
    check.problems.raise_if_any(ConfigError)
    assert spec is not None
    assert faces is not None
    assert fusion is not None
    if spec.task.kind == "regression" and fusion.target_range is None:
        target = spec.targets[0]
        fusion = fusion.model_copy(update={"target_range": (target.minimum, target.maximum)})
    spec = spec.with_options(top.data.options)
    if folder_in_use() is not None:  # for whoever opens the run again, from another folder
        top = top.model_copy(update={"paths": top.paths.model_copy(update={"modules": where})})
    return Recipe(name, top, spec, faces, features, models, fusion, document, where)


def recipe_path(config: Path | str) -> Path:
    """Return the file of a recipe.

    Args:
        config: a YAML file, or the name of a recipe that comes along.

    Raises:
        ConfigError: if there is none.
    """
    path = Path(config)
    if path.is_file():
        return path
    known = packaged_recipes()
    if str(config) in known:
        return known[str(config)]
    hint = suggest(path.stem, known)
    raise ConfigError(
        f"no such recipe: {config}{hint} (one of {', '.join(sorted(known))}, or a file: there is "
        f"no {path.absolute()})"
    )


class _Check:
    """Goes on after a problem, so that all of them are reported together."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = Problems(document.where)

    def attempt(
        self, function: Callable[..., T], *args: Any, place: str = "", **more: Any
    ) -> T | None:
        """Return what the function returns; note what it raises and return None."""
        try:
            return function(*args, **more)
        except EmotiwError as error:
            lines = str(error).split("\n  - ")
            for line in lines[1:] or lines:
                self.problems.add(f"{place}: {line}" if place else line)
            return None

    def options(self, kind: type[M], data: Any, path: KeyPath) -> M | None:
        """Return checked options of that kind, or None."""
        if isinstance(data, dict) and "device" in data and "device" not in kind.model_fields:
            place, name = self.document.place((*path, "device")), ".".join(map(str, path))
            self.problems.add(
                f"{place}: {name}.device: say it once, for all: execution.device: {data['device']}"
            )
            data = {key: value for key, value in data.items() if key != "device"}
        return self.attempt(validated, kind, data, document=self.document, path=path)


def _scored_by(entry: ModelEntry, spec: ChallengeSpec) -> ModelEntry:
    """Return the model with the challenge's metric to choose by, where the recipe names none."""
    options = entry.options
    adds_up = spec.official_metric.parts is not None
    if getattr(options, "scoring", "") is not None or not adds_up:
        return entry
    return replace(entry, options=options.model_copy(update={"scoring": spec.metric}))


def _features(top: RecipeSettings, check: _Check) -> dict[str, FeatureEntry]:
    entries = {}
    for name, written in top.features.items():
        path: KeyPath = ("features", name)
        options = dict(written)
        extractor = str(options.pop("extractor", name))
        kind = check.attempt(EXTRACTORS.resolve, extractor, place=check.document.place(path))
        checked = check.options(kind.Options, options, path) if kind else None
        if checked is not None:
            entries[name] = FeatureEntry(name, extractor, checked)
    return entries


def _models(top: RecipeSettings, check: _Check, *, asks_steps: bool) -> dict[str, ModelEntry]:
    entries = {}
    for name, written in top.models.items():
        path: KeyPath = ("models", name)
        place = check.document.place(path)
        options = dict(written)
        model = str(options.pop("model", ""))
        written_features = options.pop("features", None)
        if not model:
            check.problems.add(f"{place}: 'models.{name}.model' is needed")
            continue
        kind = check.attempt(MODELS.resolve, model, place=place)
        steps = check.options(StepOptions, options.pop(STEPS, {}), (*path, STEPS))
        unlabelled = options.pop(UNLABELLED, None)
        checked = check.options(kind.Options, options, path) if kind else None
        features: tuple[str, ...] = ()
        if kind is not None and kind.is_fitted_here:
            features = features_named(written_features)
            for why in unreadable(features, tuple(top.features), kind, checked):
                check.problems.add(f"{place}: {why}")
        if kind is not None and checked is not None and steps is not None:
            splits = check.attempt(
                unlabelled_splits, unlabelled, kind, checked, asks_steps=asks_steps, place=place
            )
            entries[name] = ModelEntry(name, model, features, checked, steps, splits or ())
    return entries
