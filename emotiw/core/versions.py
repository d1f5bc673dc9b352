"""The versions of what computes a run."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

NAMES = (
    "emotiw", "numpy", "torch", "torchaudio", "torchvision", "librosa", "opensmile",
    "facenet-pytorch", "av", "opencv-python-headless", "scikit-learn", "pandas",
)  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, the toolkit and the packages that results may depend on."""
    found = {"python": platform.python_version()}
    for name in NAMES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
