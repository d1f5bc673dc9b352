"""`emotiw train-voice`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def train_voice(
    recipe: Annotated[Path, Argument(help="A YAML file like configs/recipes/voice.yaml.")],
    data: Annotated[Path, Option(help="The folder of the corpora.")],
    folder: Annotated[Path, Option(help="Where descriptors, weights and card go.")],
) -> None:
    """Train a voice model on corpora of speech; run it again to go on where it stopped."""
    from emotiw.models.voice.train_voice import train_voice as learn
    from emotiw.models.voice.voice_recipe import VoiceRecipe

    card = learn(VoiceRecipe.read(recipe), data, folder, told=lambda line: print(line, flush=True))
    print(f"{folder / card.name}.yaml: {card.notes}")
