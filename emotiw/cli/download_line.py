"""How far a download has come, on a terminal."""

from __future__ import annotations

import sys


def show_download(name: str, done: int, total: int | None) -> None:
    """Print one line that is written over until the file is whole."""
    of = f" of {total / 1e6:.1f}" if total else ""
    end = "\n" if done == total else ""
    print(f"\r{name}: {done / 1e6:.1f}{of} MB", end=end, file=sys.stderr, flush=True)
