"""What is written beside faces hides no face, however many people there are."""

from __future__ import annotations

import numpy as np

from emotiw.visualization.boxes import FaceLabel, colour_of, put_labels

TEXTS = ("{} Neutral 78%", "{} Neutral", "{}")
GREY = 90


def crowd(n_rows: int, n_columns: int, *, side: int, step: int) -> list[FaceLabel]:
    """Rows of people, all of one size."""
    return [
        FaceLabel(
            (x, y, x + side, y + side),
            tuple(text.format(number) for text in TEXTS),
            colour_of(number),
        )
        for number in range(n_rows * n_columns)
        for x, y in ((10 + step * (number % n_columns), 30 + 2 * step * (number // n_columns)),)
    ]


def written(labels: list[FaceLabel], *, size: tuple[int, int]) -> np.ndarray:
    """Return which px of a grey picture the labels have changed."""
    picture = np.full((*size, 3), GREY, np.uint8)
    put_labels(picture, labels)
    return np.asarray((picture != GREY).any(axis=2))


def hidden(labels: list[FaceLabel], changed: np.ndarray) -> list[float]:
    """Return the share of each face that labels hide."""
    boxes = (label.box for label in labels)
    return [float(changed[y0 : y1 + 1, x0 : x1 + 1].mean()) for x0, y0, x1, y1 in boxes]


def test_a_single_face_has_its_whole_label_above_it() -> None:
    [label] = crowd(1, 1, side=60, step=80)
    changed = written([label], size=(200, 300))
    rows, columns = np.nonzero(changed)
    assert rows.max() < label.box[1]
    assert columns.max() - columns.min() > 90  # "0 Neutral 78%"
    assert hidden([label], changed) == [0.0]


def test_labels_of_52_people_hide_no_face() -> None:
    labels = crowd(4, 13, side=26, step=34)
    changed = written(labels, size=(320, 480))
    assert max(hidden(labels, changed)) == 0.0
    # all of them are there: as many grounds as people, each in its own place
    assert changed.sum() >= 52 * 8 * 10


def test_where_there_is_no_room_the_shortest_text_hides_least() -> None:
    labels = crowd(1, 12, side=39, step=40)  # shoulder to shoulder, to the edges
    picture = (30 + 39 + 1, 12 * 40 + 20)
    changed = written(labels, size=picture)
    assert max(hidden(labels, changed)) < 0.5


def test_a_face_at_the_upper_edge_has_its_label_below() -> None:
    label = FaceLabel((40, 0, 100, 60), ("3 Happy",), colour_of(3))
    changed = written([label], size=(120, 200))
    assert hidden([label], changed) == [0.0]
    assert np.nonzero(changed)[0].min() > 60
