"""Options that name a part inside a model: how it pools, or what it learns with."""

from __future__ import annotations

from typing import Annotated, Any

from emotiw.core.parts_in_options import filled_in
from emotiw.core.registry import Registry
from emotiw.core.renames import NamesPart


def _aggregations() -> Registry[Any]:
    from emotiw.models.aggregation.registry import AGGREGATIONS

    return AGGREGATIONS


def _models() -> Registry[Any]:
    from emotiw.models.registry import MODELS

    return MODELS


AGGREGATION = NamesPart("kind", _aggregations)
LEARNER = NamesPart("model", _models)
AggregationPart = Annotated[dict[str, Any], filled_in(AGGREGATION), AGGREGATION]
LearnerPart = Annotated[dict[str, Any], filled_in(LEARNER), LEARNER]
