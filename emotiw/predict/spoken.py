"""What is said in a new file, for the models of a run that read text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emotiw.core.errors import ConfigError, EmotiwError
from emotiw.core.id_joins import check_join
from emotiw.core.machine_faults import require_machine
from emotiw.runs.stages.transcripts import sidecar, transcripts_at
from features.extractor import ClipSource, Extractor
from features.text.text_extractor import TextExtractor
from features.text.transcript import Transcript
from features.text.transcript_files import FORMATS, read_transcript

Spoken = tuple[tuple[Path, Transcript], ...]  # of each file that has one


def read_spoken(place: Path, files: Mapping[str, Path]) -> Spoken:
    """Return the transcripts of files, by their stem.

    Args:
        place: a table or folder of transcripts, or the transcript of the only file.
        files: the files.

    Raises:
        ConfigError: if there are no such transcripts.
        TableError: if they can't be read, or are of other files.
    """
    if place.is_file() and place.suffix.lower() in FORMATS:
        if len(files) != 1:
            raise ConfigError(f"{place} is one transcript, for {len(files)} files: name a table")
        return ((next(iter(files.values())), read_transcript(place)),)
    told = transcripts_at(place, {})
    stems = {path.stem: path for path in files.values()}
    if told.unread:
        raise ConfigError(next(iter(told.unread.values())))
    check_join(sorted(told.known), stems.keys(), str(place), most=0.999)
    return tuple((stems[name], said) for name, said in told.known.items() if name in stems)


def said_in(
    path: Path, given: Spoken, extractors: Mapping[str, Extractor], notes: dict[str, None]
) -> dict[str, Transcript]:
    """Return what is said in a file, by the features of text that want to know.

    That is what was given of it, or lies beside it; where the run has a recogniser, what that says.

    Args:
        path: the file.
        given: transcripts by file.
        extractors: by feature, of any kind.
        notes: takes a note on each feature that has nothing.
    """
    said: dict[str, Transcript] = {}
    source = ClipSource(path.stem, path)
    for name, extractor in extractors.items():
        if not isinstance(extractor, TextExtractor):
            continue
        try:
            found = dict(given).get(path)
            if found is None and extractor.options.command is not None:
                found = extractor.said_in(source)
            elif found is None and (beside := sidecar(path)) is not None:
                found = read_transcript(beside)
        except EmotiwError as error:
            require_machine(error)
            notes[f"{name}: {error}"] = None
            continue
        if found is None:
            notes[f"{name}: no transcript (--transcripts, or {path.stem}.srt beside it)"] = None
        else:
            said[name] = found
    return said
