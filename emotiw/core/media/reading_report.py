"""What was read of a file, what of it could not be, and how that is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emotiw.core.media.media_info import ENOUGH

MOST_TOLD = 2  # of FFmpeg's messages
NO_IMAGES: Mapping[str, str] = {"pictures": "missing"}  # what a stage notes of a recording
SEEM = {90: "to lie on one side", 180: "upside down", 270: "to lie on one side"}
# what is between the parts of a joined MP3, or behind its end, is no sound
HARMLESS = {"mp3float: Header missing", "mp3: Header missing"}
MOST_LOUD_DB = 6.0  # above full scale: what no recording holds, and a damaged decoder gives


@dataclass
class ReadingReport:
    """Counts of one pass over a file.

    Attributes:
        n_frames: images decoded.
        n_damaged_frames: of them, those that the decoder marks as damaged.
        expected_frames: images that the file declares; 0 where it doesn't.
        shown_sec: how far the images reach.
        expected_shown_sec: how far they should; 0 where the file doesn't say, or counts them.
        sound_sec: seconds of sound that were decoded, without gaps.
        expected_sound_sec: seconds that the file declares; 0 where it doesn't.
        gap_sec: seconds that are missing within the sound.
        n_damaged_packets: parts of the file that could not be decoded.
        n_clock_jumps: how often the time of images goes back.
        errors: FFmpeg's own messages, with how often they came.
        peak_db: of a sound that is above full scale in bursts only, against full scale.
        enough: share of what the file declares that makes it count as whole.
    """

    n_frames: int = 0
    n_damaged_frames: int = 0
    expected_frames: int = 0
    shown_sec: float = 0.0
    expected_shown_sec: float = 0.0
    sound_sec: float = 0.0
    expected_sound_sec: float = 0.0
    gap_sec: float = 0.0
    n_damaged_packets: int = 0
    n_clock_jumps: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    peak_db: float | None = None
    enough: float = ENOUGH

    @property
    def told(self) -> str:
        """Say what could not be read; nothing where all of it was.

        Examples:
            >>> ReadingReport(n_frames=18, expected_frames=30).told
            '18 of 30 images read'
            >>> ReadingReport(n_frames=29, expected_frames=30).told
            ''
        """
        parts = []
        n, expected = self.n_frames, self.expected_frames
        if expected - n > 1 and n < self.enough * expected:
            parts.append(f"{n} of {expected} images read")
        shown, until = self.shown_sec, self.expected_shown_sec
        if until - shown > 0.1 and shown < self.enough * until:
            parts.append(f"images of {shown:.2f} of {until:.2f} s read")
        heard, declared = self.sound_sec + self.gap_sec, self.expected_sound_sec
        if declared - heard > 0.1 and heard < self.enough * declared:
            parts.append(f"{heard:.2f} of {declared:.2f} s of sound read")
        if self.gap_sec:
            parts.append(f"{self.gap_sec:.2f} s missing within the sound")
        n_harmless = sum(n for said, n in self.errors.items() if said in HARMLESS)
        if self.n_damaged_packets > n_harmless:
            parts.append(f"{self.n_damaged_packets - n_harmless} damaged packets")
        if self.n_damaged_frames:
            parts.append(f"{self.n_damaged_frames} images marked as damaged")
        if self.n_clock_jumps:
            parts.append("times of images go back")
        if self.peak_db is not None and self.peak_db > MOST_LOUD_DB:
            parts.append(f"sound of {self.peak_db:+.1f} dB, where 0 is full scale")
        if errors := [said for said in self.errors if said not in HARMLESS]:
            first = errors[:MOST_TOLD]
            more = len(errors) - len(first)
            also = f" and {more} others" if more else ""
            parts.append(f"FFmpeg says: {'; '.join(first)}{also}")
        return "; ".join(parts)


def notes_of(quality: Mapping[str, float | int | str]) -> list[str]:
    """Return what the reader of a result should know of the reading, as a stage has noted it.

    Examples:
        >>> notes_of({"read_in_part": "2 damaged packets", "n_tracks": 1})
        ['read in part: 2 damaged packets']
    """
    notes = []
    if reason := quality.get("read_in_part"):
        notes.append(f"read in part: {reason}")
    if turned := quality.get("turned_deg"):
        notes.append(f"images seem {SEEM[int(turned)]}: turned to find faces")
    return notes


def quality_of(reason: str) -> Mapping[str, str]:
    """Return what a stage notes of a clip that was read in part: its ledger row is ``partial``."""
    return {"read_in_part": reason} if reason else {}


def seen_track(quality: Mapping[str, float | int | str]) -> int | None:
    """Return which of several video tracks faces were found in; None where there is one."""
    track = quality.get("video_track")
    return None if track is None else int(track)
