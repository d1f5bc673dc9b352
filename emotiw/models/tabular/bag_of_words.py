"""Bags of words over frames or audio windows, and a support vector machine on them."""

from __future__ import annotations

from typing import Literal

from emotiw.models.model import Examples
from emotiw.models.tabular.codebooks import CodebookOptions, Codebooks
from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.svm import Svm, SvmOptions


class BagOfWordsOptions(SvmOptions):
    """Options of bags of words; the rest are those of the support vector machine.

    Attributes:
        codebooks: how rows become words.
        kernel: ``linear`` or ``rbf``.
    """

    codebooks: CodebookOptions = CodebookOptions()
    kernel: Literal["linear", "rbf"] = "linear"


class BagOfWords(Svm):
    """Counts words of a codebook in a clip's rows, and learns from the counts.

    The codebooks are learned on the training clips of a fit, without their labels; the inner
    folds share them. Rows may be low-level descriptors of sound, landmarks or embeddings of
    frames.

    Source:
        Hantke et al. 2018, the baseline of the EAT challenge: openXBOW and a linear machine.
    """

    Options = BagOfWordsOptions
    options: BagOfWordsOptions

    def learn_vectors(self, examples: Examples) -> Vectors:
        """Learn the codebooks, and return the counts."""
        codebooks = self._codebooks()
        codebooks.fit(examples)
        return codebooks.count(examples)

    def vectors_of(self, examples: Examples) -> Vectors:
        """Return how often each clip uses each word, ``(n, n_words)``."""
        return self._codebooks().count(examples)

    def _codebooks(self) -> Codebooks:
        options = self.options
        standardise = options.preparation.standardise
        return Codebooks(options.codebooks, standardise, seed=self.seed, state=self.encoder)
