"""What a run's clips come to in a few hashes, so that stages can tell whether they have changed.

Reading ten thousand clips takes a second, and a hundred thousand ten: where manifest and folder
are as they were, the hashes of the last time are taken.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from emotiw.core.cohort_table import STEPS
from emotiw.core.errors import MissingStageError
from emotiw.core.files import atomic_write
from emotiw.runs.estimated_groups import SPEAKERS
from emotiw.runs.run import Run

FILE = "cohort.json"


def digests_of(run: Run) -> Mapping[str, Any]:
    """Return ``clips`` (ids and contents), ``cohort`` (labels, groups and splits too), ``splits``.

    Returns:
        The two hashes, and the number of clips in every split.

    Raises:
        MissingStageError: if there is no manifest yet.
        ManifestError: with everything that is wrong with it.
    """
    manifest = run.records.sha256("manifest.csv")
    if manifest is None:
        raise MissingStageError(f"{run.manifest_path} is not there yet: run `emotiw index`")
    of = [manifest, run.listing(), run.task.kind, list(run.task.labels)]
    if run.recipe.settings.folds.groups == "estimated":
        of.append(str(run.records.sha256(SPEAKERS)))
    if (steps := run.records.sha256(STEPS)) is not None:
        of.append(steps)
    path = run.records.home / FILE
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if known["of"] == of:
            return known
    except (OSError, ValueError, KeyError, TypeError):
        pass
    clips = list(run.cohort().answered())
    answers = [(c.clip_id, c.split, c.truth, c.group, c.content, c.fold, c.corpus) for c in clips]
    steps = run.cohort().digest_of_steps
    told = {
        "of": of,
        "clips": _digest([(clip.clip_id, clip.content) for clip in clips]),
        "cohort": _digest([*answers, (steps,)] if steps else answers),
        "splits": dict(sorted(Counter(clip.split for clip in clips).items())),
    }
    atomic_write(path, (json.dumps(told, indent=1) + "\n").encode())
    return told


def _digest(rows: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()
