"""Who is in every group, and what was said of each: ``individuals.csv``, ``individuals/….csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import rows_as_csv
from emotiw.core.feature_table import FeatureTable
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.core.store import artifact_key
from emotiw.core.task import Classification
from emotiw.models.groups.individuals import IndividualScores
from emotiw.models.groups.person import Person, people_of, person_id
from emotiw.models.groups.vote import SCORE
from emotiw.runs.run import Run
from emotiw.runs.stages.features import feature_table, made_extractor
from emotiw.runs.stages.score_files import write_scores
from features.frames.people import BOX, PLACE

COLUMNS = (
    "individual_id", "clip_id", "split", "face", "first_frame", "last_frame", "n_frames",
    "x_min", "y_min", "x_max", "y_max", "confidence",
)  # fmt: skip
AT = {name: number for number, name in enumerate(PLACE)}
Found = list[tuple[str, Person]]


def individuals_table(table: ScoreTable, scored: Mapping[Fold, IndividualScores]) -> ScoreTable:
    """Return the scores of every person, as the table of the groups has them.

    Args:
        table: of the groups: each person has the split and the fold of their clip, and was judged
            by a model that has seen what the clip's own model has seen.
        scored: by fold, what its model says of each person.
    """
    place = {clip_id: row for row, clip_id in enumerate(table.clip_ids)}
    rows = [place[clip_id] for part in scored.values() for clip_id in part.clip_ids]
    nobody = np.zeros((0, len(table.labels)))
    return replace(
        table,
        clip_ids=tuple(person for part in scored.values() for person in part.ids),
        scores=np.concatenate([nobody, *(part.scores for part in scored.values())]),
        split=tuple(table.split[row] for row in rows),
        fold=tuple(table.fold[row] for row in rows),
    )


def link_individuals(run: Run) -> None:
    """Write who is in which clip, where and when, and the expressions that a network saw.

    ``individuals.csv`` has a row for everyone whom a feature per face tells of.
    ``individuals/<feature>.expressions.csv`` holds the scores of the network's own labels, where
    the feature holds them. Nothing is written where the recipe has no such feature.
    """
    names = [
        name
        for name, entry in run.recipe.features.items()
        if made_extractor(entry).needs != "table"
        and set(PLACE) <= set(made_extractor(entry).spec.columns or ())
        and run.features_path(name).is_file()
    ]
    if not names:
        return
    sources = [*(run.features_path(name) for name in names), run.manifest_path]
    key = artifact_key(
        "individuals", version="1", content="\n".join(map(sha256_of, sources)), options={}
    )
    noted = run.folder / "individuals" / "key.txt"
    if run.individuals_path.is_file() and noted.is_file() and noted.read_text() == key:
        return
    cohort = run.cohort()
    links: dict[str, list[object]] = {}
    for name in names:
        table = feature_table(run, name)
        people = [
            (clip_id, person)
            for clip_id, array in table.items()
            if clip_id in cohort
            for person in people_of(array, table.spec)
        ]
        for clip_id, person in people:
            links[person_id(clip_id, person)] = _link(cohort, clip_id, person)
        _write_expressions(run, table, cohort, people)
    rows = [links[person] for person in sorted(links)]
    atomic_write(run.individuals_path, rows_as_csv([COLUMNS, *rows]))
    atomic_write(noted, key.encode())


def _link(cohort: Cohort, clip_id: str, person: Person) -> list[object]:
    about = person.about
    box = about[:, [AT[side] for side in BOX]].mean(axis=0)
    return [
        person_id(clip_id, person),
        clip_id,
        cohort[clip_id].split,
        person.number,
        int(about[:, AT["face_first"]].min()),
        int(about[:, AT["face_last"]].max()),
        int(about[:, AT["face_n_frames"]].sum()),
        *(f"{side:.1f}" for side in box),
        f"{about[:, AT['face_confidence']].mean():.4f}",
    ]


def _write_expressions(run: Run, table: FeatureTable, cohort: Cohort, people: Found) -> None:
    names = [name for name in table.spec.columns or () if name not in PLACE]
    columns = [number for number, name in enumerate(names) if name.startswith(SCORE)]
    if not columns:
        return
    seen = [person.mean[columns].astype(np.float64) for _, person in people]
    scores = np.array(seen).reshape(len(people), len(columns))
    expressions = ScoreTable(
        name=table.spec.name,
        task=Classification(tuple(names[number].removeprefix(SCORE) for number in columns)),
        clip_ids=tuple(person_id(clip_id, person) for clip_id, person in people),
        scores=scores / scores.sum(axis=1, keepdims=True),
        split=tuple(cohort[clip_id].split for clip_id, _ in people),
        fold=(None,) * len(people),
    )
    path = run.individual_scores_path(f"{table.spec.name}.expressions")
    write_scores(expressions, path, key="expressions")
