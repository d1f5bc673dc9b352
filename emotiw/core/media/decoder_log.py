"""What FFmpeg itself says of a file while it is read.

Much damage goes by without an error: a decoder hides what it can't read, and only its log tells.
PyAV keeps such messages per thread while somebody listens, so listening goes packet by packet:
several files may be read in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def listening(heard: dict[str, int]) -> Iterator[None]:
    """Count the errors that FFmpeg logs in this thread, by what it says.

    What it says while nobody listens, as of a video that is written, is heard nowhere.
    """
    capture = _capture()
    with capture() as said:
        try:
            yield
        finally:
            for level, who, what in said:
                if level <= _error_level():
                    message = f"{who}: {what.strip()}" if who else what.strip()
                    heard[message] = heard.get(message, 0) + 1


@cache
def _capture() -> type:
    import av.logging

    logging.getLogger("libav").addHandler(logging.NullHandler())
    logging.getLogger("libav").propagate = False
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # else a file is not told of what was said of the last one
    return av.logging.Capture


@cache
def _error_level() -> int:
    import av.logging

    return int(av.logging.ERROR)
