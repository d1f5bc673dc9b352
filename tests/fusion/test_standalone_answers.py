"""Files of scores fused with a table of several answers, for clips and step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw import api
from emotiw.core.cohort_table import cohort_of_frame
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence
from fusion.fusion_options import FusionOptions
from fusion.standalone import fuse_files

N_CLIPS, N_STEPS = 12, 20


@pytest.fixture
def by_step(tmp_path: Path) -> Path:
    """Labels every half second, a face as often, and a voice every 0.8 s; the last two are test."""
    rng = np.random.default_rng(0)
    told, face, voice = [], [], []
    for number in range(N_CLIPS):
        phase, clip_id = rng.uniform(0, 6), f"c{number:02}"
        split = "test" if number >= 10 else "val"
        for step in range(N_STEPS):
            time = step / 2
            value = "" if step == 3 or split == "test" else f"{0.8 * np.sin(time + phase):.6f}"
            told.append((clip_id, time, value, float(np.sin(time + phase) > 0), split, clip_id))
            face.append((clip_id, time, 0.8 * np.sin(time + phase) + rng.normal() / 2, 0.5))
        for time in np.arange(0, N_STEPS / 2, 0.8):
            state = np.sin(time + phase)
            voice.append((clip_id, time, 0.8 * state, 1 / (1 + np.exp(-9 * state))))
    columns = ["clip_id", "time_sec", "arousal", "smile"]
    pd.DataFrame(told, columns=[*columns, "split", "group"]).to_csv(
        tmp_path / "labels.csv", index=False
    )
    pd.DataFrame(face, columns=columns).to_csv(tmp_path / "face.csv", index=False)
    pd.DataFrame(voice, columns=columns).to_csv(tmp_path / "voice.csv", index=False)
    return tmp_path


def test_files_with_times_of_their_own_are_fused_step_by_step(by_step: Path) -> None:
    result = fuse_files(
        [by_step / "face.csv", by_step / "voice.csv"],
        labels=by_step / "labels.csv",
        trained_on="other data",
        options=FusionOptions(post=("smooth",)),
        out=by_step / "out",
    )
    assert result.n_groups == 10
    assert result.result("ccc.arousal").value > 0.9
    assert result.result("f1.smile").value > 0.9
    fused = ScoreTable.read_csv(by_step / "out" / "fused.csv")
    assert len(fused) == N_CLIPS * N_STEPS
    assert fused.times[:2].tolist() == [0.0, 0.5]
    # a notebook gives the same
    tables = [pd.read_csv(by_step / f"{n}.csv") for n in ("face", "voice")]
    loaded = {
        name: api.load_scores(frame, by_step / "labels.csv", name=name, trained_on="other data")
        for name, frame in zip(("face", "voice"), tables, strict=True)
    }
    again = api.fuse(loaded, by_step / "labels.csv", post=["smooth"])
    assert again.table.to_files() == result.table.to_files()


def test_several_answers_of_whole_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"clip_id": [f"c{n:02}" for n in range(40)]})
    truth["joy"], truth["anger"] = rng.integers(2, size=(2, 40))
    truth["valence"] = rng.uniform(-1, 1, 40).round(3)
    truth["group"] = [f"g{n % 8}" for n in range(40)]
    scores = truth.drop(columns="group").assign(
        joy=(0.6 * truth["joy"] + 0.2), anger=0.5, valence=truth["valence"] / 2
    )
    truth.loc[3, "valence"] = np.nan
    truth.to_csv(tmp_path / "labels.csv", index=False)
    scores.to_csv(tmp_path / "net.csv", index=False)
    cohort = cohort_of_frame(
        read_frame(tmp_path / "labels.csv"), ["joy", "anger", "valence"], where="x"
    )
    assert cohort.task is not None
    assert [type(answer) is Presence for answer in cohort.task.answers] == [True, True, False]
    assert cohort["c03"].answers[2] is None
    result = fuse_files(
        [tmp_path / "net.csv"], labels=tmp_path / "labels.csv", trained_on="other data"
    )
    assert result.result("f1.joy").value == 1.0
    assert result.result("pearson.valence").value == pytest.approx(1.0)


def test_what_is_wrong_is_told(by_step: Path) -> None:
    labels = pd.read_csv(by_step / "labels.csv", dtype=str)
    about = {"labels": by_step / "labels.csv", "trained_on": "other data"}

    def told(frame: pd.DataFrame) -> str:
        frame.to_csv(by_step / "labels.csv", index=False)
        with pytest.raises(TableError) as error:
            fuse_files([by_step / "face.csv"], **about)  # type: ignore[arg-type]
        return str(error.value)

    odd = labels.copy()
    odd.loc[0, "arousal"], odd.loc[1, "time_sec"] = "high", ""
    assert "line 2: arousal 'high' is not a number" in told(odd)
    assert "line 3: no time_sec" in told(labels.assign(time_sec=odd["time_sec"]))
    torn = labels.copy()
    torn.loc[5, "group"] = "another"
    assert "clip 'c00' is in group 'c00' and 'another'" in told(torn)
    assert "no column 'smile'" in told(labels.drop(columns="smile"))
