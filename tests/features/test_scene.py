"""The whole picture, in statistics and through a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from emotiw.core.media import MediaReader
from emotiw.core.weights import WeightsCard, read_card
from emotiw.demo.writing import encode_clip
from features.backbones.loading import build_network
from features.extractor import ClipSource
from features.frames import scene as scene_module
from features.frames.scene import Scene, SceneOptions
from features.frames.scene_statistics import columns, describe
from tests.media.twins import Sound, tone, write
from tests.predict.videos import frame, write_video

Picture = npt.NDArray[np.uint8]


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (60, 80)) -> Picture:
    return np.full((*size, 3), colour, dtype=np.uint8)


def named(picture: Picture) -> dict[str, float]:
    return dict(zip(columns(), describe(picture).tolist(), strict=True))


def test_names_are_different_and_values_finite() -> None:
    assert len(set(columns())) == len(columns())
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    for picture in (noise, plain((0, 0, 0)), plain((255, 255, 255)), plain((255, 0, 0), (1, 1))):
        values = describe(picture)
        assert values.shape == (len(columns()),)
        assert np.isfinite(values).all()


def test_red_is_red_and_grey_has_no_hue() -> None:
    red, grey = named(plain((255, 0, 0))), named(plain((128, 128, 128)))
    assert red["hue_0"] == pytest.approx(1)
    assert red["saturation_3"] == pytest.approx(1)
    assert red["mean_a"] > 0.7
    assert sum(grey[f"hue_{n}"] for n in range(12)) == 0
    assert grey["saturation_0"] == pytest.approx(1)
    assert grey["deviation_l"] == pytest.approx(0, abs=1e-4)


def test_light_is_known_by_its_place() -> None:
    picture = plain((0, 0, 0), (128, 128))
    picture[:64, 64:] = 255  # upper right quarter
    values = named(picture)
    bright = {f"{row}{column}" for row in (0, 1) for column in (2, 3)}
    for cell in (f"{row}{column}" for row in range(4) for column in range(4)):
        assert values[f"colour_{cell}_l"] == pytest.approx(float(cell in bright), abs=1e-3)


def test_stripes_are_known_by_their_direction() -> None:
    upright, lying = plain((0, 0, 0), (128, 128)), plain((0, 0, 0), (128, 128))
    upright[:, ::8] = upright[:, 1::8] = 255
    lying[::8] = lying[1::8] = 255
    # a gradient to the right has direction 0, one downwards 4 of 8
    assert named(upright)["direction_11_0"] > 0.9
    assert named(lying)["direction_11_4"] > 0.9
    turned = np.rot90(upright).copy()
    assert named(turned)["edges_11"] == pytest.approx(named(upright)["edges_11"], rel=0.05)


def test_the_size_of_a_picture_hardly_matters() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    large = small.repeat(2, 0).repeat(2, 1)
    assert describe(large) == pytest.approx(describe(small), abs=1e-4)


def extract(path: Path, **options: Any) -> npt.NDArray[np.float32]:
    extractor = Scene("scene", SceneOptions.model_validate(options))
    extraction = extractor.extract(ClipSource("a", path))
    extraction.array.check(extractor.spec, "a")
    return np.asarray(extraction.array.values, dtype=np.float32)


def test_a_photograph_is_one_row(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    for over_time in ("mean", "frames"):
        assert extract(tmp_path / "a.png", over_time=over_time)[0] == pytest.approx(
            describe(picture), abs=0.02
        )


def test_of_a_video_frames_are_looked_at_from_first_to_last(tmp_path: Path) -> None:
    frames = [plain((20 * n, 20 * n, 20 * n), (48, 64)) for n in range(11)]
    (tmp_path / "a.avi").write_bytes(encode_clip(frames, 10, None, 16_000))
    rows = extract(tmp_path / "a.avi", over_time="frames", n_frames=3)
    assert rows.shape == (3, len(columns()))
    light = rows[:, columns().index("mean_l")]
    expected = [describe(frames[n])[0] for n in (0, 5, 10)]
    assert light == pytest.approx(expected, abs=0.05)
    mean = extract(tmp_path / "a.avi", n_frames=3)
    assert mean == pytest.approx(rows.mean(axis=0, keepdims=True), abs=1e-5)


def test_a_network_of_timm_sees_the_whole_picture(tmp_path: Path) -> None:
    entries = {
        "name": "small", "backbone": "timm", "source": {"file": "small.safetensors"},
        "size": 32, "mean": [0.5] * 3, "std": [0.5] * 3, "embedding": 64,
        "options": {"model": "resnet10t", "channels": [8, 16, 32, 64], "stem_width": 8},
    }  # fmt: skip
    torch.manual_seed(0)
    network = build_network(WeightsCard.model_validate(entries))
    save_file(
        {n: t.clone() for n, t in network.state_dict().items()}, tmp_path / "small.safetensors"
    )
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(entries))
    picture = plain((128, 128, 128), (64, 128))
    picture[:, :8] = 255  # at the edge, which a square cut from the middle would lose
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(plain((128, 128, 128), (64, 128))).save(tmp_path / "b.png")
    card = str(tmp_path / "small.yaml")
    edge, none = (extract(tmp_path / name, weights=card) for name in ("a.png", "b.png"))
    assert edge.shape == (1, 64)
    assert not np.allclose(edge, none)
    with torch.inference_mode():
        grey = network.embed(torch.full((1, 3, 32, 32), (128 / 255 - 0.5) / 0.5))
    assert none == pytest.approx(grey.numpy(), abs=1e-4)


def test_the_card_of_the_scene_network_fits_it() -> None:
    card = read_card("resnet50_imagenet")
    with torch.device("meta"):
        network = build_network(card)
        assert network.embed(torch.zeros(1, 3, card.size, card.size)).shape == (1, card.embedding)


def test_a_recording_has_no_scene_and_is_no_failure(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", Sound([(0, tone(440, 0.5))]))
    extraction = Scene("scene", SceneOptions()).extract(ClipSource("a", path))
    assert (len(extraction.array.values), extraction.quality) == (0, {"pictures": "missing"})


def test_a_clip_is_decoded_once_for_all_that_look_at_the_same_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    class Counted(MediaReader):
        def __init__(self, path: Path, **more: Any) -> None:
            opened.append(path)
            super().__init__(path, **more)

    monkeypatch.setattr(scene_module, "MediaReader", Counted)
    clip = write_video(tmp_path / "a.mp4", [frame((5 * n, 40 * n)) for n in range(6)])
    ways: list[dict[str, Any]] = [{}, {"over_time": "frames"}, {"n_frames": 2}]
    together = ClipSource("a", clip)
    for n_opened, way in zip((1, 1, 2), ways, strict=True):
        extractor = Scene("scene", SceneOptions(**way))
        found = extractor.extract(together)
        assert len(opened) == n_opened
        alone = extractor.extract(ClipSource("a", clip))
        opened.pop()
        assert np.array_equal(found.array.values, alone.array.values)
        assert found.quality == alone.quality
