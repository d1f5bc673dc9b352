"""The people of a group, as the rows of a feature per face tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.aggregation.aggregation import N_PLACE
from emotiw.models.model import Examples
from features.frames.people import PLACE

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Person:
    """One person of a group.

    Attributes:
        number: of the face track; in a photograph, of the face.
        rows: ``(n, dim)`` what is known of the face, frame by frame or once.
        place: ``(3,)``: side of the box as a share of the image's (geometric means of width and
            height), and x and y of its centre from 0 to 1.
        about: ``(n, 11)`` the columns of :data:`features.frames.people.PLACE`.
    """

    number: int
    rows: Floats
    place: Floats
    about: Floats

    @property
    def mean(self) -> Floats:
        """``(dim,)``, the mean over the rows."""
        return np.asarray(self.rows.mean(axis=0, dtype=np.float64), dtype=np.float32)


def people_of(array: FeatureArray, spec: FeatureSpec) -> list[Person]:
    """Return the people in the rows of one clip, by their number.

    Without the columns of :data:`features.frames.people.PLACE`, as in features from elsewhere,
    every row is a person, all of one size and in the middle.
    """
    rows = array.values[array.present].astype(np.float32)
    columns = _places_in(spec)
    if columns is None:
        nowhere = np.array([1.0, 0.5, 0.5], dtype=np.float32)
        about = np.zeros((len(rows), len(PLACE)), dtype=np.float32)
        return [Person(n, rows[n : n + 1], nowhere, about[n : n + 1]) for n in range(len(rows))]
    others = np.setdiff1d(np.arange(rows.shape[1]), columns)
    about, values = rows[:, columns], rows[:, others]
    numbers = about[:, PLACE.index("face_track")].astype(int)
    people = []
    for number in np.unique(numbers).tolist():
        own = numbers == number
        people.append(Person(number, values[own], _place(about[own]), about[own]))
    return people


def groups_of(examples: Examples) -> Iterator[list[Person]]:
    """Yield the people of each clip in turn."""
    return (people_of(array, examples.table.spec) for array in examples.arrays())


def person_id(clip_id: str, person: Person) -> str:
    """Return the id of a person: the clip's, ``#``, and the number of the face or track."""
    return f"{clip_id}#{person.number}"


def columns_of_person(spec: FeatureSpec) -> tuple[int, tuple[str, ...] | None]:
    """Return how many values are known of each person, and their names where they have any.

    Raises:
        ConfigError: if the feature has no row per face.
    """
    if spec.unit != "face" or len(spec.shape) != 1:
        raise ConfigError(
            f"feature {spec.name!r} has {spec.shape} per {spec.unit}; a group model reads one row "
            "per face, {extractor: people}"
        )
    if spec.columns is None or _places_in(spec) is None:
        return spec.dim, spec.columns
    names = tuple(name for name in spec.columns if name not in PLACE)
    return len(names), names


def _places_in(spec: FeatureSpec) -> npt.NDArray[np.intp] | None:
    names = spec.columns or ()
    if any(name not in names for name in PLACE):
        return None
    return np.array([names.index(name) for name in PLACE])


def _place(about: Floats) -> Floats:
    x_min, y_min, x_max, y_max, _, width, height = about[:, 4:].mean(axis=0, dtype=np.float64)
    area = max(x_max - x_min, 0) * max(y_max - y_min, 0)
    side = np.sqrt(area / (width * height))
    centre = ((x_min + x_max) / 2 / width, (y_min + y_max) / 2 / height)
    place = np.array([side, *centre], dtype=np.float32)
    assert len(place) == N_PLACE
    return place
