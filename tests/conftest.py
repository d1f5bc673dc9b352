"""Fixtures that every part's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# a busy machine is no failure; the timeout of the whole test still holds
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take long, so that at the end no process works alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real clips named by EMOTIW_REAL_DATA; the test skips where there is none."""
    name = os.environ.get("EMOTIW_REAL_DATA")
    if not name or not Path(name).is_dir():
        pytest.skip("EMOTIW_REAL_DATA names no folder of real clips")
    return Path(name)
