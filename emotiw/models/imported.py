"""A modality whose scores come from elsewhere: nothing is fitted, and nothing new can be asked."""

from __future__ import annotations

from pathlib import Path

from emotiw.core.cohort import Cohort
from emotiw.core.config import Strict
from emotiw.core.imported_scores import TrainedOn, import_scores
from emotiw.core.score_kinds import Kind
from emotiw.core.score_table import ScoreTable
from emotiw.models.model import Model


class ImportedOptions(Strict):
    """Options of :class:`Imported`; see :func:`~emotiw.core.imported_scores.import_scores`.

    Attributes:
        path: a CSV, or a folder of one per fold; relative to ``data.root``.
        kind: probabilities, log-probabilities, logits, or ``as is`` (the largest wins);
            recognised by default.
        trained_on: what the models behind the scores have seen.
    """

    path: Path
    kind: Kind = "auto"
    trained_on: TrainedOn = "other folds"


class Imported(Model):
    """Scores that are there already."""

    Options = ImportedOptions
    is_fitted_here = False

    @classmethod
    def ready_scores(
        cls, name: str, options: ImportedOptions, cohort: Cohort, root: Path
    ) -> ScoreTable:
        """Return the scores of the cohort's clips.

        Raises:
            TableError: naming file and line of everything that is wrong.
        """
        return import_scores(
            root / options.path,
            cohort,
            name=name,
            kind=options.kind,
            trained_on=options.trained_on,
        )

    @classmethod
    def outside_files(cls, options: ImportedOptions, root: Path) -> list[Path]:
        """Return the file, or those of the folder."""
        path = root / options.path
        return sorted(path.glob("*.csv")) if path.is_dir() else [path]
