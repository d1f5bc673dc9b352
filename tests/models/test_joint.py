"""Models of several features: what two of them tell together, what is missing, where they look."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.checks.check_model import pickles_in
from emotiw.checks.small_examples import JOINED, TASKS, small_examples
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.joined_features import JoinedTable, joined_spec
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from emotiw.evaluation.results import evaluate
from emotiw.models.joint.early import Early
from emotiw.models.joint.feature_subsets import subset_tables
from emotiw.models.joint.joint_model import JointModel
from emotiw.models.joint.looking import as_csv_file, attention_of, read_attention
from emotiw.models.model import Examples, Model
from emotiw.models.out_of_fold import OutOfFold
from emotiw.models.registry import MODELS
from emotiw.models.training.training_options import TrainingOptions
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.registry import COMBINERS
from tests.models.conftest import FitStopped

pytestmark = pytest.mark.slow
TASK = Classification(("differ", "agree"))
NETWORKS = ("gated", "low_rank", "cross_attention", "joint_attention")
QUICK = {
    "channels": 16,
    "dropout": 0.0,
    "validation_fraction": 0,
    "training": {"epochs": 25, "batch_size": 32, "learning_rate": 0.01},
}
BRIEF = {"channels": 8, "training": {"epochs": 3, "batch_size": 9}}


def clips(kind: str, n: int = 200) -> tuple[Cohort, tuple[FeatureTable, FeatureTable]]:
    """Clips whose label is whether two modalities agree, or that both tell as best they can."""
    rng = np.random.default_rng(0)
    face, voice = np.arange(n) % 2, np.arange(n) // 2 % 2
    agree = face == voice
    if kind == "independent":
        agree, voice = face == 1, face
    noise = 0.4 if kind == "agreement" else 1.5
    rows: tuple[dict[str, FeatureArray], dict[str, FeatureArray]] = ({}, {})
    found = []
    for number in range(n):
        clip_id, n_rows = f"clip{number:03}", int(rng.integers(2, 5))
        shown = rng.normal(0, noise * n_rows**0.5, (n_rows, 3))
        shown[:, 0] += 2 * face[number] - 1
        heard = rng.normal(0, noise, (1, 2))
        heard[:, 1] += 2 * voice[number] - 1
        begins = 0.5 * np.arange(n_rows)
        times = np.stack([begins, begins + 0.5], axis=1)
        rows[0][clip_id] = FeatureArray.all_present(shown.astype(np.float32), times)
        rows[1][clip_id] = FeatureArray.all_present(heard.astype(np.float32))
        about: Any = {"group": f"speaker{number // 4 % 10}", "content": f"{number:064x}"}
        found.append(Clip(clip_id, Path(), "train", TASK.labels[int(agree[number])], **about))
    specs = (FeatureSpec("face", (3,), "frame"), FeatureSpec("voice", (2,), "clip"))
    cohort = Cohort(found, task=TASK).with_folds("grouped", n_folds=2)
    return cohort, (FeatureTable(specs[0], rows[0]), FeatureTable(specs[1], rows[1]))


def scored(
    cohort: Cohort, table: FeatureTable, model: str, options: dict[str, Any], folder: Path
) -> tuple[OutOfFold, dict[Any, Model], ScoreTable]:
    """The scores of a model out of fold, with its fits."""
    work, kind = OutOfFold(cohort, table, TASK), MODELS.resolve(model)
    checked = kind.Options.model_validate(options)
    models = {
        fit.fold: work.fitted(
            fit, lambda: kind(checked, spec=work.spec, task=TASK, seed=0), folder / fit.name
        )
        for fit in work.fits()
        if fit.fold is not None
    }
    for fit in work.fits():
        models.setdefault(fit.fold, models[0])
    scores = {fit.fold: work.score(fit, models[fit.fold]) for fit in work.fits()}
    return work, models, work.table_of(model, scores)


def accuracy(table: ScoreTable, cohort: Cohort) -> float:
    return float(evaluate(table, cohort, "accuracy", split="train").value)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_joint_network_learns_what_only_two_modalities_tell(name: str, tmp_path: Path) -> None:
    cohort, tables = clips("agreement")
    _, _, table = scored(cohort, JoinedTable(tables), name, QUICK, tmp_path)
    assert accuracy(table, cohort) >= 0.95


def test_no_late_fusion_can_learn_it(tmp_path: Path) -> None:
    cohort, tables = clips("agreement", 120)
    options = {"kernel": "rbf", "c": 1.0}
    alone = {
        t.spec.name: scored(cohort, t, "svm", options, tmp_path / t.spec.name)[2] for t in tables
    }
    for method in COMBINERS.names():
        if method in ("fixed", "auto"):
            continue
        fused = fuse(alone, cohort, options=FusionOptions(method=method)).table
        assert 0.35 < accuracy(fused, cohort) < 0.65, method


def test_of_independent_modalities_late_fusion_is_level(tmp_path: Path) -> None:
    cohort, tables = clips("independent")
    alone = {
        t.spec.name: scored(cohort, t, "logistic", {}, tmp_path / t.spec.name)[2] for t in tables
    }
    late = accuracy(fuse(alone, cohort).table, cohort)
    work, models, joint = scored(cohort, JoinedTable(tables), "gated", QUICK, tmp_path / "joint")
    assert late >= accuracy(joint, cohort) - 0.02
    assert late > max(accuracy(table, cohort) for table in alone.values())
    values = {some: accuracy(t, cohort) for some, t in subset_tables(work, models).items()}
    assert list(values) == [("face",), ("voice",), ("face", "voice")]
    assert values[("face", "voice")] == accuracy(joint, cohort)
    assert np.mean([values[("face",)], values[("voice",)]]) < values[("face", "voice")]
    assert min(values.values()) > 0.6


def made(name: str, options: dict[str, Any] = BRIEF, *, seed: int = 3) -> JointModel:
    kind: Any = MODELS.resolve(name)
    model = kind(kind.Options.model_validate(options), spec=JOINED, task=TASKS[0], seed=seed)
    assert isinstance(model, JointModel)
    return model


@cache
def learnt() -> Examples:
    return small_examples(JOINED, TASKS[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fit_that_was_killed_goes_on_to_the_same_weights(
    name: str, tmp_path: Path, fit_stopped: FitStopped
) -> None:
    whole, again = made(name), made(name)
    whole.fit(learnt())
    fit_stopped(again, learnt(), tmp_path)
    again.fit(learnt(), folder=tmp_path)
    pairs = zip(
        whole.network.state_dict().items(), again.network.state_dict().values(), strict=True
    )
    assert all(bool((own == other).all()) for (_, own), other in pairs)


def test_attention_is_of_what_a_clip_has(tmp_path: Path) -> None:
    for name in NETWORKS:
        model = made(name)
        model.fit(learnt())
        found = attention_of(model, learnt())
        if name == "low_rank":
            assert found is None
            continue
        assert found is not None
        has = np.array([array.present for array in learnt().arrays()])
        assert np.allclose(found.shares.sum(axis=1), 1, atol=1e-5)
        assert (found.shares[~has] == 0).all()
        told = found.over_time[~np.isnan(found.over_time).any(axis=2)]
        assert len(told)
        assert np.allclose(told.sum(axis=1), 1, atol=1e-5)
        assert np.isnan(found.over_time[:, 2]).all()  # people have no order
    both = zip(found.shares, found.over_time, strict=True)
    data = as_csv_file(("face", "voice", "people"), dict(zip(learnt().clip_ids, both, strict=True)))
    (tmp_path / "attention.csv").write_bytes(data)
    rows = read_attention(tmp_path / "attention.csv")
    assert len(rows) == 3 * len(learnt())
    assert rows[0][:2] == ("clip00", "face")
    assert rows[0][2][0] == pytest.approx(found.shares[0, 0], abs=1e-4)


def test_features_meet_by_their_times() -> None:
    """The same rows at other times are another clip to a network that attends over time."""

    def moved(array: FeatureArray) -> FeatureArray:
        times = np.arange(len(array.values))[:, None] + np.array([3.0, 4.0])
        return replace(array, times=times)

    table = learnt().table
    assert isinstance(table, JoinedTable)
    first = FeatureTable(table.tables[0].spec, {c: moved(a) for c, a in table.tables[0].items()})
    shifted = replace(learnt(), table=JoinedTable([first, *table.tables[1:]]))
    for name, is_same in (("gated", True), ("cross_attention", False)):
        model = made(name)
        model.fit(learnt())
        assert np.allclose(model.predict(learnt()), model.predict(shifted)) == is_same


def test_early_fusion_fills_with_means_and_says_so(tmp_path: Path) -> None:
    cohort, (face, voice) = clips("independent", 24)
    spec = joined_spec([face.spec, voice.spec])
    options = Early.Options.model_validate({"learner": "logistic", "pooling": ["mean"]})
    model = Early(options, spec=spec, task=TASK, seed=0)
    ids = cohort.clip_ids
    targets = TASK.encode({c: cohort[c].truth for c in ids})  # type: ignore[misc]
    groups = tuple(cohort.groups[c] for c in ids)
    table = JoinedTable([face, voice])
    examples = Examples(table, ids, groups, targets)
    model.fit(examples)
    mean = np.mean([array.values[0] for _, array in voice.items()], axis=0)
    deaf = replace(examples, table=table.only(["face"]))
    as_mean = FeatureTable(voice.spec, {c: FeatureArray.all_present(mean[None]) for c in ids})
    rows = [
        next(model._filled(each, [model._pooled(a) for a in each.arrays()], hides=False).arrays())
        for each in (deaf, replace(examples, table=JoinedTable([face, as_mean])))
    ]
    assert np.allclose(rows[0].values[0, :-1], rows[1].values[0, :-1], atol=1e-6)
    assert rows[0].values[0, -1] == 0
    assert rows[1].values[0, -1] == 1
    model.save(tmp_path)
    assert not list(pickles_in(tmp_path))
    assert np.allclose(Early.load(tmp_path).predict(deaf), model.predict(deaf))


def test_what_the_worst_feature_has_seen_all_have_seen() -> None:
    spec = FeatureSpec("face", (1,), "clip")
    rows = {"a": FeatureArray.all_present(np.ones((1, 1), np.float32))}
    seen = [
        FeatureTable(replace(spec, name=kind), rows, trained_on=kind)  # type: ignore[arg-type]
        for kind in ("other data", "train", "unknown")
    ]
    worst = {
        frozenset((a.trained_on, b.trained_on)): JoinedTable([a, b]).trained_on
        for a, b in combinations(seen, 2)
    }
    assert worst == {
        frozenset(("other data", "train")): "train",
        frozenset(("other data", "unknown")): "unknown",
        frozenset(("train", "unknown")): "unknown",
    }
    with pytest.raises(TableError, match="named twice"):
        JoinedTable([seen[0], seen[0]])
    with pytest.raises(TableError, match="did you mean 'train'"):
        JoinedTable(seen).only(["trian"])


def test_what_parts_say_alone_is_learnt_too() -> None:
    assert "auxiliary" not in TrainingOptions.model_fields
    weights = [made("gated", {**BRIEF, "auxiliary": each}) for each in (0.0, 0.5)]
    for model in weights:
        model.fit(learnt())
    first, second = (model.network.alone[0].weight for model in weights)  # type: ignore[index, union-attr]
    assert not bool((first == second).all())
