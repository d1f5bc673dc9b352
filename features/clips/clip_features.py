"""One vector per snippet: the hidden layer of a clip network, C3D's fc6 above all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import OnDevice
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, Times, until_the_next
from emotiw.core.media import MediaReader
from emotiw.core.media.reading_report import NO_IMAGES, quality_of
from emotiw.core.weights import read_card
from features.clips.clip_networks import VIDEO_NETWORKS, fill_from, pixels_of
from features.clips.snippets import STRIDE, snippet_rows, snippet_starts, steady_rows
from features.extractor import ClipSource, Extraction, Extractor
from features.frames.resizing import Pictures, resized, whole_frames

if TYPE_CHECKING:
    from torch import nn

Seen = tuple[Pictures, Times, Mapping[str, str]]  # with when each is shown, and what to note
SNIPPETS_AT_ONCE = 8  # fixed, so that the same clip always gives the same last bit


class ClipFeaturesOptions(Strict):
    """Options of :class:`ClipFeatures`.

    Attributes:
        weights: the name of a weights card, or a card of the user's own as a YAML file.
        layer: of C3D: ``fc6``, which the authors recommend as a descriptor, or ``fc7``. Of other
            networks it is always the input of their last layer.
        stride: frames from one snippet to the next.
        is_normalised: whether each vector is brought to length 1, as the authors do.
    """

    weights: str = "c3d_sports1m"
    layer: Literal["fc6", "fc7"] = "fc6"
    stride: int = Field(default=STRIDE, ge=1)
    is_normalised: bool = True


class ClipFeatures(OnDevice, Extractor):
    """Rows of ``(dim,)`` float32, one per 16-frame snippet of the main face.

    Frames without a face are left out, so a snippet may span a gap; a track shorter than a snippet
    is filled with its last face. A clip without any face has no rows.

    Source:
        Tran et al. 2015, section 3.3; face crops instead of whole frames as in Fan et al. 2016.
    """

    Options = ClipFeaturesOptions
    version: ClassVar[str] = "2"
    needs = "faces"

    def __init__(self, name: str, options: ClipFeaturesOptions) -> None:
        super().__init__(name, options)
        self.card = read_card(options.weights)
        if self.card.backbone != "c3d" and self.card.backbone not in VIDEO_NETWORKS:
            known = ", ".join(["c3d", *VIDEO_NETWORKS])
            raise ConfigError(
                f"feature {name!r}: weights {self.card.name!r} are for {self.card.backbone!r}, "
                f"which is no clip network (known: {known})"
            )
        self.spec = FeatureSpec(name, (self.card.embedding,), "snippet")
        self._network: nn.Module | None = None

    def extract(self, source: ClipSource) -> Extraction:
        """Return the vectors of the main face's snippets."""
        pictures, times, quality = self.pictures(source)
        if not len(pictures):
            nothing = np.zeros((0, self.card.embedding), dtype=np.float32)
            return Extraction(FeatureArray.all_present(nothing), {"n_snippets": 0, **quality})
        rows = self.embed(pictures)
        starts = snippet_starts(len(pictures), stride=self.options.stride)
        ends = [snippet_rows(len(pictures), start)[-1] for start in starts]
        spans = np.stack([times[starts, 0], times[ends, 1]], axis=1)
        return Extraction(
            FeatureArray.all_present(rows, spans), {"n_snippets": len(rows), **quality}
        )

    def pictures(self, source: ClipSource) -> Seen:
        """Return what the network sees: ``(n, size, size, 3)`` crops of the main face."""
        crops = source.main_crops
        assert crops.times is not None
        rows = steady_rows(crops.times, len(crops.present))
        rows = rows[crops.present[rows]]
        faces = np.asarray(crops.values[rows], dtype=np.uint8)
        return resized(faces, self.card.size, self.card.size), crops.times[rows], {}

    def embed(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """Return the ``(n_snippets, dim)`` vectors of ``(n, size, size, 3)`` uint8 RGB images."""
        import torch
        import torch.nn.functional as F

        if self._network is None:
            self._network = self._load().to(self.device)
        rule = pixels_of(self.card)
        seen = pictures[..., ::-1] if rule.order == "bgr" else pictures
        starts = snippet_starts(len(pictures), stride=self.options.stride)
        rows = []
        with torch.inference_mode():
            for begin in range(0, len(starts), SNIPPETS_AT_ONCE):
                some = starts[begin : begin + SNIPPETS_AT_ONCE]
                which = np.stack([snippet_rows(len(seen), start) for start in some])
                # few at a time: in float, a long clip would fill the memory
                frames = (seen[which] - np.array(rule.mean)) / np.array(rule.deviation)
                snippets = torch.from_numpy(frames.astype(np.float32)).to(self.device)
                found = self._network(snippets.permute(0, 4, 1, 2, 3))  # (some, dim)
                rows.append(F.normalize(found) if self.options.is_normalised else found)
        return np.asarray(torch.cat(rows).cpu().numpy(), dtype=np.float32)

    def _load(self) -> nn.Module:
        import torch

        from features.clips.c3d import C3D
        from features.clips.clip_embedding import C3DLayer, VideoEmbedding
        from features.clips.clip_networks import make_video_network

        kind = self.card.backbone
        network: nn.Module
        if kind == "c3d":
            c3d = C3D(1, size=self.card.size, **self.card.options)
            fill_from(self.card, c3d)
            network = C3DLayer(c3d, self.options.layer)
        else:
            video = make_video_network(kind, 1)
            fill_from(self.card, video)
            network = VideoEmbedding(video, VIDEO_NETWORKS[kind].answer)
        # the order in memory that convolutions are fastest in
        return network.eval().to(memory_format=torch.channels_last_3d)


class SceneClipFeatures(ClipFeatures):
    """Rows as those of :class:`ClipFeatures`, of whole frames instead of faces.

    Frames are brought to 128×171, whatever their shape, and the middle 112×112 of that is seen (in
    proportion for networks of another size), as by Tran et al.
    """

    needs = "pictures"

    def pictures(self, source: ClipSource) -> Seen:
        """Return the middle of every frame, ``(n, size, size, 3)``."""
        side = self.card.size
        found, begins = [np.zeros((0, side, side, 3), dtype=np.uint8)], []
        with MediaReader(source.path) as reader:
            if not reader.info.has_video:
                return found[0], np.zeros((0, 2)), NO_IMAGES
            for frame in reader.frames():
                found.append(whole_frames(frame.rgb[None], side))
                begins.append(frame.time_sec)
        times = until_the_next(np.array(begins))
        rows = steady_rows(times, len(times))
        return np.concatenate(found)[rows], times[rows], quality_of(reader.report.told)
