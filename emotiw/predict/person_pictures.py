"""The best picture of each person, so that a number in a table has a face."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.files import atomic_write
from emotiw.predict.by_person import people
from emotiw.predict.face_weight import face_weights


def write_portraits(tracks: FaceTracks, place: Path) -> list[Path]:
    """Write the aligned crop of each person that counts most, as ``PLACE.person0.jpg``, ….

    Returns:
        The files, the main face first; none where nobody is seen.
    """
    weights = face_weights(tracks)
    written = []
    for person in people(tracks):
        rows = np.flatnonzero(tracks.track == person)
        best = int(rows[np.argmax(weights[rows])])
        path = place.with_name(f"{place.name}.person{person}.jpg")
        atomic_write(path, tracks.jpeg(best))
        written.append(path)
    return written
