"""What clips without labels of another corpus are worth: EmoDB and RAVDESS, each to the other.

Usage: python benchmarks/unlabelled.py DATA [--store FOLDER] [--feature egemaps level] [--recipe …]

DATA is a folder with ``emodb`` and ``ravdess``. A model learns from the labels of one corpus and is
judged on the other by the four emotions that both have (UAR, interval over the other's speakers).
``others``: it has the sound of half of the other corpus's speakers without labels, and is judged
on the other half, and the other way round. ``judged``: it has that of the very clips that it is
judged on. Differences are from the model that has none, and of guessed labels from the model that
has none of these, both over the same speakers.

Nothing was chosen by labels of the corpus that is judged: all options are as they come, the
learner is that of the recipes ``emodb_to_ravdess`` and ``ravdess_to_emodb``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from emotiw.core.cohort import Cohort
from emotiw.core.feature_table import FeatureTable
from emotiw.core.parts_in_options import canonical
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.differences import compare, p_text
from emotiw.evaluation.results import evaluate
from emotiw.models.groups.pseudo_labels import PseudoLabels, Scores
from emotiw.models.model import Model, Unlabelled
from emotiw.models.nested_parts import LEARNER
from emotiw.models.out_of_fold import OutOfFold
from emotiw.runs.run import open_run
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.index import make_index

BY_CORPUS = "preparation: {standardise: corpus}"
CORAL = "preparation: {standardise: corpus, align: coral}"
GUESSED = "{model: pseudo_labels, learner: {model: logistic, %s}}"
MODELS = {
    "none": "{model: logistic}",
    "standardised": f"{{model: logistic, {BY_CORPUS}}}",
    "CORAL": f"{{model: logistic, {CORAL}}}",
    "pseudo-labels": GUESSED % "",
    "standardised, pseudo-labels": GUESSED % BY_CORPUS,
}
SHUFFLED = {name: f"{name}, shuffled" for name in MODELS if "pseudo" in name}


class Shuffled(PseudoLabels):
    """The same with the labels that were taken dealt out anew among their clips."""

    def guess(
        self, unlabelled: Unlabelled, probabilities: Scores, taught_by: Collection[str]
    ) -> Unlabelled:
        """Return the clips with one another's labels."""
        found = super().guess(unlabelled, probabilities, taught_by)
        assert found.guesses is not None
        guesses = found.guesses.copy()
        order = np.random.default_rng(self.seed).permutation(found.learnt)
        guesses[found.learnt] = guesses[order]
        return replace(found, guesses=guesses)


def halves(cohort: Cohort) -> Iterator[Cohort]:
    """Yield the cohort with one half of the test speakers unlabelled, then with the other."""
    speakers = {cohort.groups[clip.clip_id] for clip in cohort.select("test")}
    order = sorted(speakers, key=lambda name: hashlib.sha256(name.encode()).digest())
    for half in (order[::2], order[1::2]):
        yield Cohort(
            (
                replace(clip, split="unlabelled")
                if clip.split == "test" and cohort.groups[clip.clip_id] in half
                else clip
                for clip in cohort.answered()
            ),
            task=cohort.task,
        )


def scored(
    line: str, cohort: Cohort, table: FeatureTable, split: str, *, shuffles: bool
) -> tuple[ScoreTable, list[int]]:
    """Return the scores of the test clips, and how many labels were guessed, and how many right."""
    options: Any
    kind, options = LEARNER.resolved(canonical(LEARNER, yaml.safe_load(line)))
    kind = Shuffled if shuffles else kind
    task = cohort.task
    assert task is not None
    unlabelled = (split,) if kind.reads_unlabelled(options) else ()
    together = kind.takes_together(options)
    work = OutOfFold(cohort, table, task, unlabelled=unlabelled, takes_together=together)
    fit = next(fit for fit in work.fits() if fit.fold is None)
    model: Model = kind(options, spec=table.spec, task=task, seed=0)
    noted = _Noted(model)
    model.fit(work.training_of(fit))
    found = dict(
        zip(fit.scored, model.predict(work.examples(fit.scored, with_targets=False)), strict=True)
    )
    rows = {clip_id: (None, row) for clip_id, row in found.items()}
    seen = work.seen_by(fit)
    assert seen is not None
    return work.table_from("model", rows, {None: seen}), noted.counts


class _Noted:
    """Listens to what a model takes for labels in the end."""

    def __init__(self, model: Model) -> None:
        self.counts: list[int] = []
        if isinstance(model, PseudoLabels):
            guess: Any = model.guess

            def heard(*told: Any) -> Unlabelled:
                taken: Unlabelled = guess(*told)
                self.counts = [len(taken.learnt), len(taken)]
                return taken

            model.guess = heard  # type: ignore[assignment, method-assign]


def joined(tables: list[ScoreTable]) -> ScoreTable:
    """Return the rows of tables of different clips as one table."""
    first = tables[0]
    return replace(
        first,
        clip_ids=tuple(c for table in tables for c in table.clip_ids),
        scores=np.concatenate([table.scores for table in tables]),
        split=tuple(s for table in tables for s in table.split),
        fold=tuple(f for table in tables for f in table.fold),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--store", type=Path, default=Path("runs/unlabelled"))
    parser.add_argument("--feature", nargs="+", default=["egemaps", "level"])
    parser.add_argument("--recipe", nargs="+", default=["emodb_to_ravdess", "ravdess_to_emodb"])
    asked = parser.parse_args()
    for recipe in asked.recipe:
        source = recipe.partition("_")[0]
        target = "ravdess" if source == "emodb" else "emodb"
        corpora = {
            source: {"split": "train", "folder": source},
            target: {"split": "test", "folder": target},
        }
        settings = [
            f"data.root={asked.data}",
            f"data.options={{corpora: {yaml.safe_dump(corpora, default_flow_style=True).strip()}}}",
            f"paths.runs={asked.store / 'runs'}",
            f"paths.store={asked.store / 'store'}",
            "folds.n_folds=2",
        ]
        run = open_run(recipe, settings)
        make_index(run)
        extract_all(run, asked.feature)
        for feature in asked.feature:
            report(recipe, feature, run.cohort(), feature_table(run, feature))


def report(recipe: str, feature: str, cohort: Cohort, table: FeatureTable) -> None:
    """Print every model with its intervals and its differences from none."""
    lines = {name: (line, False) for name, line in MODELS.items()}
    lines |= {told: (MODELS[name], True) for name, told in SHUFFLED.items()}
    for protocol in ("others", "judged"):
        print(f"\n{recipe}, {feature}, without labels: {protocol}", flush=True)
        known: dict[str, ScoreTable] = {}
        for name, (line, shuffles) in lines.items():
            if protocol == "others":
                both = [
                    scored(line, half, table, "unlabelled", shuffles=shuffles)
                    for half in halves(cohort)
                ]
            else:
                both = [scored(line, cohort, table, "test", shuffles=shuffles)]
            scores = known[name] = joined([one for one, _ in both])
            told = str(evaluate(scores, cohort, "uar", split="test"))
            base = name.partition(", pseudo")[0] if name.startswith("standardised,") else "none"
            for other in dict.fromkeys(("none", base)):
                if other != name:
                    told += f"; {other} {difference(scores, known[other], cohort)}"
            taken = np.sum([counts for _, counts in both if counts], axis=0)
            if np.size(taken) > 1:
                told += f"; {taken[0]} of {taken[1]} clips labelled"
            print(f"  {name:38} {told}", flush=True)


def difference(ours: ScoreTable, theirs: ScoreTable, cohort: Cohort) -> str:
    """Return by how much scores are better than others, with interval and test."""
    found = compare(ours, theirs, cohort, "uar", split="test")
    metric = found.ours.metric
    span = metric.span(found.low, found.high)
    return f"{metric.shown(found.value, sign=True)} ({span}), {p_text(found.p, 'p')}"


if __name__ == "__main__":
    main()
