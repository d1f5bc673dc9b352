"""What a million clips cost the one process that leads a run: time and memory, piece by piece.

    python benchmarks/million_rows.py [--rows 100000] [--artifacts 5000]

Each piece is done in a process of its own with fewer rows, and counted for a million; that they
grow in proportion was seen with a million rows once. Seconds are of a core: what disks and file
servers take comes on top. Artifacts are of 20 kB.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from emotiw.core.clip import Clip  # noqa: E402
from emotiw.core.cohort import Cohort  # noqa: E402
from emotiw.core.cohort_table import read_manifest, write_manifest  # noqa: E402
from emotiw.core.files import listing_of, sha256_of  # noqa: E402
from emotiw.core.ledger import Ledger, LedgerRow  # noqa: E402
from emotiw.core.packing import AT_ONCE  # noqa: E402
from emotiw.core.store import Store  # noqa: E402
from emotiw.core.task import Classification  # noqa: E402
from emotiw.runs.stages.artifacts import Artifact, artifacts_as_csv, read_artifacts  # noqa: E402
from emotiw.runs.stages.faces import FacesJob  # noqa: E402
from features.faces.face_options import FaceOptions  # noqa: E402

MILLION = 1_000_000
TASK = Classification(("Angry", "Happy", "Sad"))
PER_GROUP, SIZE = 50, 20_000
ARTIFACTS, DATA = Path("artifacts.csv"), Path("data")
Piece = Callable[[int], object]


@dataclass(frozen=True)
class Spent:
    """What a million takes.

    Attributes:
        seconds: of a core; what disks and file servers take comes on top.
        gigabytes: that memory grew by at most.
    """

    seconds: float
    gigabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--artifacts", type=int, default=5_000)
    given = parser.parse_args()
    for name, spent in million(given.rows, given.artifacts).items():
        print(f"{name:44} {spent.seconds:7.0f} s {spent.gigabytes:6.2f} GB")


def million(n_rows: int = 100_000, n_artifacts: int = 5_000) -> dict[str, Spent]:
    """Return what each piece takes for a million clips."""
    pieces: dict[str, tuple[Piece, int]] = {
        "manifest: written": (write_rows, n_rows),
        "manifest: read": (read_rows, n_rows),
        "folds over groups": (folds, n_rows),
        "a page of the ledger: written": (write_page, n_rows),
        "a page of the ledger: read": (read_page, n_rows),
        "a table of artifacts: written and read": (tables, n_rows),
        "jobs, before they are handed over": (jobs, n_rows),
        "names and times of all clips": (listing, n_artifacts),
        "sha256 of all clips, of 1 MB": (hashes, n_artifacts // 10),
        "store: packed": (pack, n_artifacts),
        "store: what was noted of all": (notes, n_artifacts),
    }
    with tempfile.TemporaryDirectory() as name, chdir(name):
        write_files(n_artifacts)
        return {
            title: measured(piece, n, HELD.get(piece, MILLION))
            for title, (piece, n) in pieces.items()
        }


def measured(piece: Piece, n: int, n_held: int) -> Spent:
    """Do a piece for so many in a process of its own, which of a million would hold so many."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, piece, n))
    process.start()
    seconds, kilobytes = mine.recv()
    process.join()
    return Spent(MILLION / n * seconds, n_held / n * kilobytes / 1e6)


def _measure(pipe: multiprocessing.connection.Connection, piece: Piece, n: int) -> None:
    before, start = resident(), time.process_time()
    held = piece(n)
    seconds = time.process_time() - start
    pipe.send((seconds, max(0, resident() - before)))
    del held


def resident() -> int:
    """Return the kilobytes of memory that this process has needed at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@cache
def sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def cohort_of(n: int) -> Cohort:
    clips = (
        Clip(
            f"{number:08}",
            DATA / f"{number % 1000:03}" / f"{number:08}.mp4",
            "train",
            label=TASK.labels[number % 3],
            group=f"g{number // PER_GROUP}",
            content=sha(number),
        )
        for number in range(n)
    )
    return Cohort(clips, task=TASK)


def write_rows(n: int) -> Cohort:
    cohort = cohort_of(n)
    write_manifest(cohort, Path("manifest.csv"), root=DATA)
    return cohort


def read_rows(n: int) -> Cohort:
    return read_manifest(Path("manifest.csv"), root=DATA, task=TASK)


def folds(n: int) -> object:
    return cohort_of(n).with_folds("grouped").folds


def write_page(n: int) -> Ledger:
    noted = {"declared_frames": 150, "decoded_frames": 150, "n_tracks": 2, "share": 0.25}
    rows = (LedgerRow(f"{number:08}", "faces", "ok", "", 1.2, noted) for number in range(n))
    ledger = Ledger(rows)
    ledger.write_csv(Path("page.csv"))
    return ledger


def read_page(n: int) -> Ledger:
    return Ledger.read_csv(Path("page.csv"))


def tables(n: int) -> object:
    made = {f"{number:08}": Artifact(sha(number), 150, 140) for number in range(n)}
    ARTIFACTS.write_bytes(artifacts_as_csv(made))
    return read_artifacts(ARTIFACTS, made_by="faces")


def jobs(n: int) -> object:
    options = FaceOptions()
    return [
        FacesJob(DATA / f"{number:08}.mp4", options, Path("store"), sha(number))
        for number in range(n)
    ]


def write_files(n: int) -> None:
    """Write what clips and artifacts there are to look at."""
    values = np.zeros(SIZE, np.uint8)
    store = Store(Path("store"))
    DATA.mkdir()
    for number in range(n):
        noted = {"n_rows": 1, "n_present": 1, "quality": {"n_tracks": 2}}
        store.write("features", sha(number), {"values": values}, noted)
        (DATA / f"{number}.mp4").touch()
    for number in range(n // 10):
        (DATA / f"{number}.mp4").write_bytes(bytes(1_000_000))


def listing(n: int) -> str:
    return listing_of(DATA)


def hashes(n: int) -> list[str]:
    return [sha256_of(DATA / f"{number}.mp4") for number in range(n)]


def pack(n: int) -> None:
    Store(Path("store")).pack("features", map(sha, range(n)))


def notes(n: int) -> list[object]:
    store = Store(Path("store"))
    return [store.metadata("features", sha(number)) for number in range(n)]


HELD: dict[Any, Any] = {hashes: 0, pack: AT_ONCE}  # of what is not all in memory


if __name__ == "__main__":
    main()
