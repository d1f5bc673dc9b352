"""Speech, and what isn't: synthetic voices, tones, chords, noise, silence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.demo.voice import SAMPLING_RATE, TYPICAL_VOICE, speak
from features.audio.prosody import COLUMNS, prosody
from features.audio.speech_activity import HOP_SEC, SoundTrack, measured, speech_spans
from features.audio.voice_descriptors import FEWEST_SEC, VoiceDescriptors

Waveform = npt.NDArray[np.float32]
RATE = SAMPLING_RATE


def voice(seed: int = 0, sec: float = 2.0) -> Waveform:
    """Babble at a quick rate; the slow manners of these voices hardly have syllables."""
    return speak(TYPICAL_VOICE["Fear"], sec, np.random.default_rng(seed)).waveform


def spoken_sec(waveform: Waveform) -> float:
    return sum(end - begin for begin, end in speech_spans(waveform, RATE))


def chord(sec: float = 3.0) -> Waveform:
    """Held notes with overtones, a new chord every second."""
    time = np.arange(round(sec * RATE)) / RATE
    roots = np.array([220.0, 174.6, 196.0])[(time.astype(int)) % 3]
    notes = [
        np.sin(2 * np.pi * roots * f * k * time) / k for f in (1, 1.25, 1.5) for k in (1, 2, 3)
    ]
    return (0.1 * np.sum(notes, axis=0)).astype(np.float32)


def test_a_voice_is_speech_and_silence_around_it_is_not() -> None:
    silence = np.zeros(RATE, np.float32)
    spans = speech_spans(np.concatenate([silence, voice(), silence]), RATE)
    assert spans
    assert spans[0][0] == pytest.approx(1.0, abs=0.25)
    assert spans[-1][1] == pytest.approx(3.0, abs=0.35)


@pytest.mark.parametrize("seed", range(4))
def test_most_of_a_voice_is_heard_as_speech(seed: int) -> None:
    assert spoken_sec(voice(seed)) > 1.0


def test_notes_noise_and_silence_are_no_speech() -> None:
    noise = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    tone = np.sin(np.arange(3 * RATE) / 9).astype(np.float32)
    for sound in (0.1 * noise, 0.3 * tone, chord(), np.zeros(3 * RATE, np.float32)):
        assert spoken_sec(sound) < FEWEST_SEC


def test_level_changes_nothing() -> None:
    loud = voice()
    assert speech_spans(loud * np.float32(0.05), RATE) == speech_spans(loud, RATE)


def test_pitch_and_level_are_those_of_a_tone() -> None:
    tone = (0.5 * np.sin(2 * np.pi * 120 * np.arange(RATE) / RATE)).astype(np.float32)
    track = measured(tone, RATE)
    inside = slice(10, -10)
    assert len(track.level_db) == round(1 / HOP_SEC)
    assert track.pitch[inside] == pytest.approx(12.0, abs=0.15)  # an octave above 60 Hz
    assert track.voicing[inside].min() > 0.95
    half = measured(tone / 2, RATE).level_db - track.level_db
    assert half[inside] == pytest.approx(-6.02, abs=0.01)


def flat(n: int = 100, **columns: npt.NDArray[np.float64]) -> SoundTrack:
    plain = {
        "level_db": np.zeros(n),
        "voicing": np.ones(n),
        "pitch": np.full(n, 12.0),
        "change": np.ones(n),
    }
    return SoundTrack(**{**plain, **columns})


def by_name(track: SoundTrack) -> dict[str, float]:
    return dict(zip(COLUMNS, prosody(track).tolist(), strict=True))


def test_prosody_of_a_monotone_and_of_a_rise() -> None:
    monotone = by_name(flat())
    assert monotone["pitch_median"] == 12
    assert monotone["pitch_std"] == monotone["level_std"] == 0
    assert (monotone["voiced_share"], monotone["voiced_sec_max"]) == (1, 1)
    rising = by_name(flat(pitch=np.linspace(10, 14, 100)))
    assert rising["pitch_slope"] == pytest.approx(4.0, abs=0.01)
    assert rising["pitch_rising_50ms"] == 1
    assert rising["pitch_change_100ms"] == pytest.approx(10 * 4 / 99, abs=1e-6)


def test_prosody_knows_the_rhythm() -> None:
    time = np.arange(200) * HOP_SEC
    slow, fast = (10 * np.sin(2 * np.pi * hz * time) for hz in (1.8, 6.0))
    found = [by_name(flat(200, level_db=level)) for level in (slow, fast)]
    assert found[0]["level_rhythm_1.2_2.3hz"] > found[0]["level_rhythm_4.3_8.2hz"]
    assert found[1]["level_rhythm_4.3_8.2hz"] > found[1]["level_rhythm_1.2_2.3hz"]


def test_descriptors_are_of_the_speech_alone() -> None:
    describe = VoiceDescriptors()
    spoken = voice()
    silence = np.zeros(2 * RATE, np.float32)
    plain, sec = describe(spoken, RATE)
    among, same_sec = describe(np.concatenate([silence, 0.1 * spoken, silence]), RATE)
    nothing, no_sec = describe(chord(), RATE)
    assert plain is not None
    assert among is not None
    assert nothing is None
    assert no_sec < FEWEST_SEC
    assert same_sec == pytest.approx(sec, abs=0.15)
    assert len(plain) == len(describe.columns) == 88 + len(COLUMNS)
    # of functionals of the whole, pauses alone would change nearly all
    is_near = np.isclose(plain, among, rtol=0.15, atol=0.1)
    assert is_near.mean() > 0.7
