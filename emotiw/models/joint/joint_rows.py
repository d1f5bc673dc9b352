"""Several features of clips as a network reads them: rows, masks and times, feature by feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.joined_features import arrays_of, parts_of
from emotiw.models.aggregation.aggregation import N_PLACE
from emotiw.models.groups.person import columns_of_person, people_of
from emotiw.models.model import Examples
from emotiw.models.tabular.pooling import segment_means

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = npt.NDArray[np.float32]


def width_of(spec: FeatureSpec) -> int:
    """Return how many values a row of a feature has.

    A row of a feature per face is a person: what is known of the face, and its place.

    Raises:
        ConfigError: if rows are no vectors of numbers.
    """
    if spec.unit == "face":
        return columns_of_person(spec)[0] + N_PLACE
    if len(spec.shape) != 1 or spec.dtype != "float32":
        raise ConfigError(
            f"feature {spec.name!r} has rows of {spec.shape} {spec.dtype}; a joint model reads "
            "float32 vectors"
        )
    return spec.dim


def rows_of(array: FeatureArray, spec: FeatureSpec, most: int) -> tuple[Floats, Floats]:
    """Return the present rows of a clip, and the second at the middle of each.

    Rows without times are at the feature's own rate; where that isn't known either, a second apart.
    More than ``most`` become so many means of equal stretches. People have no time.

    Examples:
        >>> rows = FeatureArray.all_present(np.arange(4, dtype=np.float32)[:, None])
        >>> rows_of(rows, FeatureSpec("toy", (1,), "frame", rate_hz=2.0), 2)[1].tolist()
        [0.25, 1.25]
    """
    if spec.unit == "face":
        people = people_of(array, spec)
        rows = np.stack([np.concatenate([person.mean, person.place]) for person in people])
        return rows.astype(np.float32), np.zeros(len(rows), dtype=np.float32)
    kept = np.flatnonzero(array.present)
    rows = np.asarray(array.values[kept], dtype=np.float32)
    when = kept / (spec.rate_hz or 1.0) if array.times is None else array.times[kept].mean(axis=1)
    if len(rows) > most:
        rows = segment_means(rows.astype(np.float64), most).astype(np.float32)
        when = segment_means(when[:, None].astype(np.float64), most)[:, 0]
    return rows, np.asarray(when, dtype=np.float32)


class JointRows:
    """Clips as rows ``(batch, time, dim)``, their mask and seconds ``(batch, time)``, per feature.

    Args:
        examples: the clips.
        most: rows of a feature, at most.
        hides: the chance with which each feature of a clip is hidden in training, but never all.

    Attributes:
        present: ``(n, n_parts)``, which features each clip has.
    """

    def __init__(self, examples: Examples, *, most: int, hides: float = 0.0) -> None:
        import torch

        self.specs = parts_of(examples.table.spec)
        self.hides = hides
        nothing = [np.zeros((0, width_of(spec)), np.float32) for spec in self.specs]
        self._clips: list[list[tuple[Tensor, Tensor]]] = []
        for array in examples.arrays():
            clip = []
            for spec, none, part in zip(self.specs, nothing, arrays_of(array), strict=True):
                rows, when = (none, none[:, 0]) if part is None else rows_of(part, spec, most)
                clip.append((torch.from_numpy(rows), torch.from_numpy(when)))
            self._clips.append(clip)
        self.present = torch.tensor([[len(rows) > 0 for rows, _ in clip] for clip in self._clips])
        self.targets = examples.target_tensor()

    def rows_of_part(self, place: int) -> npt.NDArray[np.float64]:
        """Return ``(n, dim)`` all rows of a feature, those of all clips one after the other."""
        import torch

        return torch.cat([clip[place][0] for clip in self._clips]).double().numpy()

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return rows, mask and times of each feature in turn; what is hidden is masked."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        clips = [self._clips[row] for row in rows.tolist()]
        shown = self.present[rows]
        if generator is not None and self.hides:
            left = shown & (torch.rand(shown.shape, generator=generator) >= self.hides)
            shown = torch.where(left.any(1, keepdim=True), left, shown)
        inputs: list[Tensor] = []
        for place, spec in enumerate(self.specs):
            values = pad_sequence([clip[place][0] for clip in clips], batch_first=True)
            times = pad_sequence([clip[place][1] for clip in clips], batch_first=True)
            if not values.shape[1]:  # nobody has it
                values, times = torch.zeros(len(rows), 1, width_of(spec)), torch.zeros(len(rows), 1)
            counts = torch.tensor([len(clip[place][0]) for clip in clips])
            mask = torch.arange(values.shape[1]) < counts[:, None]
            inputs += [values, mask & shown[:, place, None], times]
        return tuple(inputs)
