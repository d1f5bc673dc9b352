"""How large an install is and how long it takes: `pip install` into a fresh environment.

    python benchmarks/installing.py [--folder FOLDER] [--constraints FILE] [PIP OPTIONS…]

What comes after the options of its own is handed to pip: `--extra-index-url ADDRESS` for the CPU
wheels of torch, or `--find-links FOLDER`. Time includes downloads, unless pip has them in its
cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from venv import create

ROOT = Path(__file__).parents[1]
MOST_SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the environment")
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.folder or Path(folder) / "venv", ["-c", str(given.constraints), *options])


def measure(venv: Path, options: list[str]) -> None:
    create(venv, with_pip=True)
    before = size_of(venv)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    start = perf_counter()
    subprocess.run([*pip, *options, str(ROOT)], check=True)
    took = perf_counter() - start
    print(f"{(size_of(venv) - before) / 1e9:.2f} GB in {took / 60:.1f} min, of which")
    packages = next(venv.glob("lib/python*/site-packages"))
    sizes = sorted(((size_of(path), path.name) for path in packages.iterdir()), reverse=True)
    for size, name in sizes[:MOST_SHOWN]:
        print(f"  {size / 1e6:7.0f} MB  {name}")
    done = subprocess.run([str(venv / "bin" / "emotiw"), "--version"], capture_output=True)
    sys.exit(done.returncode)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.lstat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())


if __name__ == "__main__":
    main()
