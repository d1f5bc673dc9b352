"""What a metric promises: a value of sums over groups, best where everything is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotiw.checks.findings import Findings
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression
from emotiw.core.task_kinds import SINGLE
from emotiw.evaluation.answer_metrics import SHARES, bound
from emotiw.evaluation.blend_metrics import blends
from emotiw.evaluation.metric import SEVERAL, Metric

N, N_LABELS = 60, 3


def check_metric(part: Metric, options: Mapping[str, Any], sample: Any, findings: Findings) -> None:
    """Note what doesn't hold of a metric."""
    rng = np.random.default_rng(0)
    is_label = part.task == "classification"
    findings.expect(part.task in (*SINGLE, SEVERAL), f"task: no such kind of task, {part.task!r}")
    codes, guesses = rng.integers(0, N_LABELS, (2, N))
    numbers = rng.integers(0, 2, N).astype(np.float64)  # which every metric of numbers takes
    said = numbers + rng.normal(0, 1, N)
    truth, guess = (codes, guesses) if is_label else (numbers, said)
    if part.is_of_shares:
        tasks = [Regression((name,), SHARES) for name in "abc"]
        known = blends(len(tasks))
        truth, guess = known[rng.integers(0, len(known), N)], known[rng.integers(0, len(known), N)]
        part = bound(part, Several(tasks))
    elif part.task == SEVERAL:
        answers: list[tuple[Any, Any, Any]] = [
            (Presence(("a",)), numbers, said),
            (Presence(("b",)), 1 - numbers, 1 - said),
        ]
        if part.terms:
            answers.append((Regression(("c",)), numbers, said))
            answers.append((Classification(("x", "y", "z")), codes, guesses))
        kinds, truths, guessed = zip(*answers, strict=True)
        part, truth, guess = bound(part, Several(kinds)), *map(np.column_stack, (truths, guessed))
    n_labels = N_LABELS if is_label else 0
    low, high = part.limits
    with findings.during("value"):
        value, best = (part.value(truth, each, n_labels) for each in (guess, truth))
        for each in (value, best):
            findings.expect(low <= each <= high, f"limits: {each:g} is outside {low:g} to {high:g}")
        top = high if part.is_higher_better else low
        findings.expect_same(best, top, "value: should be the best where all is right", atol=1e-9)
        findings.expect(
            part.signed(best) > part.signed(value), "is_higher_better: all right should be better"
        )
        order = rng.permutation(N)
        shuffled = part.value(truth[order], guess[order], n_labels)
        findings.expect_same(shuffled, value, "value: the order should mean nothing", atol=1e-9)
        nothing = part.value(truth[:0], guess[:0], n_labels)
        findings.expect(bool(np.isnan(nothing)), f"value: of no clips, NaN, got {nothing}")
        if is_label:
            unanswered = part.value(truth, np.full(N, N_LABELS), n_labels)
            findings.expect(
                part.signed(unanswered) <= part.signed(value),
                "value: clips without a prediction should count as wrong",
            )
    with findings.during("parts"):
        if part.within is not None:  # a mean over clips, of whatever they are judged by
            findings.expect(part.of_sums is not None, "within: of_sums should be the mean of clips")
            return
        if part.parts is None or part.of_sums is None:
            has_both = part.function is not None and bool(part.no_interval)
            findings.expect(has_both, "without parts: give function, and say why in no_interval")
            return
        groups = np.arange(N) % 5
        sums = part.parts(truth, guess, groups, n_labels)
        findings.expect(len(sums) == 5, f"parts: one for each of 5 groups, got {len(sums)}")
        told = "parts: summed over groups they should give the value"
        findings.expect_same(part.of_sums(sums.sum(axis=0)), value, told, atol=1e-9)
        many = part.of_sums(np.stack([sums.sum(axis=0)] * 2))
        findings.expect_same(many, [value] * 2, "of_sums: should take many sums at once", atol=1e-9)
