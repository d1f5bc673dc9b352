"""Media from elsewhere, to learn from without labels: added to a challenge's clips, never asked.

A file that is a clip of the challenge already stays what it is there: its label, and who holds it
out, can't be lost by naming its folder once more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emotiw.challenges.duplicate_ids import resolve_duplicate_ids
from emotiw.challenges.manifest_builder import ManifestBuilder, Refused, media_files
from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.clip import CORPUS, UNLABELLED, Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, ManifestError, Problems
from emotiw.core.files import shown_in_full
from emotiw.core.media.file_kinds import MEDIA


def with_unlabelled(
    cohort: Cohort, spec: ChallengeSpec, folders: Mapping[str, Path]
) -> tuple[Cohort, list[str], list[Refused]]:
    """Return the cohort with all media of these folders as unlabelled clips.

    Nobody knows who is in them: a clip's group is its content. An id that is taken gets
    ``unlabelled_`` before it.

    Args:
        cohort: of the challenge.
        spec: the challenge.
        folders: by the name of the corpus that they are of; empty for the challenge's own.

    Returns:
        The cohort, what the user should know, and who can't be a clip.

    Raises:
        ManifestError: if there is no such folder, or no media in it.
        ConfigError: if the challenge asks step by step: such models learn from no unlabelled clips.
    """
    if spec.asks_steps:
        raise ConfigError(f"data.unlabelled: {spec.name} asks step by step, and learns from labels")
    taken = {os.path.realpath(clip.path) for clip in cohort if clip.path != Path()}
    clips, warnings, refused = list(cohort.answered()), list[str](), list[Refused]()
    for corpus, folder in folders.items():
        if not folder.is_dir():
            raise ManifestError(f"data.unlabelled: no folder {shown_in_full(folder)}")
        paths = media_files(folder, MEDIA)
        if not paths:
            raise ManifestError(f"data.unlabelled: no media in {shown_in_full(folder)}")
        known = [path for path in paths if os.path.realpath(path) in taken]
        if known:
            told = f"{len(known)} files of data.unlabelled are clips of the challenge already"
            warnings.append(f"{told}, and stay what they are there, e.g. {known[0].name}")
        builder = ManifestBuilder(spec, folder, Problems(str(folder), most=50))
        extra = {CORPUS: corpus} if corpus else {}
        for path in paths:
            if path not in known:
                builder.add(path.stem, path, UNLABELLED, extra=extra)
        builder.refuse_odd_names()
        resolve_duplicate_ids(builder, "qualify")
        builder.problems.raise_if_any(ManifestError)
        ids = {clip.clip_id for clip in clips}
        clips += [_renamed(clip, ids) for clip in builder.clips]
        warnings += builder.warnings
        refused += builder.refused
    return Cohort(clips, task=spec.task, where="data.unlabelled"), warnings, refused


def _renamed(clip: Clip, ids: set[str]) -> Clip:
    is_taken = clip.clip_id in ids
    return replace(clip, clip_id=f"{UNLABELLED}_{clip.clip_id}") if is_taken else clip
