"""What is said in a clip, as every extractor of text is given it.

The text itself travels as a feature, a row per character. A vocabulary has to be learnt, and
whatever is learnt belongs into a model's fit, where no clip that is held out can be seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from emotiw.core.feature_table import FeatureArray, FeatureSpec, Times

BETWEEN = "\n"  # two segments; within one there are blanks
C1 = re.compile("[\x80-\x9f]+")
BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Segment:
    """Something said without a break.

    Attributes:
        text: without line breaks.
        start_sec: when it begins, from the start of the clip; None where nobody knows.
        end_sec: when it ends.
    """

    text: str
    start_sec: float | None = None
    end_sec: float | None = None


@dataclass(frozen=True)
class Transcript:
    """All that is said in a clip, in the order of time; nothing where it has no words.

    Examples:
        >>> said = Transcript.of([Segment("well,\\nwell ", 0, 1.5), Segment("  ")])
        >>> said.text, said.segments[0].end_sec
        ('well, well', 1.5)
    """

    segments: tuple[Segment, ...] = ()

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> Transcript:
        """Return a transcript of the segments that have any text, made plain, by their times."""
        made = [Segment(plain(s.text), s.start_sec, s.end_sec) for s in segments]
        if all(segment.start_sec is not None for segment in made):
            made.sort(key=lambda segment: segment.start_sec or 0.0)
        return cls(tuple(segment for segment in made if segment.text))

    @classmethod
    def from_array(cls, array: FeatureArray) -> Transcript:
        """Return the transcript that :meth:`to_array` made rows of.

        Examples:
            >>> said = Transcript((Segment("one", 0.0, 1.0), Segment("two!", 1.0, 2.5)))
            >>> Transcript.from_array(said.to_array()) == said
            True
        """
        texts = text_in(array).split(BETWEEN) if array.present.any() else []
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        if array.times is None:
            return cls(tuple(map(Segment, texts)))
        pairs = [tuple(map(float, array.times[at])) for at in starts[:-1]]
        return cls(tuple(Segment(text, *pair) for text, pair in zip(texts, pairs, strict=True)))

    @property
    def text(self) -> str:
        """All of it, a line per segment."""
        return BETWEEN.join(segment.text for segment in self.segments)

    @property
    def digest(self) -> str:
        """The sha256 of all that is known of it."""
        told = [(s.text, s.start_sec, s.end_sec) for s in self.segments]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def within(self, start_sec: float, end_sec: float) -> Transcript:
        """Return what is said in a window: segments with times that reach into it.

        Examples:
            >>> said = Transcript((Segment("one", 0, 1), Segment("two", 1, 2), Segment("three")))
            >>> said.within(1.2, 5).text
            'two'
        """
        return Transcript(
            tuple(
                Segment(s.text, max(s.start_sec - start_sec, 0.0), s.end_sec - start_sec)
                for s in self.segments
                if s.start_sec is not None
                and s.end_sec is not None
                and s.start_sec < end_sec
                and s.end_sec > start_sec
            )
        )

    def to_array(self) -> FeatureArray:
        """Return ``(n_characters, 1)`` Unicode code points, each with the times of its segment.

        Below 2²⁴ float32 is exact. Where any segment lacks times there are none.

        Examples:
            >>> Transcript((Segment("hé"),)).to_array().values.ravel().tolist()
            [104.0, 233.0]
        """
        text = self.text
        codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.float32)
        lengths = [len(segment.text) + 1 for segment in self.segments]
        return FeatureArray.all_present(codes[:, None], times_of(self, lengths, len(codes)))


def text_spec(name: str) -> FeatureSpec:
    """Return the promise of a feature that is text."""
    return FeatureSpec(name, (1,), "character", columns=("code_point",))


def times_of(said: Transcript, n_rows: Sequence[int], total: int) -> Times | None:
    """Return begin and end of rows, so many of each segment, cut off after ``total``."""
    pairs = [(s.start_sec, s.end_sec) for s in said.segments]
    if not pairs or any(time is None for pair in pairs for time in pair):
        return None
    return np.repeat(np.array(pairs, dtype=np.float64), n_rows, axis=0)[:total]


def text_in(array: FeatureArray) -> str:
    """Return the text that :meth:`Transcript.to_array` made rows of.

    Examples:
        >>> text_in(Transcript((Segment("¡Sí! 😀"), Segment("עכשיו"))).to_array())
        '¡Sí! 😀\\nעכשיו'
    """
    codes = array.values[array.present].ravel().astype("<u4")
    return codes.tobytes().decode("utf-32-le")


def plain(text: str) -> str:
    """Return a text with single blanks, and no characters that are no text.

    Control codes between U+0080 and U+009F are never meant: they are bytes of Windows-1252 that
    were taken for Latin-1, as in MELD's tables. Halves of surrogate pairs are put together.

    Examples:
        >>> plain(" company\\x92s\\t\\x85 "), plain("\\ud83d\\ude00")
        ('company’s …', '😀')
    """
    text = C1.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return BLANKS.sub(" ", text).strip()
