"""A run of every stage that takes a moment: clips of a few bytes, and a class that counts them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import yaml

from emotiw.runs.run import Run, open_run
from tests.in_process import IN_PROCESS
from tests.predict.videos import LIGHT

OWN = '''
    """Counts the bytes of a file."""

    import numpy as np

    from emotiw.core.config import Strict
    from emotiw.core.errors import MediaError
    from emotiw.core.feature_table import FeatureArray, FeatureSpec
    from features.extractor import ClipSource, Extraction, Extractor


    class Options(Strict):
        scale: float = 1.0


    class Bytes(Extractor):
        """The mean byte of a file, and of its halves."""

        Options = Options
        needs = "media"

        def __init__(self, name: str, options: Options) -> None:
            self.options = options
            self.spec = FeatureSpec(name, (3,), "clip")

        def extract(self, source: ClipSource) -> Extraction:
            data = np.frombuffer(source.path.read_bytes(), np.uint8).astype(np.float32)
            if not len(data):
                raise MediaError(f"{source.path.name}: the file is empty")
            half = len(data) // 2
            row = [data.mean(), data[:half].mean(), data[half:].mean()]
            values = self.options.scale * np.array([row], np.float32)
            array = FeatureArray(values, np.ones(1, bool))
            return Extraction(array, {"n_bytes": len(data)})
'''


def small_recipe(home: Path, *, n_clips: int = 12) -> Path:
    """Write clips of two labels, four that are not labelled, and a recipe with two models."""
    for number in range(n_clips + 4):
        label = ("Dark", "Bright")[number % 2]
        folder = home / "clips" / label if number < n_clips else home / "clips"
        folder.mkdir(parents=True, exist_ok=True)
        level = 60 + 60 * (number % 2) + 7 * (number * 5 % 11)
        data = bytes((level + 3 * place) % 256 for place in range(20 + number))
        (folder / f"clip{number:02}.wav").write_bytes(data)
    (home / "clips/Dark/empty.wav").write_bytes(b"")
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    (home / "own_bytes.py").write_text(textwrap.dedent(OWN))
    recipe = {
        "challenge": str(home / "light.yaml"),
        "name": "small",
        "data": {"root": str(home / "clips")},
        "paths": {"runs": str(home / "runs")},
        "features": {"bytes": {"extractor": "own_bytes:Bytes"}},
        "models": {
            "voice": {"model": "svm", "features": "bytes"},
            "other": {"model": "svm", "features": "bytes", "c": 0.01},
        },
        "folds": {"n_folds": 2},
        "fusion": {"method": "weighted", "calibration": "temperature"},
        "submission": {"team": "Us", "fallback": "Dark"},
        "execution": IN_PROCESS,
    }
    path = home / "small.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def small_run(home: Path, *settings: str, runs: Path | None = None) -> Run:
    """Open the run of :func:`small_recipe`, in another folder of runs if one is given."""
    where = [f"paths.runs={runs}", f"paths.store={home / 'runs/store'}"] if runs else []
    return open_run(home / "small.yaml", [*where, *settings])
