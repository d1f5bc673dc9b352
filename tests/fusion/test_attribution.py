from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusion.attribution import Attribution, attribute
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.result import FusionResult
from tests.fusion.made_up import LABELS, Corpus, made_up_corpus


@pytest.fixture(scope="module")
def judged() -> tuple[Corpus, FusionResult, Attribution]:
    corpus = made_up_corpus({"voice": 2.5, "face": 1.5, "noise": 0.0}, n_speakers=20)
    result = fuse(corpus.tables, corpus.cohort)
    return corpus, result, attribute(result)


def test_shapley_values_sum_to_the_rise_above_knowing_nothing(
    judged: tuple[Corpus, FusionResult, Attribution],
) -> None:
    corpus, result, attribution = judged
    commonest = []
    for fold in range(5):
        others = [a for c, a in corpus.answers.items() if corpus.folds[c] != fold]
        guess = max(LABELS, key=others.count)
        commonest += [a == guess for c, a in corpus.answers.items() if corpus.folds[c] == fold]
    rise = result.cross_fitted["accuracy"] - np.mean(commonest)
    assert attribution.modalities["shapley"].sum() == pytest.approx(rise)
    shares = [list(corpus.answers.values()).count(label) / 600 for label in LABELS]
    by_label = attribution.recalls.sum(axis=0).to_numpy()
    assert by_label @ shares == pytest.approx(rise)


def test_the_stronger_modality_is_worth_more_and_noise_nothing(
    judged: tuple[Corpus, FusionResult, Attribution],
) -> None:
    table = judged[2].modalities
    assert table.loc["voice", "shapley"] > table.loc["face", "shapley"] > 0.05
    assert abs(table.loc["noise", "shapley"]) < 0.02
    assert table.loc["voice", "p"] < 0.01
    assert table.loc["noise", "p"] > 0.05
    assert table.loc["noise", "weight"] < 0.05


def test_rescued_minus_ruined_is_what_leaving_out_costs(
    judged: tuple[Corpus, FusionResult, Attribution],
) -> None:
    attribution = judged[2]
    for name in ("voice", "face", "noise"):
        net = len(attribution.rescued[name]) - len(attribution.ruined[name])
        assert attribution.modalities.loc[name, "leave_one_out"] == pytest.approx(net / 600)


def test_drawn_orders_come_close_and_say_how_close(
    judged: tuple[Corpus, FusionResult, Attribution],
) -> None:
    _, result, exact = judged
    drawn = attribute(result, exact_up_to=2).modalities
    expected = exact.modalities
    assert (expected["shapley_error"] == 0).all()
    assert (drawn["shapley_error"] < 0.01).all()
    off = (drawn["shapley"] - expected["shapley"]).abs()
    assert (off <= 4 * drawn["shapley_error"] + 1e-12).all()
    assert off.max() > 0
    assert drawn["shapley"].sum() == pytest.approx(expected["shapley"].sum())
    pd.testing.assert_frame_equal(
        drawn[["weight", "leave_one_out", "p"]], expected[["weight", "leave_one_out", "p"]]
    )
    again = attribute(result, exact_up_to=2).modalities
    pd.testing.assert_frame_equal(again, drawn)


def test_many_modalities_have_shapley_values_too() -> None:
    strengths = {f"model{number}": 0.3 * number for number in range(11)}
    made = made_up_corpus(strengths, n_speakers=5, per_speaker=12)
    options = FusionOptions(method="mean", calibration="none")
    result = fuse(made.tables, made.unfolded, options=options)
    table = attribute(result).modalities
    assert table["shapley"].notna().all()
    assert (table["shapley_error"] > 0).any()
    assert table.loc["model10", "shapley"] > table.loc["model0", "shapley"]


def test_typed_in_weights_can_be_attributed_too(corpus: Corpus) -> None:
    result = fuse(
        corpus.tables,
        corpus.unfolded,
        options=FusionOptions(method="fixed", weights={"voice": 1.0, "face": 0.0}),
    )
    table = attribute(result).modalities
    assert table.loc["face", "leave_one_out"] == 0


def test_noise_alone_is_significant_no_more_often_than_chance() -> None:
    p_values = []
    for seed in range(10):
        made = made_up_corpus({"one": 0.0, "two": 0.0}, seed=seed, per_speaker=12)
        result = fuse(made.tables, made.cohort)
        p_values += [other.p for other in result.comparisons]
        p_values += attribute(result).modalities["p"].tolist()
    # 40 tests at the 5 % level: more than 6 would happen less than once in twenty times
    assert sum(p < 0.05 for p in p_values) <= 6
