"""Models that answer at every step: what they can follow, and what must change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Several
from emotiw.core.steps import Steps
from emotiw.core.task import Regression
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.results import evaluate
from emotiw.models.inner_tables import inner_tables
from emotiw.models.model import Model
from emotiw.models.networks.blended_windows import BlendedWindows
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.registry import MODELS
from emotiw.models.stepwise.step_options import StepOptions
from tests.models.conftest import FitStopped

pytestmark = pytest.mark.slow
TASK = Several((Regression(("valence",), (-1, 1)), Regression(("arousal",), (-1, 1))))
SPEC = FeatureSpec("toy", (4,), "frame")
HOP = 0.25
TRAINING = {"loss": "ccc", "epochs": 25, "batch_size": 4}
SEQUENCES: dict[str, dict[str, Any]] = {
    "gru": {"hidden": 16, "dropout": 0, "training": {**TRAINING, "learning_rate": 0.02}},
    "lstm": {"hidden": 16, "dropout": 0, "training": {**TRAINING, "learning_rate": 0.03}},
    "tcn": {
        "channels": 16, "blocks": 3, "dropout": 0, "training": {**TRAINING, "learning_rate": 0.01}
    },
    "attention": {
        "channels": 48, "heads": 4, "dropout": 0,
        "training": {**TRAINING, "epochs": 100, "learning_rate": 0.004},
    },
}  # fmt: skip


class Traces:
    """Clips whose answers are leaky integrals of two columns of their rows, one every 250 ms."""

    def __init__(self, n_clips: int = 18, *, delay: int = 0, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.arrays: dict[str, FeatureArray] = {}
        self.steps: dict[str, Steps] = {}
        self.clips = []
        for number in range(n_clips):
            clip_id, n = f"clip{number:02}", int(rng.integers(60, 130))
            rows = rng.normal(size=(n, 4))
            trace, level = np.zeros((n, 2)), np.zeros(2)
            for step in range(n):
                level = 0.75 * level + 0.4 * rows[step, :2]
                trace[step] = np.tanh(level)
            trace = np.roll(trace, delay, axis=0)
            trace[rng.random(trace.shape) < 0.1] = np.nan
            begins = HOP * np.arange(n)
            present = rng.random(n) < (0.9 if number % 4 == 0 else 1.1)
            times = np.stack([begins, begins + HOP], axis=1)
            self.arrays[clip_id] = FeatureArray(rows.astype(np.float32), present, times)
            self.steps[clip_id] = Steps(tuple(map(str, range(n))), begins + HOP / 2, trace)
            about = {"group": f"speaker{number % 6}", "content": f"{number:064x}"}
            self.clips.append(Clip(clip_id, Path(clip_id), "train", **about))  # type: ignore[arg-type]

    @property
    def cohort(self) -> Cohort:
        cohort = Cohort(self.clips, task=TASK, steps=self.steps)
        return cohort.with_folds("grouped", n_folds=3)

    def work(self, name: str, options: StepOptions | None = None) -> OutOfFold:
        kind, own = made(name)
        table, reads = FeatureTable(SPEC, self.arrays), kind.reads_steps(own)
        return OutOfFold(self.cohort, table, TASK, steps=options, reads_steps=reads)


def made(name: str, **more: Any) -> tuple[type[Model], Any]:
    kind = MODELS.resolve(name)
    written = {**SEQUENCES.get(name, {}), **more}
    if name in SEQUENCES:
        written.setdefault("window", 40)
    return kind, kind.Options.model_validate(written)


def maker(work: OutOfFold, name: str, **more: Any) -> Callable[[], Model]:
    kind, options = made(name, **more)
    return lambda: kind(options, spec=work.spec, task=TASK, seed=0)


@cache
def traces() -> Traces:
    return Traces()


def fitted(work: OutOfFold, name: str, **more: Any) -> tuple[Model, list[str]]:
    """A model of the first twelve clips, and the rest."""
    model, clip_ids = maker(work, name, **more)(), list(work.cohort.clip_ids)
    model.fit(work.examples(clip_ids[:12], with_targets=True))
    return model, clip_ids[12:]


def ccc(work: OutOfFold, clip_ids: list[str], scores: npt.NDArray[np.float64]) -> float:
    truth = np.concatenate([work.cohort.steps_of(clip_id).answers for clip_id in clip_ids])
    there = ~np.isnan(scores).any(axis=1)
    return metric_named("ccc", TASK).value(truth[there], scores[there], 0)


def scored(work: OutOfFold, clip_ids: list[str], model: Model) -> npt.NDArray[np.float64]:
    return next(work.score(replace(fit, scored=tuple(clip_ids)), model) for fit in work.fits())


def table_of(work: OutOfFold, name: str, folder: Path, **more: Any) -> ScoreTable:
    make = maker(work, name, **more)
    scores = {fit.fold: work.run(fit, make, folder / fit.name) for fit in work.fits()}
    return work.table_of(name, scores)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence_models_follow_what_windows_blur(name: str) -> None:
    work, blurred = traces().work(name), traces().work("logistic", StepOptions(context_sec=2))
    model, others = fitted(work, name)
    assert ccc(work, others, scored(work, others, model)) >= 0.9
    statistics, _ = fitted(blurred, "logistic", c=[0.01, 1])
    seen = ccc(blurred, others, scored(blurred, others, statistics))
    assert 0.3 < seen < 0.8
    constant = np.full((len(work.rows_of(next(work.fits()))), 2), 0.1)
    assert ccc(work, list(next(work.fits()).scored), constant) == 0


def test_of_shuffled_answers_nothing_is_learnt(tmp_path: Path) -> None:
    rng, shuffled = np.random.default_rng(0), Traces(12)
    shuffled.steps = {
        clip_id: replace(steps, answers=rng.permutation(steps.answers))
        for clip_id, steps in shuffled.steps.items()
    }
    work = shuffled.work("logistic")
    found = evaluate(table_of(work, "logistic", tmp_path), work.cohort.rows, "ccc")
    assert found.low < 0 < found.high


@pytest.mark.parametrize("name", ["logistic", "gru"])
def test_every_step_has_a_row(name: str, tmp_path: Path) -> None:
    work = traces().work(name, StepOptions(tolerance_sec=0, context_sec=0.2, stride_sec=0))
    brief = {"training": {"epochs": 1}} if name in SEQUENCES else {}
    table = table_of(work, name, tmp_path, **brief)
    rows = work.cohort.rows
    assert table.clip_ids == rows.clip_ids
    assert table.owners == tuple(rows.owners[row_id] for row_id in rows.clip_ids)
    assert table.times.tolist() == [rows.times[row_id] for row_id in rows.clip_ids]
    is_there = {
        row_id: bool(there)
        for clip_id, steps in traces().steps.items()
        for row_id, there in zip(
            steps.row_ids(clip_id), traces().arrays[clip_id].present, strict=True
        )
    }
    assert dict(zip(table.clip_ids, table.present.tolist(), strict=True)) == is_there
    for row_id, fold in zip(table.clip_ids, table.fold, strict=True):
        clip_id = rows.owners[row_id]
        assert fold == work.cohort.folds[clip_id]
        assert work.cohort.groups[clip_id] not in table.seen_groups[fold]
    copy = tmp_path / "scores.csv"
    table.write_csv(copy)
    assert np.allclose(ScoreTable.read_csv(copy).aligned_to(table.clip_ids), table.scores,
                       atol=1e-8, equal_nan=True)  # fmt: skip


def test_inner_tables_have_the_steps_of_folds_that_were_held_out(tmp_path: Path) -> None:
    work = traces().work("logistic")
    make = maker(work, "logistic")
    tables = inner_tables(
        "logistic", work, lambda fit: work.run(fit, make, tmp_path / fit.name), iter
    )
    rows = work.cohort.rows
    for held_out, table in tables.items():
        folds = {work.cohort.folds[owner] for owner in table.owners}
        assert folds == {0, 1, 2} - {held_out}
        table.require_unseen({row_id: rows.groups[row_id] for row_id in table.clip_ids})


def test_an_annotators_delay_is_undone() -> None:
    late = Traces(18, delay=4)
    found = []
    for options in (StepOptions(context_sec=1), StepOptions(context_sec=1, delay_sec=4 * HOP)):
        work = late.work("logistic", options)
        model, others = fitted(work, "logistic", c=1)
        found.append(ccc(work, others, scored(work, others, model)))
    assert found[1] > found[0] + 0.2


@pytest.mark.parametrize("name", ["gru", "tcn"])
def test_a_fit_that_was_stopped_goes_on_to_the_same_weights(
    name: str, fit_stopped: FitStopped, tmp_path: Path
) -> None:
    work = traces().work(name)
    training = {**SEQUENCES[name]["training"], "epochs": 4}
    known = work.examples(work.cohort.clip_ids[:8], with_targets=True)
    once, again = (maker(work, name, training=training)() for _ in range(2))
    once.fit(known)
    fit_stopped(again, known, tmp_path)
    again.fit(known, folder=tmp_path)
    ours, theirs = (model.network.state_dict() for model in (once, again))  # type: ignore[attr-defined]
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("tcn", {"is_causal": True, "channels": 8, "blocks": 2}),
        ("attention", {"is_causal": True, "channels": 8, "heads": 2}),
        ("gru", {"hidden": 8}),
        ("lstm", {"hidden": 8, "layers": 2}),
    ],
)
def test_a_causal_model_does_not_look_ahead(name: str, more: dict[str, Any]) -> None:
    work = traces().work(name)
    brief = {"training": {"epochs": 1}, "window": 20, **more}
    model, others = fitted(work, name, **brief)
    whole = work.examples(others[:1], with_targets=False)
    array = whole.table[others[0]]
    scores = model.predict(whole)
    for cut in (5, 19, 31, 55):
        rows = FeatureArray(array.values[:cut], array.present[:cut])
        table = FeatureTable(work.spec, {others[0]: rows})
        live = model.predict(replace(whole, table=table, n_steps=(cut,)))
        np.testing.assert_allclose(live, scores[:cut], atol=1e-5)


def test_windows_blend_into_what_the_network_says_of_all() -> None:
    class Place(torch.nn.Module):
        """Says how far a step is from the end of its window."""

        def forward(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return (mask.sum(1, keepdim=True) - torch.arange(frames.shape[1]))[..., None].float()

    blended = BlendedWindows(Place(), 4).eval()
    mask = torch.arange(8) < torch.tensor([6, 4])[:, None]
    found = blended(torch.zeros(2, 8, 1), mask)
    # weights 1 2 2 1: the third step is 2 from the end of the first window and 4 of the second
    assert found[0, :6, 0].tolist() == pytest.approx([4, 3, (2 * 2 + 1 * 4) / 3, 7 / 3, 2, 1])
    assert found[1, :4, 0].tolist() == [4, 3, 2, 1]


def test_steps_that_lack_the_feature_have_no_score_and_the_others_do() -> None:
    work = traces().work("gru", StepOptions(tolerance_sec=0))
    model, others = fitted(work, "gru", training={"epochs": 1})
    examples = work.examples(others, with_targets=False)
    present = np.concatenate([array.present for array in examples.arrays()])
    scores = model.predict(examples)
    assert not present.all()
    assert np.array_equal(np.isnan(scores).any(axis=1), ~present)


def test_what_learns_by_step_can_not_be_asked_otherwise() -> None:
    work = traces().work("gru")
    model, others = fitted(work, "gru", training={"epochs": 1})
    examples = work.examples(others, with_targets=False)
    with pytest.raises(ConfigError, match="learnt to answer step by step; it is asked once a clip"):
        model.predict(replace(examples, n_steps=()))
    with pytest.raises(ConfigError, match="start: statistics"):
        fitted(work, "gru", window=None, start="statistics")


def test_steps_without_any_feature_are_told() -> None:
    far = Traces(6)
    far.arrays = {
        c: replace(a, times=a.times + 1e6)  # type: ignore[operator]
        for c, a in far.arrays.items()
    }
    work = far.work("logistic")
    fit = next(work.fits())
    with pytest.raises(ConfigError, match="no step of a training clip has both an answer and"):
        work.run(fit, maker(work, "logistic"), Path("unused"))
