"""What any video, photograph or folder shows, by a trained run or by the bundled models.

The room has the name of what it does, so it can be called: ``emotiw.predict(files)`` is
:func:`emotiw.api.predict`.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CalledAsItIsNamed(ModuleType):
    """A module that does what its name says."""

    def __call__(self, *args: Any, **more: Any) -> Any:
        """Do what :func:`emotiw.api.predict` does."""
        return import_module("emotiw.api").predict(*args, **more)


sys.modules[__name__].__class__ = _CalledAsItIsNamed
