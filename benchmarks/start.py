"""What it costs to start: CPU seconds and peak memory of commands that have little to do.

    python benchmarks/start.py CLIP PHOTOGRAPHS [--tree FOLDER ...] [--repeat 3] [--minutes 10]
        [--only worker]

Each figure is the least of several processes of their own, the first of which warmed up the disk.
``--tree`` measures other checkouts side by side; their weights and detectors may be others, and so
may their answers. Of CLIP the first five seconds count, of the folder PHOTOGRAPHS ten files;
with ``--minutes`` `predict` is also given CLIP again and again for so long.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE))

from benchmarks.any_video import repeated  # noqa: E402

RECIPE = """\
challenge: folder
name: still
data: {root: HOME/clips}
paths: {runs: HOME/runs}
folds: {n_folds: 2}
models: {one: {model: imported, path: HOME/one.csv, trained_on: other data}}
fusion: {method: mean, calibration: none}
submission: {fallback: Neutral}
execution: {workers: 1}
"""
# a worker unpickles the stage's function, which imports the stage; older versions had other names
WORKER = """
import importlib, os, sys, time
from pathlib import Path
is_new = Path("emotiw/runs").is_dir()  # of the working folder
importlib.import_module("emotiw.runs.stages.faces" if is_new else "emotiw.stages.faces")
finder = importlib.import_module("features.faces.find_faces" if is_new else "features.faces.clip")
class Watched(finder.MediaReader):
    def frames(self):
        for number, frame in enumerate(super().frames()):
            if number:
                print(time.process_time(), flush=True)
                os._exit(0)
            yield frame
finder.MediaReader = Watched
finder.find_faces(Path(sys.argv[1]))
"""


class Cost(NamedTuple):
    """What a process took."""

    cpu_sec: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--tree", type=Path, nargs="*", default=[])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--only", default="", help="a part of what is measured")
    asked = parser.parse_args()
    trees = [HERE, *(tree.resolve() for tree in asked.tree)]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        clip = home / f"clip{asked.clip.suffix}"
        begun(asked.clip, clip, 5.0)
        photographs = sorted(p for p in asked.photographs.rglob("*") if p.suffix == ".jpg")[:10]
        predict = ["-m", "emotiw", "predict", "--quiet", "--workers", "1"]
        kinds: dict[str, list[str]] = {
            "emotiw --help": ["-m", "emotiw", "--help"],
            "status, nothing to do": ["-m", "emotiw", "status", "HOME/still.yaml"],
            "run, nothing to do": ["-m", "emotiw", "run", "HOME/still.yaml"],
            "a faces worker, first frame": ["-c", WORKER, str(clip)],
            "predict, a clip of 5 s": [*predict, str(clip)],
            f"predict, {len(photographs)} photographs": [*predict, *map(str, photographs)],
        }
        if asked.minutes:
            repeated(asked.clip, home / "film.mkv", 60 * asked.minutes)
            kinds[f"predict, {asked.minutes:g} min"] = [*predict, str(home / "film.mkv")]
        kinds = {what: told for what, told in kinds.items() if asked.only in what}
        if any("nothing to do" in what for what in kinds):
            for number, tree in enumerate(trees):
                finished_run(home / str(number), tree)
        for what, told in kinds.items():
            repeat = 1 if what.endswith(" min") else asked.repeat
            columns = [
                least([one.replace("HOME", str(home / str(number))) for one in told], tree, repeat)
                for number, tree in enumerate(trees)
            ]
            print(row(what, columns), flush=True)


def row(what: str, columns: list[Cost]) -> str:
    cells = (f"{cost.cpu_sec:6.2f} s {cost.peak_mb:6.0f} MB" for cost in columns)
    return f"{what:28s} | " + " | ".join(cells)


def least(arguments: list[str], tree: Path, repeat: int) -> Cost:
    """Return the least of several times and of their peaks."""
    found = [measured(arguments, tree) for _ in range(repeat)]
    return Cost(min(cost.cpu_sec for cost in found), min(cost.peak_mb for cost in found))


def measured(arguments: list[str], tree: Path) -> Cost:
    """Return what a process of Python takes, and the workers that it has waited for."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    # predict says by 1 that a file has no answer
    if os.waitstatus_to_exitcode(status) not in ((0, 1) if "predict" in arguments else (0,)):
        print(f"{tree}: {' '.join(arguments)[:200]}\n{told[-2000:]}", file=sys.stderr)
        return Cost(nan, nan)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def finished_run(home: Path, tree: Path) -> None:
    """Make a small run whose scores are imported, and finish it."""
    labels = ("Angry", "Happy", "Neutral", "Disgust", "Fear", "Sad", "Surprise")
    lines = [",".join(("clip_id", *labels))]
    for number in range(12):
        folder = home / "clips" / (labels[number % 3] if number % 4 else "test")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:03}.wav").write_bytes(bytes([number]) * 64)
        scores = [0.4 if place == number % 3 else 0.1 for place in range(len(labels))]
        lines.append(",".join((f"{number:03}", *map(str, scores))))
    (home / "one.csv").write_text("\n".join(lines) + "\n")
    recipe = RECIPE.replace("HOME", str(home))
    (home / "still.yaml").write_text(recipe)
    measured(["-m", "emotiw", "run", str(home / "still.yaml")], tree)


def begun(clip: Path, target: Path, sec: float) -> None:
    """Write the packets of a clip's first seconds, unchanged."""
    import av

    with av.open(str(clip)) as source, av.open(str(target), "w") as out:
        tracks = [*source.streams.video[:1], *source.streams.audio[:1]]
        own: dict[int, Any] = {t.index: out.add_stream_from_template(t) for t in tracks}
        for packet in source.demux(*tracks):
            if packet.dts is not None and float(packet.dts * packet.time_base) < sec:
                packet.stream = own[packet.stream_index]
                out.mux(packet)


if __name__ == "__main__":
    main()
