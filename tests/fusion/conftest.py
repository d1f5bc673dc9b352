"""Fixtures of the fusion tests."""

from __future__ import annotations

import pytest

from tests.fusion.made_up import Corpus, made_up_corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return made_up_corpus({"voice": 2.0, "face": 1.0})
