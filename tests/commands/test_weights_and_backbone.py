"""The commands about weights, as a person uses them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
import yaml
from PIL import Image
from typer.testing import CliRunner

from emotiw.cli.backbone import train_backbone
from emotiw.cli.weights import app
from emotiw.core.errors import WeightsError


def test_list_shows_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["list"])
    assert shown.exit_code == 0, shown.output
    rows = {line.split()[0]: line.split() for line in shown.output.splitlines() if line.strip()}
    assert rows["mtcnn_onet"][3] == "yes"
    assert rows["inception_resnet_v1_vggface2"][3] == "no"
    assert not list(tmp_path.iterdir())


def test_verify_says_by_what_the_bytes_are_known() -> None:
    shown = CliRunner().invoke(app, ["verify", "mtcnn_onet"])
    assert "as the card says" in shown.output


def test_verify_never_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    shown = CliRunner().invoke(app, ["verify", "inception_resnet_v1_vggface2"])
    assert isinstance(shown.exception, WeightsError)
    assert not list(tmp_path.iterdir())


def test_train_backbone_trains_tests_and_goes_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for i in range(24):
            place = tmp_path / "faces" / split / ("up" if i % 2 else "down")
            place.mkdir(parents=True, exist_ok=True)
            picture = rng.integers(0, 100, (16, 16)).astype(np.uint8)
            picture[slice(0, 5) if i % 2 else slice(11, 16)] += 150
            Image.fromarray(picture).save(place / f"{i}.png")
    recipe = {
        "name": "tiny",
        "network": {
            "name": "frame_cnn", "backbone": "frame_cnn", "size": 16, "colour": "grey",
            "mean": [0], "std": [1], "embedding": 4,
            "options": {"stem": 2, "widths": [4], "embedding": 4},
        },
        "labels": ["up", "down"],
        "side": 16,
        "validation_fraction": 0.25,
        "training": {"epochs": 2, "batch_size": 8},
    }  # fmt: skip
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe))
    command = typer.Typer()
    command.command()(train_backbone)
    arguments = ["--faces", str(tmp_path / "faces"), "--folder", str(tmp_path / "out")]
    arguments = [str(tmp_path / "r.yaml"), *arguments, "--test", "test"]
    first, again = (CliRunner().invoke(command, arguments) for _ in range(2))
    assert first.exit_code == again.exit_code == 0, first.output
    assert "epoch 2:" in first.output
    assert "epoch 2:" not in again.output
    assert first.output.splitlines()[-4:] == again.output.splitlines()[-4:]
    assert "accuracy" in first.output.splitlines()[-4]
