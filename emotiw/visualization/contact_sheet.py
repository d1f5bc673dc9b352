"""The faces of a clip to look at: a contact sheet, and the clip with boxes, points and numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.files import atomic_write
from emotiw.core.media.reading_report import seen_track
from emotiw.core.progress import Progress, Silent
from emotiw.visualization.annotated_video import Picture, write_annotated
from emotiw.visualization.boxes import FaceLabel, colour_of, put_labels, shown, visible_rows

WIDTH, GAP, LINE = 1200, 8, 22  # px of the sheet
FRAMES, FACES = 4, 12  # side by side
MOST_TRACKS = 12
GROUND, INK, FAINT = "#181818", "#f2f2f2", "#a8a8a8"
NOTE = "emotiw-faces"  # in the PNG: what it was drawn from


def write_preview(
    path: Path,
    tracks: FaceTracks,
    quality: Mapping[str, float | int | str],
    target: Path,
    *,
    note: str = "",
    progress: Progress | None = None,
) -> tuple[Path, Path]:
    """Write a contact sheet (PNG) and the annotated clip (MP4; a JPEG of a photograph).

    Args:
        quality: the measurements of the ledger.
        target: both files without their suffix, which are returned with it.
        note: kept in the PNG, for :func:`note_of`.

    Raises:
        MediaError: if the clip can't be read.
    """
    draw = _Drawing(tracks)
    annotated = write_annotated(
        path, draw, target, progress=progress or Silent(), video_track=seen_track(quality)
    )
    sheet = contact_sheet(path.name, tracks, quality, draw.kept)
    buffer = io.BytesIO()
    kept = PngInfo()
    kept.add_text(NOTE, note)
    sheet.save(buffer, "PNG", pnginfo=kept)
    final = target.with_name(f"{target.name}.png")
    atomic_write(final, buffer.getvalue())
    return final, annotated


def note_of(sheet: Path) -> str:
    """Return the note that a contact sheet was written with; empty where there is none."""
    try:
        with Image.open(sheet, formats=["PNG"]) as picture:
            return str(picture.info.get(NOTE, ""))
    except OSError:
        return ""


def contact_sheet(
    name: str,
    tracks: FaceTracks,
    quality: Mapping[str, float | int | str],
    frames: Mapping[int, Picture],
) -> Image.Image:
    """Return one image of a clip of this name: annotated frames by number, a row per track."""
    side = (WIDTH - GAP * (FACES + 1)) // FACES
    thumbs = _thumbnails(frames)
    n_rows = min(tracks.n_tracks, MOST_TRACKS)
    tall = max((thumb.height for thumb in thumbs), default=0)
    top = GAP + 3 * LINE + tall + GAP
    sheet = Image.new("RGB", (WIDTH, top + n_rows * (LINE + side + GAP) + LINE + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), name, INK, ImageFont.load_default(17))
    font = ImageFont.load_default(14)
    draw.text((GAP, GAP + LINE + 2), headline(tracks, quality), INK, font)
    for place, thumb in enumerate(thumbs):
        sheet.paste(thumb, (GAP + place * (thumb.width + GAP), GAP + 3 * LINE - 8))
    for number in range(n_rows):
        rows = np.flatnonzero(tracks.track == number)
        y = top + number * (LINE + side + GAP)
        draw.text((GAP, y), about_track(tracks, number), colour_of(number), font)
        spread = np.linspace(0, len(rows) - 1, min(FACES, len(rows))).round().astype(int)
        for place, row in enumerate(rows[spread].tolist()):
            crop = Image.fromarray(tracks.crop(row)).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(crop, (GAP + place * (side + GAP), y + LINE))
    left_out = tracks.n_tracks - n_rows
    if left_out:
        text = f"… and {left_out} more tracks"
        draw.text((GAP, sheet.height - LINE - 2), text, FAINT, font)
    return sheet


def headline(tracks: FaceTracks, quality: Mapping[str, float | int | str]) -> str:
    """Return in one line what was found in a clip."""
    width, height = tracks.frame_size
    is_still, what = tracks.n_frames == 1, f"{width}x{height}"
    if not is_still:
        what += f", {tracks.n_frames} frames, {quality.get('duration_sec', 0):.1f} s"
    n_faces = int(quality.get("n_tracks", tracks.n_tracks))
    if not n_faces:
        stand_in = "; the whole image or its centre stands in" if len(tracks) else ""
        return f"{what}: no face found{stand_in}"
    ending = "s" if n_faces != 1 else ""
    if is_still:
        return f"{what}: {n_faces} face{ending}"
    return (
        f"{what}: {n_faces} track{ending}, a face in {quality.get('frames_with_face')} frames, "
        f"longest gap {quality.get('longest_gap_frames')} frames"
    )


def about_track(tracks: FaceTracks, number: int) -> str:
    """Return in one line where a track is, how sure, how large and how tilted."""
    rows = np.flatnonzero(tracks.track == number)
    if (tracks.origin[rows] == Origin.FALLBACK).all():
        return f"{number}: no face, a stand-in"
    sides = tracks.box[rows, 2:] - tracks.box[rows, :2]
    eyes = tracks.landmarks[rows, 1] - tracks.landmarks[rows, 0]
    tilt = float(np.degrees(np.median(np.arctan2(eyes[:, 1], eyes[:, 0]))))
    frames, when = tracks.frame[rows], ""
    if tracks.n_frames > 1:
        when = f"frames {frames.min()}-{frames.max()}, in {len(rows)} of them; "
    return (
        f"{number}: {when}confidence {tracks.confidence[rows].mean():.2f}, "
        f"{np.median(sides.max(axis=1)):.0f} px, tilt {tilt:+.0f}°"
    )


class _Drawing:
    """Draws the faces of one frame after another; keeps a few frames for the sheet."""

    def __init__(self, tracks: FaceTracks) -> None:
        self._tracks = tracks
        self._rows_at = visible_rows(tracks)
        n = tracks.n_frames
        self._wanted = {round(n * (2 * k + 1) / (2 * FRAMES) - 0.5) for k in range(FRAMES)}
        self.kept: dict[int, Picture] = {}

    def __call__(self, rgb: Picture, index: int, time_sec: float) -> Picture:
        picture, factor = shown(rgb)
        rows = self._rows_at.get(index, ())
        put_labels(picture, [self._draw_face(picture, row, factor) for row in rows])
        if index in self._wanted or self._tracks.n_frames == 1:
            self.kept[index] = picture
        return picture

    def _draw_face(self, picture: Picture, row: int, factor: npt.NDArray[np.float64]) -> FaceLabel:
        import cv2

        tracks, number = self._tracks, int(self._tracks.track[row])
        # a box that was followed has a thinner line
        thick = 2 if tracks.origin[row] == Origin.DETECTED else 1
        box = (tracks.box[row] * np.tile(factor, 2)).round().astype(int)
        colour = colour_of(number)
        low, high = (int(box[0]), int(box[1])), (int(box[2]), int(box[3]))
        cv2.rectangle(picture, low, high, colour, thick)
        for x, y in (tracks.landmarks[row] * factor).tolist():
            radius = max(1, round((high[0] - low[0]) / 60))
            cv2.circle(picture, (round(x), round(y)), radius, colour, -1, cv2.LINE_AA)
        return FaceLabel((*low, *high), (f"{number}",), colour)


def _thumbnails(frames: Mapping[int, Picture]) -> list[Image.Image]:
    wide = (WIDTH - GAP * (FRAMES + 1)) // FRAMES
    if len(frames) == 1:
        wide = WIDTH - 2 * GAP
    thumbs = []
    for index in sorted(frames):
        height, width = frames[index].shape[:2]
        size = (wide, max(1, round(height * wide / width)))
        if size[1] > WIDTH:  # an upright photograph
            size = (max(1, round(width * WIDTH / height)), WIDTH)
        thumbs.append(Image.fromarray(frames[index]).resize(size, Image.Resampling.LANCZOS))
    return thumbs
