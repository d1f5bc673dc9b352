"""Small videos, pictures and sounds of clips, as many as a file of limited size has room for."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from emotiw.analysis.report.previews import previews
from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.errors import EmotiwError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import read_audio
from emotiw.core.media.file_kinds import PICTURE
from emotiw.runs.stages import faces
from emotiw.runs.stages.artifacts import read_artifacts

SIDE = 48  # px of a face in the strip
FACES = (6, 4, 3, 2, 1)  # in a strip; as many as fit for all clips
QUALITY = 55
RATE = 16_000
SECONDS = (5.0, 3.0)  # of sound; as many as fit for all clips
BIT_RATE = 16_000
FACES_SHARE = 0.45  # of the room; the rest is for sound
TRIED_FIRST = 24  # clips by which the size of all is judged
MARGIN = 1.1  # by which the others may be larger


Size = TypeVar("Size", int, float)


@dataclass
class Samples:
    """What fits.

    Attributes:
        strips: by clip, a WebP of faces side by side, in base64; of a clip that has a video, an
            image of it.
        sounds: by clip, an MP3 (or ADTS AAC, where there is no encoder for it), in base64.
        sound_type: the media type of the sounds.
        told: what was left out and why, in words.
        videos: by clip, a short silent video, in base64.
        video_type: the media type of the videos.
    """

    strips: dict[str, str]
    sounds: dict[str, str]
    sound_type: str
    told: list[str]
    videos: dict[str, str] = field(default_factory=dict)
    video_type: str = ""


def samples(facts: RunSnapshot, worth: Sequence[str], room: int, *, video_room: int = 0) -> Samples:
    """Return pictures and sounds of clips in this order, as many as there is room for.

    Args:
        facts: the run.
        worth: clips, those most worth looking at first.
        room: characters for strips of faces and for sounds.
        video_room: characters for videos, which stand in place of strips.
    """
    progress = facts.run.progress
    told: list[str] = []
    moving = previews(facts, worth, video_room)
    if 0 < len(moving.videos) < moving.n_with_video:
        told.append(
            f"Videos are kept of {len(moving.videos):,} of {moving.n_with_video:,} clips: "
            "mistakes and disagreements first. The others have stills, to keep this file small."
        )
    still = [clip_id for clip_id in worth if clip_id not in moving.videos]
    strips, n_faces, n_with_faces = _strips(facts, still, int(room * FACES_SHARE))
    if n_with_faces > len(strips):
        told.append(
            f"Faces are shown of {len(strips):,} of {n_with_faces:,} clips that have any: "
            "mistakes and disagreements first."
        )
    elif 0 < n_faces < FACES[0] and strips:
        told.append(f"Strips show {n_faces} faces instead of {FACES[0]}, to keep this file small.")
    room -= sum(_length(*each) for each in strips.items())
    codec, kind = _sound_codec()
    with_sound = [c for c in worth if facts.cohort[c].path.suffix.lower() not in PICTURE]

    def sound(clip_id: str, seconds: float) -> str:
        data = encode_sound(facts.cohort[clip_id].path, codec, most_sec=seconds)
        return base64.b64encode(data).decode()

    tracked = progress.track(with_sound, stage="sound", total=len(with_sound))
    seconds, sounds, n_failed = _as_many_as_fit(SECONDS, with_sound, tracked, sound, room)
    n_heard = len(with_sound) - n_failed
    if n_heard > len(sounds):
        told.append(
            f"Sound is kept of {len(sounds):,} of {n_heard:,} clips, the first {seconds:g} s: "
            "mistakes and disagreements first. The rest is left out to keep this file small."
        )
    elif seconds < SECONDS[0] and sounds:
        told.append(f"Sound is cut after {seconds:g} s, to keep this file small.")
    if with_sound and n_failed == len(with_sound):
        told.append("No sound: the clips can't be read, or have none.")
    strips = {**moving.posters, **strips}
    return Samples(strips, sounds, kind, told, moving.videos, moving.kind)


def _strips(facts: RunSnapshot, worth: Sequence[str], room: int) -> tuple[dict[str, str], int, int]:
    if not facts.run.faces_path.is_file():
        return {}, 0, 0
    artifacts = read_artifacts(facts.run.faces_path, made_by="faces")
    wanted = [c for c in worth if c in artifacts and artifacts[c].n_present]

    def strip(clip_id: str, n: int) -> str:
        tracks = FaceTracks.from_tensors(facts.run.store.read(faces.STAGE, artifacts[clip_id].key))
        return base64.b64encode(strip_of(tracks, n)).decode()

    tracked = facts.run.progress.track(wanted, stage="faces", total=len(wanted))
    n_faces, strips, _ = _as_many_as_fit(FACES, wanted, tracked, strip, room)
    return strips, n_faces, len(wanted)


def _as_many_as_fit(
    sizes: Sequence[Size],
    wanted: Sequence[str],
    tracked: Iterable[str],
    made: Callable[[str, Size], str],
    room: int,
) -> tuple[Size, dict[str, str], int]:
    """Return the size chosen for all, what was made by clip, and how many can't be made."""
    size = _first_that_fits(sizes, wanted, made, room)
    kept: dict[str, str] = {}
    n_failed = 0
    for clip_id in tracked:
        try:
            text = made(clip_id, size)
        except EmotiwError:
            n_failed += 1
            continue
        room -= _length(clip_id, text)
        if room < 0:
            break
        kept[clip_id] = text
    return size, kept, n_failed


def _length(clip_id: str, text: str) -> int:
    return len(text) + len(clip_id) + 8


def _first_that_fits(
    sizes: Sequence[Size], wanted: Sequence[str], made: Callable[[str, Size], str], room: int
) -> Size:
    """Return the first of these sizes that leaves room for all, judged by some; or the last."""
    some = wanted[:: max(1, len(wanted) // TRIED_FIRST)]
    for size in sizes[:-1]:
        lengths = []
        for clip_id in some:
            try:
                lengths.append(_length(clip_id, made(clip_id, size)))
            except EmotiwError:
                continue
        if not lengths or float(np.mean(lengths)) * len(wanted) * MARGIN <= room:
            return size
    return sizes[-1]


def strip_of(tracks: FaceTracks, n: int) -> bytes:
    """Return a WebP of up to ``n`` faces side by side, ``SIDE`` px each.

    Of a video it is the main face, evenly over time; of a photograph its people.
    """
    from PIL import Image

    rows = np.flatnonzero(tracks.track == 0) if tracks.n_frames > 1 else np.arange(len(tracks))
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(n, len(rows))).round().astype(int))]
    if tracks.n_frames == 1:
        chosen = rows[:n]
    strip = Image.new("RGB", (SIDE * len(chosen), SIDE))
    for place, row in enumerate(chosen):
        face = Image.fromarray(tracks.crop(int(row))).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        strip.paste(face, (SIDE * place, 0))
    buffer = io.BytesIO()
    strip.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def encode_sound(path: Path, codec: str, *, most_sec: float = SECONDS[0]) -> bytes:
    """Return the first seconds of a clip's sound, mono, small.

    Raises:
        MediaError: if it has no sound that can be read.
    """
    import av

    sound = read_audio(path, RATE)
    waveform = sound.waveform[: int(most_sec * RATE)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3" if codec == "libmp3lame" else "adts") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.bit_rate = BIT_RATE
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE)
        frame = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        fifo = av.AudioFifo()
        for block in resampler.resample(frame):
            fifo.write(block)
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size, partial=True)) is not None:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _sound_codec() -> tuple[str, str]:
    import av

    if "libmp3lame" in av.codecs_available:
        return "libmp3lame", "audio/mpeg"
    return "aac", "audio/aac"
