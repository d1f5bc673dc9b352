"""Several answers at once, and answers step by step: judged as other programs judge them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, jaccard_score, roc_auc_score

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import STEPS, read_manifest, write_manifest, write_steps
from emotiw.core.errors import ConfigError, ManifestError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Classification, Regression
from emotiw.core.task_kinds import task_of
from emotiw.evaluation.differences import compare
from emotiw.evaluation.metrics import metric_named, metrics_of
from emotiw.evaluation.results import evaluate, evaluate_all

AFFECT = Several((Regression(("valence",), (-1, 1)), Regression(("arousal",), (-1, 1))))
UNITS = Several(tuple(Presence((f"AU{n}",)) for n in (1, 2, 4)))
MIXED = Several((Classification(("Happy", "Sad", "Worried")), Regression(("valence",))))
RNG = np.random.default_rng(0)


def ccc_of(truth: np.ndarray, said: np.ndarray) -> float:
    both = np.cov(truth, said, bias=True)
    apart = (truth.mean() - said.mean()) ** 2
    return float(2 * both[0, 1] / (both[0, 0] + both[1, 1] + apart))


def affect(n_steps: int = 40, n_clips: int = 12) -> tuple[Cohort, ScoreTable]:
    """Clips of unequal length with holes in the annotation, each clip with a bias of its own."""
    rng, clips, steps, rows = np.random.default_rng(3), [], {}, []
    for number in range(n_clips):
        clip_id, n = f"clip{number:02d}", n_steps + 7 * number
        truth = np.cumsum(rng.normal(size=(n, 2)), axis=0) / 10
        said = truth + rng.normal(0, 0.3, (n, 2)) + rng.normal(0, 0.2, 2)
        truth[rng.random((n, 2)) < 0.1] = np.nan
        times = np.arange(n) / 5
        clips.append(Clip(clip_id, Path(f"{clip_id}.mp4"), "val", group=f"g{number // 2}"))
        steps[clip_id] = Steps(tuple(map(str, range(n))), times, truth)
        rows += [(f"{clip_id}/{i}", *said[i]) for i in range(n)]
    cohort = Cohort(clips, task=AFFECT, steps=steps)
    ids = tuple(row[0] for row in rows)
    table = ScoreTable(
        "voice", AFFECT, ids, np.array([row[1:] for row in rows]), ("val",) * len(ids),
        (None,) * len(ids), {None: frozenset({"another"})},
        owners=tuple(cohort.rows.owners[i] for i in ids),
        time_sec=np.array([cohort.rows.times[i] for i in ids]),
    )  # fmt: skip
    return cohort, table


class TestTask:
    def test_it_is_kept_as_json(self) -> None:
        for task in (AFFECT, UNITS, MIXED, Presence(("speech",))):
            assert task_of(task.to_dict()) == task

    def test_two_labels_are_refused(self) -> None:
        with pytest.raises(TableError, match="at most one"):
            Several((Classification(("a", "b")), Classification(("c", "d"))))

    def test_answers_that_are_none_are_told_by_clip(self) -> None:
        with pytest.raises(TableError, match=r"clip 'x': AU2 is 0\.5, expected 0 or 1"):
            UNITS.encode({"x": (1.0, 0.5, None)})
        with pytest.raises(TableError, match=r"clip 'x': 1\.0, expected label, valence"):
            MIXED.encode({"x": 1.0})

    def test_columns_of_what_is_known(self) -> None:
        columns = MIXED.columns_of(MIXED.encode({"x": ("Sad", 0.5), "y": (None, -0.5)}))
        assert columns[0].tolist() == [0, 1, 0, 0.5]
        assert np.isnan(columns[1, :3]).all()
        assert columns[1, 3] == -0.5

    def test_scores_outside_of_probabilities_are_refused(self) -> None:
        with pytest.raises(TableError, match="AU2"):
            ScoreTable("x", UNITS, ("a",), np.array([[0.1, 1.2, 0.3]]), ("val",), (None,))


class TestMetrics:
    def test_presences_as_scikit_learn_judges_them(self) -> None:
        truth = (RNG.random((60, 3)) > 0.6).astype(float)
        said = np.clip(0.3 * truth + 0.7 * RNG.random((60, 3)), 0, 1)
        there = said >= 0.5
        theirs = {
            "f1": f1_score(truth, there, average="macro"),
            "f1.AU2": f1_score(truth[:, 1], there[:, 1]),
            "exact_match": accuracy_score(truth, there),
            "hamming": hamming_loss(truth, there),
            "jaccard": jaccard_score(truth, there, average="samples", zero_division=0),
            "auc": roc_auc_score(truth, said, average="macro"),
        }
        for name, value in theirs.items():
            assert metric_named(name, UNITS).value(truth, said, 3) == pytest.approx(value), name

    def test_no_answer_is_wrong_also_where_nothing_is_there(self) -> None:
        truth = (RNG.random((60, 3)) > 0.8).astype(float)
        said = truth.copy()
        said[:20] = np.nan
        assert metric_named("exact_match", UNITS).value(truth, said, 3) == pytest.approx(40 / 60)
        assert metric_named("hamming", UNITS).value(truth, said, 3) == pytest.approx(20 / 60)
        is_there = truth[:, 0] == 1
        both_said = is_there[20:].mean() * (~is_there[20:]).mean() * 40 * 40
        pairs = is_there.sum() * (~is_there).sum()
        found = metric_named("auc.AU1", UNITS).value(truth, said, 3)
        assert found == pytest.approx(both_said / pairs)

    def test_a_label_beside_presences_is_no_presence(self) -> None:
        task = Several((Classification(("Happy", "Sad", "Worried")), Presence(("speech",))))
        assert [m.name for m in metrics_of(task)] == ["accuracy.label", "f1.speech"]
        with pytest.raises(ConfigError, match="there or not, and 'label' is a classification"):
            metric_named("exact_match", task)

    def test_what_nobody_annotated_counts_for_nothing(self) -> None:
        truth, said = RNG.normal(size=(50, 2)), RNG.normal(size=(50, 2))
        truth[:20, 0] = np.nan
        by_hand = (ccc_of(truth[20:, 0], said[20:, 0]) + ccc_of(truth[:, 1], said[:, 1])) / 2
        assert metric_named("ccc", AFFECT).value(truth, said, 2) == pytest.approx(by_hand)
        one = metric_named("ccc.valence", AFFECT)
        assert one.title == "CCC valence"
        assert one.value(truth, said, 2) == pytest.approx(ccc_of(truth[20:, 0], said[20:, 0]))

    def test_a_label_less_a_quarter_of_the_error_of_valence(self) -> None:
        truth = np.column_stack([RNG.integers(0, 3, 40), RNG.normal(size=40)])
        said = np.column_stack([RNG.integers(0, 3, 40), RNG.normal(size=40)])
        weighted = f1_score(truth[:, 0], said[:, 0], average="weighted")
        squared = ((truth[:, 1] - said[:, 1]) ** 2).mean()
        found = metric_named("mer2023", MIXED).value(truth, said, 4)
        assert found == pytest.approx(weighted - squared / 4)

    def test_a_label_beside_a_number_is_wrong_where_nothing_is_said(self) -> None:
        truth = [("Happy", 0.5), ("Sad", -0.5), ("Happy", 1.0), ("Worried", 0.0)] * 3
        codes = np.array([MIXED.answers[0].labels.index(label) for label, _ in truth])
        clips = [Clip(f"c{n:02}", Path(f"{n}"), "val", group=f"g{n}", answers=answers)
                 for n, answers in enumerate(truth)]  # fmt: skip
        cohort = Cohort(clips, task=MIXED)

        def table(error: float, missing: slice) -> ScoreTable:
            said = np.column_stack([np.eye(3)[codes], [v + error for _, v in truth]])
            said[missing] = np.nan
            about = (("val",) * 12, (None,) * 12, {None: frozenset[str]()})
            return ScoreTable("x", MIXED, tuple(c.clip_id for c in clips), said, *about)

        some, others = table(0.1, slice(0, 4)), table(0.3, slice(8, 12))
        found = evaluate(some, cohort, "accuracy.label")
        assert (found.value, found.n, found.n_scored) == (pytest.approx(8 / 12), 12, 8)
        assert evaluate(some, cohort, "mse.valence").value == pytest.approx(0.01)
        both = compare(some, others, cohort, "mer2023")
        assert both.value == pytest.approx((0.09 - 0.01) / 4)

    def test_what_does_not_fit_is_refused_in_words(self) -> None:
        for name, told in (
            ("accuracy", "judges a classification: not valence, arousal"),
            ("ccc.valense", "did you mean 'valence'"),
            ("exact_match", "'valence' is a regression"),
            ("mer2023", "needs a classification"),
        ):
            with pytest.raises(ConfigError, match=told):
                metric_named(name, AFFECT)

    def test_the_main_one_first_then_each_answer(self) -> None:
        assert [m.name for m in metrics_of(AFFECT, "ccc")][:3] == [
            "ccc",
            "ccc.valence",
            "ccc.arousal",
        ]
        assert [m.name for m in metrics_of(MIXED, "mer2023")] == [
            "mer2023", "weighted_f1.label", "mse.valence",
        ]  # fmt: skip


class TestSteps:
    def test_all_rows_together_or_each_clip_by_itself(self) -> None:
        cohort, table = affect()
        rows = cohort.rows
        key = rows.answer_key()
        truth = AFFECT.encode(key)
        said = table.aligned_to(list(key))
        owner = np.array([rows.owners[row] for row in key])

        def mean_ccc(chosen: np.ndarray) -> float:
            return float(
                np.mean(
                    [
                        ccc_of(truth[chosen & known, k], said[chosen & known, k])
                        for k in (0, 1)
                        for known in (~np.isnan(truth[:, k]),)
                    ]
                )
            )

        together = evaluate(table, rows, "ccc")
        assert together.value == pytest.approx(mean_ccc(np.ones(len(key), bool)), abs=1e-9)
        per_clip = np.mean([mean_ccc(owner == clip) for clip in np.unique(owner)])
        assert evaluate(table, rows, "ccc_per_clip").value == pytest.approx(per_clip, abs=1e-9)

    def test_intervals_are_over_groups_never_over_steps(self) -> None:
        cohort, table = affect()
        result = evaluate(table, cohort.rows, "ccc")
        assert (result.n_groups, result.knows_groups) == (6, True)
        twice, more = affect(n_steps=400)
        longer = evaluate(more, twice.rows, "ccc")
        assert longer.n > 5 * result.n
        assert longer.high - longer.low > 0.3 * (result.high - result.low)

    def test_a_clip_of_one_step_is_a_clip(self) -> None:
        numbers, said = RNG.normal(size=(9, 2)), RNG.normal(size=(9, 2))
        clips = [
            Clip(f"c{n}", Path(f"{n}.mp4"), "val", group=f"g{n}", answers=tuple(numbers[n]))
            for n in range(9)
        ]
        steps = {
            clip.clip_id: Steps(("0",), np.zeros(1), numbers[n : n + 1])
            for n, clip in enumerate(clips)
        }
        whole, stepped = Cohort(clips, task=AFFECT), Cohort(clips, task=AFFECT, steps=steps)
        about = (("val",) * 9, (None,) * 9, {None: frozenset[str]()})
        own = ScoreTable("x", AFFECT, tuple(f"c{n}" for n in range(9)), said, *about)
        rows = ScoreTable("x", AFFECT, tuple(f"c{n}/0" for n in range(9)), said, *about)
        told = zip(evaluate_all([own], whole), evaluate_all([rows], stepped.rows), strict=True)
        for one, other in told:
            assert str(one) == str(other)
        other = ScoreTable("y", AFFECT, own.clip_ids, numbers / 2, *about)
        as_rows = ScoreTable("y", AFFECT, rows.clip_ids, numbers / 2, *about)
        assert compare(own, other, whole).p == compare(rows, as_rows, stepped.rows).p

    def test_answers_of_test_clips_are_for_evaluation_alone(self) -> None:
        steps = {"t": Steps(("0",), np.zeros(1), np.array([[0.5, 0.5]]))}
        cohort = Cohort([Clip("t", Path("t.mp4"), "test")], task=AFFECT, steps=steps)
        assert np.isnan(cohort.steps_of("t").answers).all()
        assert [clip.truth for clip in (*cohort, *cohort.rows)] == [None, None]
        assert cohort.rows.answer_key() == {"t/0": (0.5, 0.5)}

    def test_copies_count_once(self) -> None:
        steps = Steps(("0", "1"), np.arange(2.0), np.array([[0.1, 0.2], [0.3, 0.4]]))
        clips = [Clip(c, Path(c), "train", group="g", content="00") for c in "ab"]
        rows = Cohort(clips, task=AFFECT, steps={"a": steps, "b": steps}).rows
        assert rows.originals["b/1"] == "a/1"

    def test_what_is_written_is_read_back(self, tmp_path: Path) -> None:
        cohort, table = affect()
        write_manifest(cohort, tmp_path / "manifest.csv", root=tmp_path)
        write_steps(cohort, tmp_path / STEPS)
        read = read_manifest(tmp_path / "manifest.csv", root=tmp_path, task=AFFECT)
        assert [c.clip_id for c in read.rows] == [c.clip_id for c in cohort.rows]
        assert evaluate(table, read.rows, "ccc").value == pytest.approx(
            evaluate(table, cohort.rows, "ccc").value, abs=1e-7
        )
        table.write_csv(tmp_path / "voice.csv")
        kept = ScoreTable.read_csv(tmp_path / "voice.csv")
        assert dict(zip(kept.clip_ids, kept.owners, strict=True)) == dict(
            zip(table.clip_ids, table.owners, strict=True)
        )
        assert evaluate(kept, read.rows, "ccc").value == pytest.approx(
            evaluate(table, cohort.rows, "ccc").value, abs=1e-7
        )

    def test_labels_step_by_step_are_read_by_name(self, tmp_path: Path) -> None:
        task = Classification(("Happy", "Sad"))
        (tmp_path / "manifest.csv").write_text("clip_id,path,split\na,a.mp4,train\n")
        text = "clip_id,step,time_sec,label\na,0,0.0,Sad\na,1,0.5,\na,2,1.0,Sad\na,3,1.5,Happy\n"
        (tmp_path / STEPS).write_text(text)
        cohort = read_manifest(tmp_path / "manifest.csv", root=tmp_path, task=task)
        assert cohort["a"].label == "Sad"
        assert [clip.label for clip in cohort.rows] == ["Sad", None, "Sad", "Happy"]

    def test_what_is_wrong_is_told_by_line(self, tmp_path: Path) -> None:
        (tmp_path / "manifest.csv").write_text("clip_id,path,split\na,a.mp4,train\n")
        text = "clip_id,step,time_sec,label\na,0,0.0,Sat\na,0,soon,Happy\nb,0,1,Sad\n"
        (tmp_path / STEPS).write_text(text)
        with pytest.raises(ManifestError) as caught:
            read_manifest(
                tmp_path / "manifest.csv", root=tmp_path, task=Classification(("Happy", "Sad"))
            )
        for told in ("line 2: 'Sat' is no label; did you mean 'Sad'?", "line 3: time_sec 'soon'",
                     "line 3: clip 'a' has step '0' twice"):  # fmt: skip
            assert told in str(caught.value)
