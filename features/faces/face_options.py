"""What the face stage may be told, importable without any network."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from emotiw.core.config import Strict

AUTO, BEST, FALLBACK = "auto", "centerface", "mtcnn"
SLOW_STILL = 0.04  # of a photograph: for smaller faces, MTCNN would need many seconds
OF_CARDS = (BEST, "yunet")  # detectors with a weights card of their own name


SMALLEST_PX = 20.0  # of which an expression can be told at all


class FaceOptions(Strict):
    """Options that change which faces are found or what their crops look like.

    All of them enter the key of the artifact.
    """

    detector: str = Field(
        default=AUTO,
        description="a registered detector, or module:attribute; auto is centerface where its "
        "weights were fetched, else mtcnn",
    )
    weights: str | None = Field(
        default=None,
        description="a weights card, by name or as a YAML file; centerface and yunet have one",
    )
    min_face: float = Field(
        default=0.022,
        gt=0,
        description="smallest face of a video: share of the shorter side (< 1), which asks for no "
        "less than 20 px, or px; never below what the detector can find (centerface 14 px, "
        "mtcnn 20, yunet 10)",
    )
    detect_every_sec: float = Field(
        default=0.4,
        ge=0,
        description="longest time from one detection to the next; in between, faces are followed "
        "both ways; 0 detects in every frame",
    )
    min_face_still: float = Field(
        default=0.016,
        gt=0,
        description="smallest face of a photograph: share of the shorter side, or px; unless "
        "given, 0.04 for mtcnn",
    )
    sensitivity: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="of any detector: in a photograph, a face is kept whose probability is at "
        "least 1 less this; a track has to be surer, one detected only once nearly certain",
    )
    video_track: int | None = Field(
        default=None,
        ge=0,
        description="which of several video tracks to see, counted from 0; what a player would "
        "take by default",
    )
    enough: float = Field(
        default=0.95,
        ge=0,
        le=1,
        description="share of the images that a file declares which must be read for it to count "
        "as read whole",
    )
    tracks: Literal["all", "main"] = Field(
        default="all", description="keep everyone, or track 0 only"
    )
    max_gap_sec: float = Field(
        default=1.0, ge=0, description="a face lost for longer comes back as another track"
    )
    reidentify: bool = Field(
        default=False,
        description="know people again, by face and clothes, after a longer gap or a cut",
    )
    template: Literal["arcface", "box"] = Field(
        default="arcface",
        description="five points on the ArcFace template, or the square box unturned",
    )
    crop_size: int = Field(default=112, ge=16, le=1024, description="side of the square crops, px")
    margin: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="room added on each side, as a share of the crop without it",
    )
    jpeg_quality: int = Field(
        default=95, ge=50, le=100, description="of the crops that are kept, as JPEG counts it"
    )
    no_face: Literal["mask", "whole_frame", "centre_crop"] = Field(
        default="mask", description="what stands in for a clip without any face"
    )

    def result_options(self) -> dict[str, Any]:
        """Return what the result depends on, for the artifact's key."""
        return self.resolved().model_dump(mode="json")

    def resolved(self) -> Self:
        """Return the same with the detector that is really used, and its weights card."""
        detector = self.detector
        if detector == AUTO:
            detector = BEST if is_fetched(BEST) else FALLBACK
        weights = detector if self.weights is None and detector in OF_CARDS else self.weights
        update: dict[str, Any] = {"detector": detector, "weights": weights}
        if detector == FALLBACK and "min_face_still" not in self.model_fields_set:
            update["min_face_still"] = SLOW_STILL
        return self.model_copy(update=update)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.detector in (AUTO, FALLBACK) and self.weights is not None:
            raise ValueError(f"detector {self.detector} takes no weights; leave them out")
        return self

    def what_is_lost(self) -> str:
        """Return what a user should know of the detector that stands in; empty if none does."""
        if self.detector != AUTO or is_fetched(BEST):
            return ""
        return (
            f"faces are found by {FALLBACK}: of those in groups, about every third is missed; "
            f"`emotiw weights fetch {BEST}` (7 MB) gets the better detector"
        )

    def weights_fingerprint(self) -> str:
        """Return the fingerprint of weights and card, for the artifact's key.

        Raises:
            ConfigError: if there is no such card.
            WeightsError: if the file is missing, or not the one of the card.
        """
        weights = self.resolved().weights
        return "" if weights is None else _fingerprint(weights)

    def min_face_px(self, width: int, height: int, *, is_still: bool) -> float:
        """Return the smallest face to look for in an image of this size, in px.

        Examples:
            >>> FaceOptions(min_face=0.1).min_face_px(480, 360, is_still=False)
            36.0
            >>> FaceOptions(min_face=40).min_face_px(480, 360, is_still=False)
            40.0
            >>> FaceOptions().min_face_px(480, 360, is_still=False)
            20.0
        """
        smallest = self.min_face_still if is_still else self.min_face
        if smallest >= 1:
            return smallest
        share = smallest * min(width, height)
        return share if is_still else max(share, SMALLEST_PX)


@cache
def _fingerprint(card: str) -> str:
    from emotiw.core.weights import fingerprint, read_card

    return fingerprint(read_card(card))


def is_fetched(card: str) -> bool:
    """Return whether the weights of a card are on this machine."""
    from emotiw.core.errors import WeightsError
    from emotiw.core.weights import locate, read_card

    try:
        locate(read_card(card))
    except WeightsError:
        return False
    return True
