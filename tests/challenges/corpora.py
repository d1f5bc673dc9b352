"""Synthetic challenge folders, made from the specs, with the truth that was put into them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from emotiw.challenges.class_folders import ClassFolders
from emotiw.challenges.corpora import Corpora
from emotiw.challenges.label_tables import Tables
from emotiw.challenges.reading import reader_of
from emotiw.challenges.spec import Answer, ChallengeSpec, Target
from emotiw.challenges.text_table import TableFormat
from tests.challenges.layouts import LAYOUTS, Answers
from tests.challenges.step_layouts import STEP_LAYOUTS, STEP_ROWS

# names by hand: the grammar that reads them must not be the one that makes them
FILE_NAMES = {
    "ravdess": {
        "Actor_01/03-01-01-01-01-01-01.wav": ("03-01-01-01-01-01-01", "neutral", "01"),
        "Actor_24/03-01-08-02-02-02-24.wav": ("03-01-08-02-02-02-24", "surprised", "24"),
    },
    "crema_d": {
        "VideoFlash/1001_IEO_NEU_XX.flv": ("1001_IEO_NEU_XX", "neutral", "1001"),
        "VideoFlash/1091_WSI_ANG_HI.flv": ("1091_WSI_ANG_HI", "anger", "1091"),
    },
    "enterface05": {
        "subject 1/anger/sentence 1/s1_an_1.avi": ("s1_an_1", "anger", "1"),
        "subject 42/surprise/sentence 5/s42_su_5.avi": ("s42_su_5", "surprise", "42"),
    },
    "savee": {
        "AudioData/DC/d03.wav": ("DC_d03", "disgust", "DC"),
        "AudioData/KL/sa15.wav": ("KL_sa15", "sadness", "KL"),
        "AudioData/KL/su01.wav": ("KL_su01", "surprise", "KL"),
    },
    "emodb": {
        "wav/03a01Fa.wav": ("03a01Fa", "happiness", "03"),
        "wav/16b10Wb.wav": ("16b10Wb", "anger", "16"),
        "wav/09a05N.wav": ("09a05N", "neutral", "09"),
    },
}


@dataclass
class Truth:
    """What a reader should find: split and label or number of every clip, and submission rows."""

    splits: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answers] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)


def make_corpus(spec: ChallengeSpec, root: Path, *, n_test: int = 24) -> Truth:
    reader = reader_of(spec)
    truth = Truth()
    layout = {**LAYOUTS, **STEP_LAYOUTS}.get(spec.name)
    if layout is not None:
        layout.make(root)
        for clip_id, (split, answer, _) in layout.found.items():
            truth.splits[clip_id] = split
            if answer is not None:
                truth.answers[clip_id] = answer
        tests = [clip_id for clip_id, split in truth.splits.items() if split == "test"]
        truth.rows = [*STEP_ROWS.get(spec.name, tests or truth.splits)]
    elif isinstance(reader, ClassFolders):
        _class_folders(spec, reader, root, truth, n_test)
    elif isinstance(reader, Tables):
        _tables(spec, reader, root, truth, n_test)
    elif isinstance(reader, Corpora):
        _corpora(spec, reader, root, truth)
    elif spec.name in FILE_NAMES:
        for name, (clip_id, label, _) in FILE_NAMES[spec.name].items():
            _touch(root / name)
            truth.splits[clip_id], truth.answers[clip_id] = "train", label
        truth.rows = list(truth.splits)
    else:
        for index in range(n_test):
            _touch(root / f"clip_{index}.mp4")
            truth.splits[f"clip_{index}"] = "test"
        _touch(root / spec.labels[0] / "known.mp4")
        truth.splits["known"], truth.answers["known"] = "train", spec.labels[0]
    if not truth.rows:
        truth.rows = [clip_id for clip_id, split in truth.splits.items() if split == "test"]
    return truth


def random_answers(spec: ChallengeSpec, rows: list[str], seed: int = 0) -> dict[str, Answer]:
    rng = random.Random(seed)
    answers: dict[str, Answer] = {}
    for index, row in enumerate(rows):
        parts: list[str | float] = []
        if spec.labels:
            parts.append(spec.labels[index % len(spec.labels)])
        parts += [_number(target, rng) for target in spec.targets]
        answers[row] = parts[0] if len(parts) == 1 else tuple(parts)
    return answers


def _number(target: Target, rng: random.Random) -> float:
    if target.values is not None:
        return float(rng.choice(target.values))
    return rng.uniform(max(target.minimum, -10), min(target.maximum, 10))


def _class_folders(
    spec: ChallengeSpec, reader: ClassFolders, root: Path, truth: Truth, n_test: int
) -> None:
    extension = reader.extensions[0]
    for split, names in reader.splits.items():
        if split == "test":
            for index in range(n_test):
                _touch(root / names[0] / f"{index:09}{extension}")
                truth.splits[f"{index:09}"] = split
            continue
        for index, label in enumerate(spec.labels):
            clip_id = f"{split}{index:03}"
            _touch(root / names[0] / label / f"{clip_id}{extension}")
            truth.splits[clip_id], truth.answers[clip_id] = split, label


def _corpora(spec: ChallengeSpec, reader: Corpora, root: Path, truth: Truth) -> None:
    for name, corpus in reader.corpora.items():
        for file, (clip_id, told, _) in FILE_NAMES[name].items():
            _touch(root / name / file)
            label = spec.label_of(told)
            if label is not None:
                truth.splits[clip_id] = corpus.split or "train"
                truth.answers[clip_id] = label


def _tables(spec: ChallengeSpec, reader: Tables, root: Path, truth: Truth, n_test: int) -> None:
    answered: list[dict[str, str]] = []
    code_of = {label: code for code, label in spec.codes.items()}
    for split, where in reader.splits.items():
        folder = root / where.clips[0].replace("*", "x")
        rows: list[dict[str, str]] = []
        for index in range(n_test if split == "test" else 6):
            names = [n for _, n, _, _ in Formatter().parse(reader.id) if n and n != "split"]
            row = {name: f"{split}_{index}" if len(names) == 1 else str(index) for name in names}
            clip_id = reader.id.format(**row, split=split)
            file = reader.file.format(**row, split=split) if reader.file else clip_id
            _touch(folder / (file + reader.extensions[0]))
            truth.splits[clip_id] = split
            if reader.label and (where.labelled or reader.answers) and where.table:
                label = spec.labels[index % len(spec.labels)]
                row[reader.label] = code_of.get(label, label)
                truth.answers[clip_id] = label
            for column in reader.targets.values():
                if where.table and where.labelled:
                    row[column] = "1"
            told = [truth.answers[clip_id]] if clip_id in truth.answers else []
            told += [1.0 for column in reader.targets.values() if column in row]
            if told:
                truth.answers[clip_id] = told[0] if len(told) == 1 else tuple(told)
            for template in (reader.group, *reader.extra.values()):
                for _, column, _, _ in Formatter().parse(template):
                    if column and column not in {"split", *_parts(reader)}:
                        row.setdefault(column, f"{column}{index % 2}")
            rows.append(row)
            answered.append({**row, "id": clip_id})
        if where.table:
            columns = list(reader.style.columns) or list(rows[0])
            _write(root / where.table[0].replace("*", "_"), reader.style, columns, rows)
    if reader.answers is not None:
        names = [n for _, n, _, _ in Formatter().parse(reader.answers.id) if n]
        rows = [{names[0]: row["id"], reader.label: row[reader.label]} for row in answered]
        _write(root / reader.answers.table[0], reader.answers.style, list(rows[0]), rows)


def _parts(reader: Tables) -> list[str]:
    return list(reader.id_pattern.groupindex) if reader.id_pattern else []


def _write(path: Path, style: TableFormat, columns: list[str], rows: list[dict[str, str]]) -> None:
    separator = " " if style.separator == "blanks" else style.separator
    lines = [separator.join(columns)] if style.header else []
    lines += [
        separator.join(row[c] for c in columns if c in row or not style.ragged) for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(str(path).encode())
