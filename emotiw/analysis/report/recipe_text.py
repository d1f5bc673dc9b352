"""The recipe with all defaults, and the versions, as they stand in the run's folder."""

from __future__ import annotations

from emotiw.analysis.report.snapshot import RunSnapshot


def recipe_text(facts: RunSnapshot) -> dict[str, str]:
    """Return both as text; empty where a file isn't there."""
    paths = {"recipe": "recipe.yaml", "versions": "versions.json"}
    return {
        name: path.read_text(encoding="utf-8") if path.is_file() else ""
        for name, path in ((name, facts.run.folder / file) for name, file in paths.items())
    }
