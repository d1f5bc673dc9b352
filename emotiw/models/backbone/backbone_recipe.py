"""What the training of a face network may be told; importing it costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, field_validator, model_validator

from emotiw.core.config import Strict, read_document, validated
from emotiw.core.stored_tensors import Storage
from emotiw.core.weights import WeightsCard
from emotiw.models.training.training_options import TrainingOptions

MOST_MEMBERS = 100  # so that no stage of one member has the seed of another
Options = TypeVar("Options", bound=BaseModel)


class AugmentationOptions(Strict):
    """How far faces in training stray from those that were read; each amount is a largest one.

    The default covers what separates a data set's faces from crops of a video: boxes that jitter,
    tilted heads, blur, small faces, light from one side, noise, hands and microphones.

    Attributes:
        rotation_deg: turn, either way.
        scale: zoom as a share, in or out.
        stretch: width against height, as a share.
        shift: of the centre, as a share of the side.
        flip: share of images that are mirrored.
        gamma: exponent of brightness, from ``1 / (1 + gamma)`` to ``1 + gamma``.
        light: a ramp of light across the face, as a share of full white.
        colour_cast: gain of each channel as a share; does nothing to grey images.
        noise: standard deviation, as a share of full white.
        blur: share of images that lose their fine detail.
        erase: share of images with a patch of up to half the side covered.
        turn_deg: turn of the head aside, as a plane or as a cylinder; it nods half as far.
        hidden: share of images of which something square, a border or a hand covers up to half.
        dark: share of images with 4 to 50 % of their light, and a sensor's noise.
        smeared: share of images out of focus or in motion.
        coarse: share of images from a fifth to two thirds of the size, with a codec's blocks.
        spared: share of images that these five leave as they are.
        nothing: images without any face that are shown besides, for each face; the answer to
            them is that all labels are as likely.
    """

    rotation_deg: float = Field(default=10, ge=0, le=180)
    scale: float = Field(default=0.1, ge=0, lt=1)
    stretch: float = Field(default=0.05, ge=0, lt=1)
    shift: float = Field(default=0.05, ge=0, lt=1)
    flip: float = Field(default=0.5, ge=0, le=1)
    gamma: float = Field(default=0.2, ge=0)
    light: float = Field(default=0.08, ge=0)
    colour_cast: float = Field(default=0.1, ge=0, lt=1)
    noise: float = Field(default=0.01, ge=0)
    blur: float = Field(default=0.1, ge=0, le=1)
    erase: float = Field(default=0.1, ge=0, le=1)
    turn_deg: float = Field(default=0, ge=0, le=60)
    hidden: float = Field(default=0, ge=0, le=1)
    dark: float = Field(default=0, ge=0, le=1)
    smeared: float = Field(default=0, ge=0, le=1)
    coarse: float = Field(default=0, ge=0, le=1)
    spared: float = Field(default=0, ge=0, le=1)
    nothing: float = Field(default=0, ge=0, le=1)


class TrainingStage(Strict):
    """One training of a network that was trained before; whatever is not named is as it was then.

    Attributes:
        augmentation: of the training faces.
        training: the loop's options.
    """

    augmentation: AugmentationOptions = AugmentationOptions()
    training: TrainingOptions = TrainingOptions()


class MemberRecipe(TrainingStage):
    """What one of several networks does in its own way; whatever is not named is the recipe's.

    Attributes:
        options: of the network's constructor.
        embedding: the number of values in its embedding.
        then: further trainings.
    """

    options: dict[str, Any] = Field(default_factory=dict)
    embedding: int | None = Field(default=None, ge=1)
    then: tuple[TrainingStage, ...] = ()


class BackboneRecipe(Strict):
    """Everything that the weights depend on, beside the images.

    Attributes:
        name: of the weights card that is written.
        network: the name or YAML file of a weights card whose network is fine-tuned, or the card
            of a network that starts from random weights.
        labels: the class order.
        translation: folder name to label, where they are spelt differently.
        side: px of the faces as they are read; where it is more than the network's input, the
            network sees the middle, and training can shift and turn it without leaving the face.
        framing: ``(left, top, right, bottom)`` of the square of an aligned face crop that these
            faces show, in shares of its side. None stands for what a network that is fine-tuned
            was shown, and for all of the crop where it starts from random weights.
        keep_head: whether a network that is fine-tuned goes on with the scores that it has, for
            the same labels; otherwise its head learns anew.
        distil: how much of each training face's target is what the network, as it begins, says of
            the face as it is; the rest is its label.
        blend: how much of the weights is what training came to; the rest is what they began with.
            Between the two, a network that keeps its head holds for both kinds of faces.
        reliable: share of right answers, among the held-out faces, that the card's threshold for
            "unsure" keeps; None finds no threshold.
        validation_fraction: share of the training faces on which everything is chosen.
        licence: terms of the training faces, for the card.
        members: networks trained apart, each from random weights of its own, and joined into one;
            their number, or what each of them does in its own way.
        storage: how matrices and kernels are written; float16 takes half the space, int8 a
            quarter.
        seed: of all chance.
        augmentation: of the training faces.
        training: the loop's options.
        then: further trainings, each from the weights that the one before came to.
    """

    name: str
    network: str | WeightsCard
    labels: tuple[str, ...] = Field(min_length=2)
    translation: dict[str, str] = Field(default_factory=dict)
    side: int = Field(ge=8)
    framing: tuple[float, float, float, float] | None = None
    keep_head: bool = False
    distil: float = Field(default=0.0, ge=0, le=1)
    blend: float = Field(default=1.0, gt=0, le=1)
    reliable: float | None = Field(default=None, gt=0, lt=1)
    validation_fraction: float = Field(default=0.1, gt=0, le=0.5)
    licence: str = ""
    members: tuple[MemberRecipe, ...] = Field(
        default=(MemberRecipe(),), min_length=1, max_length=MOST_MEMBERS
    )
    storage: Storage = "float16"
    seed: int = 0
    augmentation: AugmentationOptions = AugmentationOptions()
    training: TrainingOptions = TrainingOptions()
    then: tuple[TrainingStage, ...] = ()

    @field_validator("members", mode="before")
    @classmethod
    def _as_many(cls, members: object) -> object:
        return [{}] * min(members, MOST_MEMBERS + 1) if isinstance(members, int) else members

    @model_validator(mode="after")
    def _covers(self) -> BackboneRecipe:
        if isinstance(self.network, WeightsCard) and self.network.size > self.side:
            raise ValueError(f"side {self.side} is less than the network's {self.network.size}")
        if isinstance(self.network, str) and any(m.options or m.embedding for m in self.members):
            raise ValueError("members of a network that is fine-tuned keep its options")
        if self.keep_head and isinstance(self.network, WeightsCard):
            raise ValueError("keep_head: random weights have no head to keep")
        if (self.distil or self.blend < 1) and not self.keep_head:
            raise ValueError("distil and blend need a network that keeps its head (keep_head)")
        return self

    def of_member(self, index: int) -> BackboneRecipe:
        """Return the recipe of one of the members by itself; its seed is not that of the others."""
        own = self.members[index]
        network = self.network
        if isinstance(network, WeightsCard):
            network = network.model_copy(
                update={
                    "options": network.options | own.options,
                    "embedding": own.embedding or network.embedding,
                }
            )
        return self.model_copy(
            update={
                "network": network,
                "members": (MemberRecipe(),),
                "seed": self.seed + index,
                "augmentation": _changed(self.augmentation, own.augmentation),
                "training": _changed(self.training, own.training),
                "then": own.then or self.then,
            }
        )

    def stages(self) -> list[TrainingStage]:
        """Return all trainings in order, with everything that each of them does."""
        found = [TrainingStage(augmentation=self.augmentation, training=self.training)]
        for later in self.then:
            found.append(
                TrainingStage(
                    augmentation=_changed(found[-1].augmentation, later.augmentation),
                    training=_changed(found[-1].training, later.training),
                )
            )
        return found

    @classmethod
    def read(cls, path: Path) -> BackboneRecipe:
        """Read a YAML recipe.

        Raises:
            ConfigError: naming file and line of every problem.
        """
        document = read_document(path)
        return validated(cls, document.data, document=document)


def _changed(common: Options, own: Options) -> Options:
    """Return the common options with those that one's own name instead."""
    return common.model_copy(update=own.model_dump(exclude_unset=True))
