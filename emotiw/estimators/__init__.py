"""The toolkit's models, calibrations and fusion as scikit-learn estimators, for arrays.

They go into a Pipeline, a GridSearchCV or a StackingClassifier, and compute what a run computes:
it is the same code. A model of one's own becomes one in a line,
``class Mine(ModelClassifier, model="mine:Model")``.
"""

from emotiw.estimators.late_fusion_estimators import (
    LateFusionClassifier,
    LateFusionRegressor,
    ScoreCalibrator,
)
from emotiw.estimators.model_estimator import ModelClassifier, ModelRegressor
from emotiw.estimators.sequence_estimators import (
    AttentionClassifier,
    AttentionRegressor,
    GruClassifier,
    GruRegressor,
    LstmClassifier,
    LstmRegressor,
    SequenceClassifier,
    SequenceRegressor,
    TcnClassifier,
    TcnRegressor,
)
from emotiw.estimators.tabular_estimators import (
    BagOfWordsClassifier,
    BagOfWordsRegressor,
    BoostingClassifier,
    BoostingRegressor,
    KernelRidgeClassifier,
    KernelRidgeRegressor,
    LogisticClassifier,
    LogisticRegressor,
    MlpClassifier,
    MlpRegressor,
    SvmClassifier,
    SvmRegressor,
)

__all__ = [
    "AttentionClassifier",
    "AttentionRegressor",
    "BagOfWordsClassifier",
    "BagOfWordsRegressor",
    "BoostingClassifier",
    "BoostingRegressor",
    "GruClassifier",
    "GruRegressor",
    "KernelRidgeClassifier",
    "KernelRidgeRegressor",
    "LateFusionClassifier",
    "LateFusionRegressor",
    "LogisticClassifier",
    "LogisticRegressor",
    "LstmClassifier",
    "LstmRegressor",
    "MlpClassifier",
    "MlpRegressor",
    "ModelClassifier",
    "ModelRegressor",
    "ScoreCalibrator",
    "SequenceClassifier",
    "SequenceRegressor",
    "SvmClassifier",
    "SvmRegressor",
    "TcnClassifier",
    "TcnRegressor",
]
