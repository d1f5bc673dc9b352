"""Words as every language writes them: letters with their marks; signs and emoji one by one."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

JOINERS = "\u200c\u200d"  # within Persian words and within emoji


def tokens_of(text: str) -> list[str]:
    """Return the words and signs of a text, without regard to case and to forms of one letter.

    A word is a run of letters and digits with the marks that stand on them, and apostrophes within.
    Whatever else is no blank counts alone: punctuation, an emoji with its joiners. Where a script
    puts no blanks between words, a run of it is one word: n-grams of characters tell more there.

    Examples:
        >>> tokens_of("Don’t… ＯＫ?! 👍🏽")
        ["don't", '.', '.', '.', 'ok', '?', '!', '👍🏽']
        >>> tokens_of("हिन्दी और עִבְרִית")
        ['हिन्दी', 'और', 'עִבְרִית']
    """
    return _pattern().findall(normal(text))


def is_punctuation(token: str) -> bool:
    """Return whether a token is a comma, a stop, a bracket and the like, in any script.

    Examples:
        >>> [is_punctuation(token) for token in (",", "。", "¿", "no", "😀")]
        [True, True, True, False, False]
    """
    return unicodedata.category(token[0])[0] == "P"


def normal(text: str) -> str:
    """Return a text in one case and in Unicode's compatible form.

    Examples:
        >>> normal("Straße ﬁn")
        'strasse fin'
    """
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


@cache
def _pattern() -> re.Pattern[str]:
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if _is_mark(c))
    word = rf"\w[\w{marks}]*"
    sign = rf"[^\w\s](?:[{marks}\U0001f3fb-\U0001f3ff]|(?<=\u200d)[^\w\s])*"
    return re.compile(rf"{word}(?:'{word})*|{sign}")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in JOINERS
