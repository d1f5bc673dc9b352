"""The whole image, not its faces: what a network or plain statistics say of place and light."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import OnDevice
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.media import MediaReader, VideoFrame
from emotiw.core.media.reading_report import NO_IMAGES, quality_of
from emotiw.core.weights import read_card
from features.backbones.asked_network import AskedNetwork
from features.extractor import ClipSource, Extraction, Extractor
from features.frames import scene_statistics
from features.frames.resizing import resized

STATISTICS = "statistics"
Picture = npt.NDArray[np.uint8]
Seen = TypeVar("Seen")
Kept = TypeVar("Kept")


class SceneOptions(Strict):
    """Options of :class:`Scene`.

    Attributes:
        weights: the card of an image network (``resnet50_imagenet``, or a card of the user's own
            for any network of timm), or ``statistics``: colour, edges and layout, which need no
            network. They are a weak baseline.
        n_frames: of a video this many frames are looked at, evenly spread.
        video_track: which of several video tracks to see, counted from 0; what a player would
            take where None.
        over_time: ``mean``: one row per clip, the mean over these frames. ``frames``: one row
            for each, for models that read sequences.
    """

    weights: str = STATISTICS
    n_frames: int = Field(default=8, ge=1)
    over_time: Literal["mean", "frames"] = "mean"
    video_track: int | None = Field(default=None, ge=0)


class Scene(OnDevice, Extractor):
    """Rows of the whole picture: one per photograph or clip, or one per frame looked at.

    A network sees the image squeezed into its square input, so that nobody at the edge of a
    group is cut off.

    Source:
        The whole-image networks of the group-level entries to EmotiW, e.g. Tan et al. 2017.
    """

    Options = SceneOptions
    version: ClassVar[str] = "3"
    needs = "pictures"

    def __init__(self, name: str, options: SceneOptions) -> None:
        super().__init__(name, options)
        self.card = None if options.weights == STATISTICS else read_card(options.weights)
        if self.card is None:
            columns = scene_statistics.columns()
        else:
            columns = tuple(f"embedding_{i}" for i in range(self.card.embedding))
        unit: Literal["clip", "frame"] = "clip" if options.over_time == "mean" else "frame"
        self.spec = FeatureSpec(name, (len(columns),), unit, columns=columns)
        self._network = None if self.card is None else AskedNetwork(self.card)

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of the image, or of frames of the clip."""
        looks = (Scene, self._side, self.options.n_frames, self.options.video_track)
        if looks not in source.shared:  # by another that looks at the same
            source.shared[looks] = self._kept(source)
        kept, noted = source.shared[looks]
        if not kept:
            nothing = np.zeros((0, self.spec.dim), np.float32)
            return Extraction(FeatureArray.all_present(nothing), noted)
        rows = self._describe([picture for _, picture in kept])
        times = np.array([(time, time) for time, _ in kept])
        if self.options.over_time == "mean":
            rows = rows.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
            times = times[[0, -1], 0][None]
        quality: dict[str, int | str] = {"n_frames_seen": len(kept), **noted}
        return Extraction(FeatureArray.all_present(rows, times), quality)

    def _kept(self, source: ClipSource) -> tuple[list[tuple[float, Picture]], Mapping[str, str]]:
        """Return some frames, each with its time, and what to note of the reading."""
        with MediaReader(source.path, video_track=self.options.video_track) as reader:
            if not reader.info.has_video:
                return [], NO_IMAGES
            # few, and small: a long clip needs no more memory than a short one
            kept = evenly_kept(reader.frames(), self.options.n_frames, self._timed)
            return kept, quality_of(reader.report.told)

    def _timed(self, frame: VideoFrame) -> tuple[float, Picture]:
        """Return when a frame is shown, and the frame at the size that is looked at."""
        return frame.time_sec, np.asarray(resized(frame.rgb[None], self._side, self._side)[0])

    @property
    def _side(self) -> int:
        return scene_statistics.SIDE if self.card is None else self.card.size

    def _describe(self, pictures: list[Picture]) -> npt.NDArray[np.float32]:
        if self.card is None:
            return np.stack([scene_statistics.describe(picture) for picture in pictures])
        assert self._network is not None
        rows: npt.NDArray[np.float32] = self._network(np.stack(pictures))[0]
        return rows


def evenly_kept(seen: Iterable[Seen], most: int, kept_as: Callable[[Seen], Kept]) -> list[Kept]:
    """Return at most so many of what is seen, evenly spread, without knowing how much comes.

    Args:
        seen: one after another.
        most: of them to return.
        kept_as: makes of one what is kept; most are never made anything of.

    Examples:
        >>> evenly_kept(range(100), 4, str)
        ['0', '32', '64', '96']
    """
    step = 1
    kept: list[Kept] = []
    for number, one in enumerate(seen):
        if number % step == 0:
            kept.append(kept_as(one))
            if len(kept) > 4 * most:  # room to choose from at the end
                step, kept = 2 * step, kept[::2]
    chosen = np.unique(np.rint(np.linspace(0, len(kept) - 1, min(most, len(kept)))).astype(int))
    return [kept[place] for place in chosen.tolist()] if kept else []
