"""What FFmpeg itself says of a file while it is read.

Much damage goes by without an error: a decoder hides what it can't read, and only its log tells.
PyAV keeps such messages per thread while somebody listens, so listening goes packet by packet:
several files may be read in turn.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any


class DecoderLog:
    """The errors that FFmpeg logs in this thread inside its ``with`` blocks, of which it has many.

    What it says while nobody listens, as of a video that is written, is heard nowhere.
    """

    def __init__(self) -> None:
        self._capture = _capture()()

    def __enter__(self) -> None:
        self._capture.__enter__()

    def __exit__(self, *error: object) -> None:
        self._capture.__exit__(*error)

    @property
    def errors(self) -> dict[str, int]:
        """What was said, and how often."""
        heard: dict[str, int] = {}
        for level, who, what in self._capture.logs:
            if level <= _error_level():
                message = f"{who}: {what.strip()}" if who else what.strip()
                heard[message] = heard.get(message, 0) + 1
        return heard


@cache
def _capture() -> Any:
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
