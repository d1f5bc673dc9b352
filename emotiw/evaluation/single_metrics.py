"""The field's metrics of one label, one number, or one thing that is there or isn't."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from emotiw.evaluation.group_sums import (
    accuracy,
    agreement,
    auc,
    confusions,
    f1_of_presence,
    macro_f1,
    mae,
    mean_of_sums,
    moments,
    mse,
    presences,
    rmse,
    uar,
    weighted_f1,
)
from emotiw.evaluation.metric import Metric

_of_labels = partial(Metric, task="classification", limits=(0.0, 1.0), parts=confusions)
_of_numbers = partial(Metric, task="regression", is_percent=False, parts=moments)

# the field also calls it WAR
ACCURACY = _of_labels("accuracy", "accuracy", of_sums=accuracy)
# over the labels that occur in the truth
UAR = _of_labels("uar", "UAR", of_sums=uar)
# averaged with the labels' share of the truth
WEIGHTED_F1 = _of_labels("weighted_f1", "WF1", of_sums=weighted_f1)
# over the labels that occur in truth or prediction
MACRO_F1 = _of_labels("macro_f1", "F1", of_sums=macro_f1)
MSE = _of_numbers("mse", "MSE", limits=(0.0, np.inf), is_higher_better=False, of_sums=mse)
RMSE = _of_numbers("rmse", "RMSE", limits=(0.0, np.inf), is_higher_better=False, of_sums=rmse)
MAE = _of_numbers("mae", "MAE", limits=(0.0, np.inf), is_higher_better=False, of_sums=mae)
# Lin 1989, with population variances; 0 where either never varies
CCC = _of_numbers("ccc", "CCC", limits=(-1.0, 1.0), of_sums=partial(agreement, is_concordance=True))
PEARSON = _of_numbers(
    "pearson", "PCC", limits=(-1.0, 1.0), of_sums=partial(agreement, is_concordance=False)
)
AUC = Metric(
    "auc",
    "AUC",
    "regression",
    (0.0, 1.0),
    is_percent=False,
    function=auc,
    no_interval="the area under the ROC curve doesn't add up over groups",
)

# 0 where it is never there and never said to be
F1 = Metric("f1", "F1", "presence", (0.0, 1.0), of_sums=f1_of_presence, parts=presences)
# of answers step by step: each clip's own, whatever its length
CCC_PER_CLIP = replace(
    CCC, name="ccc_per_clip", title="CCC per clip", within=CCC, parts=None, of_sums=mean_of_sums
)
PEARSON_PER_CLIP = replace(
    PEARSON,
    name="pearson_per_clip",
    title="PCC per clip",
    within=PEARSON,
    parts=None,
    of_sums=mean_of_sums,
)
