"""The video again, with boxes, track numbers, and scores as they change."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks
from emotiw.predict.one_answer import FACE, VOICE
from emotiw.predict.prediction_rows import FilePrediction, Row
from emotiw.visualization.boxes import (
    FaceLabel,
    Picture,
    ascii_of,
    colour_of,
    put_labels,
    shown,
    visible_rows,
)  # fmt: skip

PANEL = 146  # px below the image
LANES_TOP, LANE = 94, 14  # of the strips of faces and voice in it, px
GROUND, QUIET = (24, 24, 24), (70, 70, 70)


class Annotation:
    """Draws what was predicted for a file, and its faces if it has any, on image after image.

    Of each person the scores of the nearest window are shown, below the image those of everyone
    over the whole time.
    """

    def __init__(self, found: FilePrediction, tracks: FaceTracks | None) -> None:
        self._found = found
        self._tracks = tracks
        self._rows_at = {} if tracks is None else visible_rows(tracks)
        people = {row.person for row in found.rows}
        self._windows = {p: found.windows(p) for p in people}
        self._whole = {row.person: row for row in found.whole()}
        self._panel: Picture | None = None

    def __call__(self, rgb: Picture, index: int, time_sec: float) -> Picture:
        """Return the image with what is known of it drawn, and the panel below."""
        import cv2

        picture, factor = shown(rgb)
        width = picture.shape[1]
        rows = self._rows_at.get(index, ())
        put_labels(picture, [self._draw_face(picture, row, time_sec, factor) for row in rows])
        if self._panel is None:
            self._panel = self._drawn_panel(width)
        panel = self._panel.copy()
        if self._found.duration_sec > 0:
            x = min(int(time_sec / self._found.duration_sec * width), width - 1)
            cv2.line(panel, (x, 0), (x, LANES_TOP + 2 * LANE), (255, 255, 255), 1)
        return np.asarray(np.concatenate([picture, panel]), dtype=np.uint8)

    def _draw_face(
        self, picture: Picture, row: int, time_sec: float, factor: npt.NDArray[np.float64]
    ) -> FaceLabel:
        import cv2

        assert self._tracks is not None
        person = int(self._tracks.track[row])
        box = (self._tracks.box[row] * np.tile(factor, 2)).round().astype(int)
        colour = colour_of(person)
        cv2.rectangle(picture, tuple(box[:2].tolist()), tuple(box[2:].tolist()), colour, 2)
        found = self._at(person, time_sec)
        texts = [f"{person}"]
        if found is not None and found.scores is not None:
            texts.insert(0, f"{person} {self._found.answer(found)}")
            if self._found.is_label and not found.is_unsure:
                texts.insert(0, f"{texts[0]} {100 * max(found.scores):.0f}%")
        x0, y0, x1, y1 = box.tolist()
        return FaceLabel((x0, y0, x1, y1), tuple(texts), colour)

    def _at(self, person: int | None, time_sec: float) -> Row | None:
        rows = self._windows.get(person) or (
            self._windows.get(None, []) if len(self._windows) == 1 else []
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

        panel = np.full((PANEL, width, 3), GROUND, dtype=np.uint8)
        rows = self._windows.get(None) or []
        bottom = LANES_TOP - 2
        values = [s for row in rows for s in (row.scores or ())]
        is_label = self._found.is_label
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
                        cv2.line(panel, last, here, colour_of(number), 2, cv2.LINE_AA)
                    else:
                        cv2.circle(panel, here, 2, colour_of(number), -1)
                last = here
        self._draw_lanes(panel, rows, width)
        self._draw_legend(panel, width)
        return panel

    def _draw_lanes(self, panel: Picture, rows: list[Row], width: int) -> None:
        """Draw what faces and voice say by themselves as strips; grey where they say nothing."""
        import cv2

        for number, name in enumerate((FACE, VOICE)):
            said = [(row, row.by_model.get(name)) for row in rows]
            if not any(scores for _, scores in said):
                continue
            top = LANES_TOP + LANE * number
            for row, scores in said:
                left, right = (
                    int(sec / max(self._found.duration_sec, 1e-9) * (width - 1))
                    for sec in (row.start_sec, row.end_sec)
                )
                winner = None if scores is None else scores.index(max(scores))
                colour = QUIET if winner is None else colour_of(winner)
                cv2.rectangle(panel, (left, top), (right, top + LANE - 2), colour, -1)
            font = (cv2.FONT_HERSHEY_SIMPLEX, 0.35)
            (wide, _), _ = cv2.getTextSize(name, *font, 1)
            cv2.rectangle(panel, (0, top), (wide + 6, top + LANE - 2), GROUND, -1)
            place = (name, (3, top + LANE - 4))
            cv2.putText(panel, *place, *font, (255, 255, 255), 1, cv2.LINE_AA)

    def _draw_legend(self, panel: Picture, width: int) -> None:
        import cv2

        whole = self._whole.get(None)
        x = 6
        font = (cv2.FONT_HERSHEY_SIMPLEX, 0.4)
        for number, label in enumerate(self._found.labels):
            text = ascii_of(label)
            if whole is not None and whole.scores is not None:
                value = whole.scores[number]
                text += f" {100 * value:.0f}%" if self._found.is_label else f" {value:.2f}"
            (wide, _), _ = cv2.getTextSize(text, *font, 1)
            if x + wide > width:
                break
            cv2.putText(panel, text, (x, PANEL - 9), *font, colour_of(number), 1, cv2.LINE_AA)
            x += wide + 14
