"""What the terminal says beside its tables."""

from __future__ import annotations

from emotiw.cli.terminal_tables import standardisation_note
from emotiw.runs.recipe import load_recipe


def test_models_that_see_a_speakers_clips_together_are_named() -> None:
    alone = load_recipe("ravdess_audio", ["data.root=clips"])
    assert standardisation_note(alone) == ""
    one = load_recipe(
        "ravdess_audio",
        ["data.root=clips", "models.compare_linear.preparation.standardise=speaker"],
    )
    assert "taken together: compare_linear. Compare" in standardisation_note(one)


def test_models_that_see_a_corpus_together_are_named() -> None:
    told = standardisation_note(load_recipe("emodb_to_ravdess", ["data.root=clips"]))
    assert "per speaker" in told
    assert "per corpus" in told
    assert "together: corpus, level_corpus. Compare" in told
