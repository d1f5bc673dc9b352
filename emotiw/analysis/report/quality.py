"""What the ledger knows of the clips: failures with reasons, missing faces, silent sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

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


def _facts(ledger: Ledger) -> list[dict[str, Any]]:
    faces = ledger.rows("faces")
    sounds = [row for row in ledger.rows() if row.stage.startswith("features:")]
    heard = {row.clip_id: str(row.quality["audio"]) for row in sounds if "audio" in row.quality}
    partial = {row.clip_id for row in ledger.rows() if row.status == "partial"}
    clips = {row.clip_id for row in ledger.rows()}
    found = [
        ("read in part", len(partial), len(clips)),
        ("no face found", sum(row.status == "missing" for row in faces), len(faces)),
        ("a face in less than half of the frames", sum(map(_has_few, faces)), len(faces)),
        ("several people", sum(_number(row, "n_tracks") > 1 for row in faces), len(faces)),
        ("fewer frames decoded than declared", sum(map(_is_short, faces)), len(faces)),
        (
            "damaged packets",
            sum(_number(row, "n_damaged_packets") > 0 for row in faces),
            len(faces),
        ),
    ]
    detectors = [str(row.quality["detector"]) for row in faces if "detector" in row.quality]
    for name in sorted(set(detectors)):
        found.append((f"faces found by {name}", detectors.count(name), len(faces)))
    for word, told in SOUNDS.items():
        found.append((told, sum(value == word for value in heard.values()), len(heard)))
    return [{"what": what, "n": n, "of": of} for what, n, of in found if of]


def _has_few(row: LedgerRow) -> bool:
    frames = _number(row, "decoded_frames")
    return 0 < _number(row, "frames_with_face") < FEW_FACES * frames


def _is_short(row: LedgerRow) -> bool:
    return 0 < _number(row, "decoded_frames") < _number(row, "declared_frames")


def _number(row: LedgerRow, name: str) -> float:
    value = row.quality.get(name, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0
