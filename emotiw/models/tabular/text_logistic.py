"""Logistic regression on the words and characters of what is said."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.models.model import Examples
from emotiw.models.tabular.logistic import Logistic, LogisticOptions
from emotiw.models.tabular.tabular_model import State
from emotiw.models.tabular.tabular_options import Several
from emotiw.models.tabular.terms import TermOptions, TermWeights, Vocabulary
from features.text.transcript import text_in

NOT_OF_TEXT = ("pooling", "preparation")


class TextLogisticOptions(LogisticOptions):
    """Options of logistic regression on text; the rest are those of logistic regression.

    Attributes:
        terms: what is counted.
        c: the inverse of the squared penalty's weight, of rows of length 1.
    """

    terms: TermOptions = TermOptions()
    c: Several = (1.0, 10.0)

    @model_validator(mode="after")
    def _nothing_of_vectors(self) -> TextLogisticOptions:
        for name in NOT_OF_TEXT:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is of models of vectors; of text there are terms")
        return self


class TextLogistic(Logistic):
    """Learns from TF-IDF of n-grams of words and characters, in any language.

    The vocabulary and the weights of terms are learnt in every fit, from its training clips alone;
    on inner folds the weights are, too.
    """

    Options = TextLogisticOptions
    options: TextLogisticOptions

    def require_readable(self, spec: FeatureSpec) -> None:
        """Raise ConfigError unless the feature is text."""
        if spec.unit != "character":
            raise ConfigError(
                f"feature {spec.name!r} is no text, but {spec.shape} per {spec.unit}; this model "
                "reads {extractor: transcript}"
            )

    def made_preparation(self, state: State | None = None) -> TermWeights:
        """Return what learns the weights of terms."""
        return TermWeights(self.options.terms, state)

    def learn_vectors(self, examples: Examples) -> Any:
        """Learn the vocabulary, and return the counts of these clips."""
        return Vocabulary(self.options.terms, self.encoder).fit(_texts(examples))

    def vectors_of(self, examples: Examples) -> Any:
        """Return ``(n, n_terms)`` counts."""
        return Vocabulary(self.options.terms, self.encoder).count(_texts(examples))


def _texts(examples: Examples) -> list[str]:
    return [text_in(array) for array in examples.arrays()]
