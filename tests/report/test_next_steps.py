"""What next: from held-out rows alone, as the evaluation has it, with commands that work."""

from __future__ import annotations

import html
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from emotiw.analysis.report.data_costs import data_costs
from emotiw.analysis.report.doubted_clips import doubted_clips
from emotiw.analysis.report.modality_gain import modality_gain
from emotiw.analysis.report.next_steps import next_steps
from emotiw.analysis.report.page import write_report
from emotiw.analysis.report.snapshot import RunSnapshot, read_facts
from emotiw.analysis.report.weakest_label import weakest_label
from emotiw.cli.app import app
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.sample import chosen_sample
from emotiw.evaluation.single_metrics import ACCURACY
from emotiw.runs.run import Run
from tests.report.runs import BROKEN, FACELESS, LABELS, classified, data_of, regressed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return classified(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(run: Run) -> Path:
    return write_report(run, has_samples=False).path


@pytest.fixture(scope="module")
def facts(run: Run) -> RunSnapshot:
    return read_facts(run)


def sharper(facts: RunSnapshot, is_right: np.ndarray) -> RunSnapshot:
    """The same run, whose fused scores are surely right, or surely the next label, as told."""
    table = facts.main
    truth = [LABELS.index(str(facts.answers[c])) for c in table.clip_ids]
    said = [t if right else (t + 1) % 8 for t, right in zip(truth, is_right, strict=True)]
    scores = np.full((len(said), 8), 0.01)
    scores[np.arange(len(said)), said] = 0.93
    return replace(facts, tables={**facts.tables, "fused": replace(table, scores=scores)})


def test_the_weakest_label_is_the_one_of_smallest_recall(facts: RunSnapshot, run: Run) -> None:
    said = ScoreTable.read_csv(run.folder / "fused.csv").predictions()
    hits: dict[str, list[bool]] = {}
    for clip_id, label in facts.answers.items():
        hits.setdefault(str(label), []).append(said[clip_id] == label)
    found = weakest_label(facts)
    assert found is not None
    lowest = min(np.mean(own) for own in hits.values())
    assert found["recall"] == ACCURACY.shown(float(np.mean(hits[found["label"]])))
    assert np.mean(hits[found["label"]]) == lowest
    [missed] = found["sets"].values()
    assert len(missed) == sum(not hit for hit in hits[found["label"]])


def of_unknown_speakers(facts: RunSnapshot) -> RunSnapshot:
    """The same run, if nobody knew who speaks: each clip stands for itself."""
    cohort = Cohort(replace(clip, group=None) for clip in facts.cohort)
    sample, _ = chosen_sample(facts.main, cohort)
    return replace(facts, cohort=cohort, sample=sample)


def test_a_label_that_is_always_taken_for_another_is_surely_weak(facts: RunSnapshot) -> None:
    labels = np.array([str(facts.answers[c]) for c in facts.main.clip_ids])
    alone = of_unknown_speakers(facts)
    found = weakest_label(sharper(alone, labels != "sad"))
    assert found is not None
    assert (found["label"], found["is_sure"], found["recall"]) == ("sad", True, "0.00 %")
    assert found["taken_for"] == [{"name": "angry", "n": 5}]
    at_random = weakest_label(sharper(alone, np.random.default_rng(0).random(40) < 0.6))
    assert at_random is not None
    assert not at_random["is_sure"]


def test_a_problem_costs_what_the_others_have_over_all(facts: RunSnapshot) -> None:
    is_right = np.array([c != BROKEN for c in facts.main.clip_ids])
    found = data_costs(sharper(facts, is_right))
    assert found is not None
    dearest = found["rows"][0]
    assert (dearest["what"], dearest["n"], dearest["some"]) == ("can't be read", 1, "0.00 %")
    assert (dearest["others"], dearest["cost"]) == ("100.00 %", "+2.50")
    assert not dearest["is_sure"]  # one clip of one group
    assert found["sets"]["no face found"] == [FACELESS]
    costs = [float(row["cost"]) for row in found["rows"]]
    assert costs == sorted(costs, reverse=True)


def test_only_held_out_scores_doubt_a_label(facts: RunSnapshot) -> None:
    found = doubted_clips(facts)
    assert found is not None
    assert found["n"] > 0
    seen = {fold: facts.main.seen_groups.get(fold) for fold in facts.main.fold}
    everyone = frozenset(facts.cohort.groups.values())
    leaky = replace(facts.main, seen_groups=dict.fromkeys(seen, everyone))
    none = doubted_clips(replace(facts, tables={**facts.tables, "fused": leaky}))
    assert none is not None
    assert (none["n"], none["n_scored"]) == (0, 0)


def test_a_swapped_label_is_doubted_and_told_for_what(facts: RunSnapshot) -> None:
    is_right = np.ones(40, bool)
    is_right[3] = False
    found = doubted_clips(sharper(facts, is_right))
    assert found is not None
    [row] = found["rows"]
    assert row["clip_id"] == facts.main.clip_ids[3]
    assert LABELS.index(row["suggested"]) == (LABELS.index(row["given"]) + 1) % 8
    assert row["scores"] == "1 % : 93 %"
    assert found["sets"]["likely mislabelled"] == [row["clip_id"]]


def test_five_speakers_are_too_few_to_be_sure_of_a_modality(facts: RunSnapshot) -> None:
    found = modality_gain(facts)
    assert found is not None
    assert facts.attribution is not None
    table = facts.attribution.modalities
    row = table.loc[found["name"]]
    assert found["size"] == f"{abs(100 * row['leave_one_out']):.2f} points of accuracy"
    assert row["low"] <= row["leave_one_out"] <= row["high"]
    assert not found["is_sure"]
    assert not found["can_be_sure"]  # 2 of 16 swaps, twice looked at


def test_with_few_groups_nothing_is_advised_from_differences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    part = text[text.index('<section id="next_steps"') :]
    told = html.unescape(re.sub(r"<[^>]+>", "", part[: part.index("</section>")]))
    assert "With so few groups most differences are within their interval" in told
    assert "No modality surely helps or hurts" in told
    assert "held-out scores of 40 training clips, out of fold, of 5 groups" in told
    assert text.index('id="next_steps"') < text.index('id="headline"')


def test_every_command_can_be_pasted(
    facts: RunSnapshot, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found = next_steps(facts)
    assert found is not None
    assert found["ablations"]
    before = sorted(path for path in run.folder.rglob("*") if path.name != "run.log")
    for each in found["ablations"]:
        emotiw, *words = shlex.split(each["command"])
        assert emotiw == "emotiw"
        done = CliRunner().invoke(app, [*words, "--plan"])
        assert done.exit_code == 0, done.output
        assert f"{each['n_rows']} rows" in done.output
        assert "not measured yet: fuse" in each["price"]
    after = sorted(path for path in run.folder.rglob("*") if path.name != "run.log")
    assert [path for path in after if path not in before and ".emotiw" not in path.parts] == []


def test_a_run_that_was_moved_is_named_where_it_is(run: Run, tmp_path: Path) -> None:
    import shutil

    from emotiw.analysis.report.next_ablations import recipe_words
    from emotiw.runs.run import open_run, reopen_run

    moved = tmp_path / "elsewhere" / "other"
    shutil.copytree(run.folder, moved)
    config, *settings = recipe_words(reopen_run(moved))
    assert open_run(config, [word for word in settings if word != "--set"]).folder == moved


def test_sets_of_the_page_are_the_clips_behind_the_findings(facts: RunSnapshot, page: Path) -> None:
    data: Any = data_of(page)
    sets = {
        each["name"]: [data["clips"][place]["id"] for place in each["clips"]]
        for each in data["sets"]
    }
    found = next_steps(facts)
    assert found is not None
    assert {name: sorted(ids) for name, ids in sets.items()} == {
        name: sorted(ids) for name, ids in found["sets"].items()
    }
    assert sets["can't be read"] == [BROKEN]


def test_numbers_have_no_labels_to_doubt(tmp_path: Path) -> None:
    facts = read_facts(regressed(tmp_path))
    found = next_steps(facts)
    assert found is not None
    assert found["weakest"] is None
    assert found["doubted"] is None
    assert found["modality"]["size"].endswith("of mean squared error")
