"""What the rows of an ablation take: time and size."""

from __future__ import annotations

from pathlib import Path

from emotiw.analysis.ablation.plan import card_of, fits_there
from emotiw.analysis.ablation.spaces import Space
from emotiw.runs.run import Run
from emotiw.runs.stages.artifacts import read_artifacts


class Costs:
    """What rows take from scratch, added up from what their parts took when they were made."""

    def __init__(self, base: Run) -> None:
        self._base = base
        self._of_model: dict[tuple[int, str], tuple[float | None, float | None]] = {}
        self._of_stage: dict[tuple[int, str], float | None] = {}

    def of(
        self, space: Space, models: tuple[str, ...], path: Path
    ) -> tuple[float | None, float | None]:
        """Return seconds and megabytes of a row; None where some part is not known."""
        parts = [self._model(space, model) for model in models]
        entries = (space.run.recipe.models[name] for name in models)
        read = dict.fromkeys(name for entry in entries for name in entry.features)
        features = [name for name in read if name in space.extracted]
        seconds = [part[0] for part in parts]
        seconds += [self._stage(space, f"features:{name}") for name in features]
        if any(map(space.needs_faces, features)):
            seconds.append(self._stage(space, "faces"))
        seconds.append(card_of(path).get("seconds"))
        return _total(seconds), _total([part[1] for part in parts])

    def _model(self, space: Space, model: str) -> tuple[float | None, float | None]:
        key = (id(space), model)
        if key not in self._of_model:
            fits = fits_there(space, model)
            if fits is None:
                self._of_model[key] = (0.0, 0.0)  # imported
            else:
                folder = fits.folder(None) / "model"
                size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
                self._of_model[key] = (fits.seconds, size / 1e6 if size else None)
        return self._of_model[key]

    def _stage(self, space: Space, stage: str) -> float | None:
        key = (id(space), stage)
        if key not in self._of_stage:
            spent = _seconds(space.run, stage)
            if not spent and _same_artifacts(space.run, self._base, stage):
                spent = _seconds(self._base, stage)
            self._of_stage[key] = spent or None
        return self._of_stage[key]


def _seconds(run: Run, stage: str) -> float:
    return float(sum(row.seconds for row in run.ledger().rows(stage)))


def _same_artifacts(run: Run, base: Run, stage: str) -> bool:
    own, theirs = (
        each.faces_path if stage == "faces" else each.features_path(stage.split(":", 1)[1])
        for each in (run, base)
    )
    is_there = own.is_file() and theirs.is_file()
    return is_there and read_artifacts(own, made_by=stage) == read_artifacts(theirs, made_by=stage)


def _total(parts: list[float | None]) -> float | None:
    return None if None in parts else round(sum(part for part in parts if part is not None), 3)
