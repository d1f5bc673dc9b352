"""The models that a recipe can name."""

from __future__ import annotations

from emotiw.core.registry import Registry
from emotiw.models.interface import Model

MODELS: Registry[type[Model]] = Registry(
    "model",
    {
        "svm": "emotiw.models.svm:Svm",
        "logistic": "emotiw.models.logistic:Logistic",
        "boosting": "emotiw.models.boosting:Boosting",
        "mlp": "emotiw.models.mlp:Mlp",
        "lstm": "emotiw.models.recurrent:Recurrent",
        "c3d": "emotiw.models.clip_network:ClipNetwork",
    },
)
