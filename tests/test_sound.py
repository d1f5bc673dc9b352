"""Odd sound files: each has a stated outcome in the ledger, on any number of workers."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.ledger import LedgerRow
from emotiw.runs.run import open_run
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.index import index

RECIPE = """\
challenge: folder
data: {{root: {root}}}
paths: {{runs: {root}/../runs{workers}}}
execution: {{workers: {workers}}}
features:
  voice: {{extractor: opensmile, feature_set: eGeMAPSv02}}
  level: {{extractor: opensmile, feature_set: eGeMAPSv02, level: low_level}}
"""
OUTCOMES = {
    "usual": ("ok", "present"),
    "100ms": ("ok", "present"),
    "12ms": ("missing", "short"),
    "100hz": ("missing", "slow"),
    "8khz": ("ok", "present"),
    "96khz": ("ok", "present"),
    "six_channels": ("ok", "present"),
    "some_nan": ("ok", "present"),
    "loud": ("ok", "clipped"),
    "only_nan": ("missing", "damaged"),
    "silent": ("missing", "silent"),
    "no_samples": ("missing", "empty"),
}


def voice(seconds: float, rate: int) -> npt.NDArray[np.float32]:
    pitch = 150 + 30 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 3 / rate)
    return (0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / rate) ** 9).astype(np.float32)


def write(path: Path, channels: npt.NDArray[np.float32], rate: int) -> None:
    layout = {1: "mono", 6: "5.1"}[len(channels)]
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        packed = np.ascontiguousarray(channels.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("odd") / "clips"
    folder = root / "Neutral"
    folder.mkdir(parents=True)
    plain = voice(0.6, 16_000)
    holed = plain.copy()
    holed[500:520] = np.nan
    tracks = {
        "usual": (plain[None], 16_000),
        "100ms": (plain[None, :1600], 16_000),
        "12ms": (plain[None, :192], 16_000),
        "100hz": (plain[None], 100),
        "8khz": (voice(0.6, 8_000)[None], 8_000),
        "96khz": (voice(0.6, 96_000)[None], 96_000),
        "six_channels": (np.stack([plain, *[0.5 * plain] * 5]), 16_000),
        "some_nan": (holed[None], 16_000),
        "loud": (20 * plain[None], 16_000),
        "only_nan": (np.full_like(plain, np.nan)[None], 16_000),
        "silent": (0 * plain[None], 16_000),
    }
    for name, (channels, rate) in tracks.items():
        write(folder / f"{name}.wav", channels, rate)
    with wave.open(str(folder / "no_samples.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    (folder / "no_bytes.wav").write_bytes(b"")
    (folder / "no_sound.wav").write_bytes(b"not a sound")
    return root


def measured(clips: Path, workers: int) -> tuple[dict[str, list[LedgerRow]], dict[str, bytes]]:
    recipe = clips.parent / f"odd{workers}.yaml"
    recipe.write_text(RECIPE.format(root=clips, workers=workers))
    run = open_run(str(recipe))
    index(run)
    rows = extract_all(run)
    assert set(feature_table(run, "voice").clip_ids) == {
        row.clip_id for row in rows["voice"] if row.status == "ok"
    }
    files = sorted(run.store.root.rglob("*.safetensors"))
    return rows, {file.name: file.read_bytes() for file in files}


def test_odd_tracks_have_stated_outcomes_on_any_number_of_workers(clips: Path) -> None:
    rows, files = measured(clips, 1)
    for feature in rows.values():
        assert len(feature) == 14
        found = {Path(row.clip_id).name: row for row in feature}
        for name, (status, state) in OUTCOMES.items():
            assert (found[name].status, found[name].quality["audio"]) == (status, state)
            told = {"short": "12 ms, too short", "slow": "sampled at 100 Hz, too low"}
            why = f"sound: {told.get(state, state)}"
            assert found[name].reason == ("" if status == "ok" else why)
        assert "the file is empty" in found["no_bytes"].reason
        assert "not a video, sound or image file" in found["no_sound"].reason
        assert found["some_nan"].quality["n_nan"] == 20
        assert found["100ms"].quality["duration_sec"] == 0.1
    again, others = measured(clips, 2)
    assert files == others
    for name, feature in rows.items():
        for one, two in zip(feature, again[name], strict=True):
            assert (one.clip_id, one.status, one.reason) == (two.clip_id, two.status, two.reason)
            assert one.quality == two.quality
