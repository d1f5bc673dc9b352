"""A run that is told to stop says so in one line and leaves no process and nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from emotiw.cli.net import STOPPED

ROOT = Path(__file__).parents[2]
RECIPE = """
challenge: folder
name: mine
data: {{root: {home}/clips}}
paths: {{runs: {home}/runs}}
features: {{slow: {{extractor: "slow:Slow"}}}}
execution: {{workers: {workers}}}
"""
SLOW = """
import os
import time
from pathlib import Path

from pydantic import BaseModel

from emotiw.core.feature_table import FeatureSpec
from emotiw.core.files import atomic_file
from features.extractor import Extractor


class Nothing(BaseModel):
    pass


class Slow(Extractor):
    Options = Nothing

    @property
    def spec(self):
        return FeatureSpec(self.name, (1,), "clip")

    def extract(self, source):
        home = Path(__file__).parent
        with atomic_file(home / "runs" / source.clip_id) as partial:
            partial.write_text("half")
            (home / f"{os.getpid()}.begun").touch()
            time.sleep(120)
"""


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_a_signal_in_the_middle_of_a_clip(tmp_path: Path, number: int, workers: int) -> None:
    (tmp_path / "clips").mkdir()
    for n in range(2):
        with wave.open(str(tmp_path / "clips" / f"{n}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes([n, 0]) * 800)
    (tmp_path / "slow.py").write_text(SLOW)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(home=tmp_path, workers=workers))
    command = [sys.executable, "-m", "emotiw", "features", recipe, "--quiet"]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        begun = wait_for_files(tmp_path, "*.begun", workers, process)
        os.killpg(process.pid, number)  # as a terminal does: to all of its processes
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert told == f"{STOPPED}\n"
    assert process.returncode == 128 + number
    assert not list(tmp_path.rglob(".partial-*"))
    assert not [path for path in begun if Path(f"/proc/{path.stem}").exists()]
    log = (tmp_path / "runs" / "mine" / "run.log").read_text().splitlines()
    assert log[-2].endswith(STOPPED)
    assert log[-1].endswith(f"status {128 + number}")


def wait_for_files(
    folder: Path, pattern: str, count: int, process: subprocess.Popen[str]
) -> list[Path]:
    end = time.monotonic() + 60
    while len(found := list(folder.glob(pattern))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    return found
