"""Speech or not: the rule's weights fitted again, and how it agrees with a trained detector.

Speech is every 20th recording of RAVDESS and EmoDB (EMOTIW_REAL_DATA), as it is and recorded
elsewhere; no speech are noise and the recordings in --music. With --silero, an ONNX file of Silero
VAD (from the package silero-vad), both are compared, 32 ms by 32 ms.
Usage: python benchmarks/speech_activity.py --music FOLDER [--silero silero_vad.onnx]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt

from features.audio import speech_activity as rule
from features.audio.recording_conditions import ConditionOptions, recorded_elsewhere
from features.audio.signal import SignalOptions, Waveform, at_level, read_signal

RATE, BLOCK, MOST_SEC = 16_000, 512, 90
CHANCE = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True)
    parser.add_argument("--silero", type=Path)
    chosen = parser.parse_args()
    data = Path(os.environ["EMOTIW_REAL_DATA"])
    files = [
        *sorted((data / "ravdess").glob("*.flac")),
        *sorted((data / "emodb/wav").glob("*.wav")),
    ]
    rng = np.random.default_rng(CHANCE)
    speech = [at_level(sound, -26) for sound in map(read, files[::20]) if sound is not None]
    elsewhere = [recorded_elsewhere(x, RATE, ConditionOptions(), rng) for x in speech]
    music = [
        x[: MOST_SEC * RATE] for x in map(read, sorted(chosen.music.glob("*.*"))) if x is not None
    ]
    noise = [coloured(rng) for _ in range(20)]
    sets = {"speech": speech, "elsewhere": elsewhere, "music": music, "noise": noise}
    fitted(sets)
    for name, sounds in sets.items():
        compared(name, sounds, chosen.silero)


def read(path: Path) -> Waveform | None:
    return read_signal(path, SignalOptions(sampling_rate=RATE)).waveform


def coloured(rng: np.random.Generator) -> Waveform:
    spectrum = np.fft.rfft(rng.standard_normal(3 * RATE))
    hz = np.maximum(np.fft.rfftfreq(3 * RATE, 1 / RATE), 40)
    sound = np.fft.irfft(spectrum * hz ** -rng.uniform(0, 1.5))
    return np.asarray(0.05 * sound / sound.std(), np.float32)


def fitted(sets: dict[str, list[Waveform]]) -> None:
    """Print the weights of a logistic regression of whole seconds, loud ones of each sound."""
    from sklearn.linear_model import LogisticRegression

    rows, truth = [], []
    for name, sounds in sets.items():
        for sound in sounds:
            found = seconds(sound)
            rows += found
            truth += [name in ("speech", "elsewhere")] * len(found)
    machine = LogisticRegression(C=10, class_weight="balanced").fit(np.array(rows), truth)
    weights, bias = machine.coef_[0], machine.intercept_[0]
    told = ", ".join(f"{weight:.2f}" for weight in (*weights, bias))
    print(f"fitted: {told} (spread, change, steady, bias)")
    print(f"in use: {rule.OF_SPREAD}, {rule.OF_CHANGE}, {rule.OF_STEADY}, {-rule.LESS}")


def seconds(sound: Waveform) -> list[tuple[float, float, float]]:
    track = rule.measured(sound, RATE)
    top = np.percentile(track.level_db, 95)
    found = []
    for start in range(0, max(1, len(track.level_db) - rule.WINDOW + 1), rule.WINDOW // 2):
        part = rule.SoundTrack(*(c[start : start + rule.WINDOW] for c in track))
        own = rule.traits(part)
        if own is not None and np.percentile(part.level_db, 95) > top - 20:
            found.append(own)
    return found


def compared(name: str, sounds: Sequence[Waveform], silero: Path | None) -> None:
    n = n_rule = n_other = n_both = 0
    spent = 0.0
    session = None if silero is None else opened(silero)
    for sound in sounds:
        before = process_time()
        spoken = rule.spoken_rows(rule.measured(sound, RATE))
        spent += process_time() - before
        middles = ((np.arange(len(sound) // BLOCK) + 0.5) * BLOCK / RATE / rule.HOP_SEC).astype(int)
        mine = spoken[np.minimum(middles, len(spoken) - 1)]
        other = mine if session is None else heard_by(session, sound)
        n, n_rule, n_other = n + len(mine), n_rule + int(mine.sum()), n_other + int(other.sum())
        n_both += int((mine & other).sum())
    sec = n * BLOCK / RATE
    told = f"{name}: {sec:.0f} s, {100 * n_rule / n:.1f} % speech by rule"
    if session is not None:
        same = 100 * (n - n_rule - n_other + 2 * n_both) / n
        told += f", {100 * n_other / n:.1f} % by Silero, the same for {same:.1f} %"
    print(f"{told}; {sec / spent:.0f} times as fast as sound")


def opened(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options)


def heard_by(session: Any, sound: Waveform) -> npt.NDArray[np.bool_]:
    state, before = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    said = []
    for start in range(0, len(sound) - BLOCK + 1, BLOCK):
        block = sound[start : start + BLOCK]
        given = {"input": np.concatenate([before, block])[None], "state": state}
        probability, state = session.run(None, {**given, "sr": np.array(RATE, np.int64)})
        before = block[-64:]
        said.append(float(probability[0, 0]) > 0.5)
    return np.array(said, bool)


if __name__ == "__main__":
    main()
