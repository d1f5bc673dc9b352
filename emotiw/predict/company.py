"""The other clips of a speaker, for models that see a speaker's clips together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emotiw.core.csv_rows import read_records, text_frame
from emotiw.core.errors import EmotiwError, TableError
from emotiw.core.feature_table import FeatureArray
from emotiw.core.id_joins import likely_repair
from emotiw.core.machine_faults import require_machine
from features.extractor import ClipSource, Extractor

if TYPE_CHECKING:
    import pandas as pd

    from emotiw.runs.run import Run

Speakers = tuple[tuple[Path, str], ...]  # of each file


def read_speakers(table: Path, files: Mapping[str, Path]) -> Speakers:
    """Return who speaks in each file, as a table of ``clip_id`` (its stem) and ``group`` says.

    Raises:
        TableError: if the table is damaged, or names a file that there isn't.
    """
    rows = read_records(
        table, ("clip_id", "group"), lambda row: (row["clip_id"], row["group"]), TableError
    )
    return speakers_in(rows, files, where=str(table))


def speakers_in(
    rows: Sequence[tuple[str, str]], files: Mapping[str, Path], *, where: str = "speakers"
) -> Speakers:
    """Return who speaks in each file, as pairs of its stem and the speaker say.

    Raises:
        TableError: if a stem is no file's.
    """
    stems = {path.stem: path for path in files.values()}
    unknown = [clip_id for clip_id, _ in rows if clip_id not in stems]
    if unknown:
        repair = likely_repair(unknown, stems)
        hint = f"; {repair} they would be" if repair else ""
        raise TableError(f"{where}: {len(unknown)} ids are no file's, e.g. {unknown[0]!r}{hint}")
    return tuple((stems[clip_id], group) for clip_id, group in rows if group)


def speakers_told(told: pd.DataFrame | Path | str | None, files: Mapping[str, Path]) -> Speakers:
    """Return who speaks in each file, by a table in pandas or in a file; nobody knows where None.

    Raises:
        TableError: if the table is damaged, or names a file that there isn't.
    """
    if told is None:
        return ()
    if isinstance(told, Path | str):
        return read_speakers(Path(told), files)
    text = text_frame(told)
    return speakers_in(list(zip(text["clip_id"], text["group"], strict=True)), files)


class Company:
    """Finds the rows of a speaker's other clips: those of the run, and the other files of sound.

    Args:
        run: the run.
        speakers: who speaks in each file.
    """

    def __init__(self, run: Run, speakers: Speakers) -> None:
        self._run = run
        self._speaker_of = dict(speakers)
        self._known: dict[tuple[str, str], dict[str, FeatureArray]] = {}

    def speaker_of(self, file: Path) -> str:
        """Return who speaks in a file; empty where nobody said."""
        return self._speaker_of.get(file, "")

    def of(self, file: Path, feature: str, extractor: Extractor) -> dict[str, FeatureArray]:
        """Return the rows of the other clips of a file's speaker, by any names."""
        speaker = self.speaker_of(file)
        if not speaker:
            return {}
        if (speaker, feature) not in self._known:
            self._known[speaker, feature] = self._found(speaker, feature, extractor)
        return {
            name: array
            for name, array in self._known[speaker, feature].items()
            if name != f"file {file}"
        }

    def _found(self, speaker: str, feature: str, extractor: Extractor) -> dict[str, FeatureArray]:
        from emotiw.runs.stages.features import feature_table

        groups, table = self._run.cohort().groups, feature_table(self._run, feature)
        found = {f"clip {c}": table[c] for c in table.clip_ids if groups.get(c) == speaker}
        for path, own in self._speaker_of.items():
            if own == speaker and extractor.needs == "media":
                try:
                    array = extractor.extract(ClipSource(path.stem, path)).array
                except EmotiwError as error:  # it is told where this file is asked for
                    require_machine(error)
                    continue
                if array.present.any():
                    found[f"file {path}"] = array
        return found
