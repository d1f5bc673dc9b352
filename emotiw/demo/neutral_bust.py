"""A portrait without its smile, ready to show any other expression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emotiw.demo.portraits import HEIGHT, WIDTH, Bust, Pixels, load_bust
from emotiw.demo.warping import FaceWarper


def neutral_bust(name: str) -> Bust:
    """Return a portrait with its smile taken off, its mouth closed and its brows drawn darker."""
    bust = load_bust(name)
    if bust.smile:
        warper = FaceWarper(bust)
        undone = {action: -amount for action, amount in bust.smile.items()}
        bust = replace(
            bust,
            rgb=warper.render(undone),
            marks=bust.marks.moved(lambda points: warper.carry(points, undone)),
            smile={},
        )
    return replace(bust, rgb=_with_plain_features(bust))


def _with_plain_features(bust: Bust) -> Pixels:
    """Return the bust with pale brows, and the line between the lips, drawn darker."""
    import cv2

    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    for brow in bust.marks.brows:
        cv2.polylines(ink, [np.rint(brow).astype(np.int32)], False, 1.0, 4, cv2.LINE_AA)
    line = np.stack([bust.marks.mouth[0], bust.marks.lips, bust.marks.mouth[1]])
    cv2.polylines(ink, [np.rint(line).astype(np.int32)], False, 0.8, 2, cv2.LINE_AA)
    soft = cv2.GaussianBlur(ink, (0, 0), 1.8)
    return np.asarray(bust.rgb * (1 - 0.45 * soft[..., None]), dtype=np.uint8)
