"""What each guide asks of its reader: commands, lines typed, and time to the first result.

    python benchmarks/jobs.py [--write]

Counted are the blocks of the pages themselves, as far as the first result: the commands, and the
lines of files that have to be typed (comments and empty lines are none). Then all of it is done
on small synthetic data, each page in an empty folder. ``--write`` writes `docs/jobs.md`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from docs.blocks import Block, blocks_of  # noqa: E402
from docs.walk import Walk  # noqa: E402

JOBS = {  # page: what its reader wants, the command that shows the first of it, the data
    "own_clips": ("clips of one's own", "emotiw run clips.yaml", "18 recordings of 0.6 s"),
    "challenge_entry": ("a checked submission", "emotiw run afew.yaml", "28 clips of 8 frames"),
    "group_photographs": ("moods of photographs", "emotiw run gaf.yaml", "15 photographs"),
    "own_scores": ("two tables of scores fused", "emotiw fuse", "84 clips"),
    "ablation": (
        "a table of subsets",
        "emotiw ablate recipe.yaml --axis modalities=subsets --axis",
        "27 clips, 3 models",
    ),
    "any_video": ("the emotion in a video", "emotiw predict holiday.mp4", "one of 20 frames"),
}
HEAD = """\
# What each job takes

Written by `python benchmarks/jobs.py --write`. It counts the blocks of the guides as far as the
first result, and does them on small synthetic data with small networks: so the seconds, of
processor time in one process, say how far away the first result is, and not how long real data
takes. What is loaded is loaded once; starting the program comes on top, {start:.1f} s a command.

| the first result is | commands | lines typed | seconds | of |
|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/jobs.md")
    parser.add_argument("--job", choices=JOBS, help="follow one guide; print the seconds alone")
    given = parser.parse_args()
    if given.job:
        with tempfile.TemporaryDirectory() as folder:
            print(followed(Path(folder), needed_for(given.job)))
        return
    page = HEAD.format(start=seconds_to_start())
    page += "".join(f"| {' | '.join(row(name))} |\n" for name in JOBS)
    print(page)
    if given.write:
        (ROOT / "docs" / "jobs.md").write_text(page, encoding="utf-8")


def row(name: str) -> tuple[str, ...]:
    """Count a guide as far as its first result, and follow it."""
    alone = [sys.executable, __file__, "--job", name]  # what it loads is among the seconds
    told = subprocess.run(alone, check=True, capture_output=True, text=True).stdout
    seconds = float(told.split()[-1])
    return *counted(name), f"{seconds:.1f}", JOBS[name][2]


def counted(name: str) -> tuple[str, str, str]:
    """Return a link to a guide, and its commands and typed lines as far as the first result."""
    needed = needed_for(name)
    commands = sum(len(block.commands) for block in needed)
    lines = sum(is_typed(line) for block in needed for line in block.text.split("\n") if block.file)
    return f"[{JOBS[name][0]}](guides/{name}.md)", str(commands), str(lines)


def needed_for(name: str) -> list[Block]:
    """Return the blocks of a guide that lead to its first result."""
    return as_far_as(JOBS[name][1], blocks_of(ROOT / "docs" / "guides" / f"{name}.md"))


def as_far_as(last: str, blocks: list[Block]) -> list[Block]:
    """Return the blocks that are done, the last of them up to the command of the first result."""
    needed: list[Block] = []
    for block in blocks:
        if block.why_not or block.within:
            continue
        for number, command in enumerate(block.commands):
            if command.startswith(last):
                return [
                    *needed,
                    replace(block, text="\n".join(block.commands[: number + 1]) + "\n"),
                ]
        needed.append(block)
    raise SystemExit(f"no page has {last}")


def is_typed(line: str) -> bool:
    """Tell whether a line of a file has to be typed."""
    return bool(line.partition("# ")[0].strip())


def followed(folder: Path, blocks: list[Block]) -> float:
    """Do what the blocks say; return the seconds of processor time."""
    walk = Walk(folder)
    with chdir(folder):
        for block in blocks:
            for name in block.given:
                walk.give(name)
        start = process_time()
        for block in blocks:
            walk.block(block)
        return process_time() - start


def seconds_to_start() -> float:
    """Return the processor time of a command that does nothing."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "emotiw", "--version"],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
