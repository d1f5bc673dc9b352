"""One's own clips: what the names of folders and a table beside the clips say of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from emotiw.challenges.clip_table import in_fold
from emotiw.challenges.folder_words import (
    Place,
    label_of_word,
    place_of,
    split_folders,
    split_of_word,
)
from emotiw.challenges.listed_clips import START, Said, said_by_file, said_of_clips
from emotiw.challenges.manifest_builder import ManifestBuilder, media_files
from emotiw.challenges.reader import Reader
from emotiw.challenges.table_columns import ClipFinder, TableColumns
from emotiw.core.clip import NO_LABEL, SPLITS, TRANSCRIPT, Split
from emotiw.core.label_names import translated


class Folder(Reader):
    """Clips anywhere below the root.

    Folders that are named after a label, in any usual spelling, say the label of all clips below
    them; ``train``, ``val``, ``test`` and ``unlabelled`` likewise. A table beside the clips that
    lists them says what its columns say. Labelled clips of no split are training clips; where
    nothing labels a clip, it is a test clip, to be predicted. What would have to be guessed is
    refused.

    Attributes:
        table: name of the table below the root; the one that lists the clips by default, ``none``
            to read none.
        columns: of the table; told by their names and cells where not given.
        media: False where there are no clips but in the table, and features are from elsewhere.
    """

    version = "3"
    table: str | None = None
    columns: TableColumns = TableColumns()
    media: bool = True

    def read(self, builder: ManifestBuilder) -> None:
        """Note every clip."""
        paths = media_files(builder.root, self.extensions) if self.media else []
        finder = ClipFinder(builder.root, paths) if self.media else None
        rows = said_of_clips(builder, finder, self.table, self.columns)
        if finder is not None:
            _add_files(builder, paths, said_by_file(builder, finder, rows))
            return
        for said in rows:
            _add(builder, said.name, Path(), Place(), said)


def _add_files(
    builder: ManifestBuilder,
    paths: list[Path],
    by_file: dict[Path, Said],
) -> None:
    labels = builder.spec.labels
    above = {path: path.parent.relative_to(builder.root).parts for path in paths}
    split_of, doubtful = split_folders(name for parts in above.values() for name in parts)
    places = {path: place_of(parts, labels, split_of) for path, parts in above.items()}
    if doubtful:
        builder.warnings.append(
            f"folders that might mean a split, and are taken for none: {', '.join(doubtful[:5])}"
        )
    has_labels = any(place.labels for place in places.values()) or bool(by_file)
    lost: Counter[str] = Counter()
    unlisted = []
    for path, place in places.items():
        name = builder.name(path)
        for what, said in (("labels", place.labels), ("splits", place.splits)):
            if len(said) > 1:
                builder.problems.add(f"{name}: its folders name {len(said)} {what}: {said}")
        if path in by_file:
            _add(builder, path.stem, path, place, by_file[path])
            continue
        if by_file:
            unlisted.append(name)
        is_trained = place.splits[:1] in {("train",), ("val",)}
        is_strange = bool(place.others) and has_labels and not NO_LABEL & {*place.splits}
        if not place.labels and not by_file and (is_trained or is_strange):
            lost[builder.name(path.parent)] += 1
        _add(builder, path.stem, path, place, Said(name))
    _refuse_lost(builder, lost)
    if unlisted:
        builder.warnings.append(
            f"{len(unlisted)} clips are in no row of the table, e.g. {unlisted[0]}: without "
            "a label they are test clips"
        )
    loose = [path for path, place in places.items() if place == Place() and path not in by_file]
    strange = sorted({name for place in places.values() for name in place.others})
    if strange and not has_labels and labels:
        builder.warnings.append(
            f"no folder is named after a label, e.g. {strange[0]}: all {len(places)} clips are "
            f"test clips, to be predicted (labels: {', '.join(labels)}); {START}"
        )
    if loose and has_labels and not by_file:
        builder.warnings.append(
            f"{len(loose)} clips lie in no label's folder, e.g. {loose[0].name}: "
            "they are test clips, to be predicted"
        )
    _tell_spellings(builder, places)


def _add(builder: ManifestBuilder, clip_id: str, path: Path, place: Place, said: Said) -> None:
    spec, code = builder.spec, said.get("label") or None
    if code is not None and spec.label_of(code) is None and code not in spec.ignored_codes:
        code = translated(code, spec.labels) or code
    by_folder = place.labels[0] if place.labels else None
    if code and by_folder and spec.label_of(code) != by_folder:
        builder.problems.add(f"{said.where}: labelled {code!r}, but its folder says {by_folder!r}")
    code = (code or by_folder) if spec.labels else None
    split, number = _split(builder, place, said), said.get("target")
    has_answer = code is not None if spec.task.is_label else bool(number)
    if said.by_role and split in {"train", "val"} and not has_answer:
        builder.problems.add(f"{said.where}: a {split} clip without an answer")
    n_clips = len(builder.clips)
    builder.add(
        clip_id,
        path,
        split or ("train" if has_answer else "test"),
        code=code,
        targets={target.name: number for target in spec.targets[:1]},
        group=said.get("group") or None,
        extra={TRANSCRIPT: words} if (words := said.get("transcript")) else {},
        where=said.where,
    )
    if said.get("fold") and len(builder.clips) > n_clips:
        builder.clips[-1] = in_fold(builder, said.get("fold"), said.where)


def _split(builder: ManifestBuilder, place: Place, said: Said) -> Split | None:
    by_folder, cell = place.splits[0] if place.splits else None, said.get("split")
    split = split_of_word(cell) if cell else None
    if cell and split is None:
        builder.problems.add(f"{said.where}: split {cell!r} is none of {', '.join(SPLITS)}")
    if split and by_folder and split != by_folder:
        builder.problems.add(f"{said.where}: split {cell!r}, but its folder says {by_folder!r}")
    return split or by_folder


def _refuse_lost(builder: ManifestBuilder, lost: Counter[str]) -> None:
    if not lost:
        return
    listed = ", ".join(f"{name!r} ({n} clips)" for name, n in lost.most_common(5))
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    known = ", ".join(builder.spec.labels)
    builder.problems.add(
        f"clips in folders that name no label: {listed}{more} (labels: {known}): rename the "
        f"folders, or put clips to be predicted into 'test', others into 'unlabelled'; {START}"
    )


def _tell_spellings(builder: ManifestBuilder, places: dict[Path, Place]) -> None:
    """Warn where folders of different names are taken for one label."""
    names: dict[str, set[str]] = {}
    for path, place in places.items():
        for part in path.parent.relative_to(builder.root).parts:
            label = label_of_word(part, builder.spec.labels)
            if label in place.labels and label is not None:
                names.setdefault(label, set()).add(part)
    for label, spelt in names.items():
        if len({name.lower() for name in spelt}) > 1:
            listed = " and ".join(sorted(spelt))
            builder.warnings.append(f"folders {listed} are both taken for the label {label!r}")
