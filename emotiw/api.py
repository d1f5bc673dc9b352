"""The toolkit from a notebook: scores from anywhere, fused and judged, as tables in pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.analysis.ablation import work
from emotiw.analysis.ablation.ablation_table import Ablation
from emotiw.analysis.comparison import Comparison, compare_runs
from emotiw.core.config import Document, validated
from emotiw.core.errors import ConfigError
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.figures import evaluate as evaluate_table
from emotiw.evaluation.figures import figures_frame
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.run import Run
from emotiw.runs.stages.fuse import fusion_inputs
from emotiw.runs.stages.train import training_folds
from fusion.cross_fitting import fuse as fuse_tables
from fusion.fusion_options import FusionOptions
from fusion.imported_scores import KEYS, ClipFacts, Kind, TrainedOn, import_scores, table_from_frame
from fusion.result import FusionResult
from fusion.standalone import Answers, answers_of, read_text, score_columns

Sheet = Run | pd.DataFrame | Path | str


def load_scores(
    source: pd.DataFrame | Path | str,
    answers: Sheet | None = None,
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
        answers: for scores from elsewhere, what is known of the clips: a run, or a table or CSV
            of ``clip_id``, ``label`` (or ``target``), ``group``, ``fold`` and ``split``.
        name: of the modality; that of the file by default.
        labels: in class order; by default those of the run, or the columns of the scores.
        kind: probabilities, log-probabilities or logits; recognised by default.
        trained_on: what the models have seen: ``other folds``, ``train``, ``other data``, or
            ``unknown``, and then no fusion can be fitted on them.

    Raises:
        TableError: naming everything that is wrong with the scores.
        ConfigError: if scores from elsewhere come without answers.
    """
    if not isinstance(source, pd.DataFrame):
        source = Path(source)
        if source.is_file() and source.with_suffix(".json").is_file():
            return ScoreTable.read_csv(source)
    if answers is None:
        raise ConfigError("scores from elsewhere need answers: a run, or a table of the clips")
    if labels is None:
        labels = answers.labels if isinstance(answers, Run) else _columns(source)
    known = _sheet(answers, labels)
    about: dict[str, Any] = {"labels": labels, "kind": kind, "trained_on": trained_on}
    about |= {"clips": known.clips, "task": known.task}
    if isinstance(source, pd.DataFrame):
        return table_from_frame(source, name=name or "scores", **about)
    return import_scores(source, name=name or source.stem, **about)


def fuse(
    tables: Iterable[ScoreTable] | Mapping[str, ScoreTable],
    answers: Sheet,
    *,
    references: Mapping[str, ScoreTable] | None = None,
    seed: int = 0,
    **options: Any,
) -> FusionResult:
    """Calibrate and fuse scores; every figure is of clips that the fusion has not seen.

    Args:
        tables: one per modality.
        answers: a run, or a table or CSV of the clips as in :func:`load_scores`.
        references: scores that the fusion is compared with but never sees.
        seed: of everything random.
        **options: of :class:`fusion.fusion_options.FusionOptions`: ``method``, ``calibration``, ….

    Returns:
        ``.table`` are the fused scores, ``.cross_fitted`` the figures, ``.interval(metric)`` how
        sure they are, ``.summary()`` all of it in words.

    Raises:
        LeakageError: if a model has seen the groups of clips that would be fitted on.
        ConfigError: if an option is unknown.
    """
    named = dict(tables) if isinstance(tables, Mapping) else {t.name: t for t in tables}
    if not named:
        raise ConfigError("no scores to fuse")
    document = Document("fuse", options)
    checked = validated(FusionOptions, options, document=document)
    if isinstance(answers, Run):
        told = fusion_inputs(answers, ())
        about: dict[str, Any] = {"answers": told.fit_answers, "groups": told.groups}
        about["folds"] = told.folds or None
    else:
        labels = next(iter(named.values())).labels
        known = _sheet(answers, labels)
        about = {"answers": known.values, "groups": {c: f.group for c, f in known.clips.items()}}  # noqa: PD011
        about["folds"] = {c: f.fold for c, f in known.clips.items() if f.fold is not None} or None
    return fuse_tables(named, options=checked, seed=seed, references=references, **about)


def evaluate(
    scores: ScoreTable | Iterable[ScoreTable], answers: Sheet, *, metrics: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row per table, split and metric; a clip without scores counts as wrong.

    So does a clip that a table does not list: ``n_scored`` of ``n`` tells how many have scores.

    Args:
        scores: one table or several.
        answers: a run, or a table or CSV of the clips as in :func:`load_scores`.
        metrics: by name; all that suit the task by default.
    """
    tables = [scores] if isinstance(scores, ScoreTable) else list(scores)
    figures = []
    for table in tables:
        if isinstance(answers, Run):
            manifest = answers.manifest()
            key, splits = manifest.answer_key(), manifest.splits()
        else:
            sheet = _sheet(answers, table.labels)
            key = dict(sheet.values)
            splits = {clip_id: facts.split for clip_id, facts in sheet.clips.items()}
        figures += evaluate_table(table, key, splits=splits, metrics=metrics)
    return figures_frame(figures)


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
        **more: ``split``, ``metric``, ``seed`` of :func:`~emotiw.analysis.comparison.compare_runs`.
    """
    folders = [run.folder if isinstance(run, Run) else Path(run) for run in (run_a, run_b)]
    return compare_runs(*folders, **more)


def _sheet(answers: Sheet, labels: Sequence[str]) -> Answers:
    if isinstance(answers, Run):
        return _clips_of(answers)
    if isinstance(answers, pd.DataFrame):
        return answers_of(answers, labels, where="answers")
    return answers_of(read_text(Path(answers)), labels, where=str(answers))


def _clips_of(run: Run) -> Answers:
    manifest = run.manifest()
    prints = run.fingerprints(manifest)
    groups = manifest.groups_or_contents(prints)
    folds = training_folds(run, manifest, prints)
    clips = {
        clip.clip_id: ClipFacts(clip.split, groups[clip.clip_id], folds.get(clip.clip_id))
        for clip in manifest
    }
    return Answers(manifest.answer_key(), clips, run.labels, run.recipe.spec.task)


def _columns(source: pd.DataFrame | Path) -> tuple[str, ...]:
    if isinstance(source, pd.DataFrame):
        return tuple(str(column) for column in source.columns if str(column) not in KEYS)
    return score_columns(source)
