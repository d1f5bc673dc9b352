"""A clip's answer as the fields that hold it: a label, a number, or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emotiw.core.clip import Clip
from emotiw.core.several import Several, Truth
from emotiw.core.steps import Steps
from emotiw.core.task import Task


def only_asked(clip: Clip, task: Task, steps: Mapping[str, Steps] | None) -> Clip:
    """Return a clip with the kind of answer that is asked for, and no other."""
    if steps is not None and clip.clip_id in steps:
        return replace(unanswered(clip), **answer_fields(steps[clip.clip_id].summary(task), task))
    if isinstance(task, Several):
        is_asked = clip.label is None and clip.target is None
        return clip if is_asked else replace(clip, label=None, target=None)
    # a manifest may have a column of labels and one of targets
    clip = replace(clip, answers=()) if clip.answers else clip
    if task.is_label:
        return clip if clip.target is None else replace(clip, target=None)
    return clip if clip.label is None else replace(clip, label=None)


def answer_fields(truth: Truth | None, task: Task) -> dict[str, Any]:
    """Return an answer as the field of a clip that holds it."""
    if truth is None:
        return {}
    name = "answers" if isinstance(task, Several) else "label" if task.is_label else "target"
    return {name: truth}


def unanswered(clip: Clip) -> Clip:
    """Return a clip without any answer."""
    return replace(clip, label=None, target=None, answers=())
