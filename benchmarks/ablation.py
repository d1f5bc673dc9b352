"""Time an ablation of the demo against the same runs made one by one from scratch.

Usage: python benchmarks/ablation.py [FOLDER] [--per-label 3] [--epochs 3]

All 7 subsets of the demo's three modalities, fused in two ways: 14 rows. Each of the 14 runs has
a store of its own. The demo corpus is made smaller, and its networks learn for fewer epochs.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path
from time import perf_counter

import yaml

import emotiw
from emotiw.analysis.ablation.plan import make_plan
from emotiw.core.config import packaged
from emotiw.demo.corpus import make_corpus
from emotiw.runs.ablation_settings import AblationSettings

RULES = ("weighted", "mean")


def timed(title: str, function, *arguments):  # type: ignore[no-untyped-def]
    start = perf_counter()
    result = function(*arguments)
    seconds = perf_counter() - start
    print(f"{title:44} {seconds:8.1f} s", flush=True)
    return result, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--per-label", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    n_train = arguments.per_label
    corpus = make_corpus(
        folder / "corpus",
        n_train_per_label=n_train,
        n_val_per_label=1,
        n_test_per_label=0,
        workers=2,
    )
    demo = yaml.safe_load(packaged("demo.yaml").read_text(encoding="utf-8"))
    demo["data"] = {"root": str(corpus.folder)}
    for name in ("cnn_rnn", "c3d"):
        demo["models"][name]["training"]["epochs"] = arguments.epochs

    def run_of(home: str, models: tuple[str, ...], method: str):  # type: ignore[no-untyped-def]
        recipe = {**demo, "paths": {"runs": str(folder / home)}}
        recipe["models"] = {name: demo["models"][name] for name in models}
        used = {entry["features"] for entry in recipe["models"].values()}
        recipe["features"] = {name: demo["features"][name] for name in used}
        recipe["fusion"] = {**demo["fusion"], "method": method}
        path = folder / f"{home}.yaml"
        path.write_text(yaml.safe_dump(recipe, sort_keys=False))
        return emotiw.open_run(path)

    names = tuple(demo["models"])
    whole = run_of("whole", names, "weighted")
    _, base = timed("one run of everything", emotiw.run_all, whole)
    axes = {"modalities": "subsets", "fusion": list(RULES)}
    print(make_plan(whole, AblationSettings(axes=axes)).text())
    ablation, spent = timed("ablation of that run, 14 rows", emotiw.ablate, whole, axes)
    _, again = timed("the same again", emotiw.ablate, whole, axes)
    total, worst = 0.0, 0.0
    subsets = [s for n in (1, 2, 3) for s in itertools.combinations(names, n)]
    for number, (models, rule) in enumerate(itertools.product(subsets, RULES)):
        alone = run_of(f"alone{number}", models, rule)
        row = f"{'+'.join(models)}, {rule}"
        summary, seconds = timed(row, emotiw.run_all, alone)
        total += seconds
        figures = summary.figures
        is_own = (figures["modality"] == "fused") & (figures["split"] == "val")
        value = figures[is_own & (figures["metric"] == "accuracy")]["value"].iloc[0]
        line = ablation.table.set_index("row").loc[row]
        worst = max(worst, abs(line["value"] - value))
    print(f"14 runs from scratch {total:.0f} s; largest difference of a figure {worst:.6f}")
    print(f"ablation of a run that is there: {100 * spent / total:.1f} % of that")
    print(f"run and ablation, from nothing: {100 * (base + spent) / total:.1f} %")
    print(f"second call: {100 * again / total:.2f} %")


if __name__ == "__main__":
    main()
