"""Ids that match no clip: mended by their writer, never by a guess, and never in silence."""

from __future__ import annotations

import pytest

from emotiw.core.errors import TableError
from emotiw.core.id_joins import check_join, likely_repair
from emotiw.core.notices import EmotiwWarning, heard_by, warn

KNOWN = [f"{n:06}" for n in range(100)]


@pytest.mark.parametrize(
    ("spelling", "repair"),
    [
        ("{}.mp4", "without their extension"),
        ("{} ", "without blanks around them"),
        ("val/{}", "without the folders before them"),
        (r"D:\val\{}.avi", "without folders and extension"),
    ],
)
def test_the_likely_repair_is_named(spelling: str, repair: str) -> None:
    ids = [spelling.format(clip_id) for clip_id in KNOWN]
    assert likely_repair(ids, KNOWN) == repair
    with pytest.raises(TableError, match=f"a.csv: 100 of 100 ids .*; {repair} they would be"):
        check_join(ids, KNOWN, "a.csv")
    # a single one in another spelling is no other clip either
    with pytest.raises(TableError, match=r"1 of 100 ids are no clip's, e\.g\."):
        check_join([ids[0], *KNOWN[1:]], KNOWN, "a.csv")


def test_zeros_and_capitals() -> None:
    assert likely_repair(["7", "8.0"], KNOWN) == "with the zeros before them"
    assert likely_repair(["ANN_1"], ["ann_1"]) == "in the same capitals"
    assert likely_repair(["12"], ["1.2"]) == ""
    decomposed, composed = "cafe\u0301_1", "caf\u00e9_1"  # as macOS writes names, and others
    assert "accents" in likely_repair([decomposed], [composed])
    assert "accents" in likely_repair([composed], [decomposed])


def test_other_clips_are_told_and_many_are_refused() -> None:
    heard: list[str] = []
    with heard_by(heard.append):
        check_join([*KNOWN, "other"], KNOWN, "a.csv")
        check_join(KNOWN, KNOWN, "b.csv")
    assert heard == ["a.csv: 1 of 101 ids are no clip's, e.g. 'other'; these rows are left out"]
    with pytest.raises(TableError, match="take out the rows of other clips"):
        check_join([*KNOWN, *(f"other{n}" for n in range(9))], KNOWN, "a.csv")


def test_where_nobody_listens_python_warns() -> None:
    with pytest.warns(EmotiwWarning, match="no sound"):
        warn("2 clips have no sound")
