"""When each frame of a video is shown, told without decoding any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.media.containers import open_container
from emotiw.core.media.media_reader import MediaReader
from emotiw.core.media.streams import tracks


def frame_times(path: Path, video_track: int | None = None) -> npt.NDArray[np.float64]:
    """Return ``(n_frames,)`` seconds from the start of the clip, in the order of display.

    Frames are counted as the file has them, so that one that is damaged takes none of the others
    from its place. A file that tells no times of its frames is decoded.

    Raises:
        MediaError: if it can't be read, or holds no images.
    """
    with MediaReader(path, video_track=video_track) as reader:
        if reader.info.video_track is not None:
            times = _told(path, reader.info.video_track, reader.info.start_sec)
            if times is not None:
                return times
        return np.array([frame.time_sec for frame in reader.frames()])


def _told(path: Path, track: int, start_sec: float) -> npt.NDArray[np.float64] | None:
    """Return the times that stand in the file; None where it lacks any."""
    import av

    times: list[Any] = []
    with open_container(path) as container:
        stream = tracks(container, "video")[track]
        tick = float(stream.time_base)
        try:
            for packet in container.demux(stream):
                if packet.size and not packet.is_discard:
                    times.append(packet.pts)
        except av.FFmpegError:
            pass  # what comes after the damage is not there for anybody
    if not times or any(time is None for time in times):
        return None
    seconds = np.sort(np.array(times, dtype=np.float64)) * tick
    return np.maximum(seconds - start_sec, 0.0)
