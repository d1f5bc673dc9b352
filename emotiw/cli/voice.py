"""`emotiw train-voice`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from emotiw.cli.stage import AsJson, print_json


def train_voice(
    recipe: Annotated[Path, Argument(help="A YAML file like configs/recipes/voice.yaml.")],
    data: Annotated[Path, Option(help="The folder of the corpora.")],
    folder: Annotated[Path, Option(help="Where descriptors, weights and card go.")],
    as_json: AsJson = False,
) -> None:
    """Train a voice model on corpora of speech; run it again to go on where it stopped.

    emotiw train-voice configs/recipes/voice.yaml --data data --folder runs/voice
    """
    from emotiw.models.voice.train_voice import train_voice as learn
    from emotiw.models.voice.voice_recipe import VoiceRecipe

    def told(line: str) -> None:
        if not as_json:
            print(line, flush=True)

    card = learn(VoiceRecipe.read(recipe), data, folder, told=told)
    place = f"{folder / card.name}.yaml"
    print_json({"card": place, **card.notes}) if as_json else print(f"{place}: {card.notes}")
