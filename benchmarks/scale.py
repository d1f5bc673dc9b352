"""A million clips on paper: what they cost, what saturates first, what becomes of 400 workers.

    python benchmarks/scale.py [--write]

Measures one clip (`clip_costs.py`), the rows of a million (`million_rows.py`) and what a job costs
beside its work (`cluster.py`), and computes the rest from that; 400 workers are simulated
(`simulated_cluster.py`). ``--write`` writes `docs/scale.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.clip_costs import Cost, clip_costs  # noqa: E402
from benchmarks.cluster import THREADS, WORKERS, Overhead, overhead  # noqa: E402
from benchmarks.million_rows import MILLION, Spent, million  # noqa: E402
from benchmarks.simulated_cluster import Setting, simulate  # noqa: E402
from docs.filling import table  # noqa: E402
from emotiw.core.cluster import Cluster  # noqa: E402
from tests.loopback import LoopbackCluster  # noqa: E402

PAGE = ROOT / "docs" / "scale.md"
N_NODES, WORKERS_PER_NODE = 100, 4
CLIP_MB = 1.0  # of 5 s of 720p, at 1.6 Mbit/s
SERVER_MB_PER_SEC, SERVER_OPENS_PER_SEC = 1250.0, 5000.0  # ten gigabits; a usual NFS server
STORE_CALLS = 5  # of a file server for each artifact: looked for, made, renamed, packed, taken away
DAY_SEC = 86_400.0
WORK = ("faces", "frame network", "openSMILE")

ANSWERS = {
    "the scheduler": "a job is a clip with all its features; paths travel, and arrays never do",
    "the client": "in flight is four times what can be done at once; a job says when it is done",
    "reading clips": "one opening for all features of a stage; what is in the store is not made",
    "writing artifacts": "crops are JPEG, and can be cleaned away once they are used",
    "opening files": "at its end a stage's files go into packs of thousands, found by key",
}


@dataclass(frozen=True)
class Measured:
    """What was measured: of a clip by stage, of a million rows by piece, of a job."""

    clip: Mapping[str, Cost]
    rows: Mapping[str, Spent]
    job: Overhead


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/scale.md")
    given = parser.parse_args()
    _, clip = clip_costs()
    measured = Measured(clip, million(), job_overhead())
    page = page_of(measured_on(page_of(measured, 1)))  # from what is printed, digit for digit
    print(page)
    if given.write:
        PAGE.write_text(page, encoding="utf-8")


def job_overhead() -> Overhead:
    """Measure what a job costs beside its work."""
    with (
        tempfile.TemporaryDirectory() as name,
        LoopbackCluster(Path(name), n_workers=WORKERS, n_threads=THREADS) as there,
        Cluster(there.address) as engine,
    ):
        while engine.n_slots < WORKERS * THREADS:
            time.sleep(0.1)
        return overhead(there, engine)


def page_of(measured: Measured, n_jobs: int = MILLION) -> str:
    """Return the page."""
    return TEXT.format(
        clip=clip_table(measured.clip),
        million=million_table(measured.clip),
        rows=rows_table(measured.rows),
        job=job_table(measured.job),
        limits=limits_table(measured),
        answers=table(("what saturates", "what the design does about it"), ANSWERS.items()),
        simulated=simulated_table(measured, n_jobs),
        n_nodes=N_NODES,
        n_workers=N_NODES * WORKERS_PER_NODE,
        per_node=WORKERS_PER_NODE,
        clip_mb=CLIP_MB,
        server=SERVER_MB_PER_SEC,
        opens=SERVER_OPENS_PER_SEC,
        calls=STORE_CALLS,
        start=Setting(1, 1, 1).start_sec,
    )


def clip_table(clip: Mapping[str, Cost]) -> str:
    head = ("stage", "seconds of a core", "kB kept", "opens of the clip")
    return table(
        head,
        [(n, f"{c.seconds:.3f}", f"{c.kept / 1e3:.1f}", str(c.opens)) for n, c in clip.items()],
    )


def million_table(clip: Mapping[str, Cost]) -> str:
    """Return what a million clips take."""
    rows = []
    for name in WORK:
        hours = clip[name].seconds * MILLION / 3600
        on_all = hours / (N_NODES * WORKERS_PER_NODE)
        rows.append((name, f"{hours:.0f}", f"{on_all:.2f}", f"{clip[name].kept / 1e3:.1f}"))
    return table(("stage", "core-hours", "hours of all workers", "GB kept"), rows)


def rows_table(rows: Mapping[str, Spent]) -> str:
    told = [(n, f"{s.seconds:.0f}", f"{s.gigabytes:.1f}") for n, s in rows.items()]
    return table(("of a million", "seconds of a core", "GB of memory"), told)


def job_table(job: Overhead) -> str:
    told = vars(job).items()
    return table(("of a job", "ms"), [(name, f"{ms:.2f}") for name, ms in told])


def limits_table(measured: Measured) -> str:
    """Return how many workers each thing that all share can bear, by stage."""
    rows = []
    for name in WORK:
        seconds, cost = measured.clip[name].seconds, measured.clip[name]
        per_clip = {
            "the scheduler": measured.job.scheduler / 1e3,
            "the client": measured.job.client / 1e3,
            "reading clips": min(cost.opens, 1) * CLIP_MB / SERVER_MB_PER_SEC,
            "writing artifacts": cost.kept / 1e6 / SERVER_MB_PER_SEC,
            "opening files": (cost.opens + STORE_CALLS) / SERVER_OPENS_PER_SEC,
        }
        most = {what: seconds / taken for what, taken in per_clip.items() if taken}
        first = min(most, key=lambda what: most[what])
        rows.append((name, *(bearable(most.get(what)) for what in per_clip), first))
    return table(("workers that can be borne by", *per_clip, "saturates first"), rows)


def bearable(n: float | None) -> str:
    return "" if n is None else f"{round(n, -1):.0f}"


def settings(measured: Measured, n_jobs: int) -> Iterable[tuple[str, Setting]]:
    """Return what is simulated."""
    n = N_NODES * WORKERS_PER_NODE
    plain = Setting(
        n_jobs,
        n,
        measured.clip["faces"].seconds,
        client_sec=measured.job.client / 1e3,
        scheduler_sec=measured.job.scheduler / 1e3,
        worker_sec=measured.job.workers / 1e3,
    )
    both = measured.clip["frame network"].seconds + measured.clip["openSMILE"].seconds
    yield "faces", plain
    yield "faces, each worker killed once an hour", replace(plain, life_sec=3600)
    yield "faces, a worker more every second", replace(plain, arrival_sec=1)
    yield f"faces, {8 * n} workers", replace(plain, n_workers=8 * n)
    yield "frame network and openSMILE, a job for both", replace(plain, job_sec=both)
    yield "openSMILE alone", replace(plain, job_sec=measured.clip["openSMILE"].seconds)


def simulated_table(measured: Measured, n_jobs: int) -> str:
    """Return what becomes of the workers."""
    rows = [simulated_row(*each) for each in settings(measured, n_jobs)]
    head = ("work", "minutes", "at best", "slots busy", "tail, s", "kills", "core-hours redone")
    return table(head, rows)


def simulated_row(name: str, setting: Setting) -> tuple[str, ...]:
    found = simulate(setting)
    return (
        name,
        f"{found.wall_sec / 60:.1f}",
        f"{found.ideal_sec / 60:.1f}",
        f"{found.busy:.1%}",
        f"{found.tail_sec:.0f}",
        str(found.n_kills),
        f"{found.redone_sec / 3600:.1f}",
    )


def measured_on(page: str) -> Measured:
    """Read back from the page what was measured."""
    tables = [
        [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in block.split("\n")]
        for block in page.split("\n\n")
        if block.startswith("|")
    ]
    by_head = {rows[0][0]: rows[2:] for rows in tables if rows[0][1] != "core-hours"}
    clip = {
        name: Cost(float(seconds), round(1e3 * float(kept)), int(opens))
        for name, seconds, kept, opens in by_head["stage"]
    }
    rows = {name: Spent(float(sec), float(gb)) for name, sec, gb in by_head["of a million"]}
    return Measured(clip, rows, Overhead(**{name: float(ms) for name, ms in by_head["of a job"]}))


TEXT = """\
# A million clips, on paper

Written by `python benchmarks/scale.py --write`, which measures one clip, the rows of many and the
cost of a job here, and computes the rest: what a million clips of 5 s, 30 fps, 720p take on
{n_nodes} nodes with {per_node} workers of one core each. Nobody has run that; what was run is
`benchmarks/cluster.py`.

## One clip

A synthetic clip, H.264, one face, no noise, in one thread: processor time. Crowds take 11.9 ms a
frame ([benchmarks](benchmarks.md)), 1.8 s a clip, and real pictures longer to decode.

{clip}
## A million of them

{million}
That the faces of a clip keep more bytes than the clip has is because of the crops, which networks
learn from; where only embeddings are wanted, `emotiw store clear` takes them away afterwards.

## What all share

Workers that each of these can bear before it is the one that decides, where a clip has
{clip_mb:g} MB, a file server gives {server:g} MB/s and answers {opens:g} calls per second, and an
artifact takes {calls} of them:

{limits}
{answers}
## The process that leads the run

{rows}
These come one after another, and workers wait meanwhile. Packing takes longer than minutes once
bytes come from a file server: it reads all that a stage has written and writes it once more. The
sha256 of clips that are new are taken by all workers, and here by threads (the value is one
thread's); what was hashed is remembered by size and time. Packing holds 32,768 artifacts in memory
at a time. The cohort, a page of the ledger and the jobs are objects: 8 GB of memory do. Ten million
clips would need a database in their place.

## 400 workers, event by event

What a job costs beside its work, measured on loopback (of `wall`, all processes on this machine's
cores; of the others, processor time):

{job}
With that, {n_workers} workers; times of jobs are log-normal with half their mean as deviation, a
new worker takes {start:g} s to start and a killed one comes back after a minute; four jobs per slot
are in flight, as in `emotiw.core.execution`:

{simulated}
"At best" is if all were at work all the time. The tail is from the last job that is handed over to
the last that comes back. With jobs of less than a tenth of a second it is the scheduler that
decides, and more workers make nothing quicker: such a stage is done in the time of its jobs through
the scheduler, wherever it runs.
"""


if __name__ == "__main__":
    main()
