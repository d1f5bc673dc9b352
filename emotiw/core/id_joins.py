"""What becomes of ids that match no clip: why they probably don't, and when that is an error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

from emotiw.core.errors import TableError, suggest
from emotiw.core.notices import warn

SMALL_SHARE = 0.05  # of the ids of a table
REPAIRS: dict[str, Callable[[str], str]] = {
    "without blanks around them": str.strip,
    "in the same capitals": str.lower,
    "with their accents written likewise (NFC)": lambda one: unicodedata.normalize("NFC", one),
    "without their extension": lambda one: re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", one.strip()),
    "without the folders before them": lambda one: re.split(r"[/\\]", one.strip())[-1],
    "without folders and extension": lambda one: re.sub(
        r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", re.split(r"[/\\]", one.strip())[-1]
    ),
    "with the zeros before them": lambda one: re.sub(r"\.0$", "", one.strip()).lstrip("0"),
}


def likely_repair(unknown: Collection[str], known: Iterable[str]) -> str:
    """Return how most of the unknown ids would be known ones; empty where nothing helps.

    Examples:
        >>> likely_repair(["7.mp4", "8.mp4"], ["7", "8", "9"])
        'without their extension'
        >>> likely_repair(["7"], ["000007", "000008"])
        'with the zeros before them'
        >>> likely_repair(["another"], ["7"])
        ''
    """
    known = set(known)
    best, most = "", 0
    for words, repaired in REPAIRS.items():
        own = {repaired(one) for one in known}
        n = sum(repaired(one) in own for one in unknown)
        if n > max(most, len(unknown) // 2):
            best, most = words, n
    return best


def check_join(
    ids: Collection[str], known: Collection[str], where: str, *, most: float = SMALL_SHARE
) -> None:
    """Tell of ids of a table that are no clip's; their rows are left out.

    Args:
        ids: of the table.
        known: those of the clips.
        where: the file, for the message.
        most: share of ids that may be other clips'.

    Raises:
        TableError: if more are, or if they would be clips in another spelling.
    """
    known = set(known)
    unknown = [one for one in ids if one not in known]
    if not unknown:
        return
    repair = likely_repair(unknown, known)
    told = f"{where}: {len(unknown):,} of {len(ids):,} ids are no clip's, e.g. {unknown[0]!r}"
    if repair:
        raise TableError(f"{told}; {repair} they would be: mend them")
    if len(unknown) > most * len(ids):
        raise TableError(f"{told}{suggest(unknown[0], known)}; take out the rows of other clips")
    warn(f"{told}; these rows are left out")
