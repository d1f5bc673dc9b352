"""Six folders as people have them: `emotiw start`, `emotiw run`, and no editing in between."""

from __future__ import annotations

import csv
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from emotiw.cli.app import app
from tests.in_process import SET_IN_PROCESS

HZ = {"anger": 300, "happy": 900, "sad": 2000, "calm": 3000}


def write_sound(path: Path, hz: float, seed: int) -> None:
    """Write a tone in noise, so that every clip has bytes of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 300, 6400)
    samples = 6000 * np.sin(2 * np.pi * hz * np.arange(6400) / 16_000) + noise
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "clips"


def call(*words: str, status: int = 0, given: str = "") -> Result:
    result = CliRunner().invoke(app, list(words), input=given)
    raised = "" if result.exit_code in {0, 1} else f"{result.exception}"
    assert result.exit_code == status, f"{result.output}\n{raised}"
    return result


def started(*options: str) -> Result:
    return call("start", "clips", "--yes", *options)


def run(n_scored: int) -> list[dict[str, str]]:
    """Run the recipe as it was written; return the manifest."""
    told = call("run", "clips.yaml", "--set", SET_IN_PROCESS, "--quiet").stdout
    folder = Path("runs/clips")
    if len(list(folder.glob("scores/*.csv"))) == 1:  # then nothing is shown twice
        assert "one model alone" in told
        assert " fused " not in told
        assert "paired test" not in (folder / "fusion.txt").read_text()
    assert (folder / "metrics.csv").is_file()
    with (folder / "fused.csv").open() as file:
        assert len(list(csv.DictReader(file))) == n_scored
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def counted(rows: list[dict[str, str]], *columns: str) -> Counter[tuple[str, ...]]:
    return Counter(tuple(row[column] for column in columns) for row in rows)


def test_label_folders_in_lower_case_with_speakers_in_names(home: Path) -> None:
    for n, (label, speaker, take) in enumerate(
        (label, speaker, take) for label in HZ for speaker in range(3) for take in range(2)
    ):
        write_sound(home / label / f"spk{speaker:02d}_take{take}_{label}.wav", HZ[label], n)
    told = started()
    assert (
        "speakers: (?i)(?<![a-z])(spk\\d+): 24 of 24 clips, 3 (spk00, spk01, spk02)" in told.stdout
    )
    rows = run(24)
    assert counted(rows, "split", "label") == {("train", label): 6 for label in HZ}
    assert counted(rows, "group") == {(f"spk{n:02d}",): 8 for n in range(3)}


def test_folders_of_splits_and_labels(home: Path) -> None:
    for n, (split, label) in enumerate((s, x) for s in ("train", "val", "test") for x in HZ):
        for m in range(4 if split == "train" else 2):
            write_sound(home / split / label / f"{m}.wav", HZ[label], 10 * n + m)
    told = started()
    assert "splits: 16 train, 8 val, 8 test" in told.stdout
    assert "speakers: unknown" in told.stderr
    rows = run(32)
    assert counted(rows, "split", "label")["train", "calm"] == 4
    assert counted(rows, "split") == {("train",): 16, ("val",): 8, ("test",): 8}


def test_a_table_with_the_habits_of_a_spreadsheet(home: Path) -> None:
    lines = ["\ufeffFile name;Emotion;Speaker;Set;Comment;"]
    for n in range(24):
        label = list(HZ)[n % 3]
        write_sound(home / "wav" / f"{n + 1:03d}.wav", HZ[label], n)
        spelt = (label, label.upper(), label.title())[n // 3 % 3]
        cells = (f"wav\\{n + 1:03d}.WAV", spelt, n % 4, "Test" if n > 20 else "Training", "1,5", "")
        lines.append(";".join(map(str, cells)))
    (home / "labels.csv").write_text("\r\n".join([*lines, ";;;;;", ""]), newline="")
    told = started()
    assert "labels.csv: not used: Comment" in told.stderr
    rows = run(24)
    assert counted(rows, "split") == {("train",): 21, ("test",): 3}
    assert set(counted(rows, "label")) == {("anger",), ("happy",), ("sad",)}
    assert counted(rows, "group") == {(str(n),): 6 for n in range(4)}


def test_ravdess_is_known_by_its_names(home: Path) -> None:
    for n, (actor, emotion) in enumerate((a, e) for a in range(1, 25) for e in ("01", "05")):
        name = f"03-01-{emotion}-01-01-01-{actor:02d}.wav"
        write_sound(home / f"Actor_{actor:02d}" / name, 400 * int(emotion), n)
    told = started()
    assert "challenge: ravdess" in told.stdout
    rows = run(48)
    assert counted(rows, "label") == {("neutral",): 24, ("angry",): 24}
    assert not Path("clips_challenge.yaml").exists()
    assert len(counted(rows, "group")) == 24


def test_features_without_media(home: Path) -> None:
    home.mkdir()
    random = np.random.default_rng(0)
    lines, rows = ["clip_id,mood,subject"], ["clip_id,f0,f1,f2"]
    for n in range(30):
        mood = ("engaged", "bored")[n % 2]
        lines.append(f"c{n},{mood},p{n % 6}")
        rows.append(",".join([f"c{n}", *(f"{v:.3f}" for v in random.normal(n % 2, 0.3, 3))]))
    (home / "moods.csv").write_text("\n".join(lines))
    (home / "openface.csv").write_text("\n".join(rows))
    told = started()
    assert "features instead of media: openface.csv (a row per clip)" in told.stdout
    assert counted(run(30), "label", "group")["bored", "p1"] == 5


def manifest() -> list[dict[str, str]]:
    with Path("runs/clips/manifest.csv").open() as file:
        return list(csv.DictReader(file))


def test_what_only_a_person_can_say_is_refused(home: Path) -> None:
    for n in range(8):
        write_sound(home / ("tense", "bored and more")[n % 2] / f"{n}.wav", 500, n)
    told = call("start", "clips", "--yes", status=1).exception
    assert "might be labels, or speakers, or sessions: what are they?" in str(told)
    assert "--labels 'folders'" in str(told)
    assert not Path("clips.yaml").exists()
    started("--labels", "folders")
    assert counted(manifest(), "label") == {("tense",): 4, ("bored and more",): 4}
    told = call("start", "clips", "--labels", "folders", "--yes", status=1).exception
    assert "clips.yaml exists" in str(told)


def test_folders_of_a_challenge_are_told(home: Path) -> None:
    for n, name in enumerate(("Train_AFEW/Happy", "Train_AFEW/Sad", "Val_AFEW/Happy")):
        write_sound(home / name / f"{n}.wav", 500, n)
    told = started()
    assert "splits: 2 train, 1 val, 0 test" in told.stdout
    assert "might be those of afew2013" in told.stderr


def test_a_name_among_names_is_no_label_unasked(home: Path) -> None:
    for n, name in enumerate(("Joy", "Anna", "Ben") * 2):
        write_sound(home / name / f"{n}.wav", 500, n)
    told = call("start", "clips", "--yes", status=1).exception
    assert "the folders Anna, Ben, Joy might be labels, or speakers" in str(told)


def test_files_that_are_no_media_are_no_clips(home: Path) -> None:
    (home / "sad").mkdir(parents=True)
    (home / "sad" / "a.wav").write_text("no sound")
    told = call("start", "clips", "--yes", status=1).exception
    assert "none of 1 files begins like media" in str(told)


def test_nothing_is_written_where_nobody_can_be_asked(home: Path) -> None:
    write_sound(home / "happy" / "a.wav", 500, 1)
    write_sound(home / "sad" / "b.wav", 500, 2)
    assert "say --yes" in str(call("start", "clips", status=1).exception)
    assert not Path("clips.yaml").exists()


def test_speakers_that_may_be_anything_are_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(12):
        label = ("happy", "sad")[n % 2]
        write_sound(home / label / f"{('anna', 'ben', 'eve')[n % 3]}_{n // 3}.wav", HZ[label], n)
    told = started("--out", "unasked.yaml")
    assert "which of these finds the speaker? taken: unknown" in told.stderr
    assert ": 12 of 12 clips, 3 (anna, ben, eve)" in told.stderr
    monkeypatch.setattr("emotiw.cli.start.is_terminal", lambda: True)
    told = call("start", "clips", given="9\n2\ny\n")
    assert "2  (?:^|/)([^/_. -]+)[^/]*$: 12 of 12 clips" in told.stdout
    assert counted(manifest(), "group") == {("anna",): 4, ("ben",): 4, ("eve",): 4}


def test_whoever_was_asked_is_warned_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("happy", "sad"):
        for take in range(4):
            write_sound(home / label / f"speaker{take % 2}_{take}.wav", HZ[label], take)
    monkeypatch.setattr("emotiw.cli.start.is_terminal", lambda: True)
    told = call("start", "clips", given="y\n")
    assert told.stderr.count("names belong to several clips") == 1
    assert "names belong to several clips" in Path("runs/clips/run.log").read_text()


def test_doubts_are_told_and_stand_in_the_recipe(home: Path) -> None:
    for n, label in enumerate(("happy", "joy", "Tense", "sad") * 2):
        write_sound(home / label / f"speaker{n % 2}_{n}.wav", 500, n)
    write_sound(home / "SAD/speaker0_9.wav", 500, 9)
    (home / "notes.csv").write_text("a,emotion\nx,sad\ny,happy\n")
    told = started().stderr
    assert "happy and joy are taken for one label, happy" in told
    assert "SAD and sad are taken for one label, sad" in told
    assert "folders beside them are taken for labels too: Tense" in told
    assert "notes.csv is not used: none of its columns names the clips" in told
    assert "doubtful: happy and joy" in Path("clips.yaml").read_text()
    assert counted(manifest(), "label") == {("happy",): 4, ("Tense",): 2, ("sad",): 3}


def test_words_that_are_probably_no_label_or_speaker_are_told(home: Path) -> None:
    rows = ["file,label,speaker"]
    for n, label in enumerate([*["happy", "sad"] * 4, "sda", "NA"]):
        write_sound(home / f"{n}.wav", HZ["happy"], n)
        rows.append(f"{n},{label},{['Ann', 'ann', ''][n % 3]}")
    (home / "labels.csv").write_text("\n".join(rows))
    told = started().stderr
    assert "'NA' counts as a label (n = 1); empty cells say" in told
    assert "one clip alone is labelled 'sda': misspelt?" in told
    assert "the speakers of 3 of 10 clips are unknown" in told
    assert "'Ann' and 'ann' count as different speakers" in told


def test_numbers_are_predicted_as_numbers_and_levels_are_asked_for(home: Path) -> None:
    lines = ["clip,level,valence"]
    for n in range(12):
        write_sound(home / f"a{n}.wav", 300 + 200 * n, n)
        lines.append(f"a{n},{n % 3},{n / 11:.2f}")
    (home / "ratings.csv").write_text("\n".join(lines))
    told = started("--labels", "valence").stdout
    assert "target from 'valence'" in told
    assert "valence: from 0 to 1" in told
    assert float(manifest()[0]["target"]) == 0
    Path("clips.yaml").unlink()
    Path("clips_challenge.yaml").unlink()
    told = started().stderr
    assert "several columns might be what is asked: which one is? taken: level" in told


@pytest.mark.slow
def test_photographs_with_a_label_of_the_group(home: Path) -> None:
    import cv2

    from emotiw.demo.portraits import PORTRAITS, load_bust

    for n in range(12):
        label = ("Positive", "Neutral", "negative")[n % 3]
        image = np.full((240, 360, 3), 40 * (n % 3) + n, dtype=np.uint8)
        for place in range(2):
            face = cv2.resize(load_bust(PORTRAITS[place]).rgb[..., ::-1], (180, 150))
            image[50:200, 170 * place : 170 * place + 180] = face
        path = home / label / f"{n}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    assert "12 photographs" in started().stdout
    rows = run(12)
    assert counted(rows, "label") == {("negative",): 4, ("Neutral",): 4, ("Positive",): 4}
