"""Which of several tracks is the clip: the one that a player would take.

The one that the file marks as its default; else FFmpeg's own rule: the images of most pixels, the
sound of most channels, the first of equals. Cover art is no video, and comments or described
images are no sound track, unless there is nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from emotiw.core.errors import MediaError

Kind = Literal["video", "audio"]


def tracks(container: Any, kind: Kind) -> list[Any]:
    """Return the streams of one kind that can be decoded, in the order of the file."""
    import av

    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    found = container.streams.video if kind == "video" else container.streams.audio
    return [s for s in found if s.codec_context is not None and not s.disposition & cover]


def chosen_track(found: Sequence[Any], wanted: int | None = None) -> int | None:
    """Return the place of the track to read; None where there is none.

    Args:
        found: as :func:`tracks` returns them.
        wanted: the one that the user asks for, counted from 0.

    Raises:
        MediaError: if there is no such track.
    """
    if wanted is not None and found:
        if not 0 <= wanted < len(found):
            raise MediaError(f"there is no track {wanted} (it has {len(found)}, counted from 0)")
        return wanted
    return max(range(len(found)), key=lambda place: (_rank(found[place]), -place), default=None)


def _rank(stream: Any) -> tuple[bool, bool, bool, int]:
    import av

    mark = av.stream.Disposition
    aside = mark.comment | mark.hearing_impaired | mark.visual_impaired | mark.clean_effects
    size = (
        stream.codec_context.width * stream.codec_context.height
        if stream.type == "video"
        else stream.codec_context.layout.nb_channels
    )
    is_empty = stream.duration == 0
    return (
        not is_empty,
        bool(stream.disposition & mark.default),
        not stream.disposition & aside,
        size,
    )
