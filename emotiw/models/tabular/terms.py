"""Which terms a text uses, and how much each of them tells: TF-IDF, learnt in a model's fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field

from emotiw.core.config import Strict
from features.text.tokens import tokens_of

Counts = Any  # scipy's csr_array, (n_texts, n_terms), float64
WORDS, CHARACTERS = "words", "characters"


def _rising(span: tuple[int, int] | None) -> tuple[int, int] | None:
    if span is not None and not 1 <= span[0] <= span[1] <= 20:
        raise ValueError(f"expected the shortest and the longest, from 1 to 20, got {list(span)}")
    return span


Span = Annotated[tuple[int, int] | None, AfterValidator(_rising)]


class TermOptions(Strict):
    """Which terms are counted.

    Attributes:
        words: shortest and longest sequence of words and signs; None for none.
        characters: shortest and longest sequence of characters within a word, its borders
            included; they find stems and endings, and words where a script has no blanks.
        min_clips: terms of fewer clips are left out.
        max_terms: the most frequent are kept, of words and of characters each.
        sublinear: whether a term that comes n times counts 1 + log n.
    """

    words: Span = (1, 2)
    characters: Span = (2, 5)
    min_clips: int = Field(default=2, ge=1)
    max_terms: int = Field(default=50_000, ge=1)
    sublinear: bool = True


def terms_of(text: str, options: TermOptions) -> dict[str, Counter[str]]:
    """Return how often a text uses each term, of words and of characters.

    Examples:
        >>> found = terms_of("No, no!", TermOptions(words=(1, 1), characters=(3, 3)))
        >>> found["words"]
        Counter({'no': 2, ',': 1, '!': 1})
        >>> sorted(found["characters"])
        [' ! ', ' , ', ' no', 'no ']
    """
    tokens, found = tokens_of(text), dict[str, Counter[str]]()
    if options.words is not None:
        found[WORDS] = Counter(" ".join(term) for term in _spans(tokens, options.words))
    if options.characters is not None:
        padded = (f" {token} " for token in tokens)
        spans = (_spans(token, options.characters) for token in padded)
        found[CHARACTERS] = Counter("".join(term) for each in spans for term in each)
    return found


def _spans(items: Sequence[str], span: tuple[int, int]) -> Iterator[Sequence[str]]:
    for n in range(span[0], span[1] + 1):
        for at in range(len(items) - n + 1):
            yield items[at : at + n]


class Vocabulary:
    """The terms of training texts, by kind, in the order of their characters.

    Args:
        options: which terms.
        state: ``{kind: array of terms}``, filled by :meth:`fit`.
    """

    def __init__(self, options: TermOptions, state: dict[str, Any]) -> None:
        self.options = options
        self.state = state

    def fit(self, texts: Sequence[str]) -> Counts:
        """Learn the terms that are in enough texts, and return the counts of these texts."""
        counted = [terms_of(text, self.options) for text in texts]
        for kind in (WORDS, CHARACTERS):
            n_texts: Counter[str] = Counter()
            for found in counted:
                n_texts.update(found.get(kind, {}).keys())
            fewest = min(self.options.min_clips, len(texts))
            enough = [term for term, n in n_texts.items() if n >= fewest]
            enough.sort(key=lambda term: (-n_texts[term], term))
            self.state[kind] = np.array(sorted(enough[: self.options.max_terms]), dtype=np.str_)
        return self._matrix(counted)

    def count(self, texts: Sequence[str]) -> Counts:
        """Return ``(n_texts, n_terms)`` how often each text uses each known term."""
        return self._matrix([terms_of(text, self.options) for text in texts])

    def _matrix(self, counted: Sequence[dict[str, Counter[str]]]) -> Counts:
        from scipy.sparse import csr_array

        rows, columns, values, n_terms = [], [], [], 0
        for kind in (WORDS, CHARACTERS):
            terms = self.state[kind].tolist()
            place = {term: n_terms + n for n, term in enumerate(terms)}
            n_terms += len(terms)
            for row, found in enumerate(counted):
                known = [(place[t], n) for t, n in found.get(kind, {}).items() if t in place]
                rows += [row] * len(known)
                columns += [column for column, _ in known]
                values += [float(n) for _, n in known]
        matrix = csr_array((values, (rows, columns)), shape=(len(counted), n_terms))
        matrix.sort_indices()
        return matrix


class TermWeights:
    """Weighs counts by how rare terms are among the texts that are learnt from.

    Terms in too few of these texts are left out, so that inner folds, which share a vocabulary,
    learn nothing from terms of the clips that they hold out. Rows have length 1, or 0 where a text
    has no known term.

    Source:
        Salton and Buckley 1988, smoothed as by scikit-learn: ``log((1 + n) / (1 + n_texts)) + 1``.

    Examples:
        >>> from scipy.sparse import csr_array
        >>> weights = TermWeights(TermOptions(min_clips=1))
        >>> weights.fit(csr_array([[1.0, 1.0], [1.0, 0.0]])).toarray().round(2).tolist()
        [[0.58, 0.81], [1.0, 0.0]]
    """

    def __init__(self, options: TermOptions, state: dict[str, Any] | None = None) -> None:
        self.options = options
        self.state: dict[str, Any] = state or {}

    def fit(
        self,
        counts: Counts,
        groups: Sequence[str] = (),
        corpora: Sequence[str] = (),
        unlabelled: object = None,
    ) -> Counts:
        """Learn from counts of texts, and return them weighed; from no others."""
        n_texts = np.bincount(counts.indices, minlength=counts.shape[1])
        fewest = min(self.options.min_clips, counts.shape[0])
        rarity = np.log((1 + counts.shape[0]) / (1 + n_texts)) + 1
        self.state["weights"] = np.where(n_texts >= max(fewest, 1), rarity, 0.0)
        return self.apply(counts)

    def apply(
        self, counts: Counts, groups: Sequence[str] = (), corpora: Sequence[str] = ()
    ) -> Counts:
        """Return counts weighed as those that were learnt from."""
        weighed = counts.copy()
        frequency = 1 + np.log(weighed.data) if self.options.sublinear else weighed.data
        weighed.data = frequency * self.state["weights"][weighed.indices]
        squares = np.zeros(weighed.shape[0])
        np.add.at(squares, _rows_of(weighed), weighed.data**2)
        lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
        weighed.data = weighed.data / lengths[_rows_of(weighed)]
        weighed.eliminate_zeros()
        return weighed


def _rows_of(matrix: Counts) -> npt.NDArray[np.intp]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
