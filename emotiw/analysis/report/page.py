"""All parts put into one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from emotiw import __version__
from emotiw.analysis.report.clips import Browsed, browsed
from emotiw.analysis.report.confusion_matrices import matrices_of, recalls, scatters
from emotiw.analysis.report.headline import headline
from emotiw.analysis.report.history import ablation, attempts, curves
from emotiw.analysis.report.modality_importance import reliability, shares
from emotiw.analysis.report.quality import quality
from emotiw.analysis.report.samples import Samples, samples
from emotiw.analysis.report.snapshot import RunSnapshot, read_facts
from emotiw.core.files import atomic_write
from emotiw.evaluation.notes import notes_of
from emotiw.runs.edits import edits_of, outdated
from emotiw.runs.run import Run
from emotiw.runs.stages.judge import judged

MOST_BYTES = 5_000_000
NO_SAMPLES = Samples({}, {}, "", ["Without pictures and sound of the clips."])
SPARE = 250_000  # kept free, so that no file that is sent on grows out of a limit of 5 MB


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        path: the file.
        size: its bytes.
        told: what was left out and why, in words.
    """

    path: Path
    size: int
    told: tuple[str, ...]


def write_report(run: Run, path: Path | None = None, *, has_samples: bool = True) -> Report:
    """Write the report of a run, below 5 MB whatever the run's size.

    Args:
        run: a run with a manifest at least; what is not there yet has no part in the report.
        path: the file; ``report.html`` in the run's folder by default.
        has_samples: whether pictures and sound of the clips go in.

    Raises:
        MissingStageError: if the run has no manifest.
        EmotiwError: if a file of the run is damaged.
    """
    facts = read_facts(run)
    parts = _parts(facts)
    clips, room = _clips_that_fit(facts, parts)
    taken = samples(facts, clips.worth, room) if has_samples else NO_SAMPLES
    told = [*taken.told]
    if clips.left_out:
        told.append(f"{clips.left_out:,} clips are not listed: there are too many for one page.")
    told += dict.fromkeys(facts.problems)
    page = _page(parts, clips.data, taken, told).encode()
    target = path or run.folder / "report.html"
    atomic_write(target, page)
    return Report(target, len(page), tuple(told))


def _clips_that_fit(facts: RunSnapshot, parts: Mapping[str, Any]) -> tuple[Browsed, int]:
    """Return the clips that the page has room for, and the bytes that are left beside them."""
    clips = browsed(facts)
    while True:
        room = MOST_BYTES - SPARE - len(_page(parts, clips.data, NO_SAMPLES, []).encode())
        if room >= 0 or not clips.worth:
            return clips, room
        clips = browsed(facts, most=len(clips.worth) * 2 // 3)


def _parts(facts: RunSnapshot) -> dict[str, Any]:
    matrices = matrices_of(facts)
    recipe = facts.run.recipe
    return {
        "version": __version__,
        "name": recipe.name,
        "spec": facts.spec,
        "is_synthetic": facts.is_synthetic,
        "n_clips": len(facts.cohort),
        "splits": _splits(facts),
        "edits": list(map(str, edits_of(facts.run.records))),
        "outdated": outdated(facts.run.records),
        "warnings": [
            f"{stage}: {line}" for stage, one in facts.run.records for line in one.warnings
        ],
        "headline": headline(facts),
        "figures": _figures(facts),
        "matrices": matrices,
        "recalls": recalls(matrices),
        "scatters": scatters(facts),
        "reliability": reliability(facts),
        "calibration": recipe.fusion.calibration,
        "shares": shares(facts),
        "ablation": ablation(facts),
        "attempts": attempts(facts),
        "curves": curves(facts),
        "quality": quality(facts),
        "recipe": _text(facts.run.folder / "recipe.yaml"),
        "versions": _text(facts.run.folder / "versions.json"),
    }


def _figures(facts: RunSnapshot) -> dict[str, Any] | None:
    results = judged(facts.run, list(facts.tables.values())) if facts.tables else []
    if not results:
        return None
    metrics = list(dict.fromkeys(result.metric for result in results))
    rows = []
    for (name, where), part in groupby(results, key=lambda one: (one.name, one.judged_on)):
        value_of = {result.metric: result for result in part}
        first = next(iter(value_of.values()))
        rows.append(
            {
                "modality": name,
                "split": where,
                "n": first.n,
                "n_scored": first.n_scored,
                "values": [
                    metric.shown(value_of[metric].value) if metric in value_of else ""
                    for metric in metrics
                ],
            }
        )
    notes = notes_of([result for result in results if result.metric is metrics[0]])
    return {"metrics": [metric.title for metric in metrics], "rows": rows, "notes": notes}


def _splits(facts: RunSnapshot) -> str:
    counts = {s: len(facts.cohort.select(s)) for s in ("train", "val", "test")}
    return ", ".join(f"{n:,} {split}" for split, n in counts.items() if n)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _page(parts: Mapping[str, Any], data: dict[str, Any], taken: Samples, told: list[str]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emotiw.analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("emotiw.analysis.report").joinpath("templates")
    more = {name: getattr(taken, name) for name in ("strips", "sounds", "sound_type")}
    return environment.get_template("report.html.j2").render(
        **parts,
        told=told,
        style=folder.joinpath("report.css").read_text(encoding="utf-8"),
        script=folder.joinpath("report.js").read_text(encoding="utf-8"),
        data=_json({**data, **more}),
    )


def _json(value: Any) -> str:
    # "</script>" or "<!--" in a clip's name must not end the script that holds it
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
