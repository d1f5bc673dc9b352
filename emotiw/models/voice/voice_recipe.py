"""What the training of a voice model may be told; importing it costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from emotiw.core.config import Strict, read_document, validated
from features.audio.recording_conditions import ConditionOptions
from features.audio.voice_descriptors import FEATURE_SETS


class VoiceRecipe(Strict):
    """Everything that the weights depend on, beside the recordings.

    Attributes:
        name: of the weights card that is written.
        challenge: the spec of the corpora; the model answers the labels that all of them have.
        options: over the layout options of the spec.
        feature_sets: of openSMILE.
        copies: of each recording, as if made elsewhere; the recording itself comes beside them.
        conditions: how far copies stray.
        gammas: of the kernels, in units of 1 / dim: how near a voice has to be to count. Their mean
            is taken: which is best differs from corpus to corpus, and no corpus can tell.
        penalty: on the weights; the best is chosen on speakers held out.
        inner_folds: over speakers.
        limit: standard deviations beyond which no value counts.
        reliable: share of right answers that the model has to keep: below the probability from
            which it does, it is unsure.
        licence: terms of the recordings, for the card.
        paper: who made the recordings, for the card.
        seed: of all chance.
    """

    name: str
    challenge: str = "seven_emotions"
    options: dict[str, Any] = Field(default_factory=dict)
    feature_sets: tuple[str, ...] = FEATURE_SETS
    copies: int = Field(default=0, ge=0)
    conditions: ConditionOptions = ConditionOptions()
    gammas: tuple[Annotated[float, Field(gt=0)], ...] = (0.1, 0.3, 0.9)
    penalty: tuple[Annotated[float, Field(gt=0)], ...] = (0.5, 1.5, 5.0)
    inner_folds: int = Field(default=3, ge=2)
    limit: float = Field(default=4.0, gt=0)
    reliable: float = Field(default=0.7, gt=0, lt=1)
    licence: str = ""
    paper: str = ""
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> VoiceRecipe:
        """Read a YAML recipe.

        Raises:
            ConfigError: naming file and line of every problem.
        """
        document = read_document(path)
        return validated(cls, document.data, document=document)
