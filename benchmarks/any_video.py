"""`emotiw predict` as a user starts it: seconds to the first answer, and memory of a long video.

The long video is a clip, images and sound, again and again. Every measurement is a process of its
own; seconds of the processor hardly depend on what else runs.
Usage: python benchmarks/any_video.py CLIP [--minutes 1 10]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 10])
    chosen = parser.parse_args()
    measured("the clip", chosen.clip)
    with tempfile.TemporaryDirectory() as name:
        for minutes in chosen.minutes:
            path = Path(name) / f"{minutes:g}.mkv"
            repeated(chosen.clip, path, 60 * minutes)
            measured(f"{minutes:g} min", path)


def measured(what: str, path: Path) -> None:
    command = [sys.executable, "-m", "emotiw", "predict", str(path), "--quiet"]
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    spent = perf_counter() - start
    print(
        f"{what}: {spent:.1f} s by the clock, {used.ru_utime + used.ru_stime:.1f} s of the "
        f"processor, at most {used.ru_maxrss / 1024:.0f} MB, exit {status}",
        flush=True,
    )
    print(told.rstrip(), flush=True)


def repeated(clip: Path, target: Path, sec: float) -> None:
    """Write the packets of a clip, unchanged, as often as it takes."""
    import av

    with av.open(str(target), "w") as out:
        own: dict[str, Any] = {}
        begin = 0.0
        while begin < sec:
            with av.open(str(clip)) as source:
                tracks = [*source.streams.video[:1], *source.streams.audio[:1]]
                for track in tracks:
                    if track.type not in own:
                        own[track.type] = out.add_stream_from_template(track)
                end = begin
                for packet in source.demux(*tracks):
                    if packet.dts is None:
                        continue
                    shift = round(begin / packet.time_base)
                    packet.pts, packet.dts = (packet.pts or 0) + shift, packet.dts + shift
                    lasts = packet.duration or 0
                    end = max(end, float((packet.pts + lasts) * packet.time_base))
                    packet.stream = own[packet.stream.type]
                    out.mux(packet)
            begin = end + 0.1  # images that are decoded before they are shown begin earlier


if __name__ == "__main__":
    main()
