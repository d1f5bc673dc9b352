"""Find the challenge's own label behind another vocabulary's word for it."""

from __future__ import annotations

from collections.abc import Sequence

SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "anger angry ang an",
        "disgust disgusted disgusting dis di",
        "fear fearful afraid scared fea fe",
        "happiness happy joy joyful hap ha",
        "neutral neutrality neu ne",
        "sadness sad sa",
        "surprise surprised surprising sur su",
        "contempt contemptuous con",
        "calm calmness",
        "boredom bored bor",
        "excitement excited exc",
        "frustration frustrated fru",
        "positive pos",
        "negative neg",
    )
)


def translated(word: str, labels: Sequence[str]) -> str | None:
    """Return the label that a word of another vocabulary means, or None.

    Capitals and surrounding blanks don't matter. A word that could mean two labels means none.

    Examples:
        >>> translated("Happiness", ("Angry", "Happy"))
        'Happy'
        >>> translated("fearful ", ("Fear", "Happy"))
        'Fear'
        >>> translated("tense", ("Fear", "Happy")) is None
        True
    """
    wanted = word.strip().lower()
    if word in labels:
        return word
    same = [label for label in labels if label.lower() == wanted]
    if not same:
        words = next((synonyms for synonyms in SYNONYMS if wanted in synonyms), frozenset())
        same = [label for label in labels if label.lower() in words]
    return same[0] if len(same) == 1 else None
