from __future__ import annotations

import numpy as np
import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification, Regression, Task
from submissions import predictions_of


def table(task: Task, rows: list[list[float]]) -> ScoreTable:
    n = len(rows)
    return ScoreTable(
        name="fused",
        task=task,
        clip_ids=tuple("abc"[:n]),
        scores=np.array(rows, dtype=np.float64),
        split=("test",) * n,
        fold=(None,) * n,
    )


def test_labels_whatever_their_order() -> None:
    spec = load_spec("vgaf")
    task = Classification(("Neutral", "Negative", "Positive"))
    scores = table(task, [[0.1, 0.2, 0.7], [np.nan] * 3])
    assert predictions_of(spec, scores) == {"a": "Positive"}


def test_several_targets_in_the_order_of_the_spec() -> None:
    scores = table(Regression(("arousal", "valence")), [[0.5, -2.0]])
    assert predictions_of(load_spec("abaw6_va"), scores) == {"a": (-1.0, 0.5)}


def test_action_units_become_zeros_and_ones() -> None:
    spec = load_spec("abaw6_au")
    scores = table(Regression(spec.score_names), [[0.49, 0.51, *[0.0] * 10]])
    assert predictions_of(spec, scores) == {"a": (0, 1, *[0] * 10)}


def test_a_label_and_a_number() -> None:
    spec = load_spec("mer2023")
    both = table(spec.task, [[0, 0, 0, 0, 1, 0, -1.25]])
    assert predictions_of(spec, both) == {"a": ("worried", -1.25)}
    labels = table(Classification(spec.labels), [[0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0]])
    valence = table(Regression(("valence",)), [[-1.25]])
    assert predictions_of(spec, labels, valence) == {"a": ("worried", -1.25)}
    with pytest.raises(SubmissionError, match="asks for valence beside the label"):
        predictions_of(spec, labels)


def test_columns_of_another_vocabulary_are_refused() -> None:
    scores = table(Classification(("Positive", "Neutral", "Negativ")), [[1, 0, 0]])
    with pytest.raises(SubmissionError) as caught:
        predictions_of(load_spec("vgaf"), scores)
    assert "no column 'Negative'; did you mean 'Negativ'?" in str(caught.value)
    assert "column 'Negativ' is none that the challenge asks for" in str(caught.value)
