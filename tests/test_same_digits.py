"""One figure, one spelling: whatever prints a table's accuracy prints the same digits."""

from __future__ import annotations

import csv
import html
import re
import sys
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import binomtest
from typer.testing import CliRunner

import emotiw
from emotiw.cli.app import app
from emotiw.cli.terminal_tables import folds_table
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.differences import compare, p_text
from emotiw.evaluation.results import Result, evaluate
from emotiw.evaluation.single_metrics import ACCURACY, AUC
from emotiw.runs.run import Run, reopen_run
from tests.in_process import IN_PROCESS
from tests.test_tracking import FakeTracker

LABELS = ("Angry", "Happy", "Sad")
MODELS = ("voice", "face")
BOTH, ALONE = "both", "alone"


@dataclass(frozen=True)
class Video:
    """One file of a corpus.

    Attributes:
        name: of the file.
        speaker: empty where nobody knows.
        content: files of the same content have the same bytes.
        truth: its label, or its target.
        scores: by model; a model without an entry says nothing of it.
    """

    name: str
    speaker: str
    content: int
    truth: str
    scores: Mapping[str, Sequence[float]]


@dataclass
class Told:
    """What one printer says of a table; empty where it does not say it.

    Attributes:
        value: of the metric.
        low: lower end of its interval.
        high: its upper end.
        n: clips.
        p: of the fusion against it.
        is_data: whether it is for programs, and no text for people.
    """

    value: str = ""
    low: str = ""
    high: str = ""
    n: str = ""
    p: str = ""
    is_data: bool = False


@dataclass(frozen=True)
class Printed:
    """Everything that two runs of a corpus printed: both models fused, and the voice alone."""

    home: Path
    terminal: str
    ablation: str
    compared: str
    leaderboard: Mapping[str, str]
    tracked: list[dict[str, float]] = field(default_factory=list)

    @property
    def run(self) -> Run:
        return reopen_run(self.home / "runs" / BOTH)

    def text(self, name: str) -> str:
        return (self.home / "runs" / BOTH / name).read_text(encoding="utf-8")

    def rows(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(self.text(name).splitlines()))


def said(*words: str) -> str:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def written(home: Path, videos: Sequence[Video], *, metric: str = "accuracy") -> Path:
    """Write files, scores and a challenge of one's own; return the recipe of both models."""
    clips = home / "clips"
    clips.mkdir()
    is_label = metric == "accuracy"
    for video in videos:
        with wave.open(str(clips / f"{video.name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(np.full(160, video.content, "<i2").tobytes())
    _csv(
        clips / "train.csv",
        ["clip", "truth", "speaker"],
        [[video.name, video.truth, video.speaker] for video in videos],
    )
    for name in MODELS:
        rows = [[video.name, *video.scores[name]] for video in videos if name in video.scores]
        _csv(clips / f"{name}.csv", ["clip_id", *(LABELS if is_label else ["event"])], rows)
    options = {"splits": {"train": {"table": ["train.csv"]}}, "id": "{clip}", "group": "{speaker}"}
    options |= {"label": "truth"} if is_label else {"targets": {"event": "truth"}}
    asked = {"task": "classification", "labels": list(LABELS)}
    if not is_label:
        asked = {"task": "regression", "targets": [{"name": "event", "minimum": 0, "maximum": 1}]}
    spec = {"name": "unit", "title": "Unit", "year": 2026, "unit": "clip", **asked}
    spec |= {"metric": metric, "layout": {"reader": "tables", "options": options}}
    spec |= {"submission": {"format": "text_files"}, "sources": []}
    (home / "unit.yaml").write_text(yaml.safe_dump(spec))
    recipe = {
        "challenge": str(home / "unit.yaml"),
        "data": {"root": str(clips)},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "folds": {"n_folds": 3},
        "fusion": {"method": "mean", "calibration": "none"},
    }
    for name, models in ((BOTH, MODELS), (ALONE, MODELS[:1])):
        entries = {each: {"model": "imported", "path": f"{each}.csv"} for each in models}
        (home / f"{name}.yaml").write_text(
            yaml.safe_dump({**recipe, "models": entries}, sort_keys=False)
        )
    return home / f"{BOTH}.yaml"


def _csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def printed(home: Path, videos: Sequence[Video], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """Print everything there is of a corpus with labels."""
    fake = FakeTracker()
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    recipe, runs = str(written(home, videos)), home / "runs"
    spec = str(home / "unit.yaml")
    terminal = said("run", recipe, "--track", "mlflow")
    said("run", str(home / f"{ALONE}.yaml"))
    # a test against one other row has nothing to be corrected for
    ablations = [
        said("ablate", recipe, "--axis", f"modalities=[voice+face, {name}]", "--track", "mlflow")
        for name in reversed(MODELS)
    ]
    said("report", str(runs / BOTH), "--no-samples")
    compared = said("compare", str(runs / ALONE), str(runs / BOTH))
    leaderboard = {
        form: said("leaderboard", spec, "--runs", str(runs), "--format", form)
        for form in ("csv", "table")
    }
    tracked = [logged["metrics"] for logged in fake.runs]
    return Printed(home, terminal, ablations[-1], compared, leaderboard, tracked)


def speakers(*, n_copies: int = 0, is_known: bool = True, n_faceless: int = 0) -> list[Video]:
    """12 speakers with 5 clips each; the voice is right more often than the face.

    Args:
        n_copies: of every seventh clip, under other names.
        is_known: whether the table names the speakers.
        n_faceless: clips of which the face says nothing.
    """
    rng = np.random.default_rng(4)
    videos = []
    for number in range(60):
        truth = int(rng.integers(3))
        scores = {}
        for name, strength in zip(MODELS, (1.6, 0.7), strict=True):
            logits = rng.normal(size=3) + strength * (np.arange(3) == truth)
            scores[name] = (np.exp(logits) / np.exp(logits).sum()).round(6).tolist()
        if number % 4 == 0 and number // 4 < n_faceless:
            del scores["face"]
        speaker = f"s{number // 5:02}" if is_known else ""
        for copy in range(1 + n_copies * (number % 7 == 0)):
            name = f"{'xyz'[copy]}{number:02}"
            videos.append(Video(name, speaker, number, LABELS[truth], scores))
    return videos


CORPORA: dict[str, Callable[[], list[Video]]] = {
    "speakers": speakers,
    "copies": lambda: speakers(n_copies=2),
    "without groups": lambda: speakers(n_copies=2, is_known=False),
    "a modality is missing": lambda: speakers(n_faceless=9),
}


@pytest.fixture(scope="module", params=list(CORPORA))
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return printed(tmp_path_factory.mktemp("same"), CORPORA[request.param](), monkeypatch)


NUMBER = r"(-?[\d.]+)"
SPAN = rf"{NUMBER}–{NUMBER}"


def found(pattern: str, text: str) -> tuple[str, ...]:
    """Return the groups of the only match."""
    matches = [match.groups() for match in re.finditer(pattern, text, re.MULTILINE)]
    assert len(matches) == 1, (pattern, matches, text)
    return matches[0]


def in_terminal(done: Printed, name: str) -> list[Told]:
    n, _, *rest = found(rf"^ ?{name} +train, out of fold +(\d+) +(\d+) +{NUMBER} +{SPAN} *$",
                        done.terminal)  # fmt: skip
    by_fold = found(rf"^ ?{name} +accuracy \(%\) .* {NUMBER} +{SPAN} *$", done.terminal)
    return [Told(*rest, n=n), Told(*by_fold)]


def in_csv(done: Printed, name: str) -> list[Told]:
    def only(file: str, **wanted: str) -> Told:
        wanted |= {"modality": name, "metric": "accuracy"}
        [row] = [row for row in done.rows(file) if wanted.items() <= row.items()]
        return Told(row["value"], row["low"], row["high"], row.get("n", ""), is_data=True)

    return [only("metrics.csv", split="train"), only("folds.csv", fold="all")]


def in_summary(done: Printed, name: str) -> list[Told]:
    text = done.text("fusion.txt")
    assert text in done.terminal
    if name == "fused":
        return [Told(*found(rf"^  accuracy {NUMBER} % \({SPAN}\), n = (\d+);", text))]
    _, value, n, *_, p = found(
        rf"^  fused {NUMBER} %, {name} {NUMBER} % \(n = (\d+)\): difference \+?{NUMBER} % "
        rf"\({SPAN}\), p = {NUMBER}, McNemar",
        text,
    )
    return [Told(value, n=n, p=p)]


def in_leaderboard(done: Printed, name: str) -> list[Told]:
    who = f"{BOTH}/{name}"
    [row] = [r for r in csv.DictReader(done.leaderboard["csv"].splitlines()) if r["who"] == who]
    line = found(rf"^\d+ +{who} +run +folds +{NUMBER} +{NUMBER} +{NUMBER} +(\d+)"
                 "(?: +speakers unknown)?$", done.leaderboard["table"])  # fmt: skip
    return [Told(row["value"], row["low"], row["high"], row["n"]), Told(*line)]


def in_report(done: Printed, name: str) -> list[Told]:
    text = html.unescape(done.text("report.html"))
    cell = r'<td class="num">'
    value = rf"{cell}{NUMBER} %</td>"
    n, _, shown = found(rf'<th scope="row">{name}</th><td>train, out of fold</td>{cell}(\d+)</td>'
                        rf"{cell}(\d+)</td>{value}", text)  # fmt: skip
    told = [Told(shown, n=n)]
    if name == "fused":
        value, *span = found(
            rf'<p class="figure">{NUMBER} % <small class="soft">95 % interval {SPAN}</small>', text
        )
        told.append(
            Told(value, *span, *found(r"<p>(\d+) clips(?: of \d+ groups.*)?; the interval", text))
        )
    else:
        n, _, shown, p = found(rf'<th scope="row">{name}</th>{cell}(\d+)</td>{value}{value}'
                               rf"{cell}{NUMBER}</td>", text)  # fmt: skip
        told.append(Told(shown, n=n, p=p))
    if name in ("fused", MODELS[0]):  # the last ablation
        row = "voice\\+face" if name == "fused" else name
        table = text[text.index('id="ablation"') : text.index('id="quality"')]
        *shown_, p, n = found(rf"<td>{row}</td><td>{NUMBER} \[{SPAN}\]</td><td>.*?</td>"
                              rf"<td>({NUMBER[1:-1]})?</td><td>.*?</td><td>(\d+)</td>",
                              table)  # fmt: skip
        told.append(Told(*shown_, n, p or ""))
    return told


def in_ablation(done: Printed, name: str) -> list[Told]:
    if name == "face":
        return []  # not in the last table, but tracked
    wanted = "voice+face" if name == "fused" else name
    [row] = [row for row in done.rows("ablation/ablation.csv") if row["row"] == wanted]
    told = [Told(row["value"], row["low"], row["high"], row["n"], row["p"], is_data=True)]
    assert row["p"] == row["p_holm"]
    for pattern, text in (
        (rf"^\| {re.escape(wanted)} \| {NUMBER} \| {SPAN} \| .*? \| {NUMBER}? ?\|",
         done.text("ablation/ablation.md")),
        (rf"^ ?{re.escape(wanted)} +{NUMBER} +{SPAN} +\S+(?: \*)? +{NUMBER}? ", done.ablation),
    ):  # fmt: skip
        *shown, p = found(pattern, text)
        told.append(Told(*shown, p=(p or "") if name != "fused" else ""))
    n, _ = found(r"^(?:warning: .*)?\b(\d+) train clips( of \d+ groups)?\.", done.ablation)
    return [*told, Told(n=n)]


def in_comparison(done: Printed, name: str) -> list[Told]:
    """The voice alone is the fusion of one run, both are that of the other."""
    if name == "face":
        return []
    a, b, _, *_, p, n = found(
        rf"^fused +{NUMBER} +{NUMBER} +{NUMBER} +{SPAN} +{NUMBER} +accuracy \(%\), n = (\d+)$",
        done.compared,
    )
    return [Told(b, n=n) if name == "fused" else Told(a, n=n, p=p)]


def in_tracking(done: Printed, name: str) -> list[Told]:
    of_run, *of_rows = done.tracked

    def told(metrics: Mapping[str, float], start: str, *ends: str) -> Told:
        return Told(*(repr(metrics[start + end]) for end in ends), is_data=True)

    key = f"{name}/train/accuracy"
    found = [told(of_run, key, "", "/low", "/high", "/n")]
    # both models, then the face against them, then the voice; what is logged already is not again
    row = of_rows[("fused", "face", "voice").index(name)]
    keys = ("accuracy", "low", "high", "n", *(("p",) if name != "fused" else ()))
    return [*found, told(row, "", *keys)]


def in_python(done: Printed, name: str) -> list[Told]:
    run = done.run
    [row] = emotiw.evaluate(run.scores(name), run, metrics=["accuracy"]).to_dict("records")
    told = [Told(*(repr(row[key]) for key in ("value", "low", "high", "n")), is_data=True)]
    fused = emotiw.fuse(
        {each: run.scores(each) for each in MODELS}, run, method="mean", calibration="none"
    )
    if name == "fused":
        result = fused.result()
        return [*told, Told(*map(repr, (result.value, result.low, result.high)), is_data=True)]
    [other] = [each for each in fused.comparisons if each.theirs.name == name]
    row = other.theirs
    return [*told, Told(*map(repr, (row.value, row.low, row.high, row.n, other.p)), is_data=True)]


PRINTERS = (
    in_terminal, in_csv, in_summary, in_leaderboard, in_report, in_ablation, in_comparison,
    in_tracking, in_python,
)  # fmt: skip


@pytest.mark.parametrize("name", ["fused", *MODELS])
@pytest.mark.parametrize("printer", PRINTERS, ids=lambda each: each.__name__)
def test_the_same_digits_everywhere(
    done: Printed, name: str, printer: Callable[[Printed, str], list[Told]]
) -> None:
    run = done.run
    cohort, table = run.cohort(), run.scores(name)
    judged = evaluate(table, cohort, "accuracy")
    p = compare(run.scores("fused"), table, cohort, "accuracy").p
    numbers = (judged.value, judged.low, judged.high, len(cohort), p)
    shown = (*map(ACCURACY.number, numbers[:3]), str(len(cohort)), p_text(p))
    for told in printer(done, name):
        texts = (told.value, told.low, told.high, told.n, told.p)
        for text, number, as_shown in zip(texts, numbers, shown, strict=True):
            if text and told.is_data:
                assert float(text) == pytest.approx(number, abs=5.1e-7)  # six digits are kept
            elif text:
                assert text == as_shown


def test_the_value_is_what_can_be_counted(done: Printed) -> None:
    truth = {row["clip_id"]: row["label"] for row in done.rows("manifest.csv")}
    for name in ("fused", *MODELS):
        path = "fused.csv" if name == "fused" else f"scores/{name}.csv"
        n_right = 0
        for row in done.rows(path):
            best = max(LABELS, key=lambda label: float(row[label] or -1))
            n_right += bool(row[LABELS[0]]) and best == truth[row["clip_id"]]
        [row] = [
            row
            for row in done.rows("metrics.csv")
            if (row["modality"], row["metric"]) == (name, "accuracy")
        ]
        assert row["value"] == f"{n_right / len(truth):.6f}"
        assert 0 < float(row["low"]) < n_right / len(truth) < float(row["high"]) < 1


def test_the_terminal_is_readable_at_80_columns(done: Printed) -> None:
    tables = done.terminal.partition("fused 2 modalities")[0].splitlines()
    assert max(len(line) for line in tables if "  " in line) <= 80
    assert "…" not in done.terminal
    for heading in ("modality", "judged on", "accuracy (%)", "UAR (%)", "WF1 (%)", "F1 (%)"):
        assert heading in done.terminal


def test_unknown_groups_are_told(done: Printed) -> None:
    is_known = {row["knows_groups"] for row in done.rows("metrics.csv")} == {"True"}
    assert ("speakers are unknown" in done.terminal) == (not is_known)
    assert ("speakers are unknown" in done.text("report.html")) == (not is_known)


def recordings(*, n_copies: int, changed: Sequence[int]) -> list[Video]:
    """20 recordings of unknown people, each so many times; the voice has 16 of them right.

    The fusion says what the voice says. The face says so too, less surely, and of these recordings
    something else.
    """
    videos = []
    for content in range(20):
        truth = content % 3
        heard = truth if content < 16 else (truth + 1) % 3
        seen = (heard + 1) % 3 if content in changed else heard
        scores = {
            "voice": [0.9 if label == heard else 0.05 for label in range(3)],
            "face": [0.4 if label == seen else 0.3 for label in range(3)],
        }
        for copy in range(n_copies):
            name = f"{(7 * content + 3 * copy) % 10}-{content:02}-{copy}"
            videos.append(Video(name, "", content, LABELS[truth], scores))
    return videos


def test_copies_are_no_witnesses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten names for a recording say no more than one, and one recording more right is luck."""
    videos = recordings(n_copies=10, changed=[0])
    done = printed(tmp_path, videos, monkeypatch)
    exact = binomtest(16, 20).proportion_ci(0.95)  # of 20 coins
    low, high = 0.527994, 0.936758
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=0.04)
    for name, value in (("fused", 0.8), ("voice", 0.8), ("face", 0.75)):
        for printer in PRINTERS:
            for told in printer(done, name):
                scale = 1 if told.is_data else 100
                assert float(told.value or scale * value) == pytest.approx(scale * value)
                assert float(told.n or 200) == 200
                assert float(told.p or 1) == 1.0, printer
                if name != "face":
                    assert float(told.low or scale * low) == pytest.approx(scale * low, abs=5e-3), (
                        printer
                    )
                    assert float(told.high or scale * high) == pytest.approx(
                        scale * high, abs=5e-3
                    ), printer
    assert {row["n_groups"] for row in done.rows("metrics.csv")} == {"20"}
    told_p = "difference +5.00 % (-5.47–15.47), p = 1.0000, McNemar p = 1.0000"
    assert f"face 75.00 % (n = 200): {told_p}" in done.text("fusion.txt")


@pytest.mark.parametrize("n_copies", [1, 10])
def test_copies_change_no_figure(tmp_path: Path, n_copies: int) -> None:
    said("run", str(written(tmp_path, recordings(n_copies=n_copies, changed=[0]))))
    text = (tmp_path / "runs" / BOTH / "metrics.csv").read_text()
    rows = [row for row in csv.DictReader(text.splitlines()) if row["metric"] == "accuracy"]
    assert {row["modality"]: tuple(row[key] for key in ("value", "low", "high", "n_groups"))
            for row in rows} == {
        "voice": ("0.800000", "0.527994", "0.936758", "20"),
        "face": ("0.750000", "0.487622", "0.906046", "20"),
        "fused": ("0.800000", "0.527994", "0.936758", "20"),
    }  # fmt: skip


def test_two_runs_that_differ_in_one_recording_do_not_differ(tmp_path: Path) -> None:
    for name, changed in (("a", ()), ("b", (0,))):
        (tmp_path / name).mkdir()
        said("run", str(written(tmp_path / name, recordings(n_copies=10, changed=changed))))
    runs = [str(tmp_path / name / "runs" / BOTH) for name in "ab"]
    text = said("compare", *runs)
    a, b, difference, low, high, p = found(
        rf"^face +{NUMBER} +{NUMBER} +{NUMBER} +{SPAN} +{NUMBER} +accuracy", text
    )
    assert (a, b, difference, low, high, p) == (
        "80.00", "75.00", "-5.00", "-15.47", "5.47", "1.0000",
    )  # fmt: skip
    assert "0 clips gained, 10 lost (McNemar p = 1.0000)" in text
    figures = emotiw.compare(*runs).figures.set_index("modality")
    assert figures.loc["face", ["p", "mcnemar_p"]].tolist() == [1.0, 1.0]


def events() -> list[Video]:
    """12 speakers of 4 clips; whatever happens happens to two of them, so that folds and draws
    of speakers often hold no event at all."""
    rng = np.random.default_rng(8)
    videos = []
    for number in range(48):
        target = int(number // 4 in (1, 5))
        scores = {name: [round(0.3 * target + float(rng.uniform(0, 0.7)), 3)] for name in MODELS}
        videos.append(Video(f"x{number:02}", f"s{number // 4:02}", number, str(target), scores))
    return videos


def test_a_metric_that_folds_leave_undefined_ends_in_words(tmp_path: Path) -> None:
    recipe = written(tmp_path, events(), metric="auc")
    said("run", str(tmp_path / f"{ALONE}.yaml"))
    terminal = said("run", str(recipe))
    run = reopen_run(tmp_path / "runs" / BOTH)
    cohort, fused = run.cohort(), run.scores("fused")
    value = f"{area(fused, cohort.answer_key()):.4f}"
    kept = set(cohort.folds.values())
    with_event = {cohort.folds[c] for c, target in cohort.answer_key().items() if target == 1}
    assert kept - with_event, "the corpus should leave a fold without an event"

    assert found(rf"^ ?fused +train, out of fold +48 +48 +{NUMBER} *$", terminal) == (value,)
    assert "the area under the ROC curve doesn't add up over groups" in terminal
    assert "nan" not in terminal
    [by_fold] = found(rf"^ ?fused +AUC +(.*?)  +{value} *$", terminal)
    assert by_fold.count("–") == len(kept - with_event)
    summary = run.summary_path.read_text()
    assert f"AUC {value}, n = 48" in summary
    assert f"fused {value}, voice " in summary
    metrics = list(csv.DictReader(run.metrics_path.read_text().splitlines()))
    [row] = [r for r in metrics if (r["modality"], r["metric"]) == ("fused", "auc")]
    assert (f"{float(row['value']):.4f}", row["low"], row["n"]) == (value, "", "48")
    rows = csv.DictReader(run.folds_path.read_text().splitlines())
    told = {
        r["fold"]: r["value"] for r in rows if r["modality"] == "fused" and r["metric"] == "auc"
    }
    assert {int(fold) for fold, text in told.items() if not text} == kept - with_event
    spec, runs = str(tmp_path / "unit.yaml"), str(tmp_path / "runs")
    board = said("leaderboard", spec, "--runs", runs, "--format", "csv")
    assert "left out" not in board
    [line] = [r for r in csv.DictReader(board.splitlines()) if r["who"] == f"{BOTH}/fused"]
    assert (line["value"], line["low"], line["n"]) == (value, "", "48")
    said("report", str(run.folder), "--no-samples")
    page = html.unescape((run.folder / "report.html").read_text())
    assert f'<p class="figure">{value} <small class="soft">the area under the ROC' in page
    compared = said("compare", str(tmp_path / "runs" / ALONE), str(run.folder), "--metric", "auc")
    _, b, _ = found(rf"^fused +{NUMBER} +{NUMBER} +{NUMBER} +AUC, n = 48$", compared)
    assert b == value
    frame = emotiw.evaluate(fused, run, metrics=["auc"])
    assert [f"{each:.4f}" for each in frame["value"]] == [value]


def area(table: ScoreTable, targets: Mapping[str, str | float]) -> float:
    """Return how often an event has a higher score than a clip without; half for a tie."""
    scores = dict(zip(table.clip_ids, table.scores[:, 0], strict=True))
    pairs = [
        (scores[yes] > scores[no]) + (scores[yes] == scores[no]) / 2
        for yes in targets if targets[yes] == 1
        for no in targets if targets[no] == 0
    ]  # fmt: skip
    return float(np.mean(pairs))


@pytest.mark.parametrize(
    ("n_undefined", "told"), [(0, "8 folds: 0.7500 ± 0.0000"), (3, "5 of 8 folds: 0.7500 ± 0.0000")]
)
def test_many_folds_are_summed_up_though_some_are_undefined(
    n_undefined: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by_fold = {fold: nan if fold < n_undefined else 0.75 for fold in range(8)}
    folds_table([Result("x", "train", AUC, 0.75, nan, nan, 80, 80, 8, True, by_fold)])
    assert told in capsys.readouterr().out


def test_a_manifest_that_says_nothing_of_contents_gives_the_same_digits(tmp_path: Path) -> None:
    """One written by hand, or by an earlier version: the files say which of them are copies."""
    for name, changed in (("a", ()), ("b", (0,))):
        (tmp_path / name).mkdir()
        said("run", str(written(tmp_path / name, recordings(n_copies=10, changed=changed))))
        path = tmp_path / name / "runs" / BOTH / "manifest.csv"
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert all(row.pop("content") for row in rows)
        _csv(path, list(rows[0]), [list(row.values()) for row in rows])
    told = said(
        "leaderboard", str(tmp_path / "a" / "unit.yaml"), "--runs", str(tmp_path / "a" / "runs")
    )
    assert re.search(rf"{BOTH}/fused\s+run\s+folds\s+80.00\s+52.80\s+93.68\s+200", told), told
    runs = [str(tmp_path / name / "runs" / BOTH) for name in "ab"]
    assert "p = 0.00" not in said("compare", *runs)
    assert re.search(r"fused .* 1\.0000", said("compare", *runs))
