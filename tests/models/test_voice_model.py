"""A voice model of two small corpora of synthetic voices: learnt, judged, written, gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotiw.core.errors import WeightsError
from emotiw.core.probabilities import reliable_from, softmax
from emotiw.core.weights import read_card
from emotiw.demo.voice import SAMPLING_RATE, TYPICAL_VOICE, speak
from emotiw.models.voice import described_voices as described_module
from emotiw.models.voice.described_voices import DescribedVoices
from emotiw.models.voice.train_voice import leave_corpora_out, train_voice
from emotiw.models.voice.voice_fit import fit_voice, tempered
from emotiw.models.voice.voice_recipe import VoiceRecipe
from features.audio.voice_scores import Voice, VoiceOptions, VoiceScorer
from features.extractor import ClipSource

BOTH = {"corpora": {"ravdess": {"split": "train"}, "emodb": {"split": "train"}}}
RECIPE = VoiceRecipe(name="small", copies=1, penalty=(0.5, 5.0), inner_folds=2, options=BOTH)
RAVDESS = {"Neutral": "01", "Happy": "03", "Sad": "04", "Angry": "05", "Fear": "06"}
EMODB = {"Neutral": "N", "Happy": "F", "Sad": "T", "Angry": "W"}


def points(n: int = 40, seed: int = 0) -> DescribedVoices:
    """Two labels that differ in the first descriptor, two corpora that differ in the second."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 2
    corpora = np.array(["a", "b"])[np.arange(n) // 2 % 2]
    rows = rng.normal(0, 0.3, (2, n, 3))
    rows[:, :, 0] += 2 * targets
    rows[:, :, 1] += 1 * (corpora == "b")
    speakers = np.array([f"{c}{i % 4}" for i, c in enumerate(corpora)])
    return DescribedVoices(rows, targets, speakers, corpora, tuple(f"c{i:02}" for i in range(n)))


def test_what_is_learnt_on_one_corpus_holds_on_the_other() -> None:
    left_out = leave_corpora_out(points(), 2, RECIPE)
    assert [each.corpus for each in left_out] == ["a", "b"]
    assert [len(each.targets) for each in left_out] == [20, 20]
    assert min(each.uar for each in left_out) >= 0.8


def test_a_recording_without_speech_is_left_out_of_learning_and_has_even_scores() -> None:
    voices = points()
    rows = voices.rows.copy()
    rows[:, 3] = np.nan
    scorer = fit_voice(replace(voices, rows=rows), 2, [0.5], RECIPE)[0]
    assert all(np.isfinite(tensor).all() for tensor in scorer.tensors.values())
    assert len(scorer.tensors["vectors"]) == 2 * 40 - 2
    left_out = leave_corpora_out(replace(voices, rows=rows), 2, RECIPE)
    assert softmax(left_out[1].logits)[1].tolist() == [0.5, 0.5]


def test_a_temperature_changes_how_sure_it_is_and_no_answer() -> None:
    voices = points()
    plain = fit_voice(voices, 2, [0.5], RECIPE)[0]
    flat = tempered(plain, 4.0)
    rows = voices.rows[0]
    assert flat.logits(rows) == pytest.approx(plain.logits(rows) / 4)


def test_nothing_reliable_is_never_sure() -> None:
    sure = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert reliable_from(sure, np.array([1, 1]), 0.5) == 1.0


def write_corpora(root: Path) -> None:
    (root / "ravdess").mkdir(parents=True)
    (root / "emodb").mkdir()
    rng = np.random.default_rng(0)
    for speaker in ("01", "02", "03"):
        for label, code in RAVDESS.items():
            name = f"ravdess/03-01-{code}-01-01-01-{speaker}.wav"
            sound = speak(TYPICAL_VOICE[label] | {"rate": 1.0}, 1.5, rng).waveform
            soundfile.write(root / name, sound, SAMPLING_RATE)
        for label, letter in EMODB.items():
            sound = speak(TYPICAL_VOICE[label] | {"rate": 1.0}, 1.5, rng).waveform
            soundfile.write(root / f"emodb/{speaker}a01{letter}a.wav", sound, SAMPLING_RATE)


@pytest.mark.slow
def test_a_recipe_trains_a_model_that_hears_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpora(tmp_path / "data")
    card = train_voice(RECIPE, tmp_path / "data", tmp_path / "out")
    assert card.labels == ("Angry", "Happy", "Neutral", "Sad")  # fear is of one corpus alone
    assert card.notes["learnt_from"] == {"emodb": 12, "ravdess": 12}
    assert 0 < card.unsure_below <= 1
    assert read_card(tmp_path / "out" / "small.yaml").sha256 == card.sha256
    options = VoiceOptions(weights=str(tmp_path / "out" / "small.yaml"), values="both")
    voice = Voice("voice", options)
    files = sorted((tmp_path / "data").rglob("*.wav"))
    found = [voice.extract(ClipSource("c", path)) for path in files]
    heard = [each for each in found if each.array.present.any()]
    assert len(heard) > len(files) / 2
    for each in heard:
        scores = each.array.values[0, -4:]
        assert scores.sum() == pytest.approx(1, abs=1e-5)
        assert each.quality["speech_sec"] >= 0.3
    # what was described is not described again, and the same is learnt
    monkeypatch.setattr(described_module, "_described", None)
    (tmp_path / "out" / "small.safetensors").unlink()
    again = train_voice(RECIPE, tmp_path / "data", tmp_path / "out")
    assert again == card


@pytest.mark.real_data
@pytest.mark.slow
def test_the_bundled_model_knows_the_actors_that_it_has_learnt_from(real_data: Path) -> None:
    """This holds the file, the card and the extractor together; chance would be one in four."""
    voice = Voice("voice", VoiceOptions())
    letters = {"W": "Angry", "F": "Happy", "N": "Neutral", "T": "Sad"}
    paths = sorted((real_data / "emodb" / "wav").glob("*.wav"))[::12]
    right = 0
    for path in paths:
        scores = voice.extract(ClipSource("c", path)).array.values[0]
        right += voice.card.labels[int(scores.argmax())] == letters[path.stem[5]]
    assert right / len(paths) > 0.75


def test_labels_in_another_order_than_the_weights_have_are_refused() -> None:
    card = read_card("emotion_voice")
    assert VoiceScorer.of_card(card)
    with pytest.raises(WeightsError, match=r"scores Angry, .* the card says Sad"):
        VoiceScorer.of_card(card.model_copy(update={"labels": card.labels[::-1]}))
