"""From a folder laid out as MELD to a checked submission, with words, sound and pictures."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.models.out_of_fold import MODEL
from emotiw.models.tabular.text_logistic import TextLogistic
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.spoken import read_spoken
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.fits import fits_of
from emotiw.runs.stages.index import make_index
from emotiw.runs.stages.train import train_all
from features.text.transcript import text_in
from tests.text.meld import COLUMNS, FOLDERS, TEST_FOLDER, make_meld, meld_recipe, utterances

pytestmark = pytest.mark.slow
ODD = {"train_dia1_utt0", "train_dia1_utt2"}  # nothing is said


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("meld")
    make_meld(home / "MELD")
    return home


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    opened = open_run(meld_recipe(home))
    summary = run_all(opened)
    assert summary.check is not None
    assert summary.check.is_ok
    assert summary.failures == []
    return opened


def test_three_modalities_are_judged_out_of_fold_and_fused(run: Run) -> None:
    for name in ("text", "voice", "scene"):
        table = ScoreTable.read_csv(run.scores_path(name))
        of_training = [
            f for f, split in zip(table.fold, table.split, strict=True) if split == "train"
        ]
        assert set(of_training) == {0, 1}
    fused = ScoreTable.read_csv(run.folder / "fused.csv")
    assert np.isfinite(fused.scores).all()
    assert len(fused.clip_ids) == 8 * 3 + 6 + 6
    test = run.scores("text")
    rows = {c: test.scores[n].argmax() for n, c in enumerate(test.clip_ids)}
    said = {f"test_dia{d}_utt{u}": label for d, u, label, _ in utterances("test")}
    assert {c: run.task.labels[rows[c]] for c in said} == said


def test_the_words_are_those_of_the_table(run: Run) -> None:
    table = feature_table(run, "words")
    told = {f"train_dia{d}_utt{u}": said for d, u, _, said in utterances("train")}
    assert set(told) - set(table.clip_ids) == ODD
    for clip_id in set(told) - ODD:
        expected = told[clip_id].replace("\x92", "’").strip()
        assert text_in(table[clip_id]) == expected


def test_nothing_said_is_missing_and_never_zeros(run: Run) -> None:
    rows = {row.clip_id: row for row in run.ledger("features:words").rows()}
    assert {c: (rows[c].status, rows[c].reason) for c in ODD} == dict.fromkeys(
        ODD, ("missing", "no transcript in the column transcript of manifest.csv")
    )
    scores = run.scores("text")
    absent = {c for c, there in zip(scores.clip_ids, scores.present, strict=True) if not there}
    assert absent == ODD


def test_words_of_held_out_clips_change_nothing_of_their_model(run: Run, home: Path) -> None:
    fits = fits_of(run, "text")
    work = next(fit for fit in fits.work.fits() if fit.fold == 0)
    held_out = {clip for clip in work.scored if clip.startswith("train_")} - ODD
    other = home / "other"
    shutil.copytree(home / "MELD", other / "MELD")
    path = other / "MELD/train_sent_emo.csv"
    table = list(csv.DictReader(path.read_text("utf-8").splitlines(keepends=True)))
    for row in table:
        if f"train_dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}" in held_out:
            row["Utterance"] += " zebra" * 30
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    changed = open_run(meld_recipe(other), [f"paths.store={home / 'runs/store'}"])
    make_index(changed)
    extract_all(changed, ["words"])
    train_all(changed, ["text"])
    again = fits_of(changed, "text")
    assert again.fit_keys[0] == fits.fit_keys[0]
    assert again.fit_keys[1] != fits.fit_keys[1]  # which learns from them
    assert "zebra" not in TextLogistic.load(again.folder(0) / MODEL).encoder["words"]
    assert "zebra" in TextLogistic.load(again.folder(1) / MODEL).encoder["words"]


def test_workers_change_no_byte(run: Run, home: Path, tmp_path: Path) -> None:
    recipe = yaml.safe_load(meld_recipe(home).read_text())
    recipe["features"], recipe["models"] = (
        {"words": recipe["features"]["words"]},
        {"text": recipe["models"]["text"]},
    )
    recipe["execution"] = {"workers": 2, "device": "cpu"}
    recipe["paths"] = {"runs": str(tmp_path / "runs")}
    path = tmp_path / "meld.yaml"
    path.write_text(yaml.safe_dump(recipe))
    other = open_run(path)
    run_all(other)
    for name in ("features/words.csv", "scores/text.csv"):
        assert (other.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_a_new_clip_has_its_words_beside_it_or_in_a_table(run: Run, tmp_path: Path) -> None:
    clip = tmp_path / "new.mp4"
    test = run.recipe.settings.data.root / TEST_FOLDER / "dia1_utt1.mp4"
    shutil.copy(test, clip)
    silent = predict_files({"new": clip}, Wanted(run=run.folder))[0]
    assert "words: no transcript (--transcripts, or new.srt beside it)" in silent.notes
    assert set(silent.whole()[0].by_model) == {"voice", "scene"}
    said = next(said for d, u, _, said in utterances("test") if (d, u) == (1, 1))
    (tmp_path / "said.csv").write_text(f'clip_id,text\nnew,"{said}"\n', encoding="utf-8")
    spoken = read_spoken(tmp_path / "said.csv", {"new": clip})
    told = predict_files({"new": clip}, Wanted(run=run.folder, spoken=spoken))[0].whole()[0]
    fused = ScoreTable.read_csv(run.folder / "fused.csv").aligned_to(["test_dia1_utt1"])[0]
    assert told.scores == pytest.approx(fused, abs=1e-6)
    (tmp_path / "new.srt").write_text(f"1\n00:00:00,000 --> 00:00:00,100\n{said}\n", "utf-8")
    beside = predict_files({"new": clip}, Wanted(run=run.folder, window_sec=0.1))[0]
    assert beside.whole()[0].scores == told.scores
    heard = ["text" in row.by_model for row in beside.windows(None)]
    assert heard[:2] == [True, True]
    assert not any(heard[2:])


def test_transcripts_of_nobody_are_told(home: Path, run: Run, tmp_path: Path) -> None:
    ids = [f"{split}_dia0_utt0.mp4" for split in ("train", "val", "test")]
    (tmp_path / "said.csv").write_text("id;text\n" + "".join(f'{i};"a;b"\n' for i in ids))
    words = {"extractor": "transcript", "transcripts": str(tmp_path / "said.csv")}
    recipe = meld_recipe(home, name="told", features={"words": words}, models={})
    with pytest.raises(TableError, match="without their extension they would be"):
        run_all(open_run(recipe))
    empty = meld_recipe(
        home, name="none", features={"words": {"extractor": "transcript"}}, models={}
    )
    bare = tmp_path / "MELD"
    shutil.copytree(home / "MELD", bare)
    for table in bare.glob("*.csv"):
        table.write_text(table.read_text("utf-8").replace("Utterance,", "Words,", 1), "utf-8")
    with pytest.raises(ConfigError, match=r"no transcripts in files beside the clips \(\.json, "):
        run_all(open_run(empty, [f"data.root={bare}"]))
    beside = bare / FOLDERS["train"]
    (beside / "dia0_utt0.SRT").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi.\n")
    (beside / "dia0_utt1.vtt").write_text("WEBVTT\n\n00:01 --> 00:02\nHi.\n")
    opened = open_run(empty, [f"data.root={bare}"])
    run_all(opened)
    rows = {row.clip_id: row for row in opened.ledger("features:words").rows()}
    assert rows["train_dia0_utt0"].status == "ok"
    assert rows["train_dia0_utt1"].status == "failed"
    assert (
        "dia0_utt1.vtt:3: expected 00:00:01,000 --> 00:00:02,500" in rows["train_dia0_utt1"].reason
    )
    assert rows["test_dia0_utt0"].reason.startswith("no transcript in files beside the clips")
