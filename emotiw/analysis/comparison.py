"""Two runs side by side: what differs in their recipes, in every class, and in which clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotiw.core.config import read_document
from emotiw.core.errors import ConfigError, Problems, TableError, suggest
from emotiw.core.manifest import Manifest
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.judging import Judge, JudgedOn, judge_of
from emotiw.evaluation.metrics import METRICS
from emotiw.evaluation.paired import Difference
from emotiw.evaluation.significance import RESAMPLED, mcnemar

FUSED = "fused"
UNSEEN = ("name", "paths", "execution", "ablation")  # change no result


@dataclass(frozen=True)
class Side:
    """What one run has of a comparison.

    Attributes:
        folder: of the run.
        recipe: its settings, by ``key.key``.
        versions: of Python and packages.
        manifest: its clips.
        tables: its scores, by model, and ``fused``.
    """

    folder: Path
    recipe: Mapping[str, Any]
    versions: Mapping[str, Any]
    manifest: Manifest = field(repr=False)
    tables: Mapping[str, ScoreTable] = field(repr=False)


@dataclass(frozen=True)
class Comparison:
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
    metric: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare two runs of the same clips, joined by clip id.

    Args:
        folder_a: the folder of a run.
        folder_b: the folder of the run that it is compared with.
        split: the clips judged; as in :func:`emotiw.evaluation.judging.judge_of`.
        metric: by name; accuracy, or the root of the mean squared error, by default.
        seed: of resampling.

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
    judge, only_a, only_b = _judge(a, b, names[0], split=split, metric=metric, seed=seed)
    figures, classes, clips = [], [], []
    for name in sorted(names, key=lambda each: each != FUSED):
        if a.tables[name].labels != b.tables[name].labels:
            raise TableError(f"{name!r} has other labels in {folder_b} than in {folder_a}")
        decided_a, decided_b = judge.decided(a.tables[name]), judge.decided(b.tables[name])
        figures.append({"modality": name} | _figures(judge, decided_a, decided_b))
        classes += [{"modality": name} | row for row in _classes(judge, decided_a, decided_b)]
        clips += [{"modality": name} | row for row in _clips(judge, decided_a, decided_b)]
    clip_columns = ["modality", "clip_id", "group", "answer", "a", "b", "flip"]
    class_columns = ["modality", "label", "n", "a", "b", "difference"]
    return Comparison(
        a=folder_a,
        b=folder_b,
        settings=_settings(a, b),
        figures=pd.DataFrame(figures),
        classes=pd.DataFrame(classes, columns=class_columns),
        clips=pd.DataFrame(clips, columns=clip_columns),
        only_a=only_a,
        only_b=only_b,
        split=judge.split,
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
    manifest = Manifest.read_csv(folder / "manifest.csv", root=folder)
    return Side(folder, dict(_flat(recipe)), versions, manifest, tables)


def _judge(
    a: Side, b: Side, name: str, *, split: JudgedOn, metric: str | None, seed: int
) -> tuple[Judge, tuple[str, ...], tuple[str, ...]]:
    task, labels = a.tables[name].task, a.tables[name].labels
    suited = [n for n, m in METRICS.items() if m.task == task and n in RESAMPLED]
    metric = metric or ("accuracy" if task == "classification" else "rmse")
    if metric not in suited:
        known = ", ".join(suited)
        raise ConfigError(f"no test for metric {metric!r}{suggest(metric, suited)} ({known})")
    judges = [
        judge_of(
            side.manifest,
            side.manifest.groups(),
            labels=labels,
            task=task,
            metric=metric,
            split=split,
            seed=seed,
        )
        for side in (a, b)
    ]
    one, other = (judge.clips.set_index("clip_id") for judge in judges)
    both = one.index.intersection(other.index)
    if both.empty:
        raise ConfigError(f"{a.folder} and {b.folder} have no judged clip in common")
    problems = Problems(f"{a.folder} and {b.folder}")
    for clip_id in both[one.loc[both, "answer"].ne(other.loc[both, "answer"])]:
        first, second = one.loc[clip_id, "answer"], other.loc[clip_id, "answer"]
        problems.add(f"clip {clip_id!r} is {first!r} in one and {second!r} in the other")
    problems.raise_if_any(TableError)
    clips = one.loc[both].reset_index()
    judge = Judge(clips, labels, task, metric, judges[0].split, seed)
    only_a, only_b = (tuple(own.index.difference(both)) for own in (one, other))
    return judge, only_a, only_b


def _figures(judge: Judge, decided_a: Any, decided_b: Any) -> dict[str, Any]:
    found: Difference = judge.difference(decided_b, decided_a)
    row: dict[str, Any] = {
        "metric": judge.metric,
        "a": judge.verdict(decided_a).value,
        "b": judge.verdict(decided_b).value,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p,
    }
    if judge.task == "classification":
        right_a, right_b = decided_a == judge.truth, decided_b == judge.truth
        row["gained"] = int((right_b & ~right_a).sum())
        row["lost"] = int((right_a & ~right_b).sum())
        row["mcnemar_p"] = mcnemar(right_b, right_a)
    return row


def _classes(judge: Judge, decided_a: Any, decided_b: Any) -> Iterator[dict[str, Any]]:
    if judge.task != "classification":
        return
    truth = judge.truth
    for code, label in enumerate(judge.labels):
        own = truth == code
        if not own.any():
            continue
        recalls = [float((decided[own] == code).mean()) for decided in (decided_a, decided_b)]
        row = {"label": label, "n": int(own.sum()), "a": recalls[0], "b": recalls[1]}
        yield row | {"difference": recalls[1] - recalls[0]}


def _clips(judge: Judge, decided_a: Any, decided_b: Any) -> Iterator[dict[str, Any]]:
    truth, is_label = judge.truth, judge.task == "classification"
    names = np.array([*judge.labels, ""], dtype=object)
    for row, clip in enumerate(judge.clips.to_dict("records")):
        one, other = decided_a[row], decided_b[row]
        line = {key: clip[key] for key in ("clip_id", "group", "answer")}
        if is_label:
            flip = "" if one == other else "other"
            if truth[row] in (one, other) and one != other:
                flip = "gained" if other == truth[row] else "lost"
            yield line | {"a": names[one], "b": names[other], "flip": flip}
        else:
            yield line | {"a": one, "b": other, "flip": ""}


def _settings(a: Side, b: Side) -> pd.DataFrame:
    rows = []
    for one, other, prefix in ((a.recipe, b.recipe, ""), (a.versions, b.versions, "version of ")):
        for key in dict.fromkeys([*one, *other]):
            if one.get(key) != other.get(key):
                rows.append((f"{prefix}{key}", _text(one.get(key)), _text(other.get(key))))
    return pd.DataFrame(rows, columns=["key", "a", "b"])


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
