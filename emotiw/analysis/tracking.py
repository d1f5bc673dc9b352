"""Runs handed to an experiment tracker; the plain files of a run stay what counts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.analysis.ablation.outputs import FILES, load_ablation
from emotiw.core.config import flat
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import ConfigError, suggest
from emotiw.runs.provenance import FILE, provenance_of
from emotiw.runs.run import Run

TRACKERS = ("mlflow",)
KEY = "emotiw.key"
MOST_TEXT = 500  # of a parameter; older servers refuse more
AT_ONCE = 100
OF_A_RESULT = ("value", "low", "high", "n")
OF_A_ROW = (
    "low", "high", "n", "difference", "difference_low", "difference_high", "p", "p_holm",
)  # fmt: skip
ARTIFACTS = (
    "recipe.yaml", "versions.json", FILE, "manifest.csv", "ledger.csv", "metrics.csv",
    "folds.csv", "fusion.yaml", "fusion.txt", "report.html", "ablation/ablation.csv",
    "ablation/ablation.md", "ablation/ablation.svg",
)  # fmt: skip


def require_tracker(name: str | None) -> None:
    """Refuse a tracker that is unknown or not installed, before a night's work and not after it.

    Raises:
        ConfigError: with what to install.
    """
    if name is None:
        return
    if name not in TRACKERS:
        known = ", ".join(TRACKERS)
        raise ConfigError(f"unknown tracker {name!r}{suggest(name, TRACKERS)} (known: {known})")
    try:
        import_module(name)
    except ImportError as error:
        raise ConfigError(f"--track {name} needs it: pip install 'emotiw[{name}]'") from error


def track(run: Run, name: str | None) -> str | None:
    """Log settings, figures and files of a finished run; the same results are logged once.

    They go to the server or store that ``MLFLOW_TRACKING_URI`` names, else to ``mlflow.db``
    (SQLite) and ``mlruns/`` in the folder of runs.

    Returns:
        The tracker's id of the run; None where no tracker is named.

    Raises:
        ConfigError: if the tracker is unknown or not installed.
    """
    if name is None:
        return None
    mlflow = _opened(run, name)
    files = [run.folder / artifact for artifact in ARTIFACTS]
    return _logged(mlflow, run, run.recipe.name, parameters_of(run), figures_of(run), files)


def track_ablation(run: Run, folder: Path, name: str | None) -> list[str]:
    """Log every row of an ablation as a run of its own; the same rows are logged once.

    A row has the settings of the run, its own as ``axis.<name>``, and the figures of the table;
    the row that others are compared with has the table itself too.

    Returns:
        The tracker's ids, in the order of the table; none where no tracker is named.

    Raises:
        ConfigError: if the tracker is unknown or not installed.
    """
    if name is None:
        return []
    mlflow = _opened(run, name)
    done = load_ablation(folder)  # as it is on disk: figures have the same digits every time
    ids = []
    for row in done.table.to_dict("records"):
        parameters = parameters_of(run)
        parameters |= {f"axis.{axis}": str(row[axis]) for axis in done.description.axes}
        figures = {str(row["metric"]): row["value"]} | {n: row[n] for n in OF_A_ROW}
        known = {n: float(value) for n, value in figures.items() if not pd.isna(value)}
        files = [done.folder / each for each in FILES] if row["is_reference"] else []
        title = f"{run.recipe.name}: {row['row']}"
        ids.append(_logged(mlflow, run, title, parameters, known, files))
    return ids


def _logged(
    mlflow: Any,
    run: Run,
    title: str,
    parameters: Mapping[str, str],
    metrics: Mapping[str, float],
    files: Sequence[Path],
) -> str:
    """Log one run of the tracker, unless these results are there already; return its id."""
    # what was computed, not when: the same results again are the same run
    text = json.dumps([parameters, metrics], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    earlier = mlflow.search_runs(
        experiment_names=[run.recipe.spec.name],
        filter_string=f"tags.`{KEY}` = '{key}'",
        output_format="list",
    )
    if earlier:
        return str(earlier[0].info.run_id)
    with mlflow.start_run(run_name=title) as started:
        mlflow.set_tags({KEY: key, "challenge": run.recipe.spec.name, **_tags(run)})
        pairs = list(parameters.items())
        for start in range(0, len(pairs), AT_ONCE):
            mlflow.log_params(dict(pairs[start : start + AT_ONCE]))
        mlflow.log_metrics(dict(metrics))
        for path in files:
            if path.is_file():
                mlflow.log_artifact(str(path))
        return str(started.info.run_id)


def _opened(run: Run, tracker: str) -> Any:
    """Return the tracker, with the challenge's experiment chosen in its store."""
    require_tracker(tracker)
    mlflow: Any = import_module(tracker)
    name, runs = run.recipe.spec.name, run.folder.parent.absolute()
    server = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(server or f"sqlite:///{(runs / 'mlflow.db').as_posix()}")
    if not server and mlflow.get_experiment_by_name(name) is None:
        # files beside the database, not in whatever folder this was called from
        mlflow.create_experiment(name, artifact_location=(runs / "mlruns" / name).as_uri())
    mlflow.set_experiment(name)
    return mlflow


def parameters_of(run: Run) -> dict[str, str]:
    """Return the recipe as ``key.key`` and text."""
    settings = run.recipe.settings.model_dump(mode="json", exclude={"paths", "execution"})
    told = {key: value for key, value in flat(settings) if value not in (None, {}, [])}
    return {key: str(value)[:MOST_TEXT] for key, value in told.items()}


def figures_of(run: Run) -> dict[str, float]:
    """Return the values of ``metrics.csv`` as ``modality/split/metric``, and ``…/low``, ``…/n``."""
    if not run.metrics_path.is_file():
        return {}
    keys = ("modality", "split", "metric")
    frame = read_frame(run.metrics_path, (*keys, *OF_A_RESULT), numbers=OF_A_RESULT)
    found: dict[str, float] = {}
    for row in frame.to_dict("records"):
        kind = row.get("provenance", "held out")
        split = row["split"] if kind == "held out" else f"{row['split']} {kind}"
        split += " adapted" if row.get("adapted_on") else ""
        name = f"{row['modality']}/{split}/{row['metric']}"
        ends = {"": row["value"]} | {f"/{key}": row[key] for key in OF_A_RESULT[1:]}
        found |= {name + end: float(value) for end, value in ends.items() if not pd.isna(value)}
    return found


def _tags(run: Run) -> dict[str, str]:
    noted = provenance_of(run)
    tags = {"manifest": str(noted["manifest"])}
    tags |= {f"weights.{name}": sha for name, sha in noted["weights"].items()}
    for where, state in noted["git"].items():
        if state is not None:
            tags[f"git.{where}"] = state["commit"] + ("+changes" if state["is_changed"] else "")
    return tags
