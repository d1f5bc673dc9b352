from __future__ import annotations

from dataclasses import replace

from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from tests.fusion.made_up import Corpus, made_up_corpus


def test_stackers_hear_what_a_weighted_mean_can_not(corpus: Corpus) -> None:
    """One modality calls every label by the name of the next."""
    face = corpus.tables["face"]
    mixed_up = replace(corpus.tables["voice"], scores=corpus.tables["voice"].scores[:, [1, 2, 0]])
    accuracy = {
        method: fuse(
            {"voice": mixed_up, "face": face},
            corpus.cohort,
            options=FusionOptions(method=method, calibration="none"),
        ).cross_fitted["accuracy"]
        for method in ("weighted", "logistic", "svm")
    }
    assert accuracy["logistic"] > accuracy["weighted"] + 0.1
    assert accuracy["svm"] > accuracy["weighted"] + 0.1


def test_the_metric_is_what_metric_weights_are_good_by() -> None:
    made = made_up_corpus({"voice": 1.5, "face": 1.5, "noise": 0.0}, n_speakers=20)
    equal = fuse(made.tables, made.cohort, options=FusionOptions(method="geometric"))
    found = fuse(
        made.tables, made.cohort, options=FusionOptions(method="metric_weighted", metric="uar")
    )
    assert found.in_sample["uar"] > equal.in_sample["uar"]
    assert found.cross_fitted["uar"] > equal.cross_fitted["uar"] - 0.01
    weights = found.fuser.combiner_.to_dict()["weights"]
    assert weights["noise"] < min(weights["voice"], weights["face"])
