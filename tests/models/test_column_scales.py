"""The unit of a feature changes no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emotiw.checks.small_examples import SPECS, TASKS, small_examples
from emotiw.core.feature_table import FeatureArray, FeatureTable
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS

SMALLER = 2.0**-60  # a power of two: every digit stays
QUICK = {"training": {"epochs": 2}}


def in_another_unit(examples: Examples) -> Examples:
    arrays = {
        clip_id: FeatureArray((array.values * SMALLER).astype(np.float32), array.present)
        for clip_id, array in zip(examples.clip_ids, examples.arrays(), strict=True)
    }
    table = FeatureTable(examples.table.spec, arrays)
    return Examples(table, examples.clip_ids, examples.groups, examples.targets)


@pytest.mark.parametrize(
    ("name", "options", "which"),
    [
        ("svm", {}, 0),
        ("logistic", {}, 1),
        ("bag_of_words", {"codebooks": {"size": 8, "n_codebooks": 2}}, 1),
        ("gru", QUICK, 1),
        ("attention", QUICK, 1),
    ],
)
def test_a_small_unit_is_no_constant(name: str, options: dict[str, Any], which: int) -> None:
    kind = MODELS.resolve(name)
    examples = small_examples(SPECS[which], TASKS[0], 24)
    said = []
    for own in (examples, in_another_unit(examples)):
        model = kind(kind.Options(**options), spec=own.table.spec, task=TASKS[0], seed=0)
        model.fit(own)
        said.append(model.predict(own))
    np.testing.assert_allclose(said[0], said[1], atol=1e-4)
