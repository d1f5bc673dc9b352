"""What a model promises: a clip's scores are its own, and a saved model says the same."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.checks.small_examples import (
    JOINED,
    SPECS,
    TASKS,
    small_examples,
    small_step_examples,
)
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.joined_features import JoinedTable
from emotiw.core.task import Task
from emotiw.models.model import Examples, Model, Unlabelled

NEAR = 1e-5  # float32 arithmetic on batches of other sizes
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def check_model(
    part: type[Model], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a model, for the first form of feature that it reads."""
    made = made_options(part, options, findings)
    if made is None:
        return
    if not part.is_fitted_here:
        with findings.during("ready_scores"):
            cohort, root = sample
            table = part.ready_scores("checked", made, cohort, root)
            is_known = table.name == "checked" and set(table.clip_ids) <= set(cohort.clip_ids)
            findings.expect(is_known, "ready_scores: should be of this name, and of these clips")
        return
    specs = (sample,) if sample else specs_for(part, made)
    found = list(accepted(part, made, specs, findings))
    for number, (spec, task, make) in enumerate(found):
        with findings.during(f"a {task.kind}"), TemporaryDirectory() as folder:
            _check(make, spec, task, Path(folder), findings, is_first=number == 0)
    if part.reads_unlabelled(made) and not findings.lines:
        for spec, task, make in found:
            with findings.during("clips without labels"), TemporaryDirectory() as folder:
                _check_unlabelled(make, spec, task, Path(folder), findings)
    if part.reads_steps(made) and not findings.lines:
        for number, (spec, task, make) in enumerate(found):
            with findings.during(f"a {task.kind} per step"), TemporaryDirectory() as folder:
                _check_steps(make, spec, task, Path(folder), findings, is_first=number == 0)


def specs_for(part: type[Model], options: Any) -> tuple[FeatureSpec, ...]:
    """Return what a model is tried out on: several features, where it joins them."""
    return (JOINED,) if part.joins(options) else SPECS


def accepted(
    part: type[Model], options: Any, specs: tuple[FeatureSpec, ...], findings: Findings
) -> Iterator[tuple[FeatureSpec, Task, Callable[[], Model]]]:
    """Yield the tasks that a model takes on, and what makes one, for the first spec that it reads.

    A model refuses with ConfigError; one that refuses everything is noted.
    """
    refused: list[str] = []
    for spec in specs:
        has_one = False
        for task in TASKS:

            def make(spec: FeatureSpec = spec, task: Task = task) -> Model:
                return part(options, spec=spec, task=task, seed=3)

            with findings.during("the constructor"):
                try:
                    make()
                except ConfigError as error:
                    refused.append(f"{task.kind} from {spec.shape} per {spec.unit}: {error}")
                else:
                    has_one = True
                    yield spec, task, make
        if has_one or findings.lines:
            return
    findings.add(f"the constructor should take some feature, it refused {'; '.join(refused)}")


def _check(
    make: Callable[[], Model],
    spec: FeatureSpec,
    task: Task,
    folder: Path,
    findings: Findings,
    *,
    is_first: bool,
) -> None:
    model = make()
    learnt = small_examples(spec, task)
    others = replace(small_examples(spec, task, 7, seed=1), targets=None)
    model.fit(learnt)
    scores = model.predict(others)
    shape = (len(others), len(task.labels))
    if np.shape(scores) != shape:
        findings.add(f"{task.kind}: predict should return {shape}, got {np.shape(scores)}")
        return
    _check_scores(scores, task, findings)
    nobody = model.predict(others.subset([]))
    findings.expect_same(nobody, scores[:0], "of no clips there should be no scores")
    if is_first:
        _check_clips(make, model, learnt, others, scores, findings)
    if isinstance(others.table, JoinedTable):
        _check_missing(model, others, others.table, scores, findings)
    model.save(folder)
    for path in pickles_in(folder):
        findings.add(f"save: {path} should not be a pickle, which runs whatever it holds")
    loaded = type(model).load(folder)
    told = "loaded, it should say the same"
    findings.expect_same(loaded.predict(others), scores, told, atol=1e-7)


def _check_unlabelled(
    make: Callable[[], Model], spec: FeatureSpec, task: Task, folder: Path, findings: Findings
) -> None:
    learnt = small_examples(spec, task)
    others = replace(small_examples(spec, task, 7, seed=1), targets=None)
    clips = replace(small_examples(spec, task, 24, seed=2), targets=None)
    found = []
    for own in (clips, _renamed(clips)):
        model = make()
        model.fit(replace(learnt, unlabelled=Unlabelled(own)))
        found.append(model.predict(others))
    told = "the names of clips without labels should change no score"
    findings.expect_same(found[1], found[0], told, atol=NEAR)
    model.save(folder)
    again = type(model).load(folder).predict(others)
    findings.expect_same(again, found[1], "loaded, it should say the same", atol=1e-7)


def _check_scores(scores: npt.NDArray[np.float64], task: Task, findings: Findings) -> None:
    findings.expect(bool(np.isfinite(scores).all()), f"{task.kind}: scores should be finite")
    ends = np.cumsum([len(answer.labels) for answer in task.answers])[:-1]
    for answer, own in zip(task.answers, np.split(scores, ends, axis=1), strict=True):
        if answer.is_label:
            is_odds = np.allclose(own.sum(axis=1), 1, atol=1e-5) and np.min(own) >= 0
            findings.expect(is_odds, f"scores should be at least 0 and sum to 1, got {own[0]}")
            continue
        low, high = (0.0, 1.0) if answer.kind == "presence" else answer.target_range or (-1e9, 1e9)
        is_inside = bool(((own >= low) & (own <= high)).all())
        findings.expect(is_inside, f"targets should be within {low:g} to {high:g}")


def _check_steps(
    make: Callable[[], Model],
    spec: FeatureSpec,
    task: Task,
    folder: Path,
    findings: Findings,
    *,
    is_first: bool,
) -> None:
    model, learnt = make(), small_step_examples(spec, task)
    others = replace(small_step_examples(spec, task, 5, seed=1), targets=None)
    model.fit(learnt)
    scores = model.predict(others)
    shape = (sum(others.n_steps), len(task.labels))
    if np.shape(scores) != shape:
        findings.add(f"{task.kind}: predict should return {shape}, got {np.shape(scores)}")
        return
    present = np.concatenate([array.present for array in others.arrays()])
    holes = bool(np.isnan(scores[~present]).all())
    findings.expect(holes, "a step without the feature should have no score, but NaN")
    _check_scores(scores[present], task, findings)
    if is_first:
        order = np.arange(len(others))[::-1]
        backwards = np.empty_like(scores)
        backwards[others.target_rows(order)] = model.predict(others.subset(order))
        told = "the order of clips should change no step's score"
        findings.expect_same(backwards, scores, told, atol=NEAR)
        alone = [model.predict(others.subset([row])) for row in range(len(others))]
        told = "the steps of a clip alone should have the same scores"
        findings.expect_same(np.concatenate(alone), scores, told, atol=NEAR)
        again = make()
        again.fit(learnt)
        told = "fitted again, it should give the same scores of steps"
        findings.expect_same(again.predict(others), scores, told, atol=NEAR)
    model.save(folder)
    loaded = type(model).load(folder)
    told = "loaded, it should say the same of steps"
    findings.expect_same(loaded.predict(others), scores, told, atol=1e-7)


def _check_clips(
    make: Callable[[], Model],
    model: Model,
    learnt: Examples,
    others: Examples,
    scores: npt.NDArray[np.float64],
    findings: Findings,
) -> None:
    backwards = model.predict(others.subset(range(len(others))[::-1]))[::-1]
    findings.expect_same(backwards, scores, "the order of clips should change no score", atol=NEAR)
    alone = np.concatenate([model.predict(others.subset([row])) for row in range(len(others))])
    findings.expect_same(alone, scores, "a clip alone should have the same scores", atol=NEAR)
    renamed = model.predict(_renamed(others))
    findings.expect_same(renamed, scores, "the names of clips should change no score")
    again = make()
    again.fit(learnt)
    findings.expect_same(
        again.predict(others), scores, "fitted again, it should give the same scores", atol=NEAR
    )


def _check_missing(
    model: Model,
    others: Examples,
    table: JoinedTable,
    scores: npt.NDArray[np.float64],
    findings: Findings,
) -> None:
    """Note where a clip is not scored by the features that it has, whichever these are."""
    names = [each.spec.name for each in table.tables]
    for size in range(1, len(names)):
        for some in combinations(names, size):
            less = table.only(some)
            rows = [row for row, clip_id in enumerate(others.clip_ids) if clip_id in less]
            found = model.predict(replace(others.subset(rows), table=less))
            _check_scores(found, model.task, findings)
            same = [
                place
                for place, row in enumerate(rows)
                if (table[others.clip_ids[row]].present == less[others.clip_ids[row]].present).all()
            ]
            told = (
                f"with {'+'.join(some)} alone, a clip that has no more should have the same scores"
            )
            findings.expect_same(found[same], scores[rows][same], told, atol=NEAR)


def _renamed(examples: Examples) -> Examples:
    names = {clip_id: f"z{n}" for n, clip_id in enumerate(reversed(examples.clip_ids))}
    arrays = {names[clip_id]: examples.table[clip_id] for clip_id in examples.clip_ids}
    table = FeatureTable(examples.table.spec, arrays)
    return replace(examples, table=table, clip_ids=tuple(map(names.get, examples.clip_ids)))  # type: ignore[arg-type]


def pickles_in(folder: Path) -> Iterator[str]:
    """Yield the files that are pickles, or hold some."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        contents = {"": path.read_bytes()}
        if zipfile.is_zipfile(io.BytesIO(contents[""])):
            with zipfile.ZipFile(path) as archive:
                contents |= {f":{name}": archive.read(name) for name in archive.namelist()}
        for inside, data in contents.items():
            holds_objects = data.startswith(b"\x93NUMPY") and b"'|O'" in data[:256]
            if holds_objects or _is_pickle(data):
                yield path.name + inside


def _is_pickle(data: bytes) -> bool:
    if not data.startswith(PICKLES):
        return False
    try:
        return bool(list(pickletools.genops(data)))
    except (ValueError, UnicodeDecodeError):  # begins like one by chance
        return False
