"""The report in a real browser: nothing breaks, nothing is fetched, filters do what they say."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.analysis.report.page import write_report
from emotiw.core.score_table import ScoreTable
from emotiw.runs.run import Run
from tests.report.browser import Page, chromium
from tests.report.runs import BROKEN, FACELESS, LABELS, classified, regressed

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (Debian: apt-get install chromium)"
)
UNNAMED = """[...document.querySelectorAll(
    'button, input, select, audio, img, svg[role=img], a, summary')]
  .filter(e => !(e.getAttribute('aria-label') || e.alt || e.textContent.trim() || e.labels?.length))
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return classified(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def report(run: Run) -> Path:
    return write_report(run).path


@pytest.fixture
def page(report: Path, browser: Page) -> Page:
    browser.resize(1200)
    browser.open(report)
    return browser


@pytest.fixture(scope="module")
def wrong(run: Run) -> dict[str, set[str]]:
    """By model, the clips that it gets wrong, counted from the files of the run."""
    answers = run.cohort().answer_key()
    tables = {name: ScoreTable.read_csv(run.scores_path(name)) for name in run.recipe.models}
    tables["fused"] = ScoreTable.read_csv(run.folder / "fused.csv")
    return {
        name: {c for c in answers if table.predictions().get(c) != answers[c]}
        for name, table in tables.items()
    }


def listed(page: Page) -> set[str]:
    page.value(
        "while (!document.querySelector('.more').hidden) document.querySelector('.more').click()"
    )
    return set(page.value("[...document.querySelectorAll('.clip')].map(c => c.dataset.id)"))


def choose(page: Page, name: str, value: str) -> None:
    page.value(
        f"{{const s = document.getElementById('pick-{name}'); s.value = '{value}';"
        "s.dispatchEvent(new Event('change'))}"
    )


def test_no_error_and_no_request_to_the_outside(page: Page, report: Path) -> None:
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.value("new Promise(done => setTimeout(done, 200))")
    assert not page.complaints
    assert report.as_uri() in page.requests
    assert {url.split(":", 1)[0] for url in page.requests} <= {"file", "data"}
    assert {url for url in page.requests if url.startswith("file")} == {report.as_uri()}


def test_a_request_to_the_outside_would_be_seen(page: Page, tmp_path: Path) -> None:
    leaky = tmp_path / "leaky.html"
    leaky.write_text("<img src='http://127.0.0.1:8765/x.png'><script>nowhere()</script>")
    page.open(leaky)
    for expected in ("nowhere", "Failed to load"):
        deadline = time.monotonic() + 60
        while not any(expected in line for line in page.complaints):
            assert time.monotonic() < deadline, (expected, page.complaints)
            page.value("new Promise(done => setTimeout(done, 50))")
    assert any(url.startswith("http://127.0.0.1") for url in page.requests)
    page.requests.clear()
    page.complaints.clear()


def test_filters_show_the_clips_that_they_say(page: Page, wrong: dict[str, set[str]]) -> None:
    everyone = {f"clip {number:02}" for number in range(40)}
    assert listed(page) == everyone
    page.value("document.getElementById('kind-wrong').click()")
    assert listed(page) == wrong["fused"]
    assert page.value("document.getElementById('count').textContent").startswith(
        f"{len(wrong['fused'])} of 40 clips"
    )
    page.value("document.getElementById('kind-right').click()")
    assert listed(page) == everyone - wrong["fused"]
    choose(page, "by", "1")
    assert listed(page) == everyone - wrong["face"]
    page.value("document.getElementById('kind-lacks').click()")
    assert listed(page) == {BROKEN, FACELESS}


def test_disagreement_is_between_models_that_have_a_score(page: Page, run: Run) -> None:
    voice, face = (ScoreTable.read_csv(run.scores_path(n)).predictions() for n in ("voice", "face"))
    page.value("document.getElementById('kind-differ').click()")
    assert listed(page) == {c for c in face if face[c] != voice[c]}


def test_a_cell_of_a_matrix_shows_its_clips(page: Page, run: Run) -> None:
    answers = run.cohort().answer_key()
    given = ScoreTable.read_csv(run.scores_path("voice")).predictions()
    truth, taken = next(
        (str(answers[c]), given[c]) for c in sorted(given) if given[c] != answers[c]
    )
    row, column = LABELS.index(truth), LABELS.index(taken)
    cell = f"[data-model=voice] [data-truth='{row}'][data-given='{column}']"
    expected = {c for c in given if (answers[c], given[c]) == (truth, taken)}
    assert page.value(f'document.querySelector("{cell}").textContent') == str(len(expected))
    page.value(f'document.querySelector("{cell}").click()')
    assert listed(page) == expected


def test_names_groups_and_order(page: Page, run: Run, wrong: dict[str, set[str]]) -> None:
    page.value(
        "{const s = document.getElementById('search'); s.value = 'Clip 1';"
        "s.dispatchEvent(new Event('input'))}"
    )
    assert listed(page) == {f"clip {number}" for number in range(10, 20)}
    page.value("{const s = document.getElementById('search'); s.value = '';"
               "s.dispatchEvent(new Event('input'))}")  # fmt: skip
    choose(page, "order", "sure")
    fused = ScoreTable.read_csv(run.folder / "fused.csv")
    ids = sorted(wrong["fused"])
    surest = ids[int(np.argmax(fused.aligned_to(ids).max(axis=1)))]
    assert page.value("document.querySelector('.clip').dataset.id") == surest


def test_the_page_can_be_used_without_a_mouse(page: Page) -> None:
    page.value("document.querySelector('.clip summary').focus()")
    page.press("Enter")
    page.value("new Promise(done => setTimeout(done, 50))")
    assert page.value("document.querySelector('.clip details').open")
    assert page.value("document.querySelectorAll('.clip .detail tbody tr').length") == len(LABELS)
    page.press("ArrowDown")
    assert page.value("document.activeElement.closest('li').dataset.id") == "clip 01"
    page.value("document.querySelector('.matrix button').focus()")
    page.press("ArrowRight")
    assert page.value("document.activeElement.dataset.given") == "1"
    page.press("ArrowDown")
    assert page.value("document.activeElement.dataset.truth") == "1"


def test_everything_that_can_be_used_has_a_name(page: Page) -> None:
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.value("new Promise(done => setTimeout(done, 100))")
    assert page.value(UNNAMED) == []
    assert page.value("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size ==="
                      " document.querySelectorAll('[id]').length")  # fmt: skip


def test_the_sound_of_a_clip_plays(page: Page) -> None:
    page.value("document.querySelector('.clip details').open = true")
    page.value("new Promise(done => setTimeout(done, 100))")
    seconds = page.value(
        "{const a = document.querySelector('.clip audio'); a.preload = 'auto'; a.load();"
        "new Promise((done, no) => {a.onloadedmetadata = () => done(a.duration);"
        "a.onerror = () => no(a.error.message)})}"
    )
    assert seconds == pytest.approx(1 / 3, abs=0.2)


def test_a_hostile_name_is_only_text(page: Page) -> None:
    assert page.value("document.querySelectorAll('img[src*=invalid]').length") == 0
    assert "example.invalid" in page.value("document.getElementById('data').textContent")


@pytest.mark.parametrize("width", [360, 390, 1200])
@pytest.mark.parametrize("is_dark", [False, True])
def test_nothing_runs_off_the_side(page: Page, width: int, is_dark: bool) -> None:
    page.resize(width, is_dark=is_dark)
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.value("new Promise(done => setTimeout(done, 100))")
    assert page.value("document.documentElement.scrollWidth") == width
    assert contrast(page, "body") > 7
    assert contrast(page, ".soft") > 4.5
    shots = os.environ.get("EMOTIW_SCREENSHOTS")  # a folder, to look at them
    if shots:
        page.screenshot(Path(shots) / f"{width}_{'dark' if is_dark else 'light'}.png")


def test_a_regression_opens_too(browser: Page, tmp_path: Path) -> None:
    browser.open(write_report(regressed(tmp_path)).path)
    assert not browser.complaints
    assert listed(browser) == {f"clip {number:02}" for number in range(24)}


def contrast(page: Page, selector: str) -> float:
    """Contrast of an element's text with the page, as WCAG 2 defines it."""
    found: Any = page.value(
        f"[getComputedStyle(document.querySelector('{selector}')).color,"
        "getComputedStyle(document.body).backgroundColor]"
    )
    luminances = []
    for colour in found:
        rgb = np.array([float(part) for part in colour[4:-1].split(",")[:3]]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    high, low = max(luminances), min(luminances)
    return (high + 0.05) / (low + 0.05)
