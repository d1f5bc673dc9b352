"""People known again after a gap or a cut, by what they look like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.faces.looks import likeness
from features.faces.track import Evidence

ALIKE = 0.8  # mean likeness of two tracks of one person
CLEARLY = 0.05  # more alike than anybody else who was there at another time


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
    looks = np.stack([tracks[number].mean_looks for number in numbers])
    alike = likeness(looks, looks)
    spans = np.array([(min(tracks[n].times), max(tracks[n].times)) for n in numbers])
    is_apart = (spans[:, None, 0] > spans[None, :, 1]) | (spans[None, :, 0] > spans[:, None, 1])
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
