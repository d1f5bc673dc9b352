"""The runs that rows are fused from: the run itself, and one more per change before the fusion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from emotiw.analysis.ablation.axes import Variant
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.part import full_version
from emotiw.core.store import artifact_key
from emotiw.models.registry import MODELS
from emotiw.runs.description import description_of
from emotiw.runs.recipe import FeatureEntry, ModelEntry, Recipe, varied
from emotiw.runs.run import Run
from emotiw.runs.stages.faces import faces_key, make_faces
from emotiw.runs.stages.features import feature_key, made_extractor, make_features
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import make_scores
from features.registry import EXTRACTORS


@dataclass(frozen=True)
class Space:
    """A run, and those of its models that some row needs.

    Attributes:
        run: the run.
        base: the run that is ablated; the same for rows that differ in the fusion alone.
        models: by name, in the recipe's order.
        stamp_path: says what was made here, once all of it is.
    """

    run: Run
    base: Run
    models: tuple[str, ...]
    stamp_path: Path

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the models read."""
        entries = (self.run.recipe.models[name] for name in self.models)
        return tuple(dict.fromkeys(name for entry in entries for name in entry.features))

    @property
    def extracted(self) -> tuple[str, ...]:
        """Those of them that are extracted here."""
        return tuple(name for name in self.features if self._needs(name) != "table")

    def needs_faces(self, feature: str) -> bool:
        """Return whether a feature is measured in faces."""
        return self._needs(feature) == "faces"

    def is_fitted_here(self, model: str) -> bool:
        """Return whether a model has anything to fit."""
        return MODELS.resolve(self.run.recipe.models[model].model).is_fitted_here

    @cached_property
    def contents(self) -> set[str]:
        """The sha256 of every clip."""
        return {clip.content for clip in self.base.cohort()}

    def keys_of_faces(self) -> set[str]:
        """Return the keys of the face tracks that the features need."""
        if not any(map(self.needs_faces, self.features)):
            return set()
        return {faces_key(content, self.run.recipe.faces) for content in self.contents}

    def keys_of_feature(self, name: str) -> set[str]:
        """Return the keys of the rows of a feature."""
        entry = self.run.recipe.features[name]
        extractor, faces = made_extractor(entry), self.run.recipe.faces
        is_of_faces, key_of = self.needs_faces(name), feature_key(entry, extractor)
        return {key_of(faces_key(p, faces) if is_of_faces else p) for p in self.contents}

    def lineage(self, model: str) -> str:
        """Return a name for all that the scores of a model depend on, clips aside."""
        recipe = self.run.recipe
        entry = recipe.models[model]
        features = [_plain(recipe.features[name]) for name in entry.features]
        is_of_faces = any(map(self.needs_faces, entry.features))
        return artifact_key(
            "lineage",
            version="1",
            content=model,
            options={
                "model": _plain(entry),
                "feature": features if len(features) > 1 else features[0] if features else {},
                "faces": recipe.faces.model_dump(mode="json") if is_of_faces else {},
                "seed": recipe.settings.seed,
                "folds": recipe.settings.folds.model_dump(mode="json"),
            },
        )

    def prepare(self) -> None:
        """Index, and make faces and features; what is there already is left alone."""
        run, base = self.run, self.base
        if not base.manifest_path.is_file():
            index(base)
        manifest = base.manifest_path.read_bytes()
        if run is not base and (
            not run.manifest_path.is_file() or run.manifest_path.read_bytes() != manifest
        ):
            for name, data in {**description_of(run.recipe), "manifest.csv": manifest}.items():
                atomic_write(run.folder / name, data)
        if any(map(self.needs_faces, self.features)):
            make_faces(run)
        if self.extracted:
            make_features(run, self.extracted)

    def train(self, *, force: bool = False) -> None:
        """Fit the models, and note that everything is there."""
        make_scores(self.run, self.models, force=force)
        atomic_write(self.stamp_path, (self.stamp() + "\n").encode())

    @property
    def is_done(self) -> bool:
        """Whether all scores are there, made by this code from these clips and settings."""
        if not self.base.manifest_path.is_file():
            return False
        try:
            noted = self.stamp_path.read_text(encoding="utf-8").strip()
        except OSError:
            return False
        has_scores = all(self.run.scores_path(name).is_file() for name in self.models)
        return has_scores and noted == self.stamp()

    def stamp(self) -> str:
        """Return a hash of all that the scores depend on."""
        recipe = self.run.recipe
        made_of: dict[str, Any] = {name: self.lineage(name) for name in self.models}
        root = recipe.settings.data.root
        for name in self.models:
            entry = recipe.models[name]
            kind = MODELS.resolve(entry.model)
            made_of[f"{name} files"] = _contents(kind.outside_files(entry.options, root))
            made_of[f"{name} version"] = full_version(kind, entry.options)
        for name in self.features:
            feature = recipe.features[name]
            extractor = made_extractor(feature)
            made_of[f"{name} files"] = _contents(extractor.outside_files(feature.options, root))
            version = full_version(type(extractor))
            made_of[f"{name} version"] = [version, extractor.weights_fingerprint]
        if any(map(self.needs_faces, self.features)):
            made_of["faces"] = faces_key("", recipe.faces)
        return artifact_key(
            "space", version="1", content=sha256_of(self.base.manifest_path), options=made_of
        )

    def _needs(self, feature: str) -> str:
        return EXTRACTORS.resolve(self.run.recipe.features[feature].extractor).needs


def spaces_of(
    base: Run, variants: Sequence[Variant], folder: Path
) -> tuple[list[Space], Mapping[str, Space]]:
    """Return the spaces, the run itself first, and the space of every variant by its name."""
    own = _upstream(base.recipe)
    by_upstream: dict[str, list[Variant]] = {}
    for variant in variants:
        by_upstream.setdefault(_upstream(variant.recipe), []).append(variant)
    spaces: list[Space] = []
    space_of: dict[str, Space] = {}
    for upstream in sorted(by_upstream, key=lambda each: each != own):
        members = by_upstream[upstream]
        wanted = {name for variant in members for name in variant.models}
        models = tuple(name for name in members[0].recipe.models if name in wanted)
        if upstream == own:
            space = Space(base, base, models, folder / "scores.stamp")
        else:
            where = {
                "name": upstream[:12],
                "paths.runs": str(folder / "work"),
                "paths.store": str(base.store.root),
            }
            run = Run(
                varied(members[0].recipe, where),
                progress=base.progress,
                workforce=base.workforce,
            )
            space = Space(run, base, models, run.folder / "scores.stamp")
        spaces.append(space)
        space_of.update({variant.name: space for variant in members})
    return spaces, space_of


def _upstream(recipe: Recipe) -> str:
    """Return a hash of all settings that scores depend on before they are fused."""
    settings = recipe.settings
    options = {
        "seed": settings.seed,
        "folds": settings.folds.model_dump(mode="json"),
        "faces": recipe.faces.model_dump(mode="json"),
        "features": {name: _plain(entry) for name, entry in recipe.features.items()},
        "models": {name: _plain(entry) for name, entry in recipe.models.items()},
    }
    return artifact_key("upstream", version="1", content="", options=options)


def _plain(entry: FeatureEntry | ModelEntry) -> dict[str, Any]:
    told = {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for name, value in vars(entry).items()
    }
    return told | ({"features": entry.read} if isinstance(entry, ModelEntry) else {})


def _contents(files: Iterable[Path]) -> list[str]:
    return [sha256_of(file) if file.is_file() else "" for file in files]
