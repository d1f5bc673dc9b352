"""The toolkit from a notebook: scores from anywhere, fused and judged, as tables in pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from emotiw.analysis.ablation import work
from emotiw.analysis.ablation.ablation_table import Ablation
from emotiw.analysis.comparison import Comparison, compare_runs
from emotiw.analysis.leaderboard import rank_runs, runs_of
from emotiw.analysis.report.page import MOST_MB, Report, write_report
from emotiw.analysis.report.side_by_side import write_side_by_side
from emotiw.challenges.spec import load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import cohort_of_frame
from emotiw.core.config import Document, validated
from emotiw.core.csv_rows import read_frame, text_frame
from emotiw.core.errors import ConfigError
from emotiw.core.imported_scores import TrainedOn, import_scores, label_columns, table_from_frame
from emotiw.core.notices import warn
from emotiw.core.score_kinds import Kind
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.results import evaluate_all, results_frame
from emotiw.evaluation.sample import JudgedOn
from emotiw.runs.ablation_settings import AblationKeywords, AblationSettings
from emotiw.runs.run import Run, reopen_run
from emotiw.runs.stages import submit as submission_stage
from fusion.cross_fitting import fuse as fuse_tables
from fusion.fusion_options import FusionKeywords, FusionOptions
from fusion.result import FusionResult
from fusion.standalone import known_splits, score_columns
from submissions import checker
from submissions.attempts import Attempts
from submissions.check_report import CheckReport

Scores = ScoreTable | pd.DataFrame
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
    tables: Iterable[Scores] | Mapping[str, Scores],
    clips: Clips,
    *,
    metric: str = "",
    references: Mapping[str, Scores] | None = None,
    seed: int = 0,
    **options: Unpack[FusionKeywords],
) -> FusionResult:
    """Calibrate and fuse scores; every figure is of clips that the fusion has not seen.

    Args:
        tables: one per modality; of plain tables in pandas the models have seen other folds, and
            anything else is said by :func:`load_scores`.
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
    named = _named(tables, clips)
    if not named:
        raise ConfigError("no scores to fuse")
    asked = dict(options)
    checked = validated(FusionOptions, asked, document=Document("fuse", asked))
    cohort = _cohort(clips, next(iter(named.values())).labels, named.values())
    if isinstance(clips, Run):
        metric = metric or clips.recipe.spec.metric
    return fuse_tables(
        named,
        cohort,
        options=checked,
        metric=metric,
        seed=seed,
        references=_named(references or {}, clips),
    )


def evaluate(
    scores: Scores | Iterable[Scores], clips: Clips, *, metrics: Sequence[str] = ()
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
    several = [scores] if isinstance(scores, ScoreTable | pd.DataFrame) else scores
    results = []
    for table in _named(several, clips).values():
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
    **more: Unpack[AblationKeywords],
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


def compare(
    run_a: Run | Path | str,
    run_b: Run | Path | str,
    *,
    split: JudgedOn = "auto",
    metric: str = "",
) -> Comparison:
    """Return what differs between two runs: settings, figures per class, clips that flipped.

    Args:
        run_a: a run, or its folder.
        run_b: the other.
        split: the clips judged; as in :func:`emotiw.evaluation.results.evaluate`.
        metric: by name; accuracy, or the root of the mean squared error, by default.
    """
    folders = [run.folder if isinstance(run, Run) else Path(run) for run in (run_a, run_b)]
    return compare_runs(*folders, split=split, metric=metric)


def predict(
    inputs: Path | str | Iterable[Path | str],
    *,
    run: Run | Path | str | None = None,
    weights: str | None = None,
    window_sec: float | None = None,
    hop_sec: float | None = None,
    speakers: pd.DataFrame | Path | str | None = None,
    transcripts: Path | str | None = None,
    device: str | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the emotion in videos, photographs and recordings: a row per file, person, window.

    Args:
        inputs: files, or folders of them.
        run: a trained run, or its folder; the bundled face and voice models without one.
        weights: without a run: a weights card of a frame CNN with labels.
        window_sec: also score windows of so many seconds.
        hop_sec: from one window to the next; half of it by default.
        speakers: with a run: ``clip_id`` (the file's stem) and ``group``, for models that go by
            speaker.
        transcripts: with a run: a table of ``clip_id`` (the file's stem) and ``text``, or a folder.
        device: where networks compute; the run's own choice, or ``auto``.
        workers: processes; they change no answer.

    Returns:
        ``file``, ``person`` (missing for everyone together), ``start_sec``, ``end_sec``,
        ``is_whole``, what a row rests on (``n_people``, ``n_faces`` counted in every frame,
        ``speech_sec``, ``rests_on``), ``prediction``, which may be ``unsure``, and then the two
        ``nearest`` labels; ``derived_valence`` and ``derived_arousal``, from the scores; a column
        per label, and ``reason`` where there is nothing.

    Raises:
        ConfigError: if there are no such files, or options exclude each other.
        EmotiwError: if the run or the weights can't be used.
    """
    from emotiw.predict.company import speakers_told
    from emotiw.predict.inputs import media_files
    from emotiw.predict.predict_files import Wanted, predict_files
    from emotiw.predict.prediction_rows import prediction_frame
    from emotiw.predict.spoken import read_spoken

    if run is not None and weights is not None:
        raise ConfigError("run and weights exclude each other")
    if run is None and (speakers is not None or transcripts is not None):
        raise ConfigError("speakers and transcripts need a run: only its models go by them")
    named = [inputs] if isinstance(inputs, Path | str) else inputs
    files = media_files([Path(each) for each in named])
    folder = run.folder if isinstance(run, Run) else None if run is None else Path(run)
    who = speakers_told(speakers, files)
    said = read_spoken(Path(transcripts), files) if transcripts is not None else ()
    wanted = Wanted(folder, (), weights, window_sec, hop_sec, None, None, device, who, said)
    return prediction_frame(predict_files(files, wanted, workers=workers))


def report(
    run: Run | Path | str | Sequence[Run | Path | str],
    path: Path | str | None = None,
    *,
    samples: bool = True,
    budget_mb: float = MOST_MB,
) -> Report:
    """Write one HTML file that shows a run, or several side by side, and what to do next.

    Args:
        run: a run, or its folder; or several of the same clips.
        path: the file; by default ``report.html`` in the run's folder, or a file beside it with
            the names of all runs.
        samples: whether short videos, images and sounds of clips go in.
        budget_mb: megabytes of the page; what is beyond 5 is for videos.

    Raises:
        ConfigError: if several runs have no clip in common.
    """
    several = [run] if isinstance(run, Run | Path | str) else run
    opened = [one if isinstance(one, Run) else reopen_run(Path(one)) for one in several]
    target = None if path is None else Path(path)
    if len(opened) == 1:
        return write_report(opened[0], target, has_samples=samples, budget_mb=budget_mb)
    return write_side_by_side(opened, target, has_samples=samples, budget_mb=budget_mb)


def check_submission(
    path: Path | str, of: Run | str, *, clips: Path | str | Iterable[str] | None = None
) -> CheckReport:
    """Return everything that is wrong or odd with a submission; nothing is unpacked or sent.

    Args:
        path: the file.
        of: the run whose test clips it answers for; or the name of a challenge.
        clips: with a challenge: the folder of test clips, a list of their ids as a file, or the
            ids. Without it their names are not checked.
    """
    if isinstance(of, Run):
        return submission_stage.check(of, Path(path))
    if clips is None or isinstance(clips, Path | str):
        listed = None if clips is None else Path(clips)
        return submission_stage.check_alone(of, Path(path), listed)
    return checker.check_submission(load_spec(of), Path(path), expected_ids=list(clips))


def leaderboard(challenge: str, runs: Path | str = "runs") -> pd.DataFrame:
    """Return all runs of a challenge by its official metric, among what was published, best first.

    Args:
        challenge: its name, or its YAML file.
        runs: the folder of runs.

    Returns:
        The columns of :class:`emotiw.analysis.leaderboard.Standing`.
    """
    spec, folder = load_spec(challenge), Path(runs)
    rows = Attempts(folder).rows(spec.name)
    tested = {row.run: row.test for row in rows if row.test is not None}
    standings, unread = rank_runs(spec, runs_of(spec, folder), test_values=tested)
    for reason in unread:
        warn(f"left out: {reason}")
    return pd.DataFrame([vars(standing) for standing in standings])


def _named(tables: Iterable[Scores] | Mapping[str, Scores], clips: Clips) -> dict[str, ScoreTable]:
    """Return score tables by name; those in pandas, without one, are numbered."""
    if not isinstance(tables, Mapping):
        tables = {
            table.name if isinstance(table, ScoreTable) else f"scores {number}": table
            for number, table in enumerate(tables, start=1)
        }
    return {
        name: table if isinstance(table, ScoreTable) else load_scores(table, clips, name=name)
        for name, table in tables.items()
    }


def _cohort(clips: Clips, labels: Sequence[str], tables: Iterable[ScoreTable] = ()) -> Cohort:
    if isinstance(clips, Run | Cohort):
        return (clips.cohort() if isinstance(clips, Run) else clips).rows
    if isinstance(clips, pd.DataFrame):
        frame, where = text_frame(clips), "clips"
    else:
        frame, where = read_frame(Path(clips)), str(clips)
    return cohort_of_frame(frame, labels, where=where, split_of=known_splits(tables)).rows


def _columns(source: pd.DataFrame | Path) -> tuple[str, ...]:
    if isinstance(source, pd.DataFrame):
        return label_columns(map(str, source.columns))
    return score_columns(source)
