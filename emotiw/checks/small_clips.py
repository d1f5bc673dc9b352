"""A clip of half a second, written on the spot: a moving pattern, a tone, two faces of noise."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.core.face_tracks import FaceTracks, Origin
from features.extractor import ClipSource
from features.text.transcript import Segment, Transcript

FPS, N_FRAMES, SIDE, RATE, CROP = 20, 20, 64, 16_000, 112


def small_source(folder: Path, *, seed: int = 0, is_empty: bool = False) -> ClipSource:
    """Return a clip with its faces and words; an empty one has no sound, no face and no words."""
    path = folder / f"clip{seed}.mkv"
    _write(path, seed, has_sound=not is_empty)
    faces = small_faces(seed, 0 if is_empty else N_FRAMES)
    return ClipSource(
        f"clip{seed}", path, faces, small_words(seed) if not is_empty else Transcript()
    )


def small_words(seed: int) -> Transcript:
    """Return two segments with their times."""
    other = ("happy", "sad", "calm")[seed % 3]
    return Transcript((Segment(f"I am {other}.", 0.0, 0.4), Segment("Really?! 😀", 0.4, 0.9)))


def small_faces(seed: int, n: int) -> FaceTracks:
    """Return two people of ``n`` and ``n // 2`` frames, whose crops are coarse noise."""
    rng = np.random.default_rng(seed)
    track = np.repeat([0, 1], [n, n // 2]).astype(np.int32)
    jpegs = [_jpeg(rng) for _ in track]
    corner = rng.uniform(0, 20, (len(track), 2))
    points = rng.uniform(5, 30, (len(track), 5, 2))
    return FaceTracks(
        n_frames=N_FRAMES,
        time_sec=np.arange(N_FRAMES) / 25,
        frame_size=(SIDE, SIDE),
        track=track,
        frame=np.concatenate([np.arange(n), np.arange(n // 2)]).astype(np.int32),
        box=np.concatenate([corner, corner + 36], axis=1).astype(np.float32),
        landmarks=(corner[:, None] + points).astype(np.float32),
        confidence=np.full(len(track), 0.99, np.float32),
        origin=np.full(len(track), Origin.DETECTED, np.uint8),
        transform=np.tile(np.eye(2, 3, dtype=np.float32), (len(track), 1, 1)),
        crop_size=CROP,
        crop_jpeg=np.frombuffer(b"".join(jpegs), np.uint8),
        crop_offset=np.cumsum([0, *map(len, jpegs)]).astype(np.int64),
    )


def _jpeg(rng: np.random.Generator) -> bytes:
    from PIL import Image

    coarse = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.resize((CROP, CROP)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _write(path: Path, seed: int, *, has_sound: bool) -> None:
    """Write without loss, so that what is decoded is the same everywhere."""
    import av

    rng = np.random.default_rng(seed)
    pattern = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(SIDE // 8, 0)
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("ffv1", rate=FPS)
        video.height = video.width = SIDE
        video.pix_fmt = "yuv444p"
        sound: Any = out.add_stream("pcm_s16le", rate=RATE, layout="mono") if has_sound else None
        for number in range(N_FRAMES):
            pixels = np.ascontiguousarray(np.roll(pattern.repeat(SIDE // 8, 1), number, axis=1))
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        if sound is not None:
            time_sec = np.arange(N_FRAMES * RATE // FPS) / RATE
            pitch_hz = 180 + 20 * seed + 15 * np.sin(2 * np.pi * 4 * time_sec)
            phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
            wave = 0.3 * np.sin(phase) + 0.1 * np.sin(2 * phase)
            wave += 0.01 * rng.standard_normal(len(wave))
            samples = (32767 * wave).astype(np.int16)[None]
            block = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            block.sample_rate, block.pts = RATE, 0
            out.mux(sound.encode(block))
            out.mux(sound.encode(None))
