"""Options that every network model has; importing them costs nothing."""

from __future__ import annotations

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.models.training.training_options import TrainingOptions


class NetworkOptions(Strict):
    """Options of every model that learns by the training loop.

    Attributes:
        validation_fraction: share of the training groups, about, that is held out from learning
            and tells which epoch was best; 0 learns from all of them and keeps the last epoch.
        training: how it learns.
    """

    validation_fraction: float = Field(default=0.2, ge=0, le=0.5)
    training: TrainingOptions = TrainingOptions()
