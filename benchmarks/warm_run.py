"""What it costs to run again what is finished: CPU seconds, files of the store, time of the ledger.

    python benchmarks/warm_run.py [--clips 10000] [--modalities 5]

Makes a folder of so many clips of a few bytes in a temporary folder, and two finished runs of
them: one whose scores are imported, and one whose features are extracted (by a class of one's own
that counts bytes) and whose models are trained. Then each is run again, in a fresh process.

Before stages had records, 10,000 clips × 5 modalities took 17 to 18 s to run again, and a ledger of
2,000 clips 0.5, 2.1 and 8.8 s with 6, 12 and 24 stages.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from time import process_time

import numpy as np
import yaml

from emotiw.core.ledger import Ledger, LedgerRow
from emotiw.runs.ledger_pages import page_of, write_ledger
from emotiw.runs.records import Record, Records

LABELS = ("Angry", "Happy", "Sad")
OWN = """
    import numpy as np

    from emotiw.core.config import Strict
    from emotiw.core.feature_table import FeatureArray, FeatureSpec
    from features.extractor import Extraction, Extractor


    class Options(Strict):
        power: float = 1.0


    class Bytes(Extractor):
        Options = Options
        needs = "media"

        def __init__(self, name, options):
            self.options, self.spec = options, FeatureSpec(name, (2,), "clip")

        def extract(self, source):
            data = np.frombuffer(source.path.read_bytes(), np.uint8).astype(np.float32)
            row = np.array([[data.mean(), data.std()]], np.float32) ** self.options.power
            return Extraction(FeatureArray(row, np.ones(1, bool)), {"n_bytes": len(data)})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--modalities", type=int, default=5)
    parser.add_argument("--only", choices=("imported", "extracted"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_clips(home, asked.clips, asked.modalities)
        for kind in ("imported", "extracted"):
            if asked.only in (None, kind):
                recipe = make_recipe(home, kind, asked.modalities)
                first, again = cpu_of(home, recipe), cpu_of(home, recipe)
                print(
                    f"{kind}: {asked.clips:,} clips x {asked.modalities} modalities: first run "
                    f"{first:.1f} s of CPU, again {again:.1f} s"
                )
        for n_stages in (6, 12, 24):
            spent = cpu_of_ledger(home / f"ledger{n_stages}", n_stages)
            print(f"ledger: 2,000 clips, {n_stages} stages: {spent:.2f} s of CPU")
        store = [path for path in (home / "runs/store/features").rglob("*") if path.is_file()]
        if store:
            per_feature = len(store) / asked.modalities
            print(f"store: {len(store)} files, {per_feature / asked.clips * 100:.2f} per 100 clips")


def make_clips(home: Path, n_clips: int, n_modalities: int) -> None:
    """Write the clips in folders of their labels, and scores for each modality."""
    rng = np.random.default_rng(0)
    ids, truth = [], rng.integers(0, len(LABELS), n_clips)
    for number, label in enumerate(truth.tolist()):
        folder = home / "clips" / (LABELS[label] if number % 5 else "test")
        folder.mkdir(parents=True, exist_ok=True)
        ids.append(f"{number:06}")
        (folder / f"{ids[-1]}.wav").write_bytes(
            rng.integers(0, 256, 16 + label).astype("u1").tobytes()
        )
    names = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
    for modality in range(n_modalities):
        logits = rng.normal(size=(n_clips, len(names)))
        logits[np.arange(n_clips), [names.index(LABELS[label]) for label in truth]] += 1
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        lines = [",".join(("clip_id", *names))]
        lines += [
            f"{i}," + ",".join(f"{x:.6g}" for x in row) for i, row in zip(ids, scores, strict=True)
        ]
        (home / f"scores{modality}.csv").write_text("\n".join(lines) + "\n")


def make_recipe(home: Path, kind: str, n_modalities: int) -> Path:
    """Write the recipe of one of the two runs."""
    (home / "own_bytes.py").write_text(textwrap.dedent(OWN))
    recipe = {
        "challenge": "folder",
        "name": kind,
        "data": {"root": str(home / "clips")},
        "paths": {"runs": str(home / "runs")},
        "folds": {"n_folds": 2},
        "fusion": {"method": "mean", "calibration": "none"},
        "submission": {"fallback": "Neutral"},
        "execution": {"workers": 1},
    }
    numbers = range(n_modalities)
    if kind == "imported":
        recipe["models"] = {
            f"m{n}": {"model": "imported", "path": f"../scores{n}.csv", "trained_on": "other data"}
            for n in numbers
        }
    else:
        recipe["features"] = {
            f"f{n}": {"extractor": "own_bytes:Bytes", "power": 1 + n / 10} for n in numbers
        }
        recipe["models"] = {f"m{n}": {"model": "logistic", "features": f"f{n}"} for n in numbers}
    path = home / f"{kind}.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def cpu_of_ledger(folder: Path, n_stages: int) -> float:
    """Return the CPU seconds of the pages of so many stages, and of the table of all of them."""
    begin = process_time()
    records = Records(folder)
    for stage in (f"train:m{n}" for n in range(n_stages)):
        rows = [LedgerRow(f"{number:06}", stage, "ok") for number in range(2000)]
        page = Ledger(rows).to_csv()
        files = {page_of(stage): hashlib.sha256(page).hexdigest()}
        records.commit(stage, Record({}, {}, files), {page_of(stage): page})
    write_ledger(records)
    return process_time() - begin


def cpu_of(home: Path, recipe: Path) -> float:
    """Return the CPU seconds of `emotiw run`, its worker processes included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-m", "emotiw", "run", str(recipe), "--quiet"]
    done = subprocess.run(
        command, cwd=home, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
