"""Two runs side by side: what differs in their recipes, in every class, and in which clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotiw.core.cohort import Cohort
from emotiw.core.config import flat, read_document
from emotiw.core.errors import ConfigError, Problems, TableError, suggest
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Several
from emotiw.core.task import Decisions, Task
from emotiw.evaluation.differences import Difference, compare
from emotiw.evaluation.notes import adapted_notes, groups_notes_of, unscored_notes
from emotiw.evaluation.sample import JudgedOn, Sample, chosen_sample
from emotiw.runs.run import cohort_in

FUSED = "fused"
UNSEEN = ("name", "paths", "execution", "ablation")  # change no result


@dataclass(frozen=True)
class Side:
    """What one run has of a comparison.

    Attributes:
        folder: of the run.
        recipe: its settings, by ``key.key``.
        versions: of Python and packages.
        cohort: its clips.
        tables: its scores, by model, and ``fused``.
    """

    folder: Path
    recipe: Mapping[str, Any]
    versions: Mapping[str, Any]
    cohort: Cohort = field(repr=False)
    tables: Mapping[str, ScoreTable] = field(repr=False)


@dataclass(frozen=True, repr=False)
class Comparison(AsTable):
    """Run A and run B on the clips that both have.

    Attributes:
        a: the first run's folder.
        b: the second's.
        settings: columns key, a, b: what differs in recipes and versions.
        figures: per modality of both: metric, a, b, difference (b - a) with its interval and the
            p-value of the paired test over groups; in classification McNemar's too.
        classes: per modality and label: n, recall of a, recall of b, difference.
        clips: per modality and clip: group, answer, a, b; in classification whether each is
            right and the ``flip``: ``gained``, ``lost``, ``other`` (wrong in another way) or empty.
        only_a: clips that are judged in the first run alone.
        only_b: and in the second.
        split: what is judged.
        notes: what has to be said of the figures.
        task: what is asked.
    """

    a: Path
    b: Path
    settings: pd.DataFrame
    figures: pd.DataFrame
    classes: pd.DataFrame
    clips: pd.DataFrame
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    split: str
    notes: tuple[str, ...] = ()
    task: Task | None = None

    def __repr__(self) -> str:
        """Return what was compared in one line."""
        return f"<Comparison of {self.a.name} with {self.b.name}: {len(self.flips)} clips flipped>"

    def to_frame(self) -> pd.DataFrame:
        """Return the metrics of both, and their differences."""
        return self.figures

    @property
    def flips(self) -> pd.DataFrame:
        """The clips that one run has right and the other wrong."""
        return self.clips[self.clips["flip"].isin(["gained", "lost"])].reset_index(drop=True)

    def write(self, folder: Path) -> None:
        """Write the four tables as CSV."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("settings", "figures", "classes", "clips"):
            frame: pd.DataFrame = getattr(self, name)
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def compare_runs(
    folder_a: Path,
    folder_b: Path,
    *,
    split: JudgedOn = "auto",
    metric: str = "",
) -> Comparison:
    """Compare two runs of the same clips, joined by clip id.

    Args:
        folder_a: the folder of a run.
        folder_b: that of the run it is compared with.
        split: the clips judged; as in :func:`emotiw.evaluation.results.evaluate`.
        metric: by name; accuracy, or the root of the mean squared error, by default.

    Raises:
        ConfigError: if a folder is no run, or the runs have no modality or no clip in common.
        TableError: if they give other answers to the same clip.
    """
    a, b = read_side(folder_a), read_side(folder_b)
    names = [name for name in a.tables if name in b.tables]
    if not names:
        raise ConfigError(
            f"nothing to compare: {folder_a} has scores of {', '.join(a.tables) or 'no model'}, "
            f"{folder_b} of {', '.join(b.tables) or 'no model'}"
        )
    sample, only = common_sample(
        {side.folder: (side.tables[names[0]], side.cohort) for side in (a, b)}, split
    )
    figures, classes, clips = [], [], []
    noted: list[str] = []
    for name in sorted(names, key=lambda each: each != FUSED):
        one, other = a.tables[name], b.tables[name]
        if one.labels != other.labels:
            raise TableError(f"{name!r} has other labels in {folder_b} than in {folder_a}")
        found = compare(other, one, sample.cohort, metric, split=sample.split)
        pair = sample.predictions(one), sample.predictions(other)
        figures.append({"modality": name} | _figures(found))
        noted += [found.ours.note] * bool(found.ours.note)
        both = [(found.ours, b.folder.name), (found.theirs, a.folder.name)]
        own = [replace(result, name=f"{name} of {folder}") for result, folder in both]
        noted += [*adapted_notes(own), *unscored_notes(own)]
        classes += [{"modality": name} | row for row in _classes(sample, *pair)]
        clips += [{"modality": name} | row for row in _clips(sample, *pair)]
    clip_columns = ["modality", "clip_id", "group", "answer", "a", "b", "flip"]
    class_columns = ["modality", "label", "n", "a", "b", "difference"]
    return Comparison(
        a=folder_a,
        b=folder_b,
        settings=settings_of({"a": a, "b": b}),
        figures=pd.DataFrame(figures),
        classes=pd.DataFrame(classes, columns=class_columns),
        clips=pd.DataFrame(clips, columns=clip_columns),
        only_a=only[folder_a],
        only_b=only[folder_b],
        split=sample.split,
        notes=tuple(dict.fromkeys([*groups_notes_of((a.cohort, b.cohort)), *noted])),
        task=sample.task,
    )


def read_side(folder: Path) -> Side:
    """Read what a comparison needs of a run.

    Raises:
        ConfigError: if it is not the folder of a run.
    """
    if not (folder / "manifest.csv").is_file() or not (folder / "recipe.yaml").is_file():
        siblings = [path.name for path in folder.parent.glob("*") if path.is_dir()]
        hint = suggest(folder.name, siblings)
        raise ConfigError(f"{folder} is not the folder of a run: no manifest and recipe{hint}")
    recipe = read_document(folder / "recipe.yaml").data
    for key in UNSEEN:
        recipe.pop(key, None)
    versions_path = folder / "versions.json"
    versions = read_document(versions_path).data if versions_path.is_file() else {}
    paths = {path.stem: path for path in sorted((folder / "scores").glob("*.csv"))}
    if (folder / f"{FUSED}.csv").is_file():
        paths[FUSED] = folder / f"{FUSED}.csv"
    tables = {name: ScoreTable.read_csv(path) for name, path in paths.items()}
    # a manifest alone doesn't say how several answers and steps are to be read
    tasks = [t.task for t in tables.values() if t.is_by_step or isinstance(t.task, Several)]
    cohort = cohort_in(folder, next(iter(tasks), None)).rows
    return Side(folder, dict(flat(recipe)), versions, cohort, tables)


def common_sample(
    tables: Mapping[Path, tuple[ScoreTable, Cohort]], split: str = "auto"
) -> tuple[Sample, dict[Path, tuple[str, ...]]]:
    """Return the judged clips that all runs have, and those beyond that each of them has.

    Args:
        tables: by the folder of a run, scores and the run's clips; the first says what ``auto`` is.
        split: the clips judged; as in :func:`emotiw.evaluation.results.evaluate`.

    Raises:
        ConfigError: if they have no judged clip in common.
        TableError: if they have other labels, or other answers to the same clip.
    """
    folders = list(tables)
    first, cohort = tables[folders[0]]
    judged = {folder: chosen_sample(*tables[folder], split)[0] for folder in folders}
    shared = set.intersection(*(set(sample.clip_ids) for sample in judged.values()))
    if not shared:
        named = " and ".join(map(str, folders))
        raise ConfigError(f"{named} have no judged clip in common")
    known = cohort.answer_key()
    for folder in folders[1:]:
        problems = Problems(f"{folders[0]} and {folder}")
        table, others = tables[folder]
        if table.labels != first.labels:
            problems.add(f"labels {', '.join(first.labels)} in one, {', '.join(table.labels)} "
                         "in the other")  # fmt: skip
        theirs = others.answer_key()
        for clip_id in sorted(shared):
            if known[clip_id] != theirs[clip_id]:
                problems.add(
                    f"clip {clip_id!r} is {known[clip_id]!r} in one and {theirs[clip_id]!r} "
                    "in the other"
                )
        problems.raise_if_any(TableError)
    kept = cohort.only(shared)
    sample, _ = chosen_sample(first, kept, judged[folders[0]].split)
    beyond = {f: tuple(sorted(set(own.clip_ids) - shared)) for f, own in judged.items()}
    return sample, beyond


def _figures(found: Difference) -> dict[str, Any]:
    row: dict[str, Any] = {
        "metric": found.ours.metric.name,
        "n": found.ours.n,
        "a": found.theirs.value,
        "b": found.ours.value,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p,
    }
    if np.isfinite(found.mcnemar_p):
        row |= {"gained": found.gained, "lost": found.lost, "mcnemar_p": found.mcnemar_p}
    return row


def _classes(sample: Sample, a: Decisions, b: Decisions) -> Iterator[dict[str, Any]]:
    if not sample.task.is_label:
        return
    for code, label in enumerate(sample.task.labels):
        own = sample.y_true == code
        if own.any():
            recalls = [float((decided[own] == code).mean()) for decided in (a, b)]
            row = {"label": label, "n": int(own.sum()), "a": recalls[0], "b": recalls[1]}
            yield row | {"difference": recalls[1] - recalls[0]}


def _clips(sample: Sample, a: Decisions, b: Decisions) -> Iterator[dict[str, Any]]:
    name_of = sample.task.name_of
    for clip_id, truth, one, other in zip(sample.clip_ids, sample.y_true, a, b, strict=True):
        line: dict[str, Any] = {"clip_id": clip_id, "group": sample.cohort.groups[clip_id]}
        told = (_text(name_of(each)) for each in (truth, one, other))
        line |= {**dict(zip(("answer", "a", "b"), told, strict=True)), "flip": ""}
        if sample.task.is_label and one != other:
            line["flip"] = "other"
            if truth in (one, other):
                line["flip"] = "gained" if other == truth else "lost"
        yield line


def _text(answer: Any) -> Any:
    """Return an answer for a cell; several of them side by side."""
    if not isinstance(answer, tuple):
        return answer
    return "; ".join(one if isinstance(one, str) else f"{one:.6g}" for one in answer)


def settings_of(sides: Mapping[str, Side]) -> pd.DataFrame:
    """Return what differs in the recipes and versions of runs: ``key``, and a column per run."""
    rows = []
    every = list(sides.values())
    for part, prefix in (("recipe", ""), ("versions", "version of ")):
        told = [getattr(side, part) for side in every]
        for key in dict.fromkeys(key for one in told for key in one):
            values = [one.get(key) for one in told]
            if any(value != values[0] for value in values):
                rows.append((f"{prefix}{key}", *("" if v is None else str(v) for v in values)))
    return pd.DataFrame(rows, columns=["key", *sides])
