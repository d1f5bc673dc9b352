"""Clips, recordings and photographs, read as a player shows them."""

from emotiw.core.media.media_info import MediaInfo
from emotiw.core.media.media_reader import MediaReader, NoSamplesError, VideoFrame, read_audio
from emotiw.core.media.sound_track import Audio
from emotiw.core.media.stills import read_still

__all__ = [
    "Audio",
    "MediaInfo",
    "MediaReader",
    "NoSamplesError",
    "VideoFrame",
    "read_audio",
    "read_still",
]
