"""What the face stage may be told, importable without any network."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from emotiw.core.config import Strict


class FaceOptions(Strict):
    """Options that change which faces are found or what their crops look like.

    All of them enter the key of the artifact.
    """

    detector: str = Field(default="mtcnn", description="a registered detector, or module:attribute")
    weights: str | None = Field(
        default=None, description="a weights card, by name or as a YAML file: yunet needs one"
    )
    min_face: float = Field(
        default=0.022,
        gt=0,
        description="smallest face of a video: share of the shorter side (< 1), or px; never below "
        "what the detector can find (mtcnn 20 px, yunet 10)",
    )
    detect_every_sec: float = Field(
        default=0.5,
        ge=0,
        description="longest time from one detection to the next, of which every fourth looks for "
        "the smallest faces; faces are followed in between, and back from where they were first "
        "found; 0 detects in every frame",
    )
    min_face_still: float = Field(
        default=0.04,
        gt=0,
        description="smallest face of a photograph: share of the shorter side, or px",
    )
    min_confidence: float = Field(
        default=0.9, ge=0, le=1, description="a track needs one frame that is at least so sure"
    )
    video_track: int | None = Field(
        default=None,
        ge=0,
        description="which of several video tracks to see, counted from 0; what a player would "
        "take by default",
    )
    tracks: Literal["all", "main"] = Field(
        default="all", description="keep everyone, or track 0 only"
    )
    min_track_sec: float = Field(
        default=0.2,
        ge=0,
        description="shorter tracks are dropped (never in a clip that is shorter itself)",
    )
    max_gap_sec: float = Field(
        default=0.5, ge=0, description="a face lost for longer comes back as another track"
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
    jpeg_quality: int = Field(default=95, ge=50, le=100)
    no_face: Literal["mask", "whole_frame", "centre_crop"] = Field(
        default="mask", description="what stands in for a clip without any face"
    )

    def result_options(self) -> dict[str, Any]:
        """Return what the result depends on, for the artifact's key."""
        return self.model_dump(mode="json")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.detector == "mtcnn" and self.weights is not None:
            raise ValueError("mtcnn's weights come inside its package; leave weights out")
        if self.detector == "yunet" and self.weights is None:
            raise ValueError("detector yunet needs weights: yunet, or a card of your own")
        return self

    def weights_fingerprint(self) -> str:
        """Return the fingerprint of weights and card, for the artifact's key.

        Raises:
            ConfigError: if there is no such card.
            WeightsError: if the file is missing, or not the one of the card.
        """
        return "" if self.weights is None else _fingerprint(self.weights)

    def min_face_px(self, width: int, height: int, *, is_still: bool) -> float:
        """Return the smallest face to look for in an image of this size, in px.

        Examples:
            >>> FaceOptions(min_face=0.1).min_face_px(480, 360, is_still=False)
            36.0
            >>> FaceOptions(min_face=40).min_face_px(480, 360, is_still=False)
            40.0
        """
        smallest = self.min_face_still if is_still else self.min_face
        return smallest if smallest >= 1 else smallest * min(width, height)


@cache
def _fingerprint(card: str) -> str:
    from emotiw.core.weights import fingerprint, read_card

    return fingerprint(read_card(card))
