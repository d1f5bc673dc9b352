"""The video again, with boxes, track numbers, and scores as they change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.files import atomic_write
from emotiw.core.media import MediaReader, read_still
from emotiw.predict.rows import FilePrediction, Row
from emotiw.predict.timeline import COLOURS
from emotiw.progress import Progress

LONGEST_SIDE = 1280  # px of the picture
CODECS = ("libx264", "mpeg4")  # H.264 plays everywhere, MPEG-4 part 2 nearly
TICKS = 90_000  # per second
PANEL = 120  # px below the picture
Picture = npt.NDArray[np.uint8]


def annotate(
    path: Path,
    found: FilePrediction,
    tracks: FaceTracks | None,
    target: Path,
    *,
    progress: Progress,
) -> Path:
    """Write an annotated MP4 (a JPEG of a photograph), sound included; return its path.

    Frames are read and written one by one. Of each person the scores of the nearest stretch are
    shown, below the picture those of everyone over the whole time.

    Args:
        path: the file.
        found: what was predicted for it.
        tracks: its faces, where it was looked for any.
        target: the file to write, without its suffix.
        progress: hears of the frames.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draw = _Drawing(found, tracks)
    with MediaReader(path) as reader:
        if reader.info.is_still:
            return _write_still(
                draw(read_still(path), 0, 0.0), target.with_name(target.name + ".jpg")
            )
    final = target.with_name(f"{target.name}.mp4")
    partial = target.with_name(f".partial-{target.name}.mp4")
    try:
        _write_video(path, draw, partial, progress)
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return final


def _write_still(picture: Picture, target: Path) -> Path:
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    atomic_write(target, cv2.imencode(".jpg", picture[..., ::-1], quality)[1].tobytes())
    return target


def _write_video(path: Path, draw: _Drawing, target: Path, progress: Progress) -> None:
    import av

    with MediaReader(path) as reader, av.open(str(target), "w") as out:
        info = reader.info
        n_frames = info.declared_frames or round(info.duration_sec * info.fps)
        video: Any = None
        sound = _Sound(path, out) if info.has_audio else None
        before = -1
        frames = progress.track(reader.frames(), stage="annotated video", total=n_frames)
        for frame in frames:
            picture = draw(frame.rgb, frame.index, frame.time_sec)
            if video is None:
                codec = next(name for name in CODECS if name in av.codecs_available)
                rate = Fraction(info.fps or 25.0).limit_denominator(1001)
                video = out.add_stream(codec, rate=rate)
                video.height, video.width = picture.shape[:2]
                video.pix_fmt = "yuv420p"
                video.codec_context.time_base = Fraction(1, TICKS)
                if codec == "mpeg4":
                    video.codec_context.time_base = 1 / rate
                    video.bit_rate = 4_000_000
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            base = video.codec_context.time_base
            shown.pts = max(round(frame.time_sec / base), before + 1)
            shown.time_base = base
            before = shown.pts
            if sound is not None:
                sound.up_to(frame.time_sec)
            out.mux(video.encode(shown))
        if video is not None:
            out.mux(video.encode(None))
        if sound is not None:
            sound.up_to(None)


class _Sound:
    """The sound of the file, encoded again alongside the pictures."""

    def __init__(self, path: Path, out: Any) -> None:
        import av

        self._out = out
        self._source = av.open(str(path), metadata_errors="replace")
        stream: Any = next(s for s in self._source.streams.audio if s.codec_context is not None)
        stream.thread_count = 1
        rate = stream.rate if stream.rate in (22_050, 32_000, 44_100, 48_000) else 48_000
        self._track = out.add_stream("aac", rate=rate)
        self._track.layout = "stereo" if stream.codec_context.layout.nb_channels > 1 else "mono"
        self._resampler = av.AudioResampler(
            format="fltp", layout=self._track.layout, rate=rate, frame_size=1024
        )
        self._frames = self._decoded(stream)
        self._done_sec = 0.0
        self._n_samples = 0

    def up_to(self, time_sec: float | None) -> None:
        """Write the sound up to this time, or all that is left."""
        while self._frames is not None and (time_sec is None or self._done_sec < time_sec):
            frame = next(self._frames, None)
            if frame is not None and frame.time is not None:
                self._done_sec = frame.time
            self._write(frame)
            if frame is None:
                self._frames = None  # type: ignore[assignment]
                self._out.mux(self._track.encode(None))
                self._source.close()

    def _write(self, frame: Any) -> None:
        for block in self._resampler.resample(frame):
            block.pts = self._n_samples
            block.time_base = Fraction(1, self._track.rate)
            self._n_samples += block.samples
            self._out.mux(self._track.encode(block))

    def _decoded(self, stream: Any) -> Iterator[Any]:
        import av

        packets = self._source.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue


class _Drawing:
    """Draws on one picture after another."""

    def __init__(self, found: FilePrediction, tracks: FaceTracks | None) -> None:
        self._found = found
        self._tracks = tracks
        self._rows_at: dict[int, list[int]] = {}
        if tracks is not None:
            for row in np.flatnonzero(tracks.origin != Origin.FALLBACK).tolist():
                self._rows_at.setdefault(int(tracks.frame[row]), []).append(row)
        people = {row.person for row in found.rows}
        self._stretches = {p: found.stretches(p) for p in people}
        self._whole = {row.person: row for row in found.whole()}
        self._panel: Picture | None = None

    def __call__(self, rgb: Picture, index: int, time_sec: float) -> Picture:
        """Return the picture with what is known of it drawn, and the panel below."""
        import cv2

        height, width = rgb.shape[:2]
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        shrunk = cv2.resize(rgb, size, interpolation=how)
        picture = np.ascontiguousarray(shrunk, dtype=np.uint8)
        factor = np.array([size[0] / width, size[1] / height])
        for row in self._rows_at.get(index, ()):
            self._draw_face(picture, row, time_sec, factor)
        if self._panel is None:
            self._panel = self._drawn_panel(size[0])
        panel = self._panel.copy()
        if self._found.duration_sec > 0:
            x = min(int(time_sec / self._found.duration_sec * size[0]), size[0] - 1)
            cv2.line(panel, (x, 0), (x, PANEL - 24), (255, 255, 255), 1)
        return np.asarray(np.concatenate([picture, panel]), dtype=np.uint8)

    def _draw_face(
        self, picture: Picture, row: int, time_sec: float, factor: npt.NDArray[np.float64]
    ) -> None:
        import cv2

        assert self._tracks is not None
        person = int(self._tracks.track[row])
        box = (self._tracks.box[row] * np.tile(factor, 2)).round().astype(int)
        colour = _rgb(person)
        cv2.rectangle(picture, tuple(box[:2].tolist()), tuple(box[2:].tolist()), colour, 2)
        found = self._at(person, time_sec)
        text = f"{person}"
        if found is not None and found.scores is not None:
            text += f" {self._found.answer(found)}"
            if self._found.task == "classification":
                text += f" {100 * max(found.scores):.0f}%"
        _label(picture, text, (int(box[0]), int(box[1])), colour)

    def _at(self, person: int | None, time_sec: float) -> Row | None:
        rows = self._stretches.get(person) or (
            self._stretches.get(None, []) if len(self._stretches) == 1 else []
        )
        if not rows:
            return self._whole.get(person) or (
                self._whole.get(None) if len(self._whole) == 1 else None
            )
        place = bisect_left([row.middle_sec for row in rows], time_sec)
        near = rows[max(0, place - 1) : place + 1]
        return min(near, key=lambda row: abs(row.middle_sec - time_sec))

    def _drawn_panel(self, width: int) -> Picture:
        import cv2

        from emotiw.predict.timeline import with_gaps

        panel = np.full((PANEL, width, 3), 24, dtype=np.uint8)
        rows = self._stretches.get(None) or []
        bottom = PANEL - 26
        values = [s for row in rows for s in (row.scores or ())]
        is_label = self._found.task == "classification"
        low, high = (0.0, 1.0) if is_label or not values else (min(values), max(values) + 1e-9)
        for number in range(len(self._found.labels)):
            last = None
            for time_sec, row in with_gaps(rows):
                here = None
                if row is not None and row.scores is not None:
                    share = (row.scores[number] - low) / (high - low)
                    x = int(time_sec / max(self._found.duration_sec, 1e-9) * (width - 1))
                    here = (x, int(bottom - 4 - share * (bottom - 10)))
                    if last is not None:
                        cv2.line(panel, last, here, _rgb(number), 2, cv2.LINE_AA)
                    else:
                        cv2.circle(panel, here, 2, _rgb(number), -1)
                last = here
        self._draw_legend(panel, width)
        return panel

    def _draw_legend(self, panel: Picture, width: int) -> None:
        import cv2

        whole = self._whole.get(None)
        x = 6
        for number, label in enumerate(self._found.labels):
            text = label
            if whole is not None and whole.scores is not None:
                value = whole.scores[number]
                is_label = self._found.task == "classification"
                text += f" {100 * value:.0f}%" if is_label else f" {value:.2f}"
            (wide, _), _ = cv2.getTextSize(_ascii(text), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
            if x + wide > width:
                break
            place = (x, PANEL - 9)
            cv2.putText(
                panel,
                _ascii(text),
                place,
                cv2.FONT_HERSHEY_SIMPLEX,
                0.4,
                _rgb(number),
                1,
                cv2.LINE_AA,
            )
            x += wide + 14


def _label(picture: Picture, text: str, corner: tuple[int, int], colour: tuple[int, ...]) -> None:
    import cv2

    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (wide, high), _ = cv2.getTextSize(_ascii(text), font, size, 1)
    x = max(0, min(corner[0], picture.shape[1] - wide - 6))
    y = max(high + 6, corner[1])
    cv2.rectangle(picture, (x, y - high - 6), (x + wide + 6, y), colour, -1)
    cv2.putText(picture, _ascii(text), (x + 3, y - 4), font, size, (0, 0, 0), 1, cv2.LINE_AA)


def _ascii(text: str) -> str:
    # the font has no other letters
    return text.encode("ascii", "replace").decode()


def _rgb(number: int) -> tuple[int, int, int]:
    """Return a colour that can be told from its neighbours on a dark ground."""
    code = COLOURS[number % len(COLOURS)].lstrip("#")
    red, green, blue = (int(code[place : place + 2], 16) for place in (0, 2, 4))
    return (
        int(red + (255 - red) * 0.45),
        int(green + (255 - green) * 0.45),
        int(blue + (255 - blue) * 0.45),
    )
