"""Group models on synthetic groups, and the faces of real group photographs.

    python benchmarks/groups.py [--seeds 5] [--first 0] [--folder FOLDER]
    python benchmarks/groups.py --photographs FOLDER

The first command makes the demo's corpora of groups with several seeds, and compares the demo's
models with the majority class, with the largest face alone, and with every aggregation by itself.
All groups are judged by models that have not seen them: training ones out of fold, validation and
test ones by the final model. It says how the parts fit together, and nothing about real groups.

The second sends a folder of photographs through the recipe of that name, and tells of each how
many people are in the output, and the seconds that it took to find them.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.stats import t

from emotiw.core.score_table import ScoreTable
from emotiw.demo.group_corpus import make_group_corpus
from emotiw.models.aggregation.registry import AGGREGATIONS
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.fuse import fuse_inputs, fusion_inputs
from emotiw.runs.stages.index import index
from emotiw.runs.stages.train import train_all

DEMOS = {"demo_gaf": "stills", "demo_vgaf": "clips"}
Shares = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, help="group photographs of one's own")
    parser.add_argument("--seeds", type=int, default=5, help="corpora of each kind")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--folder", type=Path, help="keeps the corpora and the runs")
    given = parser.parse_args()
    if given.photographs:
        photographs(given.photographs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        seeds = range(given.first, given.first + given.seeds)
        for seed in seeds:
            make_group_corpus(folder / f"s{seed}", seed=seed, workers=2)
        for demo in DEMOS:
            report(demo, [compare(demo, folder, seed) for seed in seeds])


def compare(demo: str, folder: Path, seed: int) -> Shares:
    """Return the share of groups that each model gets right."""
    root = folder / f"s{seed}" / DEMOS[demo]
    settings = [f"data.root={root}", f"paths.runs={folder / 'runs'}", f"name={demo}-{seed}"]
    ours = open_run(demo, settings).recipe.models
    others = {name: alone(name) for name in AGGREGATIONS.names()}
    others["vote"] = {"model": "vote", "features": "people"}
    run = open_run(demo, [*settings, *(f"models.{n}={json.dumps(o)}" for n, o in others.items())])
    manifest = index(run)
    find_all_faces(run)
    extract_all(run)
    train_all(run)
    with (root / "demo_truth.csv").open(encoding="utf-8", newline="") as file:
        of_test = {row["clip_id"]: row["label"] for row in csv.DictReader(file)}
    truth = {clip.clip_id: clip.label or of_test[clip.clip_id] for clip in manifest}
    fused = fuse_inputs(fusion_inputs(run, list(ours)))
    tables = {name: ScoreTable.read_csv(run.scores_path(name)) for name in (*others, *ours)}
    most = Counter(truth.values()).most_common(1)[0][1] / len(truth)
    return (
        {"majority class": most}
        | {name: share_right(table, truth) for name, table in tables.items()}
        | {"fused": share_right(fused.table, truth)}
    )


def alone(aggregation: str) -> Mapping[str, str]:
    if AGGREGATIONS.resolve(aggregation).is_learned:
        return {"model": "group_network", "features": "people", "aggregation": aggregation}
    part = {"aggregation": aggregation, "learner": "logistic"}
    return {"model": "group", "features": "people", **part}


def share_right(table: ScoreTable, truth: Mapping[str, str]) -> float:
    said = table.predictions()
    return sum(said.get(clip_id) == label for clip_id, label in truth.items()) / len(truth)


def report(demo: str, found: list[Shares]) -> None:
    print(f"\n{demo}, {len(found)} synthetic corpora: % right, mean and 95 % interval over corpora")
    for name in found[0]:
        row([one[name] for one in found], name)
    for other in ("majority class", "largest"):
        row([one["fused"] - one[other] for one in found], f"fused above {other}")


def row(shares: list[float], name: str) -> None:
    values = 100 * np.array(shares)
    interval = ""
    if len(values) > 1:
        reach = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
        interval = f"{values.mean() - reach:7.1f} to{values.mean() + reach:6.1f}"
    print(f"{name:28}{values.mean():6.1f}{interval}")


def photographs(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        here = [f"data.root={folder}", f"paths.runs={temporary}", "execution.workers=1"]
        run = open_run("photographs", here)
        run_all(run)
        with run.individuals_path.open(encoding="utf-8", newline="") as file:
            people = Counter(row["clip_id"] for row in csv.DictReader(file))
        rows = run.ledger().rows("faces")
    print(f"{'photograph':24}{'people':>8}{'seconds for faces':>20}")
    for row in sorted(rows, key=lambda row: row.clip_id):
        print(f"{row.clip_id:24}{people[row.clip_id]:8}{row.seconds:20.2f}")
    print(f"{'all':24}{people.total():8}{sum(row.seconds for row in rows):20.2f}")


if __name__ == "__main__":
    main()
