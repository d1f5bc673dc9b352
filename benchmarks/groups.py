"""Group models on the synthetic groups, and the faces of real group photographs.

    python benchmarks/groups.py [--per-label 24] [--folder FOLDER]
    python benchmarks/groups.py --photographs FOLDER

The first table compares aggregations with the majority class and with the largest face alone, out
of fold and on the validation split together; it says nothing about real groups. The second sends
a folder of photographs through the recipe of that name, and tells of each how many people are in
the output, and the seconds that it took to find them.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from pathlib import Path

import yaml

from emotiw.core.score_table import ScoreTable
from emotiw.demo.group_corpus import make_group_corpus
from emotiw.pipeline import run_all
from emotiw.run import open_run

GROUP = {"model": "group", "features": "people", "learner": "svm"}
FACES = {
    "largest": {**GROUP, "aggregation": "largest"},
    "mean": {**GROUP, "aggregation": "mean"},
    "trimmed_mean": {**GROUP, "aggregation": "trimmed_mean"},
    "weighted": {**GROUP, "aggregation": "weighted"},
    "max": {**GROUP, "aggregation": "max"},
    "statistics": {**GROUP, "aggregation": "statistics"},
    "each": {"model": "individuals", "features": "people", "learner": "svm"},
    "attention": {"model": "group_network", "features": "people"},
    "recurrent": {"model": "group_network", "features": "people", "aggregation": "recurrent"},
}
PARTS = {
    "gaf2018": ("stills", {}),
    "vgaf": ("clips", {"voice": {"extractor": "opensmile", "feature_set": "eGeMAPSv02"}}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, help="group photographs of one's own")
    parser.add_argument("--per-label", type=int, default=24, help="training groups per label")
    parser.add_argument("--folder", type=Path, help="keeps the corpus and the runs")
    given = parser.parse_args()
    if given.photographs:
        photographs(given.photographs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        make_group_corpus(
            folder / "corpus", n_train_per_label=given.per_label, n_val_per_label=8, workers=2
        )
        for challenge in PARTS:
            compare(challenge, folder)


def compare(challenge: str, folder: Path) -> None:
    part, more = PARTS[challenge]
    features = {"people": {"extractor": "people"}, "scene": {"extractor": "scene"}, **more}
    recipe = {
        "challenge": challenge,
        "data": {"root": str(folder / "corpus" / part)},
        "paths": {"runs": str(folder / "runs")},
        "features": features,
        "models": FACES | {name: {"model": "svm", "features": name} for name in ["scene", *more]},
        "submission": {"fallback": "Neutral"},
    }
    path = folder / f"{challenge}.yaml"
    path.write_text(yaml.safe_dump(recipe))
    run = open_run(path)
    run_all(run)
    manifest = run.manifest()
    answers = manifest.answer_key()
    judged = [clip.clip_id for clip in manifest.select("train", "val")]
    most, count = Counter(answers[clip_id] for clip_id in judged).most_common(1)[0]
    print(f"\n{challenge}, synthetic, {len(judged)} groups")
    print(f"{f'majority ({most})':24}{100 * count / len(judged):6.1f} %")
    names = {name: run.scores_path(name) for name in run.recipe.models}
    for name, scores in {**names, "fused": run.folder / "fused.csv"}.items():
        said = ScoreTable.read_csv(scores).predictions()
        right = sum(said.get(clip_id) == answers[clip_id] for clip_id in judged)
        print(f"{name:24}{100 * right / len(judged):6.1f} %")


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
