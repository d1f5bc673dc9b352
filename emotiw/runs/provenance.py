"""What a run was made from: versions, weights, clips, and the state of the code."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from emotiw.core.errors import EmotiwError
from emotiw.core.files import sha256_of
from emotiw.core.part import Part
from emotiw.models.registry import MODELS
from emotiw.runs.edits import edits_of
from emotiw.runs.run import Run
from emotiw.runs.stages.features import made_extractor
from features.registry import EXTRACTORS

FILE = "provenance.json"
PACKAGE = Path(__file__).parents[1]


def provenance_of(run: Run) -> dict[str, Any]:
    """Return what the results of a run depend on beside its recipe and its versions.

    Returns:
        ``manifest`` is the sha256 of its CSV; ``edited`` what was changed by hand since a stage
        wrote it; ``weights`` the fingerprint of every feature's
        network, ``imported`` the sha256 of every file from elsewhere; ``git`` the commit, and
        whether anything was changed since, of the toolkit (``emotiw``) and of the folder that it
        was called in (``here``); None where git doesn't know it.
    """
    return {
        "manifest": sha256_of(run.manifest_path) if run.manifest_path.is_file() else None,
        "edited": [vars(edit) for edit in edits_of(run.records)],
        "seed": run.recipe.settings.seed,
        "weights": _weights(run),
        "imported": _imported(run),
        "git": {
            "emotiw": git_state(PACKAGE, tracked="__init__.py"),
            "here": git_state(Path.cwd()),
        },
    }


def provenance_text(run: Run) -> bytes:
    """Return ``provenance.json``."""
    return (json.dumps(provenance_of(run), indent=1, sort_keys=True) + "\n").encode()


def git_state(folder: Path, *, tracked: str | None = None) -> dict[str, Any] | None:
    """Return commit and branch of the checkout that a folder is in, and whether it was changed.

    Args:
        folder: any folder.
        tracked: a file in it that must belong to the checkout: a library that is installed inside
            somebody's project is none of its files.
    """
    if shutil.which("git") is None:
        return None
    try:
        if tracked is not None:
            _git(folder, "ls-files", "--error-unmatch", tracked)
        commit = _git(folder, "rev-parse", "HEAD")
        branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "branch": branch, "is_changed": bool(changed)}


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()


def _weights(run: Run) -> dict[str, str]:
    weights = {}
    for name, entry in run.recipe.features.items():
        try:
            weights[name] = made_extractor(entry).weights_fingerprint
        except EmotiwError as error:
            weights[name] = f"missing: {error}"
    return {name: sha for name, sha in weights.items() if sha}


def _imported(run: Run) -> dict[str, str]:
    features, models = run.recipe.features.values(), run.recipe.models.values()
    root = run.recipe.settings.data.root
    parts: list[tuple[str, type[Part], Any]] = [
        (f"feature {e.name}", EXTRACTORS.resolve(e.extractor), e.options) for e in features
    ]
    parts += [(f"scores {e.name}", MODELS.resolve(e.model), e.options) for e in models]
    return {
        f"{name}: {file.name}": sha256_of(file)
        for name, kind, options in parts
        for file in kind.outside_files(options, root)
        if file.is_file()
    }
