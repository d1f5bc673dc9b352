"""Colour, edges and layout of an image: a weak baseline that needs no network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.frames.resizing import resized

SIDE = 128  # px to which an image is brought, its shape left out
GRID = 4  # cells along each side
N_HUES = 12
N_LEVELS = 4
N_DIRECTIONS = 8
Floats = npt.NDArray[np.float64]


def columns() -> tuple[str, ...]:
    """Return the names of the values of :func:`describe`."""
    cells = [f"{row}{column}" for row in range(GRID) for column in range(GRID)]
    return (
        *(f"{what}_{channel}" for what in ("mean", "deviation", "skew") for channel in "lab"),
        *(f"hue_{number}" for number in range(N_HUES)),
        *(f"saturation_{number}" for number in range(N_LEVELS)),
        *(f"brightness_{number}" for number in range(N_LEVELS)),
        *(f"colour_{cell}_{channel}" for cell in cells for channel in "lab"),
        *(f"contrast_{cell}" for cell in cells),
        *(f"edges_{cell}" for cell in cells),
        *(f"direction_{cell}_{number}" for cell in cells for number in range(N_DIRECTIONS)),
    )


def describe(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return what an image looks like from afar.

    Mean, deviation and skewness of each channel of CIE L*a*b*; shares of hues (each pixel weighs
    as much as it is saturated), of saturation and of brightness; per cell of a 4×4 grid, the mean
    colour, the contrast (deviation of lightness), the mean gradient, and the shares of its
    directions.

    Args:
        picture: ``(height, width, 3)`` uint8 RGB of any size.

    Returns:
        ``(n,)`` float32, see :func:`columns`; lightness and colour in units of 100.

    Source:
        Stricker and Orengo 1995 (moments of colour); Oliva and Torralba 2001 (what is where, by
        direction). Differs: plain gradients in place of their filters.

    Examples:
        >>> grey = describe(np.full((60, 80, 3), 119, np.uint8))
        >>> len(grey) == len(columns()), grey[:6].round(2).tolist()
        (True, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0])
    """
    import cv2

    rgb = resized(picture[None], SIDE, SIDE)[0].astype(np.float32) / 255
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float64) / 100
    hue, saturation, brightness = np.moveaxis(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), -1, 0)
    lightness = lab[..., 0]
    down, right = np.gradient(lightness)
    strength, direction = np.hypot(down, right), np.arctan2(down, right) % np.pi
    wheel = np.minimum((direction / np.pi * N_DIRECTIONS).astype(int), N_DIRECTIONS - 1)
    directions = np.stack([strength * (wheel == number) for number in range(N_DIRECTIONS)], -1)
    by_direction = _cells(directions)  # (cells, directions)
    parts = [
        *_moments(lab.reshape(-1, 3)),
        _shares(hue, (0, 360), N_HUES, saturation),
        _shares(saturation, (0, 1), N_LEVELS),
        _shares(brightness, (0, 1), N_LEVELS),
        _cells(lab).ravel(),
        np.sqrt((_cells(lightness**2) - _cells(lightness) ** 2).clip(0)),
        _cells(strength),
        (by_direction / (by_direction.sum(axis=1, keepdims=True) + 1e-4)).ravel(),
    ]
    return np.concatenate(parts).astype(np.float32)


def _moments(pixels: Floats) -> tuple[Floats, Floats, Floats]:
    mean, deviation = pixels.mean(axis=0), pixels.std(axis=0)
    skew = np.cbrt(((pixels - mean) ** 3).mean(axis=0))
    return mean, deviation, skew


def _shares(
    values: npt.NDArray[np.floating],
    limits: tuple[float, float],
    n_bins: int,
    weights: npt.NDArray[np.floating] | None = None,
) -> Floats:
    counts, _ = np.histogram(values, n_bins, limits, weights=weights)
    return np.asarray(counts / values.size, dtype=np.float64)


def _cells(values: npt.NDArray[np.floating]) -> Floats:
    """Return the mean of each cell of the grid, row by row, ``(16, ...)``."""
    step = SIDE // GRID
    split = values.reshape(GRID, step, GRID, step, *values.shape[2:])
    return np.asarray(split.mean(axis=(1, 3)).reshape(GRID * GRID, *values.shape[2:]))
