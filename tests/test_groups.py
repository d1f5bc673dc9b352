"""Groups from folder to submission: photographs in the layouts of GAF and HAPPEI, clips of VGAF."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from emotiw.cli.app import app
from emotiw.core.score_table import ScoreTable
from emotiw.demo import group_corpus
from emotiw.demo.damage import Damage
from emotiw.demo.group_corpus import GroupCorpus, make_group_corpus
from emotiw.runs.pipeline import Summary, run_all
from emotiw.runs.recipe import load_recipe
from emotiw.runs.run import Run, open_run
from features.faces.find_faces import find_faces
from tests.in_process import IN_PROCESS, SET_IN_PROCESS
from tests.small_weights import EXPRESSIONS, write_small_weights

MIN_FACE = 0.12  # of 480 px
LOGISTIC = {"model": "logistic", "c": 0.1}
MODELS = {
    "faces": {"model": "group", "features": "people", "aggregation": "mean", "learner": LOGISTIC},
    "each": {"model": "individuals", "features": "people", "learner": LOGISTIC},
    "vote": {"model": "vote", "features": "people"},
    "scene": {"model": "logistic", "features": "scene"},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GroupCorpus]:
    folder = tmp_path_factory.mktemp("groups")
    write_small_weights(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_corpus, "CLIP_SIZE", (240, 180))
        yield make_group_corpus(folder, n_train_per_label=2, n_val_per_label=0, n_test_per_label=1)


def opened(corpus: GroupCorpus, challenge: str, root: Path, **changes: object) -> Run:
    home = corpus.stills.folder.parent
    recipe = {
        "challenge": challenge,
        "data": {"root": str(root)},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "faces": {"min_face": 0.15, "min_face_still": MIN_FACE},
        "features": {
            "people": {
                "extractor": "people",
                "weights": str(home / "small.yaml"),
                "values": "both",
                "max_frames": 4,
            },
            "scene": {"extractor": "scene"},
        },
        "models": MODELS,
        "folds": {"n_folds": 2},
        "submission": {"team": challenge},
        **changes,
    }
    path = home / f"{challenge}.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return open_run(path)


@pytest.fixture(scope="module")
def stills(corpus: GroupCorpus) -> tuple[Run, Summary]:
    run = opened(corpus, "gaf2018", corpus.stills.folder)
    return run, run_all(run)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_photographs_end_in_one_word_each(stills: tuple[Run, Summary], corpus: GroupCorpus) -> None:
    run, summary = stills
    paths = [clip.path for clip in corpus.stills.clips]
    odd = [path for path in paths if " " in path.name or not path.name.isascii()]
    lying = [p for p in paths if p.suffix == ".jpg" and p.read_bytes().startswith(b"\x89PNG")]
    twins = [clip_id for clip_id in run.cohort().clip_ids if "family-get-together" in clip_id]
    assert odd
    assert lying
    assert len(twins) == 2
    assert summary.check is not None
    assert summary.check.is_ok, summary.check.text()
    assert summary.submission is not None
    with zipfile.ZipFile(summary.submission) as file:
        assert {name.removesuffix(".txt") for name in file.namelist()} == set(corpus.stills.truth)
        words = {file.read(name).decode() for name in file.namelist()}
    assert words <= {"Positive", "Neutral", "Negative"}


def test_pictures_without_faces_are_predicted_and_told(
    stills: tuple[Run, Summary], corpus: GroupCorpus
) -> None:
    run, _ = stills
    ledger = run.ledger()
    fused = ScoreTable.read_csv(run.folder / "fused.csv").predictions()
    empty = [clip for clip in corpus.stills.clips if clip.damage is Damage.NO_FACE]
    assert any(clip.split == "test" for clip in empty)
    for clip in empty:
        status = {
            stage: getattr(ledger.get(stage, clip.clip_id), "status", None)
            for stage in ("faces", "features:people", "train:faces", "train:each", "train:scene")
        }
        assert status == {
            "faces": "missing",
            "features:people": "missing",
            "train:faces": "missing",
            "train:each": "missing",
            "train:scene": "ok",
        }
        assert clip.clip_id in fused


def test_everyone_is_in_the_output_and_linked_to_their_picture(
    stills: tuple[Run, Summary],
) -> None:
    run, _ = stills
    links = table(run.individuals_path)
    found = {row["clip_id"]: int(row["n_rows"]) for row in table(run.faces_path)}
    counts = {clip_id: sum(row["clip_id"] == clip_id for row in links) for clip_id in found}
    assert counts == found
    assert max(found.values()) >= 3
    for row in links:
        assert row["individual_id"] == f"{row['clip_id']}#{row['face']}"
        side = max(float(row[f"{axis}_max"]) - float(row[f"{axis}_min"]) for axis in "xy")
        assert side >= MIN_FACE * 480
        assert (row["first_frame"], row["last_frame"], row["n_frames"]) == ("0", "0", "1")
    groups = {row["clip_id"]: row for row in table(run.scores_path("each"))}
    for model in ("each", "vote"):
        people = ScoreTable.read_csv(run.individual_scores_path(model))
        assert people.labels == run.task.labels
        assert sorted(people.clip_ids) == sorted(row["individual_id"] for row in links)
        for person, split, fold in zip(people.clip_ids, people.split, people.fold, strict=True):
            group = groups[person.rpartition("#")[0]]
            assert (split, fold) == (group["split"], int(group["fold"]) if group["fold"] else None)
    assert people.seen_groups
    expressions = ScoreTable.read_csv(run.individual_scores_path("people.expressions"))
    assert expressions.labels == EXPRESSIONS
    assert set(expressions.clip_ids) == set(people.clip_ids)


def test_a_group_can_be_traced_to_its_people(stills: tuple[Run, Summary]) -> None:
    run, _ = stills
    people = ScoreTable.read_csv(run.individual_scores_path("each"))
    groups = ScoreTable.read_csv(run.scores_path("each"))
    for clip_id, scores, present in zip(
        groups.clip_ids, groups.scores, groups.present, strict=True
    ):
        mine = f"{clip_id}#"
        own = [row for row, person in enumerate(people.clip_ids) if person.startswith(mine)]
        assert bool(own) == bool(present)
        if own:
            assert people.scores[own].mean(axis=0) == pytest.approx(scores, abs=1e-6)


def test_a_second_run_writes_nothing_about_people(stills: tuple[Run, Summary]) -> None:
    run, _ = stills
    files = [run.individuals_path, *sorted((run.folder / "individuals").iterdir())]
    before = [path.stat().st_mtime_ns for path in files]
    run_all(Run(run.recipe))
    assert [path.stat().st_mtime_ns for path in files] == before


ODD_NAMES = (
    "groupphoto {}.jpg",  # a space
    "réunion_{}.jpg",
    "262548_57c98eff64_{}_48600077362@N01.xml.jpg",  # as the organisers of HAPPEI name them
    "groupphoto{}.JPG",
)


@pytest.mark.parametrize(
    ("recipe", "columns", "highest"),
    [("happei", "imagefile, label", 5), ("cohesion", "image,cohesion", 3)],
)
def test_targets_go_from_a_folder_to_a_checked_submission(
    corpus: GroupCorpus, recipe: str, columns: str, highest: int
) -> None:
    home = corpus.stills.folder.parent
    root = home / f"{recipe} of école"
    (root / "train").mkdir(parents=True)
    (root / "test").mkdir()
    lines, n_test = [columns], 0
    level = {"Positive": 1.0, "Neutral": 0.4, "Negative": 0.0}
    for number, clip in enumerate(corpus.stills.clips):
        name = ODD_NAMES[number % len(ODD_NAMES)].format(number)
        if clip.split == "test":
            n_test += 1
        else:
            # two photographs of one stem, whose extensions lie
            name = {0: "family.png", 1: "family.jpg"}.get(number, name)
            lines.append(f"{name},{highest * level[clip.label]:g}")
        copy(clip.path, root / ("test" if clip.split == "test" else "train") / name)
    (root / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = [
        f"data.root={root}",
        f"paths.runs={home / 'runs'}",
        SET_IN_PROCESS,
        f"faces.min_face_still={MIN_FACE}",
        f"features.people.weights={home / 'small.yaml'}",
        "folds.n_folds=2",
        "models.attention.training={epochs: 2}",
    ]
    said = CliRunner().invoke(
        app, ["run", recipe, "-q", *(part for s in settings for part in ("--set", s))]
    )
    assert said.exit_code == 0, said.output
    run = open_run(recipe, settings)
    assert {"train-family.jpg", "train-family.png"} <= set(run.cohort().clip_ids)
    with zipfile.ZipFile(run.folder / "submission" / "team.zip") as file:
        answers = [float(file.read(name)) for name in file.namelist()]
    assert len(answers) == n_test
    assert all(0 <= answer <= highest for answer in answers)
    for model in run.recipe.models:
        scores = ScoreTable.read_csv(run.scores_path(model))
        assert scores.present.any()
        assert scores.scores[scores.present].min() >= 0
        assert scores.scores[scores.present].max() <= highest
    judges = {model for model in run.recipe.models if run.individual_scores_path(model).is_file()}
    assert judges == ({"levels", "vote"} if recipe == "happei" else set())
    for model in judges:
        people = ScoreTable.read_csv(run.individual_scores_path(model)).scores
        assert people.min() >= 0
        assert people.max() <= highest


def test_clips_of_groups_have_a_row_per_track(corpus: GroupCorpus) -> None:
    (corpus.clips.folder / "Val").mkdir()  # with nothing in it
    run = opened(
        corpus,
        "vgaf",
        corpus.clips.folder,
        models={"vote": MODELS["vote"]},
        fusion={"method": "mean"},
        submission={"fallback": "Neutral"},
    )
    summary = run_all(run)
    assert summary.check is not None
    assert summary.check.is_ok, summary.check.text()
    assert summary.submission is not None
    with zipfile.ZipFile(summary.submission) as file:
        assert {name.removesuffix(".txt") for name in file.namelist()} == set(corpus.clips.truth)
    links = table(run.individuals_path)
    whole = {c.clip_id for c in corpus.clips.clips if c.damage in {Damage.NONE, Damage.NO_AUDIO}}
    assert {row["clip_id"] for row in links} >= whole
    assert np.median([int(row["n_frames"]) for row in links]) >= 5
    for row in links:
        assert int(row["last_frame"]) - int(row["first_frame"]) + 1 >= int(row["n_frames"])


def test_the_recipes_of_groups_can_be_read() -> None:
    for name in ("gaf", "vgaf", "happei", "cohesion", "demo_gaf", "demo_vgaf"):
        recipe = load_recipe(name)
        assert recipe.models
        assert all(entry.features for entry in recipe.models.values())


@pytest.mark.real_data
def test_all_faces_of_a_real_group_are_found(real_data: Path) -> None:
    tracks, _ = find_faces(real_data / "faces" / "groups" / "1.jpg")
    assert tracks.n_tracks >= 44
