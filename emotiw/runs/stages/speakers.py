"""Features that tell voices or faces apart → ``speakers.csv``: who is probably who."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from emotiw.core.csv_rows import rows_as_csv
from emotiw.core.errors import ConfigError
from emotiw.core.probable_groups import fingerprint, probable_groups
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.estimated_groups import SPEAKERS
from emotiw.runs.recipe import FeatureEntry, entries_named
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage, outside_contents
from emotiw.runs.stages.features import feature_stage, feature_table, made_extractor
from features.audio.sound_extractor import SoundExtractor

STAGE = "speakers"
VERSION = "1"


def speakers_stage(run: Run) -> Stage:
    """Return what the probable speakers are estimated from.

    Raises:
        ConfigError: if no feature of the recipe tells of voices or faces.
    """
    entries, root = _entries(run), run.recipe.settings.data.root
    inputs = {
        "clips": digests_of(run)["clips"],
        "manifest.csv": run.records.sha256("manifest.csv"),
    }
    after = []
    for entry in entries:
        extractor = made_extractor(entry)
        if extractor.needs == "table":
            inputs |= outside_contents(extractor.outside_files(entry.options, root), root)
        else:
            inputs[f"features/{entry.name}.csv"] = run.records.sha256(f"features/{entry.name}.csv")
            after.append(feature_stage(run, entry))
    settings = {"version": VERSION, "folds.by": [entry.name for entry in entries]}
    return Stage(run, STAGE, "train", settings, inputs, after)


def make_speakers(run: Run, *, force: bool = False) -> None:
    """Estimate the speakers of clips whose group is unknown, where the recipe asks for it.

    Raises:
        ConfigError: if no feature of the recipe tells of voices or faces.
        MissingStageError: if such a feature has not been extracted.
    """
    if run.recipe.settings.folds.groups != "estimated":
        return
    with run.at_work():
        stage = speakers_stage(run)
        if not stage.is_to_do(force=force):
            return
        tables = [feature_table(run, entry.name) for entry in _entries(run)]
        clips = [clip for clip in run.cohort() if all(clip.clip_id in table for table in tables)]
        rows = [[table[c.clip_id] for c in clips] for table in tables]
        prints = [
            np.array([fingerprint(one.values[one.present].astype(np.float64)) for one in each])
            for each in rows
        ]
        found = probable_groups(prints, [clip.truth for clip in clips])
        lines = sorted((clip.clip_id, n + 1) for clip, n in zip(clips, found, strict=True))
        splits = Counter(n for n, _ in {*zip(found, (c.split for c in clips), strict=True)})
        shared = sum(n_splits > 1 for n_splits in splits.values())
        run.progress.say(
            f"speakers: {len(clips)} clips are probably of {len(splits)} speakers, by "
            f"{', '.join(table.spec.name for table in tables)}"
            + (f"; {shared} of them are in more than one split" if shared else "")
            + f"; look at {run.folder / SPEAKERS}"
        )
        stage.commit({SPEAKERS: rows_as_csv([("clip_id", "speaker"), *lines])}, force=force)


def _entries(run: Run) -> Sequence[FeatureEntry]:
    known = run.recipe.features
    by = run.recipe.settings.folds.by or [
        name for name, entry in known.items() if isinstance(made_extractor(entry), SoundExtractor)
    ]
    if not by:
        raise ConfigError(
            "folds.groups: estimated: no feature of the recipe is of sound; name one that tells "
            "faces or voices apart (folds.by: [NAME]), or add one: features: {speaker: {extractor: "
            "librosa, descriptors: [mfcc], level: low_level}}"
        )
    return entries_named("feature", known, by)
