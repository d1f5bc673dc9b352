"""Networks over the rows of a clip in time order; an array of two dimensions has one row a clip."""

from __future__ import annotations

from typing import ClassVar

from emotiw.core.feature_table import Unit
from emotiw.estimators.model_estimator import ModelClassifier, ModelRegressor


class SequenceClassifier(ModelClassifier):
    """A network of labels; a subclass names it."""

    _vectors_are: ClassVar[Unit] = "frame"


class SequenceRegressor(ModelRegressor):
    """A network of one number; a subclass names it."""

    _vectors_are: ClassVar[Unit] = "frame"


class LstmClassifier(SequenceClassifier, model="lstm"):
    """LSTM; parameters of :class:`emotiw.models.sequence.recurrent.RecurrentOptions`."""


class LstmRegressor(SequenceRegressor, model="lstm"):
    """LSTM; parameters of :class:`emotiw.models.sequence.recurrent.RecurrentOptions`."""


class GruClassifier(SequenceClassifier, model="gru"):
    """GRU; parameters of :class:`emotiw.models.sequence.recurrent.RecurrentOptions`."""


class GruRegressor(SequenceRegressor, model="gru"):
    """GRU; parameters of :class:`emotiw.models.sequence.recurrent.RecurrentOptions`."""


class TcnClassifier(SequenceClassifier, model="tcn"):
    """Temporal convolutions.

    Parameters of :class:`emotiw.models.sequence.temporal_convolution.TemporalConvolutionOptions`.
    """


class TcnRegressor(SequenceRegressor, model="tcn"):
    """Temporal convolutions.

    Parameters of :class:`emotiw.models.sequence.temporal_convolution.TemporalConvolutionOptions`.
    """


class AttentionClassifier(SequenceClassifier, model="attention"):
    """Attention over rows.

    Parameters of :class:`emotiw.models.sequence.attention.AttentionOptions`.
    """


class AttentionRegressor(SequenceRegressor, model="attention"):
    """Attention over rows.

    Parameters of :class:`emotiw.models.sequence.attention.AttentionOptions`.
    """
