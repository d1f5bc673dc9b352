"""The aggregations that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from emotiw.models.aggregation.aggregation import Aggregation

AGGREGATIONS: Registry[type[Aggregation]] = Registry(
    "aggregation",
    {
        "mean": "emotiw.models.aggregation.mean:Mean",
        "max": "emotiw.models.aggregation.maximum:Maximum",
        "trimmed_mean": "emotiw.models.aggregation.trimmed_mean:TrimmedMean",
        "weighted": "emotiw.models.aggregation.weighted:Weighted",
        "largest": "emotiw.models.aggregation.largest:Largest",
        "statistics": "emotiw.models.aggregation.face_statistics:Statistics",
        "attention": "emotiw.models.aggregation.face_attention:Attention",
        "recurrent": "emotiw.models.aggregation.face_recurrence:Recurrent",
    },
    base="emotiw.models.aggregation.aggregation:Aggregation",
)
