"""Descriptors of recordings and of their copies, made once and kept, so that training can go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.challenges.reading import read_challenge
from emotiw.challenges.spec import load_spec
from emotiw.core.clip import Clip
from emotiw.core.files import atomic_write, sha256_of
from emotiw.models.voice.voice_recipe import VoiceRecipe
from features.audio.recording_conditions import recorded_elsewhere
from features.audio.signal import SignalOptions, Waveform, at_level, read_signal
from features.audio.voice_descriptors import LEVEL_DB, VoiceDescriptors

RATE = 16_000
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DescribedVoices:
    """Descriptors of recordings with labels, and of their copies.

    Attributes:
        rows: ``(1 + copies, n, dim)``, the recordings themselves in front; NaN where there is no
            speech in one.
        targets: ``(n,)`` class index.
        speakers: of each recording.
        corpora: of each recording.
        clip_ids: of each recording.
    """

    rows: Rows
    targets: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.str_]
    corpora: npt.NDArray[np.str_]
    clip_ids: tuple[str, ...]

    def of(self, chosen: npt.NDArray[np.bool_]) -> DescribedVoices:
        """Return some of the recordings, with their copies."""
        ids = tuple(np.array(self.clip_ids)[chosen].tolist())
        return DescribedVoices(
            self.rows[:, chosen],
            self.targets[chosen],
            self.speakers[chosen],
            self.corpora[chosen],
            ids,
        )


def labelled_clips(recipe: VoiceRecipe, root: Path) -> tuple[dict[str, Clip], tuple[str, ...]]:
    """Return recordings by the hash of their content, in its order, and the labels that they have.

    Of recordings that are byte for byte alike there is one. Of labels there are those that all
    corpora have: one of a single corpus would be told by that corpus's microphones as much as by
    voices, and be the answer wherever a recording is like none of them.

    Raises:
        ManifestError: if the corpora can't be read.
    """
    spec = load_spec(recipe.challenge).with_options(recipe.options)
    cohort, _, _ = read_challenge(spec, root)
    clips = [clip for clip in cohort.select("train") if clip.label]
    in_each = [
        {c.label for c in clips if c.corpus == corpus} for corpus in {c.corpus for c in clips}
    ]
    shared = set.intersection(*in_each)
    by_content = {sha256_of(clip.path): clip for clip in clips if clip.label in shared}
    labels = tuple(label for label in spec.task.labels if label in shared)
    return {key: by_content[key] for key in sorted(by_content)}, labels


def describe_voices(
    recipe: VoiceRecipe,
    root: Path,
    folder: Path,
    *,
    told: Callable[[str], None] = lambda line: None,
) -> tuple[DescribedVoices, tuple[str, ...]]:
    """Return the descriptors of all recordings and copies, and the labels.

    Args:
        recipe: which, and how many copies.
        root: folder of the corpora.
        folder: where what is described is kept; what is there from before is not made again.
        told: hears how far it is.
    """
    clips, labels = labelled_clips(recipe, root)
    describe = VoiceDescriptors(recipe.feature_sets)
    asked = [describe.columns, recipe.conditions.model_dump(), recipe.seed]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    rounds = []
    for copy in range(1 + recipe.copies):
        rows = []
        for number, (content, clip) in enumerate(clips.items(), start=1):
            path = folder / "descriptors" / key / f"{content[:32]}-{copy}.npy"
            if not path.is_file():
                _keep(path, _described(clip, copy, recipe, describe))
            rows.append(np.load(path, allow_pickle=False))
            if number % 100 == 0 or number == len(clips):
                told(f"copy {copy}: {number} of {len(clips)} recordings")
        rounds.append(np.stack(rows))
    own = clips.values()
    return DescribedVoices(
        np.stack(rounds).astype(np.float64),
        np.array([labels.index(str(clip.label)) for clip in own], dtype=np.int64),
        np.array([clip.group or clip.clip_id for clip in own]),
        np.array([clip.corpus for clip in own]),
        tuple(clip.clip_id for clip in own),
    ), labels


def copy_of(waveform: Waveform, recipe: VoiceRecipe, copy: int, content: bytes) -> Waveform:
    """Return a recording (copy 0), or how it might have sounded elsewhere; the same every time."""
    level = at_level(waveform, LEVEL_DB)
    if not copy:
        return level
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "little")
    chance = np.random.default_rng([recipe.seed, copy, seed])
    return recorded_elsewhere(level, RATE, recipe.conditions, chance)


def _described(clip: Clip, copy: int, recipe: VoiceRecipe, describe: VoiceDescriptors) -> Rows:
    nothing = np.full(len(describe.columns), np.nan)
    waveform = read_signal(clip.path, SignalOptions(sampling_rate=RATE)).waveform
    if waveform is None:
        return nothing
    described, _ = describe(copy_of(waveform, recipe, copy, waveform.tobytes()), RATE)
    return nothing if described is None else described


def _keep(path: Path, rows: Rows) -> None:
    import io

    buffer = io.BytesIO()
    np.save(buffer, rows.astype(np.float32), allow_pickle=False)
    atomic_write(path, buffer.getvalue())
