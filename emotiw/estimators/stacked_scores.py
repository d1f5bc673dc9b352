"""Scores side by side in one array, as scikit-learn hands them from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from emotiw.core.errors import TableError
from emotiw.core.score_kinds import Kind, read_scores

Scores = npt.NDArray[np.float64]


class StackedScores(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Reads ``(n, n_modalities, n_labels)`` scores, or the same with the columns side by side.

    A modality that has nothing to say of a sample has NaN there. What kind of numbers those of a
    modality are is recognised once, when it is fitted.

    Attributes:
        names_: the modalities.
        kinds_: what the numbers of each are.
        are_logits_: of which a single column of two labels is no probability.
        n_features_in_: columns of all modalities together.
    """

    kind: Kind

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _raw(self, x: Any, n_labels: int, *, reset: bool) -> Scores:
        """Return ``(n, n_modalities, n_labels)``; a single column of two labels is the second's.

        Raises:
            ValueError: if there are other columns than those of the modalities and labels.
        """
        how = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}
        if getattr(x, "ndim", 2) != 3:
            found = validate_data(self, x, reset=reset, **how)
        else:
            whole = check_array(x, allow_nd=True, **how)
            found = whole.reshape(len(whole), -1)  # (n, n_modalities * n_labels)
            if reset:
                self.n_features_in_ = found.shape[1]
            elif found.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {found.shape[1]} scores per sample, but {type(self).__name__} is "
                    f"expecting {self.n_features_in_}"
                )
        n_columns, names = found.shape[1], self._given_names()
        is_second = n_labels == 2 and names is not None and n_columns == len(names)
        each = 1 if is_second else n_labels
        if n_columns % each or (names is not None and n_columns != each * len(names)):
            told = "" if names is None else f" of {len(names)} modalities"
            raise ValueError(f"expected {n_labels} scores{told}, got {n_columns} columns")
        raw = found.reshape(len(found), -1, each)  # (n, n_modalities, n_labels)
        if is_second:
            raw = self._of_both(raw[:, :, 0], reset=reset)
        missing = np.isnan(raw)
        if (missing.any(2) & ~missing.all(2)).any():
            raise ValueError("some scores of a modality are NaN and some are not")
        if reset:
            n = raw.shape[1]
            self.names_ = tuple(names or (f"modality {number}" for number in range(n)))
        return np.asarray(raw)

    def _of_both(self, second: Scores, *, reset: bool) -> Scores:
        """Return scores of two labels from the second's, ``(n, n_modalities)``.

        Probabilities are what the first leaves. Margins of a ``decision_function``, which are
        outside 0 to 1, are logits against a constant; not 0, which would say nothing with 0.
        """
        if self.kind == "log-probabilities":
            raise ValueError("expected log-probabilities of both labels, got those of the second")
        if reset:
            is_outside = ((second < 0) | (second > 1)).any(axis=0)
            self.are_logits_ = is_outside if self.kind == "auto" else self.kind == "logits"
        first = np.where(self.are_logits_, -1.0, 1 - second)
        both = np.stack([first, np.where(self.are_logits_, second - 1, second)], axis=2)
        return np.where(np.isnan(second)[:, :, None], np.nan, both)

    def _probabilities(self, raw: Scores, kind: Kind, *, reset: bool) -> Scores:
        """Return ``(n, n_modalities, n_labels)`` probabilities."""
        if reset:
            self.kinds_: list[Kind] = []
        read = np.empty_like(raw)
        for number, name in enumerate(self.names_):
            known = kind if reset else self.kinds_[number]
            try:
                found = read_scores(raw[:, number], known, where=f"scores of {name!r}")
            except TableError as error:
                raise ValueError(str(error)) from error
            read[:, number] = found.scores
            if reset:
                self.kinds_.append(found.kind)
        return read

    def _given_names(self) -> Sequence[str] | None:
        """Return the modalities, where they were named."""
        raise NotImplementedError


def class_codes(y: npt.NDArray[Any], labels: Sequence[Any] | None) -> tuple[Any, Any]:
    """Return the classes and the index of each label.

    Args:
        y: ``(n,)`` labels.
        labels: all of them, in the order of their scores; by default those of ``y``, sorted.

    Raises:
        ValueError: if a label is none of them.

    Examples:
        >>> class_codes(np.array(["b", "a"]), None)[1].tolist()
        [1, 0]
        >>> class_codes(np.array(["b", "b"]), ["c", "b"])[1].tolist()
        [1, 1]
    """
    found, codes = np.unique(y, return_inverse=True)
    classes = found if labels is None else np.asarray(labels)
    place = {label: number for number, label in enumerate(classes.tolist())}
    if unknown := [label for label in found.tolist() if label not in place]:
        raise ValueError(f"expected labels of {list(place)}, got {unknown[0]!r} in y")
    if len(classes) < 2:
        raise ValueError(f"expected labels of several classes, got 1 class: {classes[0]!r}")
    return classes, np.array([place[label] for label in found.tolist()], dtype=np.intp)[codes]
