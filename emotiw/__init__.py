"""From a folder of video clips or group photographs to a checked EmotiW submission.

What a notebook needs is here by name, and imported when it is first used:

- a run: :func:`open_run`, :func:`run_all`, and its stages one by one: :func:`index`,
  :func:`find_all_faces`, :func:`extract_all`, :func:`train_all`, :func:`fuse_all`, :func:`submit`
- what they leave: :func:`face_tracks`, :func:`feature_table`, ``run.scores(name)``,
  ``run.cohort()``, ``run.ledger()``; all tables have ``to_frame()``
- scores from anywhere: :func:`load_scores`, :func:`fuse`, :func:`evaluate`, :func:`attribute`
- a part of one's own: :func:`check_part` says whether it keeps what its kind promises
- looking: :func:`report`, :func:`leaderboard`, :func:`ablate`, :func:`load_ablation`,
  :func:`compare`, ``run.status()``
- clips of one's own: :func:`start` writes the first recipe of a folder
- any video: :func:`predict`; any submission: :func:`check_submission`
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from emotiw.core.siblings import clash, is_command

if TYPE_CHECKING:
    from emotiw.analysis.ablation.outputs import load_ablation
    from emotiw.api import (
        ablate,
        check_submission,
        compare,
        evaluate,
        fuse,
        leaderboard,
        load_scores,
        predict,
        report,
    )
    from emotiw.checks.check_part import check_part
    from emotiw.runs.first_recipe import start
    from emotiw.runs.pipeline import run_all
    from emotiw.runs.run import open_run
    from emotiw.runs.stages.faces import face_tracks, find_all_faces
    from emotiw.runs.stages.features import extract_all, feature_table
    from emotiw.runs.stages.fuse import fuse_all
    from emotiw.runs.stages.index import index
    from emotiw.runs.stages.submit import submit
    from emotiw.runs.stages.train import subset_scores, train_all
    from fusion.attribution import attribute

__version__ = "0.1.0"
__all__ = [
    "ablate",
    "attribute",
    "check_part",
    "check_submission",
    "compare",
    "evaluate",
    "extract_all",
    "face_tracks",
    "feature_table",
    "find_all_faces",
    "fuse",
    "fuse_all",
    "index",
    "leaderboard",
    "load_ablation",
    "load_scores",
    "open_run",
    "predict",
    "report",
    "run_all",
    "start",
    "submit",
    "subset_scores",
    "train_all",
]
_HOME = {
    "attribute": "fusion.attribution",
    "check_part": "emotiw.checks.check_part",
    "load_ablation": "emotiw.analysis.ablation.outputs",
    "start": "emotiw.runs.first_recipe",
    "run_all": "emotiw.runs.pipeline",
    "open_run": "emotiw.runs.run",
    "face_tracks": "emotiw.runs.stages.faces",
    "find_all_faces": "emotiw.runs.stages.faces",
    "extract_all": "emotiw.runs.stages.features",
    "feature_table": "emotiw.runs.stages.features",
    "fuse_all": "emotiw.runs.stages.fuse",
    "index": "emotiw.runs.stages.index",
    "submit": "emotiw.runs.stages.submit",
    "subset_scores": "emotiw.runs.stages.train",
    "train_all": "emotiw.runs.stages.train",
}

if _CLASH := clash():
    if not is_command():
        raise ImportError(_CLASH)
    print(f"error: {_CLASH}", file=sys.stderr)
    sys.exit(2)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'emotiw' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "emotiw.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
