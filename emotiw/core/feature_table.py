"""What an extractor promises, and the arrays that it delivers, clip by clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import TableError
from emotiw.core.notebook_views import MOST_ROWS, as_jpeg, pictures_html, table_html

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["frame", "snippet", "clip", "face", "segment", "character"]
Dtype = Literal["float32", "uint8"]
Times = npt.NDArray[np.float64]
LearntOn = Literal["other data", "train", "unknown"]  # what made the rows, where it was learnt


@dataclass(frozen=True)
class FeatureSpec:
    """The promise of an extractor, known before it runs.

    Attributes:
        name: the name of the feature in the recipe.
        shape: the shape of one row: ``(256,)`` for an embedding, ``(112, 112, 3)`` for a face crop.
        unit: what one row stands for: a video frame or audio window, a snippet, the whole clip;
            or one of the faces in it, whose order means nothing (see ``features/people.py``);
            a ``segment`` of what is said, or one ``character`` of it, for models that read text.
        rate_hz: rows per second, where it is the same in every clip.
        dtype: ``float32``, or ``uint8`` for images.
        columns: names of the entries of a one-dimensional row, where they have any.
    """

    name: str
    shape: tuple[int, ...]
    unit: Unit
    rate_hz: float | None = None
    dtype: Dtype = "float32"
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise TableError(f"feature {self.name!r}: unknown unit {self.unit!r}")
        if self.columns is not None and self.shape != (len(self.columns),):
            raise TableError(
                f"feature {self.name!r}: {len(self.columns)} column names for shape {self.shape}"
            )

    @property
    def dim(self) -> int:
        """The number of values in one row."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class FeatureArray:
    """The rows of one clip, with a mask of those that hold data.

    Attributes:
        values: ``(n, *shape)``; a row that is not present holds zeros and means nothing.
        present: ``(n,)`` bool; False where there was no face, no sound, no frame.
        times: ``(n, 2)`` float64, begin and end of what each row was measured in, in seconds from
            the start of the clip; None where nobody knows.
    """

    values: npt.NDArray[np.float32] | npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    times: Times | None = None

    @classmethod
    def all_present(
        cls,
        values: npt.NDArray[np.float32] | npt.NDArray[np.uint8],
        times: Times | None = None,
    ) -> FeatureArray:
        """Wrap rows that all hold data."""
        return cls(values, np.ones(len(values), dtype=bool), times)

    @classmethod
    def finite(cls, values: npt.NDArray[Any], times: Times | None = None) -> FeatureArray:
        """Wrap rows as float32; those that hold NaN or infinity are not present.

        Examples:
            >>> rows = FeatureArray.finite(np.array([[1.0, 2.0], [np.nan, 3.0]]))
            >>> rows.values.tolist(), rows.present.tolist()
            ([[1.0, 2.0], [0.0, 0.0]], [True, False])
        """
        with np.errstate(over="ignore"):
            rows = values.astype(np.float32)
        present = np.asarray(np.isfinite(rows).all(axis=1))
        return cls(np.where(present[:, None], rows, np.float32(0)), present, times)

    def without(self, is_missing: npt.NDArray[np.bool_]) -> FeatureArray:
        """Return the rows with some of them marked as not present.

        Examples:
            >>> rows = FeatureArray.all_present(np.ones((2, 1), np.float32))
            >>> rows.without(np.array([True, False])).present.tolist()
            [False, True]
        """
        present = self.present & ~is_missing
        shape = (-1,) + (1,) * (self.values.ndim - 1)
        values = np.where(present.reshape(shape), self.values, self.values.dtype.type(0))
        return FeatureArray(values, present, self.times)

    def to_tensors(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays under the names that the store keeps them by."""
        tensors: dict[str, npt.NDArray[np.generic]] = {
            "values": self.values,
            "present": self.present,
        }
        return tensors if self.times is None else {**tensors, "times": self.times}

    def check(self, spec: FeatureSpec, clip_id: str) -> None:
        """Raise TableError unless these rows keep the promise of ``spec``."""
        name = f"feature {spec.name!r} of clip {clip_id!r}"
        if self.values.shape[1:] != spec.shape or self.values.dtype != np.dtype(spec.dtype):
            raise TableError(
                f"{name}: expected rows of {spec.shape} {spec.dtype}, "
                f"got {self.values.shape[1:]} {self.values.dtype}"
            )
        if self.present.shape != (len(self.values),) or self.present.dtype != np.bool_:
            raise TableError(f"{name}: the presence mask must be ({len(self.values)},) bool")
        if self.times is not None and self.times.shape != (len(self.values), 2):
            raise TableError(f"{name}: the times must be ({len(self.values)}, 2)")
        if self.values.dtype == np.float32 and not np.isfinite(self.values[self.present]).all():
            raise TableError(f"{name}: NaN or infinity in a row that is marked as present")


def until_the_next(begins: Times) -> Times:
    """Return ``(n, 2)``: when each thing is shown, and when the next one takes its place.

    The last one stays as long as the one before.

    Examples:
        >>> until_the_next(np.array([0.0, 0.5, 2.0])).tolist()
        [[0.0, 0.5], [0.5, 2.0], [2.0, 3.5]]
    """
    step = np.diff(begins[-2:]) if len(begins) > 1 else np.zeros(len(begins))
    return np.stack([begins, np.concatenate([begins[1:], begins[-1:] + step])], axis=1)


class FeatureTable:
    """The arrays of one feature, by clip id; a clip without any present row is not in it.

    The arrays may be read from disk only when they are asked for, so a table of face crops costs
    nothing until a batch of it is needed.

    Args:
        spec: what a row is.
        arrays: by clip id.
        trained_on: what the tool behind them was trained on. Of features learnt on the training
            clips, no figure of a training clip is held out, whatever model reads them.

    Examples:
        >>> spec = FeatureSpec("toy", shape=(2,), unit="frame")
        >>> rows = FeatureArray.all_present(np.zeros((3, 2), dtype=np.float32))
        >>> table = FeatureTable(spec, {"a": rows})
        >>> table["a"].values.shape, "b" in table
        ((3, 2), False)
    """

    def __init__(
        self,
        spec: FeatureSpec,
        arrays: Mapping[str, FeatureArray],
        *,
        trained_on: LearntOn = "other data",
    ) -> None:
        self.spec = spec
        self.trained_on = trained_on
        self._arrays = arrays

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        shape = "×".join(map(str, self.spec.shape))
        unit = self.spec.unit
        return f"<FeatureTable {self.spec.name}: {len(self)} clips, {shape} per {unit}>"

    def _repr_html_(self) -> str:
        if not self._arrays:
            return f"<p>{escape(repr(self))}</p>"
        first = self.clip_ids[0]
        array, title = self[first], f"{self!r}, of which {first!r} has"
        if len(self.spec.shape) == 1:
            return table_html(title, FeatureTable(self.spec, {first: array}).to_frame())
        rows = np.flatnonzero(array.present)
        shown = rows[np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(int)]
        pictures = [as_jpeg(array.values[row]) for row in shown]  # noqa: PD011 (our own)
        return pictures_html(title, [(f"{len(rows):,} pictures", pictures)])

    def to_frame(self) -> pd.DataFrame:
        """Return the rows that are present in pandas, clip by clip.

        Columns are ``clip_id``, ``row``, ``start_sec`` and ``end_sec`` where times are known, and
        one per value, by name where values have any.

        Raises:
            TableError: if a row is an image, which no table holds.
        """
        import pandas as pd

        if len(self.spec.shape) != 1:
            raise TableError(f"feature {self.spec.name!r}: rows of {self.spec.shape} are no table")
        names = list(self.spec.columns or map(str, range(self.spec.dim)))
        frames = []
        for clip_id, array in self.items():
            rows = np.flatnonzero(array.present)
            frame = pd.DataFrame(array.values[rows], columns=names)  # noqa: PD011 (our own)
            keys: dict[str, Any] = {"clip_id": clip_id, "row": rows}
            if array.times is not None:
                keys |= dict(zip(("start_sec", "end_sec"), array.times[rows].T, strict=True))
            frames.append(pd.concat([pd.DataFrame(keys, index=frame.index), frame], axis=1))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """The ids of the clips that have this feature, sorted as text."""
        return tuple(sorted(self._arrays))

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._arrays

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, clip_id: str) -> FeatureArray:
        if clip_id not in self._arrays:
            raise TableError(f"feature {self.spec.name!r} has no clip {clip_id!r}")
        array = self._arrays[clip_id]
        array.check(self.spec, clip_id)
        return array

    def items(self) -> Iterator[tuple[str, FeatureArray]]:
        """Yield every clip id with its checked rows, in the order of the ids."""
        for clip_id in self.clip_ids:
            yield clip_id, self[clip_id]
