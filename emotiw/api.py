"""The toolkit from a notebook: scores from anywhere, fused and judged, as tables in pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.analysis.ablation import work
from emotiw.analysis.ablation.ablation_table import Ablation
from emotiw.analysis.comparison import Comparison, compare_runs
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import cohort_of_frame
from emotiw.core.config import Document, validated
from emotiw.core.csv_rows import read_frame, text_frame
from emotiw.core.errors import ConfigError
from emotiw.core.imported_scores import KEYS, TrainedOn, import_scores, table_from_frame
from emotiw.core.score_kinds import Kind
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.results import evaluate_all, results_frame
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.run import Run
from fusion.cross_fitting import fuse as fuse_tables
from fusion.fusion_options import FusionOptions
from fusion.result import FusionResult
from fusion.standalone import known_splits, score_columns

Clips = Run | Cohort | pd.DataFrame | Path | str


def load_scores(
    source: pd.DataFrame | Path | str,
    clips: Clips | None = None,
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
) -> ScoreTable:
    """Return scores from a file or a table, ready to be fused.

    Args:
        source: a CSV that the toolkit wrote; or a CSV, a folder of one per fold or a table in
            pandas, of any model, with a column ``clip_id`` and one per label.
        clips: for scores from elsewhere, what is known of the clips: a run, a cohort, or a table
            or CSV of ``clip_id``, ``label`` (or ``target``), ``group``, ``fold`` and ``split``.
        name: of the modality; that of the file by default.
        labels: in class order; by default those of the run, or the columns of the scores.
        kind: probabilities, log-probabilities, logits, or ``as is``; recognised by default.
        trained_on: what the models have seen: ``other folds``, ``train``, ``other data``, or
            ``unknown``, and then no fusion can be fitted on them.

    Raises:
        TableError: naming everything that is wrong with the scores.
        ConfigError: if scores from elsewhere come without clips.
    """
    if not isinstance(source, pd.DataFrame):
        source = Path(source)
        if source.is_file() and source.with_suffix(".json").is_file():
            return ScoreTable.read_csv(source)
    if clips is None:
        raise ConfigError("scores from elsewhere need the clips: a run, or a table of labels")
    cohort = _cohort(clips, labels or _columns(source))
    about: dict[str, Any] = {"kind": kind, "trained_on": trained_on}
    if isinstance(source, pd.DataFrame):
        return table_from_frame(source, cohort, name=name or "scores", **about)
    return import_scores(source, cohort, name=name or source.stem, **about)


def fuse(
    tables: Iterable[ScoreTable] | Mapping[str, ScoreTable],
    clips: Clips,
    *,
    metric: str = "",
    references: Mapping[str, ScoreTable] | None = None,
    seed: int = 0,
    **options: Any,
) -> FusionResult:
    """Calibrate and fuse scores; every figure is of clips that the fusion has not seen.

    Args:
        tables: one per modality.
        clips: a run, a cohort, or a table or CSV of the clips as in :func:`load_scores`.
        metric: by which the fusion is compared; that of the run's challenge by default.
        references: scores that the fusion is compared with but never sees.
        seed: of everything random.
        **options: of :class:`fusion.fusion_options.FusionOptions`: ``method``, ``calibration``, ….

    Returns:
        ``.table`` are the fused scores, ``.results`` what they are worth, ``.comparisons`` what
        they are better than, ``.summary()`` all of it in words.

    Raises:
        LeakageError: if a model has seen the groups of clips that would be fitted on.
        ConfigError: if an option is unknown.
    """
    named = dict(tables) if isinstance(tables, Mapping) else {t.name: t for t in tables}
    if not named:
        raise ConfigError("no scores to fuse")
    document = Document("fuse", options)
    checked = validated(FusionOptions, options, document=document)
    cohort = _cohort(clips, next(iter(named.values())).labels, named.values())
    if isinstance(clips, Run):
        metric = metric or clips.recipe.spec.metric
    return fuse_tables(
        named, cohort, options=checked, metric=metric, seed=seed, references=references
    )


def evaluate(
    scores: ScoreTable | Iterable[ScoreTable], clips: Clips, *, metrics: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row per table, split and metric, with 95 % intervals.

    A clip without scores counts as wrong, also one that a table does not list: ``n_scored`` of
    ``n`` tells how many have scores. Training clips are judged out of fold; those that a model has
    seen are a row of their own, whose ``provenance`` is ``seen``.

    Args:
        scores: one table or several.
        clips: a run, a cohort, or a table or CSV of the clips as in :func:`load_scores`.
        metrics: by name; all that suit the task by default.
    """
    tables = [scores] if isinstance(scores, ScoreTable) else list(scores)
    results = []
    for table in tables:
        chosen = [metric_named(name, table.task) for name in metrics]
        results += evaluate_all(
            [table], _cohort(clips, table.labels, [table]), chosen, in_sample=True
        )
    return results_frame(results)


def ablate(
    run: Run,
    axes: Mapping[str, Any] | None = None,
    *,
    reference: Mapping[str, Any] | None = None,
    **more: Any,
) -> Ablation:
    """Vary a run along some axes; ``.table`` has one row per variant, tested in pairs.

    Args:
        run: what is varied; everything that it has already is reused.
        axes: by name, as in a recipe's ``ablation: {axes: …}``; those of its recipe by default.
        reference: setting by axis of the row that all others are compared with.
        **more: ``combine``, ``metric``, ``split`` of
            :class:`emotiw.runs.ablation_settings.AblationSettings`.

    Raises:
        ConfigError: with everything that is wrong with the axes.
    """
    written: dict[str, Any] = dict(more)
    if axes is not None:
        written |= {"axes": dict(axes), "reference": dict(reference or {})}
    elif reference is not None:
        written["reference"] = dict(reference)
    asked = run.recipe.settings.ablation.model_dump() | written
    document = Document("ablate", asked)
    return work.ablate(run, validated(AblationSettings, asked, document=document))


def compare(run_a: Run | Path | str, run_b: Run | Path | str, **more: Any) -> Comparison:
    """Return what differs between two runs: settings, figures per class, clips that flipped.

    Args:
        run_a: a run, or its folder.
        run_b: the other.
        **more: ``split`` and ``metric`` of :func:`~emotiw.analysis.comparison.compare_runs`.
    """
    folders = [run.folder if isinstance(run, Run) else Path(run) for run in (run_a, run_b)]
    return compare_runs(*folders, **more)


def _cohort(clips: Clips, labels: Sequence[str], tables: Iterable[ScoreTable] = ()) -> Cohort:
    if isinstance(clips, Run):
        return clips.cohort()
    if isinstance(clips, Cohort):
        return clips
    if isinstance(clips, pd.DataFrame):
        frame, where = text_frame(clips), "clips"
    else:
        frame, where = read_frame(Path(clips)), str(clips)
    return cohort_of_frame(frame, labels, where=where, split_of=known_splits(tables))


def _columns(source: pd.DataFrame | Path) -> tuple[str, ...]:
    if isinstance(source, pd.DataFrame):
        return tuple(str(column) for column in source.columns if str(column) not in KEYS)
    return score_columns(source)
