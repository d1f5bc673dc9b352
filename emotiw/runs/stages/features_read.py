"""The features that a model reads, one or several: their rows, and what these are known by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emotiw.core.config import flat
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.id_joins import check_join
from emotiw.core.joined_features import JoinedTable, joined_spec
from emotiw.runs.recipe import ModelEntry
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage, outside_contents
from emotiw.runs.stages.features import (
    feature_contents,
    feature_stage,
    feature_table,
    made_extractor,
    mend_feature,
)

ABSENT = "-"  # in place of the content of a feature that a clip lacks


@dataclass
class FeaturesRead:
    """What the scores of a model depend on of its features.

    Attributes:
        spec: what the model is shown.
        settings: of features from elsewhere; those of others stand with their stages.
        inputs: hashes of the files that are read.
        after: the stages that make them.
    """

    spec: FeatureSpec
    settings: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str | None] = field(default_factory=dict)
    after: list[Stage] = field(default_factory=list)


def features_read(run: Run, entry: ModelEntry) -> FeaturesRead:
    """Return what the stage of a model has to know of the features that it reads."""
    root = run.recipe.settings.data.root
    settings: dict[str, Any] = {}
    inputs: dict[str, str | None] = {}
    after, specs = [], []
    for name in entry.features:
        feature = run.recipe.features[name]
        extractor = made_extractor(feature)
        if extractor.needs == "table":
            options = feature.options.model_dump(mode="json")
            settings |= dict(flat(options, f"features.{name}."))
            # other bytes under the same name give other scores
            inputs |= outside_contents(extractor.outside_files(feature.options, root), root)
            specs.append(feature_table(run, name).spec)
        else:
            files = (f"features/{name}.csv", f"features/{name}.json")
            inputs |= {file: run.records.sha256(file) for file in files}
            after.append(feature_stage(run, feature))
            specs.append(extractor.spec)
    spec = specs[0] if len(specs) == 1 else joined_spec(specs)
    return FeaturesRead(spec, settings, inputs, after)


def table_read(run: Run, entry: ModelEntry) -> FeatureTable:
    """Return the rows that a model reads, of several features joined by clip id.

    Raises:
        MissingStageError: if a feature has not been extracted yet.
        TableError: if a table from elsewhere has none of the clips.
    """
    tables = []
    for name in entry.features:
        table = feature_table(run, name)
        if made_extractor(run.recipe.features[name]).needs == "table":
            check_join(table.clip_ids, run.cohort().clip_ids, f"feature {name!r}", most=1.0)
        tables.append(table)
    return tables[0] if len(tables) == 1 else JoinedTable(tables)


def contents_read(run: Run, entry: ModelEntry, table: FeatureTable) -> dict[str, str]:
    """Return, per clip of :func:`table_read`, a name for the very rows that a model would see."""
    tables = table.tables if isinstance(table, JoinedTable) else (table,)
    each = [
        feature_contents(run, name, own) for name, own in zip(entry.features, tables, strict=True)
    ]
    if len(each) == 1:
        return each[0]
    known = sorted({clip_id for contents in each for clip_id in contents})
    return {c: " + ".join(contents.get(c, ABSENT) for contents in each) for c in known}


def mend_features(run: Run, entry: ModelEntry) -> None:
    """Make anew what is damaged of a model's features in the store."""
    for name in entry.features:
        if made_extractor(run.recipe.features[name]).needs != "table":
            mend_feature(run, name)
