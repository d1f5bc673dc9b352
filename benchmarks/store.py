"""What 10,000 small artifacts cost: a flushed file each, as before packs, and loose, then packed.

Usage: python benchmarks/store.py [--clips 10000] [--folder .]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from emotiw.core.files import atomic_write
from emotiw.core.store import Store, _index_of, artifact_key

STAGE, N_VALUES = "features", 100
NOTED = {"n_rows": 1, "n_present": 1, "quality": {}}
GOAL_CLIPS_PER_FILE = 100


def arrays_of(number: int) -> dict[str, npt.NDArray[np.generic]]:
    values = np.random.default_rng(number).normal(size=(1, N_VALUES)).astype(np.float32)
    return {"values": values, "present": np.ones(1, bool)}


def timed(what: str, work: Callable[[], object]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    spent = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {what:24} {spent[0]:7.2f} s, {spent[1]:6.2f} s of CPU")


def told(folder: Path) -> int:
    paths = list(folder.rglob("*"))
    files = [path.stat() for path in paths if path.is_file()]
    on_disk = sum(path.stat().st_blocks for path in paths) * 512
    size = sum(stat.st_size for stat in files)
    print(f"  {len(files):,} files, {size / 1e6:.1f} MB in them, {on_disk / 1e6:.1f} MB on disk")
    return len(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=Path())
    arguments = parser.parse_args()
    made = [arrays_of(number) for number in range(arguments.clips)]
    keys = [artifact_key("x", version="1", content=str(n), options={}) for n in range(len(made))]
    data = sum(array.nbytes for arrays in made for array in arrays.values())
    print(f"{len(made):,} artifacts of {N_VALUES} float32: {data / 1e6:.1f} MB of data")

    with tempfile.TemporaryDirectory(dir=arguments.folder.absolute()) as name:
        print("a file each, flushed (as before):")
        folder = Path(name)
        places = [folder / key[:2] / f"{key}.safetensors" for key in keys]
        noted = {"emotiw": json.dumps(NOTED)}

        def write() -> None:
            for place, arrays in zip(places, made, strict=True):
                atomic_write(place, save(arrays, noted))

        timed("write", write)
        told(folder)
        timed("read all", lambda: [load_file(place) for place in places])

    with tempfile.TemporaryDirectory(dir=arguments.folder.absolute()) as name:
        print("loose files, then packs:")
        store = Store(Path(name))
        timed(
            "write",
            lambda: [store.write(STAGE, k, a, NOTED) for k, a in zip(keys, made, strict=True)],
        )
        told(store.root)
        timed("pack", lambda: store.pack(STAGE, keys))
        n_files = told(store.root)
        _index_of.cache_clear()  # as in a new process
        timed("has all, first time", lambda: [store.has(STAGE, key) for key in keys])
        timed("has all, again", lambda: [store.has(STAGE, key) for key in keys])
        timed("has, none is there", lambda: [store.has(STAGE, key[::-1]) for key in keys])
        timed("what was noted of all", lambda: [store.metadata(STAGE, key) for key in keys])
        timed("read all, checked", lambda: [store.read(STAGE, key) for key in keys])
        for key, arrays in list(zip(keys, made, strict=True))[::97]:
            assert np.array_equal(store.read(STAGE, key)["values"], arrays["values"])
        is_met = n_files * GOAL_CLIPS_PER_FILE <= max(len(keys), GOAL_CLIPS_PER_FILE)
        print(f"a file for {len(keys) / n_files:,.0f} clips: {'met' if is_met else 'MISSED'}")


if __name__ == "__main__":
    main()
