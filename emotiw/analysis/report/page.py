"""All parts put into one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from emotiw.analysis.report.clips import Browsed, browsed
from emotiw.analysis.report.samples import Samples, samples
from emotiw.analysis.report.sections import SECTIONS, filled
from emotiw.analysis.report.snapshot import RunSnapshot, read_facts
from emotiw.core.clip import UNLABELLED
from emotiw.core.files import atomic_write
from emotiw.core.versions import versions
from emotiw.evaluation.notes import notes_of
from emotiw.runs.edits import edits_of, outdated
from emotiw.runs.run import Run

MOST_MB = 25.0  # of a page, unless another budget is given; what most mail servers let through
MOST_BYTES = 5_000_000  # of it for everything but videos
NO_SAMPLES = Samples({}, {}, "", ["Without pictures and sound of the clips."])
SYNTHETIC = (
    "The values show that the parts fit together; they say nothing about real faces and voices, "
    "and are not compared with published ones."
)
SPARE = 250_000  # kept free, so that no page grows out of its budget by a notice


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


def write_report(
    run: Run, path: Path | None = None, *, has_samples: bool = True, budget_mb: float = MOST_MB
) -> Report:
    """Write the report of a run, below its budget whatever the run's size.

    Args:
        run: a run with a manifest at least; what is not there yet has no part in the report.
        path: the file; ``report.html`` in the run's folder by default.
        has_samples: whether videos, pictures and sound of the clips go in.
        budget_mb: megabytes of the page. Up to 5 are for everything but videos; what is more is
            for short videos of clips, in place of stills.

    Raises:
        MissingStageError: if the run has no manifest.
        EmotiwError: if a file of the run is damaged.
    """
    facts = read_facts(run)
    frame = {
        "title": run.recipe.name,
        "subtitle": f"{facts.spec.title} · {_clips(facts)}",
        "spec": facts.spec,
        "notices": _notices(facts),
        "has_scores": bool(facts.results),
        "sections": filled(SECTIONS, facts),
    }
    target = path or run.folder / "report.html"
    return write_page(target, frame, facts, has_samples=has_samples, budget_mb=budget_mb)


def write_page(
    target: Path,
    frame: Mapping[str, Any],
    facts: RunSnapshot,
    *,
    has_samples: bool,
    budget_mb: float,
) -> Report:
    """Write a page: its frame with all sections, and a browser of as many clips as fit."""
    budget = int(budget_mb * 1_000_000)
    most = min(budget, MOST_BYTES)
    clips, room = _clips_that_fit(facts, frame, most)
    video_room = max(budget - most, 0)
    taken = samples(facts, clips.worth, room, video_room=video_room) if has_samples else NO_SAMPLES
    told = [*taken.told]
    if clips.left_out:
        told.append(f"{clips.left_out:,} clips are not listed: there are too many for one page.")
    told += dict.fromkeys(facts.problems)
    page = _page(frame, clips.data, taken, told).encode()
    atomic_write(target, page)
    return Report(target, len(page), tuple(told))


def _clips_that_fit(
    facts: RunSnapshot, frame: Mapping[str, Any], most_bytes: int
) -> tuple[Browsed, int]:
    """Return the clips that the page has room for, and the bytes that are left beside them."""
    clips = browsed(facts)
    while True:
        bare = len(_page(frame, clips.data, NO_SAMPLES, []).encode())
        room = most_bytes - SPARE - bare
        if room >= 0 or not clips.worth:
            return clips, room
        clips = browsed(facts, most=len(clips.worth) * 2 // 3)


def _notices(facts: RunSnapshot) -> list[dict[str, Any]]:
    """Return what has to be known before anything of the page is believed."""
    run = facts.run
    changed = [*map(str, edits_of(run.records)), *outdated(run.records)]
    warned = [f"{stage}: {line}" for stage, one in run.records for line in one.warnings]
    main = facts.spec.official_metric
    noted = notes_of([result for result in facts.all_results if result.metric is main])
    found = [
        {"title": "These clips are synthetic.", "lines": [SYNTHETIC] * facts.is_synthetic},
        {"title": "Not all of this is as the stages made it.", "lines": changed},
        {"title": "What the stages warned of.", "lines": warned},
        {"title": "What has to be said of these values.", "lines": noted},
    ]
    return [notice for notice in found if notice["lines"]]


def _clips(facts: RunSnapshot) -> str:
    counts = facts.cohort.counts
    if n_unlabelled := len(facts.run.cohort().select(UNLABELLED)):
        counts[UNLABELLED] = n_unlabelled
    splits = ", ".join(f"{n:,} {split}" for split, n in counts.items() if n)
    return f"{sum(counts.values()):,} clips" + (f" ({splits})" if splits else "")


def _page(
    frame: Mapping[str, Any], data: dict[str, Any], taken: Samples, told: Sequence[str]
) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emotiw.analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("emotiw.analysis.report").joinpath("templates")
    more = ("strips", "sounds", "sound_type", "videos", "video_type")
    return environment.get_template("report.html.j2").render(
        **frame,
        version=versions()["emotiw"],
        told=told,
        style=folder.joinpath("report.css").read_text(encoding="utf-8"),
        script=folder.joinpath("report.js").read_text(encoding="utf-8"),
        data=_json(
            {
                **data,
                "name": frame["title"],
                "sets": _sets(frame["sections"], data),
                **{name: getattr(taken, name) for name in more},
            }
        ),
    )


def _sets(sections: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sets of clips that sections speak of, as places in the list of clips."""
    place_of = {clip["id"]: place for place, clip in enumerate(data["clips"])}
    return [
        {"name": name, "clips": [place_of[clip_id] for clip_id in ids if clip_id in place_of]}
        for section in sections
        if isinstance(section["part"], Mapping)
        for name, ids in section["part"].get("sets", {}).items()
    ]


def _json(value: Any) -> str:
    # "</script>" or "<!--" in a clip's name must not end the script that holds it
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
