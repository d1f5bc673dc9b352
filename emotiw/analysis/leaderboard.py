"""All runs of a challenge by its official metric, next to what was published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from emotiw.analysis.text_tables import as_columns, as_csv, as_latex, as_markdown
from emotiw.challenges.spec import ChallengeSpec, load_spec, spec_names
from emotiw.core.config import read_document
from emotiw.core.errors import ConfigError, EmotiwError, suggest
from emotiw.core.files import shown_in_full
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.notes import groups_notes
from emotiw.evaluation.results import Result, evaluate
from emotiw.runs.edits import edits_of, outdated
from emotiw.runs.records import Records
from emotiw.runs.run import FUSED, cohort_in

FORMS = ("table", "csv", "markdown", "latex")
COLUMNS = (
    "rank", "who", "kind", "split", "value", "low", "high", "n", "test", "certainty", "note",
)  # fmt: skip
ALIGN = "rlllrrrrrll"
UNKNOWN = "speakers unknown"
DOUBT = ("", "found", "computed", "assumed", "memory")  # the surest first


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard; figures that are percentages are given in percent.

    Attributes:
        who: the run and its modality, or the published method.
        kind: ``run``, ``baseline``, ``winner`` or ``entry``.
        split: what ``value`` is on: ``val``, or ``folds`` for out-of-fold scores of training
            clips where there is no validation set; empty where only a test figure is known.
        value: the official metric there; NaN where unknown.
        low: lower end of its 95 % interval; NaN where there is none.
        high: upper end.
        n: clips judged; 0 where unknown.
        test: the official metric on test, as published or as the organisers returned it; NaN
            where unknown.
        certainty: of published figures, the lesser where there are two.
        note: what was changed by hand in the run, or is out of date; that speakers are unknown.
        protocol: how training clips were held out; values of two protocols don't compare. Empty
            for the challenge's own splits.
    """

    who: str
    kind: str
    split: str
    value: float
    low: float = np.nan
    high: float = np.nan
    n: int = 0
    test: float = np.nan
    certainty: str = ""
    note: str = ""
    protocol: str = ""


def rank_runs(
    spec: ChallengeSpec,
    folders: Iterable[Path],
    *,
    test_values: Mapping[str, float] | None = None,
) -> tuple[list[Standing], list[str]]:
    """Return every modality and fusion of these runs, best first, among the published figures.

    Args:
        folders: of runs, each with ``manifest.csv``, ``fused.csv`` and ``scores/*.csv``.
        test_values: what the organisers returned, by run.

    Returns:
        The standings, and the reason for every file that could not be read.
    """
    standings = published(spec)
    unread: list[str] = []
    for folder in folders:
        try:
            own, cohort = protocol_of(spec, folder), cohort_in(folder, spec.task).rows
        except EmotiwError as error:
            unread.append(str(error))
            continue
        records = Records(folder)
        note = "; ".join([*map(str, edits_of(records)), *outdated(records)])
        for path in (folder / f"{FUSED}.csv", *sorted((folder / "scores").glob("*.csv"))):
            if not path.is_file():
                continue
            try:
                result = evaluate(ScoreTable.read_csv(path), cohort, spec.metric)
            except EmotiwError as error:
                unread.append(f"{path}: {error}")
                continue
            test = (test_values or {}).get(folder.name, np.nan) if path.stem == FUSED else np.nan
            line = standing_of(result, f"{folder.name}/{path.stem}", test=test)
            doubts = [UNKNOWN] * (not result.knows_groups)
            doubts += ["speakers estimated"] * cohort.estimates_groups
            doubts += [f"adapted on {clips}" for clips in result.adapted_on]
            told = "; ".join([note] * bool(note) + doubts)
            protocol = own if line.split == "folds" else ""
            standings.append(replace(line, note=told, protocol=protocol))
    return ranked(spec, standings), unread


def runs_of(spec: ChallengeSpec, runs: Path) -> list[Path]:
    """Return the folders of runs of a challenge, by what their ``recipe.yaml`` says.

    Those whose recipe is damaged are among them: whoever ranks runs says so of them.

    Raises:
        ConfigError: if there is no such folder.
    """
    if not runs.is_dir():
        raise ConfigError(f"no folder of runs at {shown_in_full(runs)}")
    recipes = sorted(runs.glob("*/recipe.yaml"))
    return [recipe.parent for recipe in recipes if _challenge_of(recipe) in {spec.name, None}]


def _challenge_of(recipe: Path) -> str | None:
    """Return the name of a recipe's challenge; that of its file where this is gone.

    None where the recipe can't be read.
    """
    try:
        asked = str(read_document(recipe).data.get("challenge", ""))
    except ConfigError:
        return None
    try:
        return asked if asked in spec_names() else load_spec(asked).name
    except ConfigError:
        return Path(asked).stem


def protocol_of(spec: ChallengeSpec, run: Path) -> str:
    """Return the protocol that a run's recipe names: the challenge's first where it names none.

    Folds that the recipe makes itself are no protocol of the challenge, and told by their scheme.
    """
    path = run / "recipe.yaml"
    recipe = read_document(path).data if path.is_file() else {}
    data, folds = recipe.get("data"), recipe.get("folds")
    scheme = folds.get("scheme", "auto") if isinstance(folds, dict) else "auto"
    if spec.folds and scheme not in ("auto", "manifest"):
        return f"folds of its own, {scheme}"
    options = data.get("options") if isinstance(data, dict) else None
    own = options if isinstance(options, dict) else {}
    asked = own.get("protocol") or spec.layout.options.get("protocol")
    return str(asked) if asked else next(iter(spec.folds), "")


def standing_of(result: Result, who: str, *, test: float = np.nan) -> Standing:
    """Return where scores stand: on validation clips, or out of fold where there are none."""
    scale, split = result.metric.scale, "folds" if result.split == "train" else result.split
    value, low, high = (scale * end for end in (result.value, result.low, result.high))
    return Standing(who, "run", split, value, low, high, result.n, test)


def published(spec: ChallengeSpec) -> list[Standing]:
    """Return the published figures of a challenge in its official metric.

    A method has one line per protocol.
    """
    lines: dict[tuple[str, str], Standing] = {}
    for figure in spec.figures:
        if figure.metric not in (None, spec.metric):
            continue
        key = (figure.who, figure.protocol)
        known = lines.get(key, Standing(figure.who, figure.kind, "", np.nan))
        is_test = figure.split == "test"
        lines[key] = Standing(
            who=figure.who,
            kind=figure.kind,
            split=known.split if is_test else figure.split,
            value=known.value if is_test else figure.value,
            test=figure.value if is_test else known.test,
            certainty=max(figure.certainty, known.certainty, key=DOUBT.index),
            protocol=figure.protocol,
        )
    return list(lines.values())


def ranked(spec: ChallengeSpec, standings: Collection[Standing]) -> list[Standing]:
    """Return standings best first; those known on test alone come last, by their test figure.

    Those of one protocol stand together: first the challenge's own splits, then its protocols in
    their order, then any other.
    """
    protocols = ["", *spec.folds, *sorted({line.protocol for line in standings} - set(spec.folds))]
    sign = -1.0 if spec.official_metric.is_higher_better else 1.0

    def place(line: Standing) -> tuple[int, bool, float, str]:
        is_unknown = bool(np.isnan(line.value))
        order = protocols.index(line.protocol)
        return order, is_unknown, sign * (line.test if is_unknown else line.value), line.who

    return sorted(standings, key=place)


def to_rows(spec: ChallengeSpec, standings: Sequence[Standing]) -> list[list[str]]:
    """Return the cells of the leaderboard as text, in the order of ``COLUMNS``, and the protocol.

    Ranks begin anew with every protocol.
    """
    return [
        row for _, lines in by_protocol(standings) for row in _rows_of(spec.official_metric, lines)
    ]


def by_protocol(standings: Sequence[Standing]) -> Iterator[tuple[str, list[Standing]]]:
    """Yield the standings of each protocol; they are ranked already."""
    for protocol, lines in groupby(standings, key=lambda line: line.protocol):
        yield protocol, list(lines)


def _rows_of(metric: Metric, standings: Sequence[Standing]) -> list[list[str]]:
    def text(value: float) -> str:
        return metric.number(value / metric.scale)

    return [
        [
            "" if np.isnan(line.value) else str(rank),
            line.who,
            line.kind,
            line.split,
            text(line.value),
            text(line.low),
            text(line.high),
            str(line.n or ""),
            text(line.test),
            line.certainty,
            line.note,
            line.protocol,
        ]
        for rank, line in enumerate(standings, start=1)
    ]


def render(spec: ChallengeSpec, standings: Sequence[Standing], form: str = "table") -> str:
    """Return the leaderboard as text: a table per protocol, or one with a column that names it.

    Raises:
        ConfigError: if the form is unknown.
    """
    if form not in FORMS:
        raise ConfigError(f"unknown form {form!r}{suggest(form, FORMS)} ({', '.join(FORMS)})")
    if form != "table":
        columns, align, rows = [*COLUMNS, "protocol"], ALIGN + "l", to_rows(spec, standings)
        if not any(line.protocol for line in standings):
            columns, align, rows = columns[:-1], ALIGN, [row[:-1] for row in rows]
        if form == "csv":
            return as_csv(columns, rows)
        as_text = as_markdown if form == "markdown" else as_latex
        return as_text(columns, rows, align)
    tables = [f"{spec.title}: {spec.metric}\n"]
    for protocol, lines in by_protocol(standings):
        head = f"\nprotocol {protocol}, compared with no other:\n" if protocol else ""
        part = [row[:-1] for row in _rows_of(spec.official_metric, lines)]
        tables.append(head + as_columns(COLUMNS, part))
    tables += [
        f"{note}\n" for note in groups_notes(not any(UNKNOWN in line.note for line in standings))
    ]
    return "".join(tables)
