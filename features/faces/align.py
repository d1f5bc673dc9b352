"""A face turned, moved and scaled until its eyes, nose and mouth sit where every face has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels
from features.faces.pose import are_trusted, tilt_of

# in units of the crop's side, so that one template serves every size
ARCFACE_TEMPLATE = (
    np.array(
        [
            [38.2946, 51.6963],
            [73.5318, 51.5014],
            [56.0252, 71.7366],
            [41.5493, 92.3655],
            [70.7299, 92.2041],
        ]
    )
    + 0.5
) / 112

# medians of 1,900 frontal faces: what their aligned crops show of their boxes
BOX_HEIGHTS, BOX_RISE = 1.19, 0.12


def template_points(crop_size: int, margin: float = 0.0) -> npt.NDArray[np.float64]:
    """Return where the five points go in a crop.

    Args:
        crop_size: side of the crop, px.
        margin: room added on each side, as a share of the crop without it; the crop's size stays.

    Returns:
        ``(5, 2)`` px.

    Source:
        Deng et al. 2019, "ArcFace": the reference points of its 112 px crops.

    Examples:
        >>> template_points(112)[0].round(4).tolist()
        [38.2946, 51.6963]
        >>> template_points(224)[0].round(1).tolist()
        [77.1, 103.9]
    """
    shrunk = (ARCFACE_TEMPLATE + margin) / (1 + 2 * margin)
    return shrunk * crop_size - 0.5  # px count from the middle of the first one


def similarity(
    points: npt.NDArray[np.floating], target: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the rotation, scale and shift that brings points closest to their targets.

    Args:
        points: ``(n, 2)``, not all the same.
        target: ``(n, 2)``.

    Returns:
        ``(2, 3)``, to be applied to ``(x, y, 1)``. It never mirrors.

    Source:
        Umeyama 1991, least squares; in the plane the solution is one complex division.

    Examples:
        >>> turned = similarity(np.array([[0, 0], [1, 0]]), np.array([[0, 0], [0, 2]]))
        >>> turned.round(6).tolist()
        [[0.0, -2.0, 0.0], [2.0, 0.0, 0.0]]
    """
    z, w = points @ np.array([1, 1j]), target @ np.array([1, 1j])
    z_mean, w_mean = z.mean(), w.mean()
    a = np.vdot(z - z_mean, w - w_mean) / max(np.vdot(z - z_mean, z - z_mean).real, 1e-12)
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def square_to_crop(
    box: npt.NDArray[np.floating], crop_size: int, margin: float = 0.0
) -> npt.NDArray[np.float64]:
    """Return the transform that fills the crop with the square around a box, unturned.

    Examples:
        >>> square_to_crop(np.array([0, 10, 9, 29]), 40).tolist()
        [[2.0, 0.0, 10.5], [0.0, 2.0, -19.5]]
    """
    side = float(max(box[2] - box[0], box[3] - box[1])) + 1  # both ends are middles of px
    scale = crop_size / (side * (1 + 2 * margin))
    shift = (crop_size - 1) / 2 - scale * (box[:2] + box[2:]) / 2
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def turned_box_to_crop(
    box: npt.NDArray[np.floating], tilt: float, crop_size: int, margin: float = 0.0
) -> npt.NDArray[np.float64]:
    """Return the transform for a face whose points can't be trusted: by its box and its tilt.

    The crop shows what it would of a face with points: a little more than the box, and higher.

    Args:
        box: ``(4,)`` px.
        tilt: radians, clockwise as seen.
        crop_size: side of the crop, px.
        margin: as in :func:`template_points`.
    """
    high = float(box[3] - box[1]) + 1
    scale = crop_size / (BOX_HEIGHTS * high * (1 + 2 * margin))
    turn = scale * np.array(
        [[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]
    )  # (2, 2), back upright
    middle = np.asarray((box[:2] + box[2:]) / 2, np.float64)
    shift = (crop_size - 1) / 2 - turn @ middle + [0.0, BOX_RISE * high * scale]
    return np.concatenate([turn, shift[:, None]], axis=1)


def face_transform(
    box: npt.NDArray[np.floating],
    landmarks: npt.NDArray[np.floating],
    *,
    template: str = "arcface",
    crop_size: int = 112,
    margin: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Return the ``(2, 3)`` transform from px of the frame to px of the crop.

    Where the points can't be trusted, it is that of box and tilt.
    """
    if template == "box":
        return square_to_crop(box, crop_size, margin)
    if not are_trusted(box[None], landmarks[None])[0]:
        return turned_box_to_crop(box, tilt_of(landmarks), crop_size, margin)
    return similarity(landmarks, template_points(crop_size, margin))


def warp(
    picture: Pixels, transform: npt.NDArray[np.floating], crop_size: int
) -> npt.NDArray[np.uint8]:
    """Return the crop that a transform cuts from an image; outside the image it is black.

    Where the crop is smaller than what it shows, the image is averaged down first, so that the
    same face gives the same crop from a small and from a large image.

    Args:
        picture: ``(height, width, 3)`` uint8, or ``(height, width)``.
        transform: ``(2, 3)`` from px of the image to px of the crop.
        crop_size: side of the crop, px.

    Returns:
        ``(crop_size, crop_size)`` or ``(crop_size, crop_size, 3)`` uint8.
    """
    import cv2

    left, top, right, bottom = shown_region(
        transform, crop_size, (picture.shape[1], picture.shape[0])
    )
    if right <= left or bottom <= top:
        return np.zeros((crop_size, crop_size, *picture.shape[2:]), dtype=np.uint8)
    region = np.ascontiguousarray(picture[top:bottom, left:right])
    matrix = transform.astype(np.float64).copy()
    matrix[:, 2] += matrix[:, :2] @ (left, top)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    shrink = int(1 / scale) if scale > 0 else 1
    if shrink >= 2:
        size = (-(-region.shape[1] // shrink), -(-region.shape[0] // shrink))
        factors = np.array([region.shape[1] / size[0], region.shape[0] / size[1]])
        region = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, 2] += matrix[:, :2] @ ((factors - 1) / 2)
        matrix[:, :2] *= factors
    crop = cv2.warpAffine(region, matrix, (crop_size, crop_size), flags=cv2.INTER_LINEAR)
    return np.asarray(crop, dtype=np.uint8)


def shown_region(
    transform: npt.NDArray[np.floating], crop_size: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the part ``(left, top, right, bottom)`` of an image that its crop shows, in px.

    Args:
        transform: ``(2, 3)`` from px of the image to px of the crop.
        crop_size: side of the crop, px.
        size: (width, height) of the image.
    """
    linear, shift = transform[:, :2].astype(np.float64), transform[:, 2]
    end = crop_size - 0.5
    corners = np.array([[-0.5, -0.5], [end, -0.5], [-0.5, end], [end, end]])
    seen = (corners - shift) @ np.linalg.inv(linear).T
    low = np.floor(seen.min(axis=0)).astype(int) - 2  # bilinear and area need a neighbour
    high = np.ceil(seen.max(axis=0)).astype(int) + 3
    left, top = np.clip(low, 0, size).tolist()
    right, bottom = np.clip(high, 0, size).tolist()
    return left, top, right, bottom
