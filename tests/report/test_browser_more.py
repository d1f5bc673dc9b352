"""In a real browser: sets and selections of clips, videos, several runs, and nothing cut off."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emotiw.analysis.report.page import write_report
from emotiw.analysis.report.side_by_side import write_side_by_side
from emotiw.runs.run import Run
from tests.report.browser import Page, chromium
from tests.report.runs import AFEW, data_of, filmed

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (Debian: apt-get install chromium)"
)
SETTLED = "new Promise(done => setTimeout(done, 200))"
# what reaches beyond its card, and is in nothing that scrolls
OUTSIDE = """[...document.querySelectorAll('section *')].filter(e => {
  const card = e.closest('section').getBoundingClientRect(), own = e.getBoundingClientRect();
  if (!own.width || e.closest('svg')) return false;
  for (let p = e.parentElement; p.tagName !== 'SECTION'; p = p.parentElement)
    if (getComputedStyle(p).overflowX !== 'visible') return false;
  return own.right > card.right - 8 || own.left < card.left + 8;
}).map(e => e.outerHTML.slice(0, 120))"""
# contrast of every text with what lies behind it, as WCAG 2 defines it; the lowest
FAINTEST = """(() => {
  const parse = (c) => { const v = c.match(/[\\d.]+/g).map(Number);
    const rgb = v.slice(0, 3).map(x => c.startsWith('color(') ? 255 * x : x);
    return [...rgb, v[3] ?? 1]; };
  const over = (top, below) =>
    [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (e) => { const stack = [];
    for (let p = e; p; p = p.parentElement) stack.push(parse(getComputedStyle(p).backgroundColor));
    return stack.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]); };
  const light = (c) => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  let worst = [99, ''];
  for (const e of document.querySelectorAll('body *')) {
    const says = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!says || !e.getClientRects().length || e.closest('svg, .skip, option')) continue;
    const below = ground(e), text = over(parse(getComputedStyle(e).color), below);
    const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
    const contrast = (a + .05) / (b + .05);
    if (contrast < worst[0]) worst = [contrast, e.outerHTML.slice(0, 120)];
  }
  return worst;
})()"""

# every depth that a cell of a matrix may have
EVERY_SHARE = """document.querySelectorAll('.matrix td').forEach((cell, n) => {
  cell.classList.remove('zero'); cell.style.setProperty('--s', (n % 21) / 20); })"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    home = tmp_path_factory.mktemp("films")
    return [filmed(home, name=name, seed=seed) for seed, name in enumerate("abc")]


@pytest.fixture(scope="module")
def pages(runs: list[Run]) -> dict[str, Path]:
    return {"one": write_report(runs[0]).path, "three": write_side_by_side(runs).path}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser: Page, pages: dict[str, Path]) -> Iterator[Page]:
    browser.resize(1280)
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(pages["one"])
    yield browser
    assert not browser.complaints
    asked = {url for url in browser.requests if not url.startswith(("data:", "blob:"))}
    assert asked == {pages["one"].as_uri()}


def listed(page: Page) -> set[str]:
    return set(page.value("[...document.querySelectorAll('.clip')].map(c => c.dataset.id)"))


def test_a_finding_shows_its_clips(page: Page, pages: dict[str, Path]) -> None:
    data: Any = data_of(pages["one"])
    doubted = next(s for s in data["sets"] if s["name"] == "likely mislabelled")
    page.value("document.querySelector('[data-set=\"likely mislabelled\"]').click()")
    assert listed(page) == {data["clips"][place]["id"] for place in doubted["clips"]}
    label = page.value("document.getElementById('pick-set').selectedOptions[0].textContent")
    assert label == f"likely mislabelled ({len(doubted['clips'])})"


def test_a_selection_is_saved_as_csv(page: Page, pages: dict[str, Path], tmp_path: Path) -> None:
    data: Any = data_of(pages["one"])
    page.save_into(tmp_path)
    page.value("document.getElementById('kind-wrong').click()")
    wrong = [c for c in data["clips"] if c["s"][0].index(max(c["s"][0])) != c["y"]]
    assert wrong
    told = page.value("document.getElementById('save').textContent")
    assert told in {f"Save these {len(wrong)} ids as CSV", "Save this id as CSV"}
    page.value("document.getElementById('save').click()")
    deadline = time.monotonic() + 30
    while not (saved := list(tmp_path.glob("*.csv"))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert saved[0].name == f"a_{len(wrong)}_clips.csv"
    rows = list(csv.DictReader(saved[0].read_text(encoding="utf-8").splitlines()))
    assert [(row["clip_id"], row["group"], row["label"]) for row in rows] == [
        (clip["id"], clip["g"], AFEW[clip["y"]]) for clip in wrong
    ]
    assert all(row["prediction"] != row["label"] for row in rows)


def test_a_video_plays_when_it_is_pointed_at(page: Page) -> None:
    assert page.value("document.querySelectorAll('video').length") == 14
    assert page.value("[...document.querySelectorAll('video')].every(v => v.muted && v.loop"
                      " && v.paused && v.poster)")  # fmt: skip
    page.value("document.querySelector('.clip summary').dispatchEvent(new Event('pointerenter'))")
    waited = "new Promise((done, no) => { const v = document.querySelector('video');"
    waited += "v.ontimeupdate = () => v.currentTime > 0 && done(v.duration);"
    waited += "v.onerror = () => no(v.error.message); setTimeout(() => no('still'), 20000) })"
    assert page.value(waited) == pytest.approx(0.9, abs=0.15)
    page.value("document.querySelector('.clip summary').dispatchEvent(new Event('pointerleave'))")
    assert page.value("document.querySelector('video').paused")


def test_published_rows_with_two_values_stay_in_their_card(page: Page) -> None:
    twice = "[...document.querySelectorAll('.rung .num')].filter(e => e.children.length === 2)"
    assert page.value(f"{twice}.length") >= 3
    for width in (1280, 700, 390):
        page.resize(width)
        assert page.value(OUTSIDE) == []


@pytest.mark.parametrize("which", ["one", "three"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("is_dark", [False, True])
def test_all_can_be_seen(
    browser: Page, pages: dict[str, Path], which: str, width: int, is_dark: bool
) -> None:
    browser.complaints.clear()
    browser.resize(width, is_dark=is_dark)
    browser.open(pages[which])
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.value(SETTLED)
    assert browser.value("document.documentElement.scrollWidth") == width
    assert browser.value(OUTSIDE) == []
    browser.value(EVERY_SHARE)
    contrast, where = browser.value(FAINTEST)
    assert contrast >= 4.5, where
    assert not browser.complaints
    shots = os.environ.get("EMOTIW_SCREENSHOTS")  # a folder, to look at them
    if shots:
        kind = "dark" if is_dark else "light"
        browser.screenshot(Path(shots) / f"{which}_{width}_{kind}.png")


def test_a_run_among_several_that_alone_is_right(browser: Page, pages: dict[str, Path]) -> None:
    data: Any = data_of(pages["three"])
    browser.open(pages["three"])
    for number, name in enumerate("abc"):
        browser.value(
            f"{{const s = document.getElementById('pick-by'); s.value = '{number}';"
            "s.dispatchEvent(new Event('change'))}"
        )
        browser.value("document.getElementById('kind-only').click()")
        own = next(s for s in data["sets"] if s["name"] == f"right in {name} alone")
        assert listed(browser) == {data["clips"][place]["id"] for place in own["clips"]}
