"""A second reading of the specs: what organisers' pages and programs say, written down apart."""

from __future__ import annotations

from typing import get_args

import pytest

from emotiw.challenges.certainty import certainties, stated_facts
from emotiw.challenges.spec import Fact, load_spec, spec_names

LARGER_IS_BETTER = {
    "accuracy": True, "uar": True, "weighted_f1": True, "macro_f1": True, "ccc": True,
    "pearson": True, "auc": True, "f1": True, "presence_accuracy": True, "mer2023": True,
    "abaw_mtl": True, "mse": False, "rmse": False, "mae": False,
}  # fmt: skip
SERIES = {  # which metrics a series may have
    "afew": {"accuracy"}, "gaf": {"accuracy"}, "vgaf": {"accuracy"}, "engagenet": {"accuracy"},
    "engagewild": {"mse"}, "cohesion": {"mse"}, "happei": {"rmse"}, "dgw": {"accuracy"},
    "mer2": {"weighted_f1", "mer2023"}, "meld": {"weighted_f1"},
    "abaw": {"macro_f1", "ccc", "f1", "abaw_mtl"},
    "muse": {"ccc", "pearson", "auc"}, "eat": {"uar", "ccc"},
}  # fmt: skip
MER = "neutral angry happy sad worried surprise"
LABELS = {  # in the order of the organisers' own program, or of their codes
    "mer2023": f"{MER} valence",
    "mer2025": MER,
    "mer2024_semi": MER,
    "mer2023_semi": MER,
    "mer2024_noise": MER,
    "mer2026": MER,
    "is2025_categories": "A S H U F D C N",
    "is2025_attributes": "EmoAct EmoVal EmoDom",
    "blemore": "ang disg fea hap sad neu",
    "mafw": "anger disgust fear happiness neutral sadness surprise contempt anxiety helplessness "
    "disappointment",
    "ferv39k": "Happy Sad Neutral Angry Surprise Disgust Fear",
    "dfew": "happy sad neutral angry surprise disgust fear",
    "raf_db": "Surprise Fear Disgust Happiness Sadness Anger Neutral",
    "affectnet": "Neutral Happiness Sadness Surprise Fear Disgust Anger Contempt",
    "abaw_va": "valence arousal",
    "abaw6_expression": "Neutral Anger Disgust Fear Happiness Sadness Surprise Other",
    "vgaf": "Positive Neutral Negative",
    "vgaf2023": "Positive Neutral Negative",
    "ravdess": "neutral calm happy sad angry fearful disgust surprised",
    "fer2013": "angry disgust fear happy sad surprise neutral",
    "muse2023_mimic": "Approval Disappointment Uncertainty",
    "abaw6_va": "valence arousal",
    "abaw6_au": "AU1 AU2 AU4 AU6 AU7 AU10 AU12 AU15 AU23 AU24 AU25 AU26",
}
SIZES = {
    "afew2013": (380, 396, 312),
    "afew2014": (578, 383, 407),
    "afew2015": (723, 383, 539),
    "afew2016": (773, 383, 593),
    "afew2017": (773, 383, 653),
    "afew2018": (773, 383, 653),
    "afew2019": (773, 383, 653),
    "gaf2018": (9815, 4346, 3011),
    "vgaf": (2661, 766, 756),
    "engagenet": (7983, 1071, 2257),
    "engagewild2019": (147, 48, 67),
    "engagewild2020": (145, 48, 67),
    "eat_food": (945, None, 469),
    "meld": (9989, 1109, 2610),
    "mer2025": (7369, None, 20000),
    "mer2026": (9395, None, 20000),
    "raf_db": (12271, None, 3068),
    "iemocap": (5531, None, None),
    "tess": (2800, None, None),
    "urdu": (400, None, None),
    "emovo": (588, None, None),
    "cafe": (936, None, None),
    "subesco": (7000, None, None),
    "ravdess": (1440, None, None),
    "crema_d": (7442, None, None),
    "emodb": (535, None, None),
    "savee": (480, None, None),
}
ATTEMPTS = {
    "afew2014": 10, "afew2016": 7, "afew2017": 7, "afew2018": 7, "afew2019": 5, "gaf2018": 7,
    "vgaf": 5, "cohesion2019": 5, "engagewild2019": 5, "engagewild2020": 5, "eat_food": 5,
}  # fmt: skip


@pytest.mark.parametrize("name", spec_names())
def test_the_metric_points_the_right_way(name: str) -> None:
    metric = load_spec(name).official_metric
    assert metric.is_higher_better == LARGER_IS_BETTER[metric.name]
    for series, allowed in SERIES.items():
        if name.startswith(series):
            assert metric.name in allowed


@pytest.mark.parametrize("name", LABELS)
def test_labels_stand_in_the_order_of_the_organisers_program(name: str) -> None:
    assert " ".join(load_spec(name).score_names) == LABELS[name]


@pytest.mark.parametrize("name", SIZES)
def test_splits_have_their_published_sizes(name: str) -> None:
    sizes = load_spec(name).sizes
    assert tuple(sizes.get(split) for split in ("train", "val", "test")) == SIZES[name]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_attempts_are_those_of_the_organisers_page(name: str) -> None:
    assert load_spec(name).attempts == ATTEMPTS[name]


@pytest.mark.parametrize("name", spec_names())
def test_every_fact_that_is_stated_has_a_source(name: str) -> None:
    spec = load_spec(name)
    assert [fact for fact, how in certainties(spec).items() if not how] == []
    assert set(stated_facts(spec)) <= set(get_args(Fact))
    for source in spec.sources:
        if source.certainty in {"found", "computed"}:
            assert source.where, f"{source.says}: found, but where?"


FIGURES = {  # challenge: who, kind, split, value
    "cohesion2019": ("Guo et al. (second)", "entry", "test", 0.43821),
    "engagewild2019": ("SML", "winner", "test", 0.0597),
    "vgaf2023": ("arXiv 2312.05265", "winner", "test", 75.13),
    "mer2025": ("organisers' baseline", "baseline", "test", 78.63),
    "engagenet": ("TCCT-Net", "entry", "val", 68.91),
    "muse2023_personalisation_valence": ("baseline", "baseline", "test", 0.7827),
    "muse2023_personalisation_arousal": ("baseline", "baseline", "test", 0.7482),
    "muse2021_arousal": ("baseline (MuSe-Wilder; both dimensions)", "baseline", "test", 0.4616),
}


@pytest.mark.parametrize("name", FIGURES)
def test_published_figures_are_whose_they_are(name: str) -> None:
    figures = [(f.who, f.kind, f.split, f.value) for f in load_spec(name).figures]
    assert FIGURES[name] in figures


@pytest.mark.parametrize("name", spec_names())
def test_published_figures_fit_their_metric(name: str) -> None:
    spec = load_spec(name)
    for figure in spec.figures:
        largest = 100 if figure.metric in {"uar", "accuracy"} else spec.official_metric.scale
        if spec.official_metric.is_higher_better:
            assert 0 < figure.value <= largest, figure
        assert figure.where or figure.certainty in {"memory", "computed"}, figure
        is_known = figure.protocol in spec.folds
        assert is_known or figure.protocol == "" or " " in figure.protocol, figure.protocol
