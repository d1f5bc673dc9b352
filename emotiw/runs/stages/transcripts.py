"""Which transcript is whose: of a table or folder, the challenge's own tables, beside clips."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from emotiw.challenges.found_table import TEXTS, read_found_table
from emotiw.core.clip import TRANSCRIPT, Clip
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import ConfigError, EmotiwError, ManifestError, Problems, TableError
from emotiw.core.feature_table import FeatureArray
from emotiw.core.files import listing_of, sha256_of
from emotiw.core.id_joins import check_join
from emotiw.core.part import full_version
from emotiw.core.store import Store, artifact_key
from emotiw.runs.run import Run
from features.extractor import ClipSource
from features.text.text_extractor import TextOptions, Words
from features.text.transcript import Segment, Transcript
from features.text.transcript_files import FORMATS, read_transcript

NAMES = {  # of columns, the likeliest first
    "id": (
        "clip_id",
        "id",
        "clip",
        "file",
        "filename",
        "file_name",
        "name",
        "video",
        "utterance_id",
    ),
    "text": ("text", "transcript", "transcription", "utterance", "sentence", "words"),
    "start": ("start", "start_sec", "begin", "start_time", "onset"),
    "end": ("end", "end_sec", "stop", "end_time", "offset"),
}
FEATURES = "features"  # of the store
Row = tuple[int, Mapping[str, str]]


@dataclass
class Told:
    """What is known of clips' transcripts.

    Attributes:
        known: by clip id.
        unread: why those of some clips can't be read.
        where: what was looked into, in words.
    """

    known: dict[str, Transcript] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    where: str = ""

    @property
    def digest(self) -> str:
        """A hash of all of it."""
        rows = [*((c, said.digest) for c, said in self.known.items()), *self.unread.items()]
        return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()


def transcripts_of(run: Run, options: TextOptions) -> Told:
    """Return the transcripts of a run's clips, as a feature's options say.

    Raises:
        ConfigError: if there are none at all.
        TableError: if a table or folder can't be read, or its ids are no clip's.
    """
    path, clips = options.transcripts, list(run.cohort())
    if path is not None:
        place = run.recipe.settings.data.root / path
        told = transcripts_at(place, options.columns)
        found = _joined(told, clips, place)
    elif any(TRANSCRIPT in clip.extra for clip in clips):
        texts = {c.clip_id: c.extra[TRANSCRIPT] for c in clips if TRANSCRIPT in c.extra}
        known = {c: Transcript.of([Segment(text)]) for c, text in texts.items()}
        found = Told(known, {}, f"the column {TRANSCRIPT} of {run.manifest_path.name}")
    else:
        found = _beside(run, clips)
    if not found.known and not found.unread:
        raise ConfigError(
            f"no transcripts in {found.where}: say transcripts: a table or folder of them, "
            "or a command: a recogniser to run"
        )
    return found


def transcripts_at(path: Path, columns: Mapping[Any, str]) -> Told:
    """Return the transcripts of a table, a folder or a single file, by the names that these have.

    Raises:
        ConfigError: if there is no such file or folder, or columns can't be told.
        TableError: with everything that is wrong with the table.
    """
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise ConfigError(f"transcripts: no file or folder {path.absolute()}")
    return _in_table(path, sha256_of(path), tuple(sorted(columns.items())))


def recognised(store: Store, source: ClipSource, options: TextOptions, content: str) -> ClipSource:
    """Return a clip with what its recogniser says, which is asked once per clip and command.

    What it said is kept as the feature ``transcript`` of the same command would be.

    Raises:
        MediaError: if it can't be asked.
    """
    asked = TextOptions(command=options.command, command_version=options.command_version)
    key = artifact_key(
        "transcript",
        version=full_version(Words),
        content=content,
        options=asked.model_dump(mode="json", exclude=set(Words.speed_options)),
    )
    if store.has(FEATURES, key):
        tensors: Any = store.read(FEATURES, key)
        array = FeatureArray(tensors["values"], tensors["present"], tensors.get("times"))
        return replace(source, transcript=Transcript.from_array(array))
    made = Words("transcript", asked).extract(source)
    store.write(FEATURES, key, made.array.to_tensors(), made.noted())
    return source  # which has it among what is shared


def sidecar(path: Path) -> Path | None:
    """Return the file of a transcript beside a clip; None where there is none."""
    beside = (path.with_suffix(s) for suffix in FORMATS for s in (suffix, suffix.upper()))
    return next((each for each in beside if each != path and each.is_file()), None)


def _beside(run: Run, clips: list[Clip]) -> Told:
    key = f"{run.records.sha256('manifest.csv')} {run.listing()}"
    return _sidecars(key, tuple((clip.clip_id, clip.path) for clip in clips))


@lru_cache(maxsize=4)
def _sidecars(_: str, clips: tuple[tuple[str, Path], ...]) -> Told:
    told = Told(where=f"files beside the clips ({', '.join(FORMATS)})")
    for clip_id, media in clips:
        path = sidecar(media) if media != Path() else None
        if path is not None:
            _read(told, clip_id, path)
    return told


def _in_folder(folder: Path) -> Told:
    return _files_in(folder, listing_of(folder))


@lru_cache(maxsize=4)
def _files_in(folder: Path, _: str) -> Told:
    by_name: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in FORMATS and path.is_file() and not path.name.startswith("."):
            by_name.setdefault(path.stem, []).append(path)
    told, problems = Told(where=str(folder)), Problems(str(folder))
    for name, paths in by_name.items():
        best = min(paths, key=lambda path: FORMATS.index(path.suffix.lower()))
        alike = [path for path in paths if path.suffix.lower() == best.suffix.lower()]
        if len(alike) > 1:
            listed = ", ".join(path.relative_to(folder).as_posix() for path in alike)
            problems.add(f"{name!r} has {len(alike)} transcripts: {listed}")
        _read(told, name, best)
    problems.raise_if_any(TableError)
    return told


def _read(told: Told, name: str, path: Path) -> None:
    try:
        told.known[name] = read_transcript(path)
    except EmotiwError as error:
        told.unread[name] = str(error)


@lru_cache(maxsize=4)
def _in_table(path: Path, _: str, columns: tuple[tuple[str, str], ...]) -> Told:
    names, rows = _rows(path)
    role = _roles(path, names, dict(columns))
    problems = Problems(str(path))
    segments: dict[str, list[Segment]] = {}
    for line, row in rows:
        clip_id = row[role["id"]]
        start, end = (_seconds(row, role.get(name), line, problems) for name in ("start", "end"))
        if "start" not in role and clip_id in segments:
            problems.add(f"line {line}: clip {clip_id!r} again, and no column says when (start)")
        if start is not None and end is not None and end < start:
            problems.add(f"line {line}: ends before it begins: {start:g} to {end:g} s")
        segments.setdefault(clip_id, []).append(Segment(row[role["text"]], start, end))
    problems.raise_if_any(TableError)
    for said in segments.values():
        said.sort(key=lambda one: one.start_sec if one.start_sec is not None else -1.0)
    return Told({c: Transcript.of(said) for c, said in segments.items()}, {}, str(path))


def _rows(path: Path) -> tuple[list[str], list[Row]]:
    if path.suffix.lower() in TEXTS:  # quotes that never close would swallow clips: strictly, then
        frame = read_frame(path)
        cells: Any = zip(frame.index, frame.to_dict("records"), strict=True)
        return list(map(str, frame.columns)), [(int(line), row) for line, row in cells]
    try:
        table = read_found_table(path)
    except ManifestError as error:
        raise TableError(str(error)) from error
    return list(table.columns), list(table.rows)


def _roles(path: Path, names: list[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the column of the id, the text and, if there are any, the times."""
    problems = Problems(str(path))
    lower = {name.strip().lower(): name for name in reversed(names)}
    role = {}
    for what, usual in NAMES.items():
        if what in given and given[what] not in names:
            problems.add(f"no column {given[what]!r} among {names}")
        found = given.get(what) or next((lower[n] for n in usual if n in lower), None)
        if found is not None:
            role[what] = found
        elif what in {"id", "text"}:
            told = f"columns: {{{what}: NAME}}"
            problems.add(f"which column holds the {what} is not clear among {names}: say {told}")
    problems.raise_if_any(TableError)
    if not {"start", "end"} <= set(role):
        role.pop("end", None)
    return role


def _seconds(
    row: Mapping[str, str], column: str | None, line: int, problems: Problems
) -> float | None:
    cell = row[column].strip() if column is not None else ""
    if not cell:
        return None
    try:
        seconds = float(cell)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        problems.add(f"line {line}: {column} {cell!r} is no time in seconds")
        return None
    return seconds


def _joined(told: Told, clips: list[Clip], place: Path) -> Told:
    """Return what is told under the ids of clips; files may be named as the clips' files are."""
    ids = {clip.clip_id for clip in clips}
    stems = Counter(clip.path.stem for clip in clips)
    by_stem = {c.path.stem: c.clip_id for c in clips if stems[c.path.stem] == 1}
    names = {*told.known, *told.unread}
    if place.is_dir() and not names & ids:
        told = Told(
            {by_stem.get(name, name): said for name, said in told.known.items()},
            {by_stem.get(name, name): why for name, why in told.unread.items()},
            told.where,
        )
    check_join(sorted({*told.known, *told.unread}), ids, told.where, most=0.999)
    return Told(
        {c: said for c, said in told.known.items() if c in ids},
        {c: why for c, why in told.unread.items() if c in ids},
        told.where,
    )
