"""What the ledger knows of the clips: failures with reasons, missing faces, silent sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.ledger import Ledger, LedgerRow

MOST_ROWS = 300
FEW_FACES = 0.5  # of the frames
# in the words of ``audio`` in the ledger
SOUNDS = {
    "missing": "no sound track",
    "empty": "an empty sound track",
    "silent": "silent",
    "short": "sound shorter than one analysis window",
    "slow": "sound sampled too low for speech",
    "clipped": "clipped",
}


class Problem(NamedTuple):
    """What may be wrong with clips.

    Attributes:
        clips: that have it.
        n_of: of how many it is known whether they do.
    """

    clips: frozenset[str]
    n_of: int


def quality(facts: RunSnapshot) -> dict[str, Any]:
    """Return the ledger stage by stage, what is worth knowing of whole clips, and every failure."""
    ledger = facts.run.ledger()
    stages = list(dict.fromkeys(row.stage for row in ledger.rows()))
    bad = [row for row in ledger.rows() if row.status != "ok"]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in bad:
        key = (row.clip_id, row.reason)
        entry = rows.setdefault(
            key, {"clip_id": row.clip_id, "status": row.status, "reason": row.reason, "stages": []}
        )
        entry["stages"].append(row.stage)
    listed = sorted(rows.values(), key=lambda row: (row["status"] != "failed", row["clip_id"]))
    return {
        "stages": [_stage(ledger, stage) for stage in stages],
        "facts": _facts(ledger),
        "rows": listed[:MOST_ROWS],
        "left_out": max(0, len(listed) - MOST_ROWS),
    }


def notes_of_clips(facts: RunSnapshot) -> Mapping[str, str]:
    """Return, for every clip with a failure or gap, its reasons in one line."""
    told: dict[str, dict[str, None]] = {}
    for row in facts.run.ledger().rows():
        if row.status != "ok" and row.reason and not row.stage.startswith("train:"):
            told.setdefault(row.clip_id, {})[row.reason] = None
    return {clip_id: "; ".join(reasons) for clip_id, reasons in told.items()}


def _stage(ledger: Ledger, stage: str) -> dict[str, Any]:
    rows = ledger.rows(stage)
    counts = Counter(row.status for row in rows)
    return {
        "name": stage,
        "n": len(rows),
        "ok": counts["ok"],
        "partial": counts["partial"],
        "missing": counts["missing"],
        "failed": counts["failed"],
        # a model is fitted on all clips at once: it has no time per clip
        "seconds": "" if stage.startswith("train:") else f"{sum(row.seconds for row in rows):.1f}",
    }


def problems_of(ledger: Ledger) -> dict[str, Problem]:
    """Return every problem that the ledger can tell of, by its name."""
    rows, faces = ledger.rows(), ledger.rows("faces")
    heard = {
        row.clip_id: row.quality["audio"]
        for row in rows
        if row.stage.startswith("features:") and "audio" in row.quality
    }
    everyone, seen = {row.clip_id for row in rows}, {row.clip_id for row in faces}
    found: dict[str, tuple[set[str], set[str]]] = {
        "can't be read": ({row.clip_id for row in ledger.failures()}, everyone),
        "read in part": ({row.clip_id for row in rows if row.status == "partial"}, everyone),
        "no face found": ({row.clip_id for row in faces if row.status == "missing"}, seen),
    }
    for what, has_it in IN_FACES.items():
        found[what] = ({row.clip_id for row in faces if has_it(row)}, seen)
    for word, what in SOUNDS.items():
        found[what] = ({clip_id for clip_id, own in heard.items() if own == word}, set(heard))
    return {what: Problem(frozenset(clips), len(of)) for what, (clips, of) in found.items() if of}


def _facts(ledger: Ledger) -> list[dict[str, Any]]:
    faces = ledger.rows("faces")
    found = [(what, len(own.clips), own.n_of) for what, own in problems_of(ledger).items()]
    detectors = [str(row.quality["detector"]) for row in faces if "detector" in row.quality]
    found += [
        (f"faces found by {name}", detectors.count(name), len(faces))
        for name in sorted(set(detectors))
    ]
    return [{"what": what, "n": n, "of": of} for what, n, of in found]


def _number(row: LedgerRow, name: str) -> float:
    value = row.quality.get(name, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _has_few_faces(row: LedgerRow) -> bool:
    frames = _number(row, "decoded_frames")
    return 0 < _number(row, "frames_with_face") < FEW_FACES * frames


def _is_short(row: LedgerRow) -> bool:
    return 0 < _number(row, "decoded_frames") < _number(row, "declared_frames")


IN_FACES: dict[str, Callable[[LedgerRow], bool]] = {
    "a face in less than half of the frames": _has_few_faces,
    "several people": lambda row: _number(row, "n_tracks") > 1,
    "fewer frames decoded than declared": _is_short,
    "damaged packets": lambda row: _number(row, "n_damaged_packets") > 0,
}
