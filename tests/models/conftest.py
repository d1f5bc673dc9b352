"""What the tests of several kinds of models have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emotiw.models.model import Examples

FitStopped = Callable[[Any, Examples, Path], None]


@pytest.fixture
def fit_stopped(monkeypatch: pytest.MonkeyPatch) -> FitStopped:
    """Fit a model, and stop right after its first checkpoint is on disk."""
    from emotiw.models.training import loop

    def fit(model: Any, known: Examples, folder: Path) -> None:
        saved = loop.save_state

        def stop_after_saving(*args: Any, **kwargs: Any) -> None:
            saved(*args, **kwargs)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(loop, "save_state", stop_after_saving)
            with pytest.raises(KeyboardInterrupt):
                model.fit(known, folder=folder)

    return fit
