"""Who is in every group, and what was said of each: ``individuals.csv``, ``individuals/….csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import rows_as_csv
from emotiw.core.feature_table import FeatureTable
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.core.task import Classification
from emotiw.models.groups.individuals import IndividualScores
from emotiw.models.groups.person import Person, people_of, person_id
from emotiw.models.groups.vote import SCORE
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages.features import feature_stage, feature_table, made_extractor
from emotiw.runs.stages.score_files import score_files
from features.frames.people import BOX, PLACE

STAGE = "individuals"
VERSION = "2"
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


def individuals_stage(run: Run) -> Stage | None:
    """Return what the table of people is made from; None where no feature tells of any."""
    features = [
        entry
        for entry in run.recipe.features.values()
        if made_extractor(entry).needs != "table"
        and set(PLACE) <= set(made_extractor(entry).spec.columns or ())
    ]
    tables = {f"features/{entry.name}.csv": entry for entry in features}
    there = {name: sha256 for name in tables if (sha256 := run.records.sha256(name))}
    if not there:
        return None
    after = [feature_stage(run, tables[name]) for name in there]
    inputs = {"cohort": digests_of(run)["cohort"], **there}
    return Stage(run, STAGE, "features", {"version": VERSION}, inputs, after)


def link_individuals(run: Run, *, force: bool = False) -> None:
    """Write who is in which clip, where and when, and the expressions that a network saw.

    ``individuals.csv`` has a row for everyone whom a feature per face tells of.
    ``individuals/<feature>.expressions.csv`` holds the scores of the network's own labels, where
    the feature holds them. Nothing is written where the recipe has no such feature.
    """
    with run.at_work():
        stage = individuals_stage(run)
        if stage is None or not stage.is_to_do(force=force):
            return
        cohort = run.cohort()
        links: dict[str, list[object]] = {}
        tables: dict[str, bytes] = {}
        for above in stage.after:
            table = feature_table(run, above.name.partition(":")[2])
            people = [
                (clip_id, person)
                for clip_id, array in table.items()
                if clip_id in cohort
                for person in people_of(array, table.spec)
            ]
            for clip_id, person in people:
                links[person_id(clip_id, person)] = _link(cohort, clip_id, person)
            tables |= _expressions(table, cohort, people)
        rows = [links[person] for person in sorted(links)]
        stage.commit({"individuals.csv": rows_as_csv([COLUMNS, *rows]), **tables}, force=force)


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


def _expressions(table: FeatureTable, cohort: Cohort, people: Found) -> dict[str, bytes]:
    names = [name for name in table.spec.columns or () if name not in PLACE]
    columns = [number for number, name in enumerate(names) if name.startswith(SCORE)]
    if not columns:
        return {}
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
    return score_files(expressions, f"individuals/{table.spec.name}.expressions")
