"""`emotiw train-backbone`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from emotiw.cli.stage import AsJson, Quiet, print_json
from emotiw.core.errors import ConfigError

if TYPE_CHECKING:
    from emotiw.models.backbone.backbone_recipe import BackboneRecipe
    from emotiw.models.backbone.labelled_faces import LabelledFaces
    from emotiw.models.training.training_state import EpochRecord


def train_backbone(
    recipe: Annotated[Path, Argument(help="A YAML file like configs/recipes/fer2013.yaml.")],
    folder: Annotated[
        Path, Option("--out", "--folder", help="Where the checkpoint, weights and card go.")
    ],
    faces: Annotated[Path | None, Option(help="Folder or zip with a folder per label.")] = None,
    clips: Annotated[
        Path | None,
        Option(help="Instead: the recipe of a run, whose training clips' faces it learns."),
    ] = None,
    feature: Annotated[str, Option(help="With --clips: a feature by face_crops.")] = "crops",
    split: Annotated[str, Option(help="The folder above the labels; '' for none.")] = "train",
    test: Annotated[str | None, Option(help="Folder of test faces, used once, at the end.")] = None,
    member: Annotated[
        int | None, Option(help="Train only this one of the recipe's members, from 0, and stop.")
    ] = None,
    device: Annotated[str, Option(help="auto (a GPU, if there), cpu, cuda or cuda:1.")] = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train or fine-tune a face network; run it again to go on where it stopped.

    emotiw train-backbone fine_tune.yaml --clips recipe.yaml --out runs/tuned
    """
    from emotiw.core.device import resolve_device
    from emotiw.models.backbone.backbone_recipe import BackboneRecipe
    from emotiw.models.backbone.face_source import split_off_inner
    from emotiw.models.backbone.recipe_faces import faces_for
    from emotiw.models.backbone.train_backbone import test_once, train_member
    from emotiw.models.backbone.train_backbone import train_backbone as learn
    from emotiw.models.training.loop import part_ways

    resolve_device(device)  # a mistake here is told before the faces are read
    options = BackboneRecipe.read(recipe)
    seen: tuple[str, ...] = ()
    if faces is not None and clips is None:
        labelled = faces_for(options, faces, split or None)
    elif clips is not None and faces is None:
        labelled, seen = _faces_of_run(options, clips, feature)
    else:
        raise ConfigError("give either --faces or --clips")
    if test is not None and faces is None:
        raise ConfigError("--test names a folder beside the training faces, and needs --faces")
    on_epoch = None if quiet else _print_epoch
    if member is not None:
        if not 0 <= member < len(options.members):
            last = len(options.members) - 1
            raise ConfigError(f"--member {member}: the recipe has members 0 to {last}")
        training, inner = split_off_inner(labelled, options.validation_fraction, options.seed)
        train_member(options, training, inner, folder, member, device=device, on_epoch=on_epoch)
        part_ways()
        return
    card = learn(options, labelled, folder, device=device, on_epoch=on_epoch, learnt_on=seen)
    part_ways()
    found: dict[str, Any] = {}
    if test is not None and faces is not None:
        found = test_once(options, faces_for(options, faces, test), folder, device=device)
    if as_json:
        print_json({"card": folder / f"{card.name}.yaml", "notes": card.notes, "test": found})
        return
    print(f"{folder / card.name}.yaml: {card.notes}")
    if found:
        for view in ("plain", "averaged_with_mirrored"):
            figures = found[view]
            print(
                f"test, {view}: accuracy {figures['accuracy']:.4f}, uar {figures['uar']:.4f}, "
                f"calibration error {figures['calibration_error']:.4f}"
            )
            print("  " + ", ".join(f"{name} {x:.3f}" for name, x in figures["recall"].items()))


def _faces_of_run(
    options: BackboneRecipe, config: Path, feature: str
) -> tuple[LabelledFaces, tuple[str, ...]]:
    """Return the faces of the labelled training clips of a run, and what these are called.

    The others' are never seen.
    """
    from emotiw.models.backbone.recipe_faces import crops_for
    from emotiw.runs.learnt_on import names_of_training
    from emotiw.runs.run import open_run
    from emotiw.runs.stages.features import feature_table

    run = open_run(config)
    table = feature_table(run, feature)
    if len(table.spec.shape) != 3 or table.spec.dtype != "uint8":
        raise ConfigError(f"feature {feature!r} holds no images; use one of extractor face_crops")
    cohort = run.cohort()
    clips = {
        clip.clip_id: (clip.label, cohort.groups[clip.clip_id])
        for clip in cohort.select("train")
        if clip.label is not None
    }
    return crops_for(options, table, clips), names_of_training(run.recipe.spec.name, cohort)


def _print_epoch(record: EpochRecord) -> None:
    print(
        f"epoch {record.epoch}: loss {record.loss:.4f}, validation loss {record.inner_loss:.4f}, "
        f"monitored metric {record.monitored:.4f}, {record.seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )
