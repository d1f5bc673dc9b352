"""What a run came to: as plain values, as an exit status, and in a tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from emotiw.runs.pipeline import Summary
    from emotiw.runs.run import Run


def as_plain(run: Run, summary: Summary) -> dict[str, Any]:
    """Return what can be printed as JSON."""
    return {
        "run": str(run.folder),
        "clips": len(summary.cohort),
        "results": [result.row() for result in summary.results or ()],
        "failures": [vars(row) | {"quality": None} for row in summary.failures],
        "submission": None if summary.submission is None else str(summary.submission),
        "ok": is_ok(summary),
    }


def is_ok(summary: Summary) -> bool:
    """Return whether the submission would be accepted, if there is one."""
    return summary.check is None or bool(summary.check.is_ok)


def check_tracker(track: str | None) -> None:
    """Raise ConfigError before any work, where the tracker that is asked for isn't there."""
    if track is not None:
        from emotiw.analysis.tracking import require_tracker

        require_tracker(track)


def log_ablation(run: Run, folder: Path, track: str | None) -> None:
    """Log the rows of an ablation, where a tracker is asked for."""
    if track is not None:
        from emotiw.analysis.tracking import track_ablation

        track_ablation(run, folder, track)


def log(run: Run, track: str | None) -> None:
    """Log a run, where a tracker is asked for."""
    if track is not None:
        from emotiw.analysis.tracking import track as log_run

        log_run(run, track)
