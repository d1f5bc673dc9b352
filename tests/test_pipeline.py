"""The whole way, from a folder of clips to a checked submission, on the synthetic corpus."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from typer.testing import CliRunner

from emotiw.analysis.report.page import write_report
from emotiw.cli.backbone import train_backbone
from emotiw.core.config import packaged
from emotiw.core.errors import ConfigError, LeakageError, MissingStageError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.store import Store
from emotiw.core.weights import WeightsCard, read_card
from emotiw.demo.contents import DemoCorpus
from emotiw.models.backbone import train_backbone as training
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.labelled_faces import LabelledFaces
from emotiw.models.model import Examples
from emotiw.runs.pipeline import Summary, run_all
from emotiw.runs.run import Run, open_run, reopen_run
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.fuse import fuse_all
from emotiw.runs.stages.index import index
from emotiw.runs.stages.submit import submit
from emotiw.runs.stages.train import train_all
from emotiw.runs.stages.trained import load_final_model, read_model_keys
from tests.report.browser import chromium
from tests.report.opened import assert_it_opens
from tests.short_clips import make_short_corpus
from tests.small_weights import write_small_weights

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
RECIPE = {
    "challenge": "afew2017",
    "data": {"root": "corpus"},
    "execution": {"workers": 1},
    "features": {
        "voice": {"extractor": "opensmile", "feature_set": "eGeMAPSv02"},
        "face": {"extractor": "frames", "weights": "SMALL"},
    },
    "models": {
        "voice": {"model": "svm", "features": "voice"},
        "face": {"model": "svm", "features": "face"},
    },
    "folds": {"n_folds": 3},
    "submission": {"team": "unit"},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> DemoCorpus:
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    counts = {"n_train_per_label": 3, "n_val_per_label": 1, "n_test_per_label": 1}
    return make_short_corpus(folder, seed=3, **counts)


@pytest.fixture(scope="module")
def recipe(corpus: DemoCorpus) -> Path:
    weights = write_small_weights(corpus.folder.parent)
    path = corpus.folder.parent / "unit.yaml"
    path.write_text(yaml.safe_dump(RECIPE).replace("SMALL", str(weights)))
    return path


def opened(recipe: Path, root: Path, home: Path, *more: str) -> Run:
    return open_run(recipe, [f"data.root={root}", f"paths.runs={home}", *more])


@pytest.fixture(scope="module")
def done(corpus: DemoCorpus, recipe: Path) -> tuple[Run, Summary]:
    run = opened(recipe, corpus.folder, corpus.folder.parent / "runs")
    return run, run_all(run)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "hashes.json"
    }


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_submission_is_whole_and_checked(done: tuple[Run, Summary], corpus: DemoCorpus) -> None:
    run, summary = done
    assert summary.check is not None
    assert summary.check.is_ok, summary.check.text()
    assert summary.submission == run.folder / "submission" / "unit.zip"
    with zipfile.ZipFile(summary.submission) as file:
        assert sorted(file.namelist()) == sorted(f"{clip_id}.txt" for clip_id in corpus.truth)
        assert {file.read(name).decode() for name in file.namelist()} <= set(run.task.labels)


def test_every_clip_is_in_the_ledger_of_every_stage(
    done: tuple[Run, Summary], corpus: DemoCorpus
) -> None:
    run, _ = done
    clips = {clip.clip_id for clip in corpus.clips}
    ledger = run.ledger()
    for stage in ("index", "faces", "features:voice", "features:face", "train:voice"):
        assert {row.clip_id for row in ledger.rows(stage)} == clips, stage


def test_damage_is_told_by_its_reason(done: tuple[Run, Summary], corpus: DemoCorpus) -> None:
    run, summary = done
    ledger = run.ledger()
    status = {
        (clip.damage.name, stage): getattr(ledger.get(stage, clip.clip_id), "status", None)
        for clip in corpus.damaged
        for stage in ("faces", "features:voice")
    }
    assert status["UNREADABLE", "faces"] == "failed"
    assert status["UNREADABLE", "features:voice"] == "failed"
    assert status["NO_FACE", "faces"] == "missing"
    assert status["NO_FACE", "features:voice"] == "ok"
    assert status["NO_AUDIO", "features:voice"] == "missing"
    assert status["SILENT", "features:voice"] == "missing"
    assert status["NO_AUDIO", "faces"] == "ok"
    truncated = [clip for clip in corpus.damaged if clip.damage.name == "TRUNCATED"]
    row = ledger.get("faces", truncated[0].clip_id)
    assert row is not None
    assert row.quality["decoded_frames"] < row.quality["declared_frames"]  # type: ignore[operator]
    assert {row.clip_id for row in summary.failures} == {
        clip.clip_id for clip in corpus.damaged if clip.damage.name == "UNREADABLE"
    }


@pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (Debian: apt-get install chromium)"
)
def test_its_report_opens_in_a_browser(done: tuple[Run, Summary], tmp_path: Path) -> None:
    report = write_report(done[0], tmp_path / "demo" / "report.html")
    assert_it_opens(report.path, tmp_path / "profile")


def test_a_second_run_does_nothing(
    done: tuple[Run, Summary], recipe: Path, corpus: DemoCorpus
) -> None:
    run, first = done
    before = stamps(run.store.root)
    scores = run.scores_path("voice").read_bytes()
    again = run_all(opened(recipe, corpus.folder, run.folder.parent))
    assert stamps(run.store.root) == before
    assert run.scores_path("voice").read_bytes() == scores
    assert first.results
    assert again.results is not None
    assert [r.row() for r in again.results] == [r.row() for r in first.results]


def test_a_run_and_its_models_are_found_again_wherever_its_folder_lies(
    done: tuple[Run, Summary], tmp_path: Path
) -> None:
    run, _ = done
    shutil.copytree(run.folder.parent, tmp_path / "moved")
    again = reopen_run(tmp_path / "moved" / "unit")
    assert again.store.root == tmp_path / "moved" / "store"
    assert set(read_model_keys(again, "voice")) == {0, 1, 2, None}
    table = feature_table(again, "voice")
    ids = tuple(c.clip_id for c in again.cohort().select("test") if c.clip_id in table)
    model = load_final_model(again, again.recipe.models["voice"])
    scores = model.predict(Examples(table, ids, groups=ids))
    kept = ScoreTable.read_csv(again.scores_path("voice")).aligned_to(ids)
    assert np.allclose(scores, kept, atol=1e-8)
    (tmp_path / "moved" / "unit" / "models" / "voice.csv").write_text("fold,key\nlast,x\n")
    with pytest.raises(TableError, match="line 2: fold 'last'"):
        read_model_keys(again, "voice")
    with pytest.raises(ConfigError, match="not the folder of a run"):
        reopen_run(tmp_path)


def scores_by_content(run: Run) -> dict[bytes, list[list[float]]]:
    """Return the scores of every copy of a clip."""
    cohort, fused = run.cohort(), ScoreTable.read_csv(run.folder / "fused.csv")
    found: dict[bytes, list[list[float]]] = {}
    for clip, row in zip(cohort, fused.aligned_to(cohort.clip_ids).tolist(), strict=True):
        found.setdefault(clip.path.read_bytes(), []).append(row)
    return found


def test_names_order_and_copies_change_no_prediction(
    done: tuple[Run, Summary], recipe: Path, corpus: DemoCorpus, tmp_path: Path
) -> None:
    run, _ = done
    root = tmp_path / "renamed"
    files = [clip for clip in corpus.clips if clip.path.is_file()]
    for number, clip in enumerate(reversed(files)):
        target = root / clip.path.relative_to(corpus.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip.path, target.with_name(f"{number:09d}.avi"))
        if clip.split != "val" and number % 9 == 0:
            shutil.copy(clip.path, target.with_name(f"{number:09d} copy.avi"))
    # faces take long, and their artifacts know no names; all that follows is computed again
    shutil.copytree(run.store.root / "faces", tmp_path / "runs" / "store" / "faces")
    other = opened(recipe, root, tmp_path / "runs")
    run_all(other)
    renamed, original = scores_by_content(other), scores_by_content(run)
    assert renamed.keys() == original.keys()
    assert max(map(len, renamed.values())) == 2
    for content, [expected] in original.items():
        for row in renamed[content]:
            # beside other rows a product of float32 has other last bits
            assert np.allclose(row, expected, rtol=0, atol=2e-6, equal_nan=True)


def test_a_killed_extraction_goes_on_where_it_stopped(
    done: tuple[Run, Summary], recipe: Path, corpus: DemoCorpus, tmp_path: Path
) -> None:
    run, _ = done
    home = tmp_path / "runs"
    settings = ["--set", f"data.root={corpus.folder}", "--set", f"paths.runs={home}"]
    command = [sys.executable, "-m", "emotiw", "features", str(recipe), "voice", *settings]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    features = home / "store" / "features"
    limit = time.monotonic() + 120
    while len(list(features.rglob("*.safetensors"))) < 5:
        assert process.poll() is None, "it was done before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    store = Store(features.parent)
    kept = {key for key in store.loose("features") if store.has("features", key)}
    assert not (home / "unit" / "features" / "voice.csv").exists()
    resumed = opened(recipe, corpus.folder, home)
    extract_all(resumed, ["voice"])
    rows = resumed.ledger("features:voice").rows()
    made_by = read_artifacts(home / "unit" / "features" / "voice.csv", made_by="features")
    assert {
        made_by[row.clip_id].key for row in rows if row.status != "failed" and not row.seconds
    } == kept
    assert store.loose("features") == {}
    wanted = tree(run.store.root / "features")
    made = tree(features)
    assert made == {name: wanted[name] for name in made}
    table = (home / "unit" / "features" / "voice.csv").read_bytes()
    assert table == run.features_path("voice").read_bytes()


def test_stages_say_which_one_comes_first(recipe: Path, corpus: DemoCorpus, tmp_path: Path) -> None:
    run = opened(recipe, corpus.folder, tmp_path)
    for stage, needed in (
        (lambda: train_all(run), "emotiw index"),
        (lambda: fuse_all(run), "emotiw index"),
        (lambda: submit(run), "emotiw index"),
    ):
        with pytest.raises(MissingStageError, match=needed):
            stage()
    index(run)
    with pytest.raises(MissingStageError, match="emotiw faces"):
        extract_all(run, ["face"])
    with pytest.raises(MissingStageError, match="emotiw features voice"):
        train_all(run, ["voice"])
    with pytest.raises(MissingStageError, match="emotiw train"):
        fuse_all(run)
    with pytest.raises(MissingStageError, match="emotiw fuse"):
        submit(run)


def test_scores_changed_by_hand_are_kept(done: tuple[Run, Summary], tmp_path: Path) -> None:
    run, _ = done
    home = tmp_path / "runs"
    shutil.copytree(run.folder.parent, home)
    copy = open_run_with(run, [f"paths.runs={home}"])
    path = copy.scores_path("voice")
    lines = path.read_text().splitlines()
    first = lines[1].split(",")
    first[3:] = ["1", *["0"] * 6]
    path.write_text("\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n")
    edited = path.read_bytes()
    train_all(copy, ["voice"])
    assert path.read_bytes() == edited
    fused, _ = fuse_all(copy)
    assert fused is not None
    other = open_run_with(run, [f"paths.runs={home}", "seed=5"])
    with pytest.raises(TableError, match="changed by hand"):
        train_all(other, ["voice"])
    train_all(other, ["voice"], force=True)
    assert path.read_bytes() != edited


def open_run_with(run: Run, settings: list[str]) -> Run:
    root = run.recipe.settings.data.root
    recipe = root.parent / "unit.yaml"
    return open_run(recipe, [f"data.root={root}", f"paths.runs={run.folder.parent}", *settings])


def test_unknown_names_are_told(done: tuple[Run, Summary]) -> None:
    run, _ = done
    with pytest.raises(ConfigError, match="no feature 'vioce'; did you mean 'voice'"):
        extract_all(run, ["vioce"])
    with pytest.raises(ConfigError, match="no model 'fase'; did you mean 'face'"):
        train_all(run, ["fase"])


def test_scores_of_unknown_origin_are_not_fitted_on(
    done: tuple[Run, Summary], tmp_path: Path
) -> None:
    run, _ = done
    frame = ScoreTable.read_csv(run.scores_path("voice")).to_frame()
    root = run.recipe.settings.data.root
    scored = frame.dropna(subset=list(run.task.labels)).drop(columns=["split", "fold"])
    scored.to_csv(root / "mine.csv", index=False)
    settings = [
        "name=foreign",
        "models.mine={model: imported, path: mine.csv, trained_on: unknown}",
    ]
    other = open_run_with(run, settings)
    index(other)
    find_all_faces(other)
    extract_all(other)
    train_all(other)
    with pytest.raises(LeakageError, match="nothing says what its model was trained on"):
        fuse_all(other)
    fine = open_run_with(run, [*settings, "models.mine.trained_on=other data"])
    train_all(fine)
    _, results = fuse_all(fine)
    assert {"mine", "voice", "face"} < {result.name for result in results}


def test_features_of_ones_own_go_into_any_model(done: tuple[Run, Summary], tmp_path: Path) -> None:
    run, _ = done
    table = feature_table(run, "voice")
    gaze = {clip_id: np.repeat(rows.values, 5, axis=0)[:, :4] for clip_id, rows in table.items()}
    np.savez(tmp_path / "gaze.npz", **gaze)
    settings = [
        "name=own",
        "submission.fallback=Neutral",
        "features={gaze: {extractor: imported, path: %s, unit: frame}}" % (tmp_path / "gaze.npz"),
        "models={pooled: {model: svm, features: gaze}, rnn: {model: lstm, features: gaze, "
        "hidden: 4, training: {epochs: 1}}}",
    ]
    own = open_run_with(run, settings)
    summary = run_all(own)
    assert summary.check is not None
    assert summary.results is not None
    assert {"pooled", "rnn", "fused"} == {result.name for result in summary.results}
    # clips without a voice have no such features, and no answer either
    lacking = set(run.cohort().clip_ids) - set(gaze)
    assert {r.clip_id for r in own.ledger().rows("train:rnn") if r.status == "missing"} == lacking


@pytest.fixture(scope="module")
def crops(done: tuple[Run, Summary], recipe: Path) -> Path:
    """The recipe of a run that has face crops for a feature."""
    run, _ = done
    features = {"crops": {"extractor": "face_crops"}, "voice": RECIPE["features"]["voice"]}  # type: ignore[index]
    paths = {"runs": str(run.folder.parent), "store": str(run.recipe.store)}
    data = {"root": str(run.recipe.settings.data.root)}
    entries = {**RECIPE, "name": "unit", "features": features, "models": {}, "paths": paths}
    path = recipe.parent / "crops.yaml"
    path.write_text(yaml.safe_dump({**entries, "data": data}))
    extract_all(open_run(path), ["crops"])
    return path


def fine_tuned(*arguments: str | Path) -> Any:
    command = typer.Typer()
    command.command()(train_backbone)
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_bundled_network_is_fine_tuned_on_the_training_clips_alone(
    done: tuple[Run, Summary], crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = done
    tune = tmp_path / "tune.yaml"
    backbone = yaml.safe_load(packaged("recipes", "fine_tune.yaml").read_text())
    backbone["training"]["epochs"] = 1
    tune.write_text(yaml.safe_dump(backbone))
    learn, learnt_from = training.train_backbone, []

    def noted(recipe: BackboneRecipe, faces: LabelledFaces, *args: Any, **more: Any) -> WeightsCard:
        learnt_from.append(faces)
        return learn(recipe, faces, *args, **more)

    monkeypatch.setattr(training, "train_backbone", noted)
    shown = fine_tuned(tune, "--clips", crops, "--folder", tmp_path)
    assert shown.exit_code == 0, shown.output
    card = read_card(tmp_path / "tuned.yaml")
    assert card.window == pytest.approx(read_card("emotion_cnn").window)
    assert set(card.learnt_on) == {"fer2013", run.recipe.spec.name}
    [faces] = learnt_from
    cohort, table = run.cohort(), feature_table(open_run(crops), "crops")
    told = {
        name: faces.labels[target] for name, target in zip(faces.names, faces.targets, strict=True)
    }
    assert told == {c.clip_id: c.label for c in cohort if c.split == "train" and c.clip_id in table}


def test_faces_that_can_not_teach_are_refused(crops: Path, tmp_path: Path) -> None:
    tune = packaged("recipes", "fine_tune.yaml")
    for arguments, why in (
        ((), "give either"),
        (("--faces", "x", "--clips", "y"), "give either"),
        (("--clips", crops, "--feature", "voice"), "'voice' holds no images"),
    ):
        refused = fine_tuned(tune, "--folder", tmp_path, *arguments)
        assert isinstance(refused.exception, ConfigError), refused.output
        assert why in str(refused.exception)
    assert not list(tmp_path.iterdir())
