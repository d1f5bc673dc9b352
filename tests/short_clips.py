"""The synthetic corpus with short clips, for tests of what comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotiw.demo import synthetic_clip
from emotiw.demo.contents import DemoCorpus
from emotiw.demo.corpus import make_corpus


def make_short_corpus(folder: Path, *, seed: int = 0, **n_per_label: int) -> DemoCorpus:
    """Write the corpus of :func:`make_corpus`, each clip of it of 8 to 10 frames."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(synthetic_clip, "FEWEST_FRAMES", 8)
        patched.setattr(synthetic_clip, "MOST_FRAMES", 10)
        return make_corpus(folder, seed=seed, **n_per_label)
