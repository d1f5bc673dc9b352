"""Fusion rules, calibrations and last steps that a recipe can name; importing it costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotiw.core.registry import Registry
from emotiw.core.renames import NamesPart

if TYPE_CHECKING:
    from fusion.calibration import Calibration
    from fusion.combiner import Combiner
    from fusion.post.post_step import PostStep

RULES = ("mean", "geometric", "product", "max", "median", "majority", "rank")  # learn nothing

COMBINERS: Registry[type[Combiner]] = Registry(
    "fusion method",
    {
        "weighted": "fusion.combiners:WeightedPool",
        "metric_weighted": "fusion.metric_weights:MetricWeights",
        "class_weighted": "fusion.class_weights:ClassWeights",
        "fixed": "fusion.combiners:FixedWeights",
        **dict.fromkeys(RULES, "fusion.combiners:Rule"),
        "logistic": "fusion.logistic_stack:LogisticStack",
        "svm": "fusion.stackers:SvmStack",
        "boosting": "fusion.stackers:BoostingStack",
        "cascade": "fusion.cascade:CascadeForest",
        "auto": "fusion.choice:Choice",
    },
    base="fusion.combiners:Combiner",
)

CALIBRATIONS: Registry[type[Calibration]] = Registry(
    "calibration",
    {
        "none": "fusion.calibration:NoCalibration",
        "temperature": "fusion.calibration:TemperatureScaling",
        "vector": "fusion.calibration:VectorScaling",
        "matrix": "fusion.calibration:MatrixScaling",
        "isotonic": "fusion.calibration:IsotonicCalibration",
    },
    base="fusion.calibration:Calibration",
)

POST_STEPS: Registry[type[PostStep]] = Registry(
    "post-processing step",
    {
        "smooth": "fusion.post.smooth:Smooth",
        "shift": "fusion.post.shift:Shift",
        "scale": "fusion.post.scale:Scale",
        "thresholds": "fusion.post.thresholds:Thresholds",
    },
    base="fusion.post.post_step:PostStep",
)
POST = NamesPart("step", lambda: POST_STEPS)
