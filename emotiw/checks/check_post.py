"""What steps of post-processing promise: clip by clip, within range, readable as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotiw.checks.check_fusion import NEAR, as_yaml
from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.core.several import Presence
from emotiw.core.task import Classification, Regression, Task
from fusion.post.post_processing import judge_of
from fusion.post.post_step import HeldOut, PostStep
from fusion.traces import Traces

ANSWERS: tuple[Task, ...] = (
    Regression(("arousal",), (-1.0, 1.0)),
    Presence(("AU12",)),
    Classification(("Calm", "Tense")),
)
N_CLIPS, N_STEPS, STEP_SEC = 6, 20, 0.5
LATE = 2  # steps that annotators are late by


def small_traces(task: Task, seed: int = 0) -> HeldOut:
    """Return noisy scores of six clips that annotations follow a second later, shrunk by half."""
    rng = np.random.default_rng(seed)
    clips = np.repeat(np.arange(N_CLIPS), N_STEPS)
    times = STEP_SEC * np.tile(np.arange(N_STEPS), N_CLIPS)
    phase = rng.uniform(0, 6, N_CLIPS)[clips]
    state, before = (np.sin(times - late * STEP_SEC + phase) for late in (0, LATE))
    said = 0.5 * state + rng.normal(0, 0.15, len(times)) - 0.1
    share = 1 / (1 + np.exp(-4 * said))
    scores = {"regression": said.clip(-1, 1)[:, None], "presence": share[:, None]}
    truth: dict[str, Any] = {"regression": before, "presence": (before > 0).astype(np.float64)}
    return HeldOut(
        task=task,
        scores=scores.get(task.kind, np.column_stack([1 - share, share])),
        targets=truth.get(task.kind, (before > 0).astype(np.intp)),
        groups=clips // 2,
        traces=Traces(clips, np.asarray(times, dtype=np.float64)),
        metric=judge_of(task, ""),
    )


def check_post_step(
    part: type[PostStep], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a step of post-processing."""
    made = made_options(part, options, findings)
    tasks = [task for task in ANSWERS if task.kind in part.kinds]
    known = ", ".join(task.kind for task in ANSWERS)
    findings.expect(tasks, f"kinds should name some of {known}, got {sorted(part.kinds)}")
    for task in tasks if made is not None else ():
        with findings.during(f"a {task.kind}"):
            _check(part, task, made, findings)


def _check(part: type[PostStep], task: Task, options: Any, findings: Findings) -> None:
    rows, others = small_traces(task), small_traces(task, seed=1)
    scores, traces = others.scores, others.traces
    kept, learnt_on = scores.copy(), rows.scores.copy()
    step = part(task, options)
    if not isinstance(step.fit(rows), part):
        findings.add(f"fit should return the step itself, got {type(step.fit(rows)).__name__}")
        return
    found = step.apply(scores, traces)
    told = "fit and apply should leave their input as it is"
    findings.expect_same(np.r_[scores, rows.scores], np.r_[kept, learnt_on], told)
    if found.shape != scores.shape:
        findings.add(f"apply should return {scores.shape}, got {found.shape}")
        return
    findings.expect(bool(np.isfinite(found).all()), "apply: should leave no holes")
    told = "apply: a clip's result should depend on that clip alone"
    alone = np.full_like(found, np.nan)
    for clip in range(N_CLIPS):
        own = traces.clips == clip
        alone[own] = step.apply(scores[own], traces.subset(own))
    findings.expect_same(alone, found, told, atol=NEAR)
    order = np.random.default_rng(0).permutation(len(scores))
    shuffled = step.apply(scores[order], traces.subset(order))
    told = "apply: the order of rows should mean nothing"
    findings.expect_same(shuffled, found[order], told, atol=NEAR)
    nothing = np.zeros(len(scores), dtype=bool)
    none = step.apply(scores[nothing], traces.subset(nothing))
    findings.expect_same(none, scores[nothing], "apply: of no rows, no rows")
    again = part(task, options).fit(rows).apply(scores, traces)
    findings.expect_same(again, found, "fit: on the same rows, it should learn the same")
    plain = as_yaml(step.to_dict(), "to_dict", findings)
    loaded = part(task, options).load_dict(plain).apply(scores, traces)
    findings.expect_same(loaded, found, "load_dict: should take over what to_dict says")
