"""Several runs on one page: every run is a model of one snapshot, on the clips that all have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emotiw.analysis.comparison import Side, common_sample, read_side
from emotiw.analysis.report.page import MOST_MB, SYNTHETIC, Report, write_page
from emotiw.analysis.report.runs_together import RunsTogether
from emotiw.analysis.report.sections import SIDE_BY_SIDE, filled
from emotiw.analysis.report.snapshot import JUDGED_ON, read_facts
from emotiw.core.errors import ConfigError
from emotiw.evaluation.notes import groups_notes_of, notes_of
from emotiw.runs.run import FUSED, Run

MOST_RUNS = 8  # that a page can show beside each other
LONGEST_NAME = 100


def write_side_by_side(
    runs: Sequence[Run],
    path: Path | None = None,
    *,
    has_samples: bool = True,
    budget_mb: float = MOST_MB,
) -> Report:
    """Write one page of several runs of the same clips, joined by clip id.

    Of a run its fused scores count, or those of its only model, on the clips that are judged in
    every run.

    Args:
        runs: two to eight.
        path: the file; by default it lies beside the first run's folder and has the runs' names.
        has_samples: whether videos, pictures and sound of the clips go in.
        budget_mb: as of :func:`~emotiw.analysis.report.page.write_report`.

    Raises:
        ConfigError: if a run comes twice, was not fused, or they have no clip in common.
        TableError: if they give other answers to the same clip.
    """
    together = read_together(runs)
    facts, sample = together.snapshot, together.snapshot.sample
    assert sample is not None
    beyond = [
        f"{len(ids):,} more clips are judged in {name} alone or not in all, e.g. {ids[0]}"
        for name, ids in together.beyond.items()
        if ids
    ]
    own = groups_notes_of(side.cohort for side in together.sides.values())
    noted = list(dict.fromkeys([*own, *notes_of(facts.results)]))
    notices = [
        {"title": "These clips are synthetic.", "lines": [SYNTHETIC] * facts.is_synthetic},
        {"title": "Judged are the clips that all runs have.", "lines": beyond},
        {"title": "What has to be said of these values.", "lines": noted},
    ]
    judged_on = JUDGED_ON.get(sample.split, sample.split)
    frame = {
        "title": " · ".join(facts.tables),
        "subtitle": f"{facts.spec.title} · {len(facts.tables)} runs · {len(sample):,} {judged_on}",
        "spec": facts.spec,
        "notices": [notice for notice in notices if notice["lines"]],
        "has_scores": True,
        "sections": filled(SIDE_BY_SIDE, together),
    }
    name = "+".join(facts.tables)[:LONGEST_NAME]
    target = path or runs[0].folder.parent / f"{name}.html"
    return write_page(target, frame, facts, has_samples=has_samples, budget_mb=budget_mb)


def read_together(runs: Sequence[Run]) -> RunsTogether:
    """Read several runs, and join them by clip id.

    Raises:
        ConfigError: if a run comes twice, was not fused, or they have no clip in common.
        TableError: if they give other answers to the same clip.
    """
    names = _names([run.folder for run in runs])
    if not 2 <= len(names) <= MOST_RUNS:
        raise ConfigError(f"expected 2 to {MOST_RUNS} runs to show side by side, got {len(names)}")
    sides = {name: read_side(run.folder) for name, run in zip(names, runs, strict=True)}
    challenges = {run.recipe.spec.name for run in runs}
    if len(challenges) > 1:
        raise ConfigError(f"runs of several challenges: {', '.join(sorted(challenges))}")
    main = {name: _main(side) for name, side in sides.items()}
    cohorts = [run.cohort() for run in runs]  # with the clips' own paths, unlike the sides'
    sample, beyond = common_sample(
        {
            side.folder: (side.tables[main[name]], cohort)
            for (name, side), cohort in zip(sides.items(), cohorts, strict=True)
        }
    )
    tables = {n: replace(side.tables[main[n]], name=n) for n, side in sides.items()}
    first = read_facts(runs[0])
    snapshot = replace(first, cohort=sample.cohort, tables=tables, sample=sample, problems=[])
    return RunsTogether(
        snapshot, sides, main, {name: beyond[side.folder] for name, side in sides.items()}
    )


def _names(folders: Sequence[Path]) -> list[str]:
    """Return a name for each run: its folder's, with the parent's where several have the same."""
    resolved = [folder.resolve() for folder in folders]
    twice = [str(folder) for folder, n in Counter(resolved).items() if n > 1]
    if twice:
        raise ConfigError(f"the same run twice: {', '.join(twice)}")
    counts = Counter(folder.name for folder in resolved)
    return [f.name if counts[f.name] == 1 else f"{f.parent.name}/{f.name}" for f in resolved]


def _main(side: Side) -> str:
    """Return the name of the table that counts: fused, or the only model."""
    if FUSED in side.tables:
        return FUSED
    if len(side.tables) == 1:
        return next(iter(side.tables))
    raise ConfigError(
        f"{side.folder}: nothing to compare it by: it has scores of "
        f"{', '.join(side.tables) or 'no model'}, and no fused ones (emotiw fuse)"
    )
