"""Every plot that the toolkit makes has named axes and a title that says what to see."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from safetensors.numpy import save_file

from emotiw.analysis.ablation.ablation_table import AFTER_AXES
from emotiw.analysis.ablation.plot import plot_table
from emotiw.analysis.report.history import CHECKPOINT
from emotiw.analysis.report.page import write_report
from emotiw.core.task import Classification, Regression, Task
from emotiw.evaluation.metrics import metric_named
from emotiw.predict.prediction_rows import FilePrediction, Row
from emotiw.predict.timeline import plot_timeline
from emotiw.runs.run import Run
from emotiw.runs.stages.trained import model_folder, model_keys_as_csv
from submissions.attempts import Attempts
from tests.report.runs import classified, regressed

ROOT = Path(__file__).parents[1]
PLOTTING = {"emotiw/analysis/ablation/plot.py", "emotiw/predict/timeline.py"}  # with matplotlib
CHARTING = {  # as SVG of the report
    "emotiw/analysis/report/confusion_matrices.py",
    "emotiw/analysis/report/history.py",
    "emotiw/analysis/report/modality_importance.py",
    "emotiw/analysis/report/over_time.py",
}
SVG = re.compile(r'<svg class="chart".*?</svg>', re.DOTALL)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are written while a test runs."""
    kept: list[Figure] = []
    savefig = Figure.savefig

    def keep(figure: Figure, *args: Any, **more: Any) -> None:
        kept.append(figure)
        savefig(figure, *args, **more)

    monkeypatch.setattr(Figure, "savefig", keep)
    return kept


def assert_says_what_to_see(figure: Figure) -> None:
    assert figure.axes
    for axis in figure.axes:
        assert len(axis.get_title() or axis.get_title(loc="left")) > 10
        assert axis.get_ylabel()
    assert figure.axes[-1].get_xlabel(), "the lowest names what all share"


def test_no_plot_is_left_out_here() -> None:
    sources = [p for top in ("emotiw", "features", "fusion") for p in (ROOT / top).rglob("*.py")]
    texts = {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in sources}
    drawing = {n for n, text in texts.items() if re.search(r"matplotlib\.figure|pyplot", text)}
    assert drawing == PLOTTING
    called = {name for name, text in texts.items() if re.search(r"[^\w]chart\(", text)}
    assert called - {"emotiw/visualization/svg_charts.py"} == CHARTING


def test_the_plot_of_an_ablation(figures: list[Figure], tmp_path: Path) -> None:
    line = dict.fromkeys(AFTER_AXES) | {"row": "a", "fusion": "mean", "metric": "uar"}
    line |= {"split": "val", "value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "n_groups": 9}
    table = pd.DataFrame([line | {"is_reference": True}, line | {"row": "b"}])
    table = table[["row", "fusion", *AFTER_AXES]].astype({"is_significant": "boolean"})
    plot_table(table, "demo", tmp_path / "a.svg", metric_named("uar"))
    [figure] = figures
    assert_says_what_to_see(figure)
    assert "UAR (%)" in figure.axes[0].get_xlabel()
    assert "No row differs from the reference" in figure.axes[0].get_title()


@pytest.mark.parametrize("task", [Classification(("Happy", "Sad")), Regression(("engagement",))])
def test_scores_over_time(figures: list[Figure], tmp_path: Path, task: Task) -> None:
    scores = (0.25, 0.75)[: len(task.labels)]
    rows = [Row(who, t, t + 1, False, 9, scores) for who in (None, 0, 1) for t in range(3)]
    found = FilePrediction("long.mp4", task, 3.0, tuple(rows))
    plot_timeline(found, tmp_path / "t.png")
    [figure] = figures
    assert_says_what_to_see(figure)
    assert figure.axes[-1].get_xlabel() == "time (s)"


def add_attempt(run: Run, folder: Path) -> None:
    (folder / "x.csv").write_text("clip_id,label\n")
    Attempts(run.folder.parent).add(run.recipe.spec, folder / "x.csv", run="small", val=61.5)


def add_curve(run: Run) -> None:
    """As if a model had been a network: the notes of its training."""
    run.models_path("voice").parent.mkdir(exist_ok=True)
    run.models_path("voice").write_bytes(model_keys_as_csv({None: "ab"}))
    records = [{"epoch": n, "loss": 2.0 / n, "inner_loss": None} for n in (1, 2, 3)]
    path = model_folder(run, "ab") / CHECKPOINT
    path.parent.mkdir(parents=True)
    notes = json.dumps({"records": records, "best_epoch": 3})
    save_file({"x": np.zeros(1, np.float32)}, path, metadata={"emotiw": notes})


def test_every_chart_of_a_report(tmp_path: Path) -> None:
    runs = [classified(tmp_path / "a"), regressed(tmp_path / "b")]
    add_attempt(runs[0], tmp_path)
    add_curve(runs[0])
    charts = []
    for run in runs:
        text = write_report(run, has_samples=False).path.read_text(encoding="utf-8")
        charts += SVG.findall(text)
    assert len(charts) == 3 + 1 + 1 + 3  # reliability, attempts, a curve; targets
    for chart in charts:
        root = ET.fromstring(chart)
        title = root.findtext("title") or ""
        assert len(title) > 10
        named = [text.text for text in root.iter("text") if text.get("class") == "axis"]
        assert len(named) == 2
        assert all(named)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_every_plot_of_a_notebook(path: Path) -> None:
    n_plots = 0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not re.search(r"plt\.subplots|\.plot\.", source):
            continue
        n_plots += 1
        if 'axis.axis("off")' in source:  # pictures, not a plot
            assert "suptitle(" in source
            continue
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        named = [{k.arg for k in call.keywords} for call in calls]
        assert any({"xlabel", "ylabel", "title"} <= keywords for keywords in named), source
    assert n_plots
