"""A report of a real run, opened in a browser: quiet, by itself, and its filters true."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emotiw.analysis.report.page import MOST_MB
from tests.report.browser import Page
from tests.report.runs import data_of

WIDTHS = (1280, 390)
SETTLED = "new Promise(done => setTimeout(done, 200))"
STICKING_OUT = (
    "[...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 && "
    "e.clientWidth && getComputedStyle(e).overflowX === 'visible').map(e => e.textContent)"
)


def assert_it_opens(report: Path, profile: Path) -> None:
    """Open a report at two widths, light and dark; nothing may be said, asked for, or cut off.

    With EMOTIW_SCREENSHOTS naming a folder, pictures of it are left there.
    """
    assert report.stat().st_size < 1e6 * MOST_MB
    shots = os.environ.get("EMOTIW_SCREENSHOTS")
    with Page(profile) as page:
        for width in WIDTHS:
            page.resize(width)
            page.open(report)
            _assert_filters_are_true(page, data_of(report))
            page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.value(SETTLED)
            wide = page.value("document.documentElement.scrollWidth")
            assert wide == width, page.value(STICKING_OUT)
            assert page.value(
                "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
            ), "a picture is broken"
            for is_dark in (False, True) if shots else ():
                page.resize(width, is_dark=is_dark)
                kind = "dark" if is_dark else "light"
                page.screenshot(Path(str(shots)) / f"{report.parent.name}_{width}_{kind}.png")
        assert not page.complaints
        assert {url for url in page.requests if not url.startswith("data:")} == {report.as_uri()}


def _assert_filters_are_true(page: Page, data: Mapping[str, Any]) -> None:
    judged = [clip for clip in data["clips"] if clip["split"] == data["judged"]]
    assert judged
    expected = {
        "all": [clip["id"] for clip in judged],
        "wrong": [clip["id"] for clip in judged if _top(clip["s"][-1]) != clip["y"]],
        "right": [clip["id"] for clip in judged if _top(clip["s"][-1]) == clip["y"]],
        "differ": [c["id"] for c in judged if len({_top(s) for s in c["s"][:-1]} - {-1}) > 1],
        "lacks": [c["id"] for c in judged if "note" in c or None in c["s"][:-1]],
    }  # fmt: skip
    assert data["models"][-1] == "fused"
    for kind in (*list(expected)[1:], "all"):
        ids = expected[kind]
        page.value(f"document.getElementById('kind-{kind}').click()")
        chip = page.value(f"document.getElementById('kind-{kind}').textContent")
        assert chip.endswith(f"({len(ids):,})"), (kind, chip)
        shown = page.value("[...document.querySelectorAll('.clip')].map(c => c.dataset.id)")
        assert shown == ids[: len(shown)]
        assert len(shown) == min(len(ids), 24)


def _top(scores: Sequence[int] | None) -> int:
    return -1 if scores is None else scores.index(max(scores))
