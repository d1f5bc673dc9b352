"""What fusion rules and calibrations promise: row by row, and readable as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.core.errors import ConfigError
from emotiw.core.task import Classification, Regression, Task
from fusion.calibration import Calibration
from fusion.combiner import Combiner, Setting
from fusion.training_rows import TrainingRows

NAMES = ("face", "text", "voice")
TASKS: tuple[Task, ...] = (Classification(("Angry", "Happy", "Sad")), Regression(("valence",)))
NEAR = 1e-9


def small_rows(task: Task, n: int = 60, seed: int = 0) -> TrainingRows:
    """Return rows of three modalities, the first the best, each missing from some clips."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    targets: Any = codes if task.is_label else codes / 2
    width = len(task.labels)
    truth = np.eye(3)[codes] if task.is_label else targets[:, None]
    noise = rng.normal(0, 1, (n, len(NAMES), width)) * np.array([0.4, 0.8, 1.2])[:, None]
    raw = truth[:, None] + noise
    scores = np.exp(2 * raw) / np.exp(2 * raw).sum(axis=2, keepdims=True) if task.is_label else raw
    missing = rng.random((n, len(NAMES))) < 0.15
    missing[:, 0] &= ~missing[:, 1:].all(axis=1)
    scores[missing] = np.nan
    groups = np.arange(n) // 6
    return TrainingRows(
        names=NAMES,
        task=task,
        clip_ids=tuple(f"clip{row}" for row in range(n)),
        scores=scores,
        targets=targets,
        groups=groups,
        group_names=tuple(f"speaker{group}" for group in range(groups.max() + 1)),
    )


def check_combiner(
    part: type[Combiner], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a fusion rule; ``options`` are those of the fusion."""
    told = {"method": f"{part.__module__}:{part.__qualname__}", "pool": "geometric", **options}
    told.setdefault("candidates", ("mean", "weighted"))
    tasks = [task for task in TASKS if task.kind in part.tasks]
    findings.expect(tasks, f"tasks should name classification or regression, got {part.tasks}")
    refused = []
    for task in tasks:
        setting = Setting(names=NAMES, task=task, **told)
        with findings.during(f"a {task.kind}"):
            try:
                rule = part(setting)
            except ConfigError as error:
                refused.append(f"{task.kind}: {error}")
            else:
                _check_combiner(part, rule, setting, findings)
    if tasks and len(refused) == len(tasks):
        findings.add(f"the constructor should take some task, it refused {'; '.join(refused)}")


def _check_combiner(
    part: type[Combiner], rule: Combiner, setting: Setting, findings: Findings
) -> None:
    task = setting.task
    rows, scores = small_rows(task), small_rows(task, 12, seed=1).scores
    kept = scores.copy()
    fitted = rule.fit(rows)
    if not isinstance(fitted, part):
        findings.add(f"fit should return the rule itself, got {type(fitted).__name__}")
        return
    fused = fitted.combine(scores)
    findings.expect_same(scores, kept, "combine should leave its input as it is")
    if fused.shape != (12, len(task.labels)):
        findings.add(f"combine should return {(12, len(task.labels))}, got {fused.shape}")
        return
    findings.expect(bool(np.isfinite(fused).all()), "combine: should fuse what is there of a row")
    if task.is_label:
        is_odds = np.allclose(fused.sum(axis=1), 1) and fused.min() >= 0
        findings.expect(is_odds, f"combine: rows should be at least 0 and sum to 1, got {fused[0]}")
    told = "combine: a row's result should depend on that row alone"
    alone = np.concatenate([fitted.combine(scores[row : row + 1]) for row in range(12)])
    findings.expect_same(alone, fused, told, atol=NEAR)
    findings.expect_same(fitted.combine(scores[::-1])[::-1], fused, told, atol=NEAR)
    nothing = fitted.combine(np.full_like(scores[:1], np.nan))
    is_nothing = bool(np.isnan(nothing).all())
    findings.expect(is_nothing, "combine: a row without any modality should be NaN")
    again = part(setting).fit(rows)
    findings.expect_same(
        again.combine(scores), fused, "fit: on the same rows, it should learn the same", atol=NEAR
    )
    state = dict(fitted.to_dict())
    estimators = state.pop("estimators", None)
    plain = as_yaml(state, "to_dict", findings)
    if estimators is not None:
        plain = {**plain, "estimators": estimators}
    loaded = part(setting).load_dict(plain)
    findings.expect_same(
        loaded.combine(scores), fused, "load_dict: should take over what to_dict says", atol=NEAR
    )


def check_calibration(
    part: type[Calibration], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a calibration."""
    if made_options(part, options, findings) is None:
        return
    rows = small_rows(TASKS[0])
    is_there = ~np.isnan(rows.scores[:, 1, 0])
    scores, truth = rows.scores[is_there, 1], rows.targets[is_there]
    kept = scores.copy()
    with findings.during("apply"):
        fitted = part.fit(scores, truth)
        found = fitted.apply(scores)
        findings.expect_same(scores, kept, "fit and apply should leave their input as it is")
        is_odds = np.allclose(found.sum(axis=1), 1) and found.min() >= 0
        findings.expect(bool(is_odds), f"apply: rows should sum to 1, got {found[0]}")
        told = "apply: a row's result should depend on that row alone"
        alone = np.concatenate([fitted.apply(scores[n : n + 1]) for n in range(len(scores))])
        findings.expect_same(alone, found, told, atol=NEAR)
        findings.expect_same(fitted.apply(scores[:0]), found[:0], "apply: of no rows, no rows")
        order = np.random.default_rng(0).permutation(len(scores))
        shuffled = part.fit(scores[order], truth[order]).apply(scores)
        told = "fit: the order of clips should mean nothing"
        findings.expect_same(shuffled, found, told, atol=1e-4)
    with findings.during("to_dict and from_dict"):
        plain = as_yaml(fitted.to_dict(), "to_dict", findings)
        loaded = part.from_dict(plain).apply(scores)
        findings.expect_same(loaded, found, "from_dict: should be what to_dict says", atol=NEAR)
    with findings.during("fit, on no clips"):
        nothing = part.fit(scores[:0], truth[:0]).apply(scores)
        findings.expect_same(nothing, scores, "fit, on no clips: should change nothing", atol=1e-6)


def as_yaml(state: Mapping[str, Any], what: str, findings: Findings) -> dict[str, Any]:
    """Return what is read again of plain numbers, lists and texts."""
    try:
        return dict(yaml.safe_load(yaml.safe_dump(dict(state))))
    except yaml.YAMLError as error:
        findings.add(f"{what}: should hold plain numbers, texts and lists ({error})")
        return dict(state)
