"""From which probability of the winner on the bundled face network is right as often as asked.

Judged on the faces of FER2013's train/ that the recipe holds out of training. The value stands on
the network's card as `unsure_below`; that of the voice comes from its training.
Usage: python benchmarks/unsure.py [--reliable 0.8]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from emotiw.core.probabilities import reliable_from
from emotiw.core.weights import read_card
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.face_answers import both_views
from emotiw.models.backbone.face_source import split_off_inner
from emotiw.models.backbone.recipe_faces import faces_for
from features.backbones.loading import load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reliable", type=float, default=0.8)
    parser.add_argument("--recipe", type=Path, default=Path("configs/recipes/fer2013.yaml"))
    chosen = parser.parse_args()
    recipe = BackboneRecipe.read(chosen.recipe)
    faces = faces_for(recipe, Path(os.environ["EMOTIW_REAL_DATA"]) / "fer2013.zip", "train")
    _, held_out = split_off_inner(faces, recipe.validation_fraction, recipe.seed)
    card = read_card(recipe.name)
    plain, mirrored = both_views(load_network(card), card, held_out, recipe)
    scores = ((plain + mirrored) / 2).softmax(1).double().numpy()
    least = reliable_from(scores, held_out.targets, chosen.reliable)
    given = scores.max(1) >= least
    right = scores.argmax(1) == held_out.targets
    print(
        f"{recipe.name}: unsure below {least:.4f}; {100 * given.mean():.1f} % of "
        f"{len(right)} held-out faces are answered, {100 * right[given].mean():.1f} % of these "
        f"right, of all {100 * right.mean():.1f} %"
    )


if __name__ == "__main__":
    main()
