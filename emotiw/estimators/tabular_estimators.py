"""Models of one vector per clip; clips of several rows are pooled first, as in a recipe."""

from __future__ import annotations

from emotiw.estimators.model_estimator import ModelClassifier, ModelRegressor


class SvmClassifier(ModelClassifier, model="svm"):
    """Support vector machine; parameters of :class:`emotiw.models.tabular.svm.SvmOptions`."""


class SvmRegressor(ModelRegressor, model="svm"):
    """Support vector regression; parameters of :class:`emotiw.models.tabular.svm.SvmOptions`."""


class KernelRidgeClassifier(ModelClassifier, model="kernel_ridge"):
    """Kernel ridge regression onto labels (kernel extreme learning machine).

    Parameters of :class:`emotiw.models.tabular.kernel_ridge.KernelRidgeOptions`.
    """


class KernelRidgeRegressor(ModelRegressor, model="kernel_ridge"):
    """Kernel ridge regression.

    Parameters of :class:`emotiw.models.tabular.kernel_ridge.KernelRidgeOptions`.
    """


class LogisticClassifier(ModelClassifier, model="logistic"):
    """Logistic regression.

    Parameters of :class:`emotiw.models.tabular.logistic.LogisticOptions`.
    """


class LogisticRegressor(ModelRegressor, model="logistic"):
    """Ridge regression; parameters of :class:`emotiw.models.tabular.logistic.LogisticOptions`."""


class BoostingClassifier(ModelClassifier, model="boosting"):
    """Gradient boosting; parameters of :class:`emotiw.models.tabular.boosting.BoostingOptions`."""


class BoostingRegressor(ModelRegressor, model="boosting"):
    """Gradient boosting; parameters of :class:`emotiw.models.tabular.boosting.BoostingOptions`."""


class MlpClassifier(ModelClassifier, model="mlp"):
    """Averaged perceptrons; parameters of :class:`emotiw.models.tabular.mlp.MlpOptions`."""


class MlpRegressor(ModelRegressor, model="mlp"):
    """Averaged perceptrons; parameters of :class:`emotiw.models.tabular.mlp.MlpOptions`."""


class BagOfWordsClassifier(ModelClassifier, model="bag_of_words"):
    """Counts of codebook words over a clip's rows, and a support vector machine on them.

    Parameters of :class:`emotiw.models.tabular.bag_of_words.BagOfWordsOptions`.
    """


class BagOfWordsRegressor(ModelRegressor, model="bag_of_words"):
    """Counts of codebook words over a clip's rows, and support vector regression on them.

    Parameters of :class:`emotiw.models.tabular.bag_of_words.BagOfWordsOptions`.
    """
