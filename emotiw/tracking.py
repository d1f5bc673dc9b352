"""Runs handed to an experiment tracker; the plain files of a run stay what counts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pandas as pd

from emotiw.core.errors import ConfigError, suggest
from emotiw.provenance import FILE, provenance_of
from emotiw.run import Run

TRACKERS = ("mlflow",)
KEY = "emotiw.key"
MOST_TEXT = 500  # of a parameter; older servers refuse more
AT_ONCE = 100
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

    Args:
        run: the run.
        name: of the tracker; None does nothing.

    Returns:
        The tracker's id of the run; None where there is no tracker.

    Raises:
        ConfigError: if the tracker is unknown or not installed.
    """
    require_tracker(name)
    if name is None:
        return None
    mlflow: Any = import_module(name)
    _choose_store(mlflow, run)
    metrics, key = figures_of(run), _key(run)
    earlier = mlflow.search_runs(
        experiment_names=[run.recipe.spec.name],
        filter_string=f"tags.`{KEY}` = '{key}'",
        output_format="list",
    )
    if earlier:
        return str(earlier[0].info.run_id)
    with mlflow.start_run(run_name=run.recipe.name) as started:
        mlflow.set_tags({KEY: key, "challenge": run.recipe.spec.name, **_tags(run)})
        parameters = list(parameters_of(run).items())
        for start in range(0, len(parameters), AT_ONCE):
            mlflow.log_params(dict(parameters[start : start + AT_ONCE]))
        mlflow.log_metrics(metrics)
        for artifact in ARTIFACTS:
            path = run.folder / artifact
            if path.is_file():
                mlflow.log_artifact(str(path))
        return str(started.info.run_id)


def _choose_store(mlflow: Any, run: Run) -> None:
    name, runs = run.recipe.spec.name, run.folder.parent.absolute()
    server = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(server or f"sqlite:///{(runs / 'mlflow.db').as_posix()}")
    if not server and mlflow.get_experiment_by_name(name) is None:
        # files beside the database, not in whatever folder this was called from
        mlflow.create_experiment(name, artifact_location=(runs / "mlruns" / name).as_uri())
    mlflow.set_experiment(name)


def parameters_of(run: Run) -> dict[str, str]:
    """Return the recipe as ``key.key`` and text."""
    settings = run.recipe.settings.model_dump(mode="json", exclude={"paths", "execution"})
    return {key: text[:MOST_TEXT] for key, text in _flat(settings, "")}


def figures_of(run: Run) -> dict[str, float]:
    """Return the figures of ``metrics.csv`` as ``modality/split/metric``."""
    if not run.metrics_path.is_file():
        return {}
    frame = pd.read_csv(run.metrics_path)
    return {
        f"{row['modality']}/{row['split']}/{row['metric']}": float(row["value"])
        for row in frame.to_dict("records")
    }


def _tags(run: Run) -> dict[str, str]:
    noted = provenance_of(run)
    tags = {"manifest": str(noted["manifest"])}
    tags |= {f"weights.{name}": sha for name, sha in noted["weights"].items()}
    for where, state in noted["git"].items():
        if state is not None:
            tags[f"git.{where}"] = state["commit"] + ("+changes" if state["is_changed"] else "")
    return tags


def _key(run: Run) -> str:
    # what was computed, not when: the same results again are the same run
    text = json.dumps([parameters_of(run), figures_of(run)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _flat(settings: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        elif value is not None and value not in ({}, []):
            yield f"{above}{key}", str(value)
