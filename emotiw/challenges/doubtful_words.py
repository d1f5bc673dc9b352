"""Words for labels and speakers that are probably none, or twice the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NOTHING = {"", "?", "-", "na", "n/a", "nan", "none", "null", "unknown", "missing", "unlabelled"}


def doubts_of_labels(counts: Mapping[str, int]) -> list[str]:
    """Return what may be wrong with labels.

    Args:
        counts: of clips, by label.

    Examples:
        >>> doubts_of_labels({"sad": 9, "sda": 1, "NA": 3})
        ["'NA' counts as a label (n = 3); empty cells say that nobody annotated a clip", \
"one clip alone is labelled 'sda': misspelt?"]
    """
    doubts = [
        f"{label!r} counts as a label (n = {n}); empty cells say that nobody annotated a clip"
        for label, n in counts.items()
        if label.lower() in NOTHING
    ]
    lone = [label for label, n in counts.items() if n == 1 and label.lower() not in NOTHING]
    if lone and max(counts.values()) > 1:
        some = ", ".join(map(repr, lone[:5])) + (", …" if len(lone) > 5 else "")
        doubts.append(f"one clip alone is labelled {some}: misspelt?")
    return doubts


def doubts_of_speakers(groups: Iterable[str]) -> list[str]:
    """Return which speakers may be none, or one whose clips would be on both sides of a fold.

    Examples:
        >>> doubts_of_speakers(["anna", "Anna", "NA"])
        ["'NA' counts as a speaker; empty cells say that nobody knows", \
"'Anna' and 'anna' count as different speakers"]
    """
    groups = sorted(groups)
    nobody = [group for group in groups if group.lower() in NOTHING]
    same: dict[str, list[str]] = {}
    for group in groups:
        same.setdefault("".join(group.lower().split()), []).append(group)
    twice = [" and ".join(map(repr, names)) for names in same.values() if len(names) > 1]
    return [
        *(f"{one!r} counts as a speaker; empty cells say that nobody knows" for one in nobody),
        *(f"{names} count as different speakers" for names in twice),
    ]
