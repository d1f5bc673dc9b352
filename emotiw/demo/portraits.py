"""Two public-domain portraits that ship inside installed packages, brought to one size and pose.

The astronaut (NASA, from scikit-image) smiles with her teeth showing; Grace Hopper (US Navy, from
matplotlib) has her mouth closed. Points were marked by hand on the photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

WIDTH, HEIGHT = 480, 400  # of a bust, px
EYE_DISTANCE = 60.0  # px in a bust; the unit of everything that moves in a face
EYE_LINE = 130.0  # px from the top of a bust to its eyes
PORTRAITS = ("astronaut", "hopper")


@dataclass(frozen=True)
class Marks:
    """Where the parts of a face are, in px; left and right as in the image.

    Attributes:
        eyes: ``(2, 2)`` pupils, left then right.
        brows: ``(2, 3, 2)`` left and right, each from its inner to its outer end.
        nostrils: ``(2, 2)`` wings of the nose.
        mouth: ``(2, 2)`` corners of the mouth.
        lips: ``(2,)`` x and y where the lips meet, or the middle of an open mouth.
        chin: ``(2,)`` tip of the chin.
    """

    eyes: Points
    brows: Points
    nostrils: Points
    mouth: Points
    lips: Points
    chin: Points

    def moved(self, transform: Any) -> Marks:
        """Return the marks after ``transform``, a function of ``(n, 2)`` points."""
        moved = {
            name: transform(points.reshape(-1, 2)).reshape(points.shape).astype(np.float32)
            for name, points in vars(self).items()
        }
        return Marks(**moved)


@dataclass(frozen=True)
class Bust:
    """A head and shoulders cut out of its photograph.

    Attributes:
        rgb: ``(HEIGHT, WIDTH, 3)`` uint8, the eyes level and ``EYE_DISTANCE`` apart.
        alpha: ``(HEIGHT, WIDTH)`` uint8, 255 where the person is.
        marks: the parts of the face, in px of the bust.
        smile: the amounts of actions that the photograph already shows; empty if neutral.
    """

    rgb: Pixels
    alpha: Pixels
    marks: Marks
    smile: dict[str, float]


def load_bust(name: str) -> Bust:
    """Return a portrait as it was photographed, brought to the size and pose of a bust."""
    import cv2

    photograph = _astronaut() if name == "astronaut" else _hopper()
    marks, outline = _MARKS[name], _OUTLINES[name]
    across = marks.eyes[1] - marks.eyes[0]
    scale = EYE_DISTANCE / float(np.hypot(*across))
    degrees = float(np.degrees(np.arctan2(across[1], across[0])))
    middle = marks.eyes.mean(axis=0)
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), degrees, scale)
    matrix[:, 2] += (WIDTH / 2, EYE_LINE) - middle
    mask = np.zeros(photograph.shape[:2], np.uint8)
    cv2.fillPoly(mask, [outline], 255)
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    rgb, alpha = (
        cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REPLICATE)
        for picture in (photograph, mask)
    )
    marks = marks.moved(lambda points: points @ matrix[:, :2].T + matrix[:, 2])
    whole = np.minimum(cv2.erode(alpha, np.ones((3, 3), np.uint8)), _shoulders())
    soft = cv2.GaussianBlur(whole, (5, 5), 0).astype(np.uint8)
    return Bust(_with_plain_hem(rgb.astype(np.uint8)), soft, marks, _SMILES[name])


def _shoulders() -> Pixels:
    """Return 255 where a body may be; the photographs end before their shoulders do."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    drop = np.clip((rows - EYE_LINE - 80) / 110, 0, 1)
    return np.where(np.abs(columns - WIDTH / 2) < 110 + 60 * np.sqrt(drop), 255, 0).astype(np.uint8)


def _with_plain_hem(rgb: Pixels) -> Pixels:
    """Return the bust without pattern at its lower edge, so that it can be drawn on downwards."""
    import cv2

    plain = cv2.GaussianBlur(rgb, (0, 0), 14)
    share = np.clip((np.arange(HEIGHT) - HEIGHT + 50) / 40, 0, 1)[:, None, None]
    return np.asarray(rgb * (1 - share) + plain * share, dtype=np.uint8)


def _astronaut() -> Pixels:
    from skimage import data

    # inside the wheel: nothing to download
    return np.asarray(data.astronaut(), dtype=np.uint8)


def _hopper() -> Pixels:
    import matplotlib as mpl
    from PIL import Image

    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _points(*numbers: float) -> Points:
    return np.array(numbers, np.float32).reshape(-1, 2)


def _outline(pairs: str) -> npt.NDArray[np.int32]:
    return np.array([pair.split(",") for pair in pairs.split()], np.int32)


_MARKS = {
    "astronaut": Marks(
        eyes=_points(203.5, 101, 246.5, 103.5),
        brows=_points(212, 92, 200, 88.5, 190, 90, 238, 94, 249, 91.5, 262, 95).reshape(2, 3, 2),
        nostrils=_points(212, 130, 236, 131),
        mouth=_points(202, 139, 246, 140),
        lips=_points(224, 145.5)[0],
        chin=_points(222, 178)[0],
    ),
    "hopper": Marks(
        eyes=_points(222, 189, 309, 187),
        brows=_points(242, 168, 218, 163, 195, 170, 287, 165, 312, 160, 338, 165).reshape(2, 3, 2),
        nostrils=_points(240, 245, 294, 243),
        mouth=_points(229, 280.5, 308, 277),
        lips=_points(268, 278.5)[0],
        chin=_points(270, 330)[0],
    ),
}
_SMILES = {"astronaut": {"smile": 0.9, "jaw_drop": 0.48}, "hopper": {}}
# round each person, in px of the photograph
_OUTLINES = {
    "astronaut": _outline(
        "276,31 251,19 238,18 227,16 214,21 205,21 193,29 189,35 174,43 156,58 153,68 155,98 "
        "157,104 167,115 170,121 174,128 182,132 182,147 162,149 162,154 160,156 148,160 "
        "141,166 132,166 127,175 126,188 120,189 120,194 115,196 113,205 107,211 90,227 76,235 "
        "75,238 65,246 44,282 40,294 39,306 34,315 31,331 31,340 359,340 360,328 357,324 "
        "356,302 352,287 347,283 346,275 340,262 325,247 304,235 300,218 290,202 275,186 "
        "258,176 257,168 258,152 265,149 271,137 294,111 300,93 300,78 296,66 296,58 288,43"
    ),
    "hopper": _outline(
        "218,30 209,44 197,49 181,64 177,72 173,75 171,84 156,102 147,104 147,185 152,198 "
        "155,219 161,228 167,247 170,262 178,278 192,292 200,300 204,312 203,320 196,328 "
        "182,333 165,344 129,355 121,360 96,363 76,370 61,380 53,381 47,387 40,402 32,431 "
        "29,434 11,599 511,599 511,437 507,436 494,396 488,389 483,389 479,385 464,377 422,366 "
        "381,347 363,341 350,331 345,327 329,312 331,296 336,288 340,269 352,268 361,262 "
        "367,236 369,225 367,219 368,200 366,191 373,190 373,185 368,182 371,134 369,129 "
        "369,100 365,89 352,84 350,76 344,65 335,55 318,44 300,38 281,28 262,23 242,24 229,30"
    ),
}
