"""What an image file says of itself, in the words of a video."""

from __future__ import annotations

from pathlib import Path

from emotiw.core.media.media_info import MediaInfo
from emotiw.core.media.stills import Still, read_animation


def info_of_still(path: Path, still: Still) -> MediaInfo:
    """Return a photograph as a clip of one frame, and an animation as a video."""
    width, height = still.size
    if still.n_images == 1:
        return MediaInfo(True, True, False, 1, width=width, height=height, n_video_tracks=1)
    times = [time for time, _ in read_animation(path)]
    lasts = times[-1] * len(times) / max(len(times) - 1, 1)
    return MediaInfo(
        is_still=False,
        has_video=True,
        has_audio=False,
        declared_frames=still.n_images,
        fps=len(times) / lasts if lasts else 0.0,
        duration_sec=lasts,
        width=width,
        height=height,
        n_video_tracks=1,
    )
