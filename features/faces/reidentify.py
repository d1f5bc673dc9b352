"""People known again after a gap or a cut, by what they look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from features.faces.looks import likeness
from features.faces.track import Evidence

ALIKE = 0.8  # mean likeness of two tracks of one person
CLEARLY = 0.05  # more alike than anybody else who was there at another time
IN_PLACE = 0.15  # so much more alike is who soon comes back where somebody was lost, as large
NEAR, SOON_SEC, LARGER = 2.0, 3.0, 1.5  # widths of the face; seconds; times


def same_people(tracks: Mapping[int, Evidence]) -> dict[int, int]:
    """Return for each track the number of the person that it is of: that of their first track.

    The most alike are joined first, if they never were there at the same time, are alike enough,
    and neither is nearly as much like somebody else. Nobody is known again who only looks similar:
    two people taken for one are worse than one taken for two.

    Args:
        tracks: by number.
    """
    numbers = sorted(tracks)
    person = {number: number for number in numbers}
    if len(numbers) < 2:
        return person
    them = [tracks[number] for number in numbers]
    looks = np.stack([one.mean_looks for one in them])
    alike = likeness(looks, looks)
    spans = np.array([(one.times[0], one.times[-1]) for one in them])
    is_apart = (spans[:, None, 0] > spans[None, :, 1]) | (spans[None, :, 0] > spans[:, None, 1])
    alike += IN_PLACE * _are_in_place(them)
    alike = np.where(is_apart, alike, -1.0)
    for row, column in np.dstack(np.unravel_index(np.argsort(-alike, axis=None), alike.shape))[0]:
        if row >= column:
            continue
        if alike[row, column] < ALIKE:
            break
        members = [
            [k for k, n in enumerate(numbers) if person[n] == person[numbers[end]]]
            for end in (row, column)
        ]
        others = [k for k in range(len(numbers)) if k not in members[0] + members[1]]
        rival = alike[np.ix_([row, column], others)].max(initial=-1.0)
        if is_apart[np.ix_(*members)].all() and alike[row, column] >= rival + CLEARLY:
            first, second = sorted({person[numbers[row]], person[numbers[column]]})
            person = {n: first if who == second else who for n, who in person.items()}
    return person


def _are_in_place(tracks: Sequence[Evidence]) -> npt.NDArray[np.bool_]:
    """Return which of ``(n, n)`` pairs of tracks are in one place, one soon after the other."""
    shots = np.array([one.shot for one in tracks])
    gap_sec = np.array([one.times[0] for one in tracks])[None] - [[one.times[-1]] for one in tracks]
    old = np.array([one.boxes[-1] for one in tracks], np.float64)[:, None]
    new = np.array([one.boxes[0] for one in tracks], np.float64)[None]
    away = np.linalg.norm(old[..., :2] + old[..., 2:] - new[..., :2] - new[..., 2:], axis=2) / 2
    wide, other = old[..., 2] - old[..., 0], new[..., 2] - new[..., 0]
    is_near = away <= NEAR * (wide + other) / 2
    is_as_large = np.maximum(wide, other) <= LARGER * np.minimum(wide, other)
    is_next = is_near & is_as_large & (gap_sec > 0) & (gap_sec <= SOON_SEC)
    is_next &= shots[:, None] == shots[None]
    return np.asarray(is_next | is_next.T)
