"""The EAT recipe from end to end, on a synthetic corpus in the layout of the challenge."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import numpy as np
import pytest

from emotiw.runs.pipeline import Summary, run_all
from emotiw.runs.run import open_run
from tests.in_process import SET_IN_PROCESS

FOODS = ("Apple", "Banana", "Biscuit", "Crisp", "Haribo", "Nectarine", "No_Food")
RATE = 44_100


def crunch(
    food: int, throat: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Half a second of speech-like tone; the food decides how often and how sharply it cracks."""
    times = np.arange(RATE // 2) / RATE
    voice = 0.1 * np.sin(2 * np.pi * throat * times)
    every = RATE // (4 + 5 * food)
    kernel = np.exp(-np.arange(400) / (20 + 40 * (food % 3)))
    cracks = np.zeros(len(times))
    cracks[rng.integers(every) :: every] = rng.choice([-0.4, 0.4])
    noise = 0.005 * rng.standard_normal(len(times))
    mixed = voice + np.convolve(cracks, kernel)[: len(times)] + noise
    return (32_000 * mixed.clip(-1, 1)).astype(np.int16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("eat")
    package = root / "ICMI2018-EAT_package"
    (package / "audio").mkdir(parents=True)
    (package / "labels").mkdir()
    rng = np.random.default_rng(0)
    for split, n_speakers in (("train", 4), ("test", 2)):
        rows = []
        for speaker in range(n_speakers):
            throat = rng.uniform(100, 220)
            for number in range(14):
                food = number % 7
                name = f"{split}_{len(rows) + 1:03d}"
                with wave.open(str(package / "audio" / f"{name}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(RATE)
                    file.writeframes(crunch(food, throat, rng).tobytes())
                answers = [FOODS[food], "Like" if food > 3 else "Neutral", str(food / 6)]
                known = answers if split == "train" else ["", "", ""]
                rows.append([name, f"{split}{speaker}", *known])
        with (package / "labels" / f"labels_{split}.csv").open("w", newline="") as file:
            table = csv.writer(file, delimiter=";")
            table.writerow(["file_name", "speaker", "food_type", "likability", "difficulty"])
            table.writerows(rows)
    return root


def outcome(corpus: Path, challenge: str) -> tuple[Summary, Path]:
    run = open_run(
        "eat",
        [
            f"challenge={challenge}",
            f"name={challenge}",
            f"data.root={corpus}",
            f"paths.runs={corpus / 'runs'}",
            SET_IN_PROCESS,
            "features.lld.feature_set=eGeMAPSv02",
            "features.functionals.feature_set=eGeMAPSv02",
            "models.words.codebooks.size=20",
            "models.words.codebooks.n_codebooks=4",
        ],
    )
    return run_all(run), run.folds_path


@pytest.mark.parametrize(
    ("challenge", "metric", "chance"),
    [("eat_food", "uar", 1 / 7), ("eat_likability", "uar", 1 / 2), ("eat_difficulty", "ccc", 0.0)],
)
def test_each_task_is_learned_leaving_one_speaker_out(
    corpus: Path, challenge: str, metric: str, chance: float
) -> None:
    summary, folds_path = outcome(corpus, challenge)
    assert summary.results is not None
    judged = [r for r in summary.results if (r.metric.name, r.split) == (metric, "train")]
    figure = {result.name: result.value for result in judged}
    assert figure.keys() == {"words", "functionals", "fused"}
    assert figure["fused"] > chance + 0.25
    with folds_path.open(newline="") as file:
        folds = [row for row in csv.DictReader(file) if row["modality"] == "fused"]
    assert [row["fold"] for row in folds if row["metric"] == metric] == ["0", "1", "2", "3", "all"]
    assert summary.submission is not None
    assert summary.check is not None
    assert summary.check.is_ok
    lines = summary.submission.read_text().splitlines()
    assert len(lines) == 28
    assert lines[0].startswith("'test_001';")
