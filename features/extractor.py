"""What every extractor promises: its rows before it runs, the same rows for the same clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.feature_table import FeatureArray, FeatureSpec

Needs = Literal["media", "faces"]


@dataclass(frozen=True)
class ClipSource:
    """What an extractor may read of one clip.

    Attributes:
        clip_id: its id, for messages alone: no result may depend on it.
        path: the media file.
        faces: its faces; None unless the extractor ``needs`` them.
        shared: what one extractor has read of this clip, for the others that need the same.
    """

    clip_id: str
    path: Path
    faces: FaceTracks | None = None
    shared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def main_crops(self) -> FeatureArray:
        """The aligned crops of the main face, decoded once for whatever is measured in them."""
        assert self.faces is not None
        crops = self.faces.crops()
        crops.values.setflags(write=False)
        return crops


@dataclass(frozen=True)
class Extraction:
    """The rows of one clip with the figures that its ledger row shows.

    Attributes:
        array: the rows; where none is present the modality is missing in this clip.
        quality: figures for the ledger, the same on every run.
    """

    array: FeatureArray
    quality: Mapping[str, float | int | str] = field(default_factory=dict)


class Extractor(Protocol):
    """Turns a clip into rows of one feature.

    An extractor is made once per process from its options, which must be quick: its network is
    loaded at the first clip.

    Attributes:
        Options: pydantic model of what a recipe may set; options that only change speed belong
            to the field names in ``speed_options``, and stay out of the store's key.
        version: raised whenever the same clip would give other rows than before.
        needs: ``media`` to read the file, ``faces`` to read its face tracks.
    """

    Options: ClassVar[type[BaseModel]]
    version: ClassVar[str]
    needs: ClassVar[Needs]
    speed_options: ClassVar[frozenset[str]]

    def __init__(self, name: str, options: Any) -> None:
        """Prepare; ``name`` is what the recipe calls this feature."""

    @property
    def spec(self) -> FeatureSpec:
        """What one row will be; known without reading any clip."""

    @property
    def weights_sha256(self) -> str:
        """The fingerprint of the network's weights; empty where there is no network."""

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip.

        Raises:
            MediaError: if the clip can't be read. A clip that can be read but holds none of what
                is looked for gives rows that are not present instead.
        """
