"""What a file says about itself, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from emotiw.core.media.declared_length import declared_sec
from emotiw.core.media.upright import squared

ENOUGH = 0.95  # of what a file declares; some declare a little that they don't have
SLACK_SEC = 0.3  # by which images may end before the sound
MOST_PIXELS = 1 << 28  # of an image of a video: 16,384 x 16,384


@dataclass(frozen=True)
class MediaInfo:
    """What a file says about itself, before anything is decoded.

    Attributes:
        is_still: a photograph; it is read as a clip of one frame.
        has_video: there is an image stream with a known codec (cover art is none).
        has_audio: there is a sound stream with a known codec.
        declared_frames: the number of frames that the container claims; 0 where it doesn't say.
        fps: frames per second on average, or 0.
        duration_sec: length, or 0 where it isn't declared.
        width: of the images before they are turned, in square px.
        height: of the images before they are turned, px.
        sound_sec: length of the sound, or 0 where it isn't declared, or is only an estimate.
        start_sec: when the clip begins on the file's own clock, which the times of all frames and
            samples are counted from.
        n_video_tracks: that can be decoded.
        n_audio_tracks: that can be decoded.
        video_track: the one that is read, counted from 0.
        audio_track: the one that is read, counted from 0.
        shown_sec: length of the images, or 0 where it isn't declared, or is only an estimate.
        has_edits: the file may hold images that its list of edits hides.
        tells_decoding: images are stored in another order than they are shown in, and the file says
            only when each is decoded: an AVI with B-frames.
    """

    is_still: bool
    has_video: bool
    has_audio: bool
    declared_frames: int = 0
    fps: float = 0.0
    duration_sec: float = 0.0
    width: int = 0
    height: int = 0
    sound_sec: float = 0.0
    start_sec: float = 0.0
    n_video_tracks: int = 0
    n_audio_tracks: int = 0
    video_track: int | None = None
    audio_track: int | None = None
    shown_sec: float = 0.0
    has_edits: bool = False
    tells_decoding: bool = False

    @property
    def expected_frames(self) -> int:
        """As many frames as are shown of a whole file; 0 where nobody can say.

        What an edit list hides is declared, but not shown.
        """
        by_length = round((self.shown_sec or self.duration_sec) * self.fps)
        if self.declared_frames and self.has_edits and self.shown_sec and self.fps:
            return min(self.declared_frames, by_length)
        return self.declared_frames or by_length


# whose length is not declared, but guessed from the size of the file or the last thing in it
GUESSED = {"mp3", "aac", "ac3", "eac3", "mpeg", "mpegts", "mpegvideo", "h264", "hevc", "m4v", "amr"}
# whose times say when something is shown or heard; those of others count it
CLOCKED = {"mov", "matroska", "mpegts", "mpeg", "flv", "asf", "ogg", "nut", "mxf", "rm"}


def info_of(path: Path, container: Any, video: Any, audio: Any, **tracks: int | None) -> MediaInfo:
    """Return what an open file says of the streams that were chosen."""
    kinds = set(container.format.name.split(","))
    duration = container.duration
    width, height = 0, 0
    if video is not None:
        stored = (video.codec_context.width, video.codec_context.height)
        width, height = squared(stored, video.sample_aspect_ratio)
    is_guess = bool(kinds & GUESSED)
    length = duration / 1e6 if duration is not None and duration > 0 else 0.0
    sound_sec = 0.0 if is_guess else _length_sec(audio)
    sound_sec = max(sound_sec, declared_sec(path, kinds, length))
    if video is not None and "avi" in kinds and video.average_rate:
        # the index at its end says how long an AVI is; without it, FFmpeg goes by its size
        declared = video.frames / float(video.average_rate)
        sound_sec = declared if audio is not None and length < ENOUGH * declared else sound_sec
    shown_sec = 0.0 if is_guess else _length_sec(video)
    if video is not None and "flv" in kinds:  # which knows of the longest track only
        shown_sec = max(length - SLACK_SEC, 0.0)
    return MediaInfo(
        is_still=False,
        has_video=video is not None,
        has_audio=audio is not None,
        declared_frames=video.frames if video is not None else 0,
        fps=float(video.average_rate or 0) if video is not None else 0.0,
        duration_sec=length,
        width=width,
        height=height,
        sound_sec=sound_sec,
        shown_sec=shown_sec,
        has_edits="mov" in kinds,
        tells_decoding="avi" in kinds and video is not None and video.codec_context.has_b_frames,
        start_sec=_zero_sec(video, audio),
        **tracks,  # type: ignore[arg-type]
    )


def has_clock(container: Any) -> bool:
    """Return whether a file says of each block of sound when it is heard."""
    return bool(set(container.format.name.split(",")) & CLOCKED)


def _zero_sec(video: Any, audio: Any) -> float:
    starts = [
        float(stream.start_time * stream.time_base)
        for stream in (video, audio)
        if stream is not None and stream.start_time is not None and stream.time_base
    ]
    return min(starts, default=0.0)


def _length_sec(stream: Any) -> float:
    if stream is None:
        return 0.0
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(Fraction(stream.duration) * stream.time_base)
    end = _clock_sec(stream.metadata.get("DURATION", ""))
    return max(end - float((stream.start_time or 0) * (stream.time_base or 0)), 0.0)


def _clock_sec(text: str) -> float:
    """Return the seconds of ``00:00:01.900000000``, as Matroska writes the length of a track."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return 0.0
