"""Fixtures of the fusion tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fusion.made_up import Corpus, made_up_corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return made_up_corpus({"voice": 2.0, "face": 1.0})


@pytest.fixture(scope="session")
def with_holes() -> Corpus:
    """Six speakers; every fifth clip has no voice, every seventh no face, none lacks both."""
    made = made_up_corpus({"voice": 2.0, "face": 1.5}, n_speakers=6, per_speaker=40)
    tables = {}
    for name, every in (("voice", 5), ("face", 7)):
        table = made.tables[name]
        is_gone = (np.arange(len(table)) % every == 0) & (np.arange(len(table)) % 35 != 0)
        tables[name] = replace(table, scores=np.where(is_gone[:, None], np.nan, table.scores))
    return replace(made, tables=tables)
