"""Images of faces sorted into one folder per label, as a folder or a zip file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ManifestError, Problems, suggest
from emotiw.core.feature_table import FeatureTable
from emotiw.core.weights import WeightsCard
from features.backbones.prepare import prepare_faces

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


@dataclass(frozen=True)
class LabelledFaces:
    """Faces with their labels, ordered by the hash of their pixels.

    Attributes:
        images: ``(n, side, side, channels)`` uint8, 1 channel for grey or 3 for RGB.
        targets: ``(n,)`` int64, positions in ``labels``.
        labels: in class order.
        names: of the files, for messages; nothing is computed from them.
        groups: ``(n,)`` what must stay on one side of a split; None where only looks can tell.
    """

    images: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.int64]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    groups: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def subset(self, rows: npt.NDArray[np.intp]) -> LabelledFaces:
        """Return the faces at these positions."""
        names = tuple(self.names[row] for row in rows)
        groups = None if self.groups is None else self.groups[rows]
        return LabelledFaces(self.images[rows], self.targets[rows], self.labels, names, groups)


def read_labelled_faces(
    source: Path,
    *,
    labels: Sequence[str],
    translation: Mapping[str, str] | None = None,
    split: str | None = None,
    side: int,
    channels: int = 1,
) -> LabelledFaces:
    """Read every image of ``[split/]<label>/`` from a folder or a zip file.

    Args:
        labels: the class order.
        translation: folder name to label, where they are spelt differently.
        split: the folder above the labels, ``train`` say; None where there is none.
        side: px that images are resized to, if they have another size.
        channels: 1 turns images grey, 3 into RGB.

    Raises:
        ManifestError: if nothing is there, a folder is no known label, or an image can't be read.
    """
    from PIL import Image, UnidentifiedImageError

    where = f"{source}" + (f", {split}/" if split else "")
    problems = Problems(where)
    known = {name: name for name in labels} | dict(translation or {})
    images, targets, names, hashes = [], [], [], []
    unknown: set[str] = set()
    for name, folder, data in _pictures(source, split):
        label = known.get(folder)
        if label not in labels:
            if folder not in unknown:
                hint = suggest(folder, known)
                problems.add(f"unknown label {folder!r}{hint} (known: {', '.join(known)})")
            unknown.add(folder)
            continue
        try:
            with Image.open(io.BytesIO(data)) as picture:
                pixels = _as_pixels(picture, side, channels)
        except (UnidentifiedImageError, OSError) as error:
            problems.add(f"{name}: {error}")
            continue
        images.append(pixels)
        targets.append(list(labels).index(str(label)))
        names.append(name)
        hashes.append(_fingerprint(pixels, str(label)))
    problems.raise_if_any(ManifestError)
    if not images:
        raise ManifestError(f"{where}: no images in folders named after labels")
    order = np.argsort(np.array(hashes), kind="stable")
    return LabelledFaces(
        np.stack([images[i] for i in order]),
        np.array([targets[i] for i in order], dtype=np.int64),
        tuple(labels),
        tuple(names[i] for i in order),
    )


def faces_of_clips(
    table: FeatureTable,
    clips: Mapping[str, tuple[str, str]],
    *,
    labels: Sequence[str],
    card: WeightsCard,
    every: int = 5,
) -> LabelledFaces:
    """Take some face crops of labelled clips, each with the label of its clip.

    Args:
        table: face crops, rows of ``(side, side, 3)`` uint8 RGB.
        clips: clip id to (label, group); a clip without face crops is left out.
        labels: the class order.
        card: how a face is taken from a crop; colours are grey or RGB, never normalised.
        every: take one of so many frames that show a face; neighbours teach little new.

    Raises:
        ManifestError: if no clip has a face, or a clip's label is unknown.
    """
    channels = 1 if card.colour == "grey" else 3
    card = card.model_copy(
        update={
            "colour": "grey" if channels == 1 else "rgb",
            "mean": (0.0,) * channels,
            "std": (1.0,) * channels,
        }
    )
    problems = Problems("labels of clips")
    groups = {name: i for i, name in enumerate(sorted({group for _, group in clips.values()}))}
    found: list[tuple[str, npt.NDArray[np.uint8], int, int, str]] = []
    for clip_id, (label, group) in clips.items():
        if label not in labels:
            problems.add(f"clip {clip_id!r}: unknown label {label!r}{suggest(label, labels)}")
        elif clip_id in table:
            array = table[clip_id]
            rows = np.flatnonzero(array.present)[::every]
            if not len(rows):
                continue
            faces = prepare_faces(np.asarray(array.values[rows], dtype=np.uint8), card)
            for face in (255 * faces).round().astype(np.uint8).transpose(0, 2, 3, 1):
                pixels = np.ascontiguousarray(face)
                key = _fingerprint(pixels, label)
                found.append((key, pixels, list(labels).index(label), groups[group], clip_id))
    problems.raise_if_any(ManifestError)
    if not found:
        raise ManifestError("no clip has a face to learn from")
    found.sort(key=lambda entry: entry[0])
    return LabelledFaces(
        np.stack([pixels for _, pixels, _, _, _ in found]),
        np.array([answer for _, _, answer, _, _ in found], dtype=np.int64),
        tuple(labels),
        tuple(clip_id for *_, clip_id in found),
        np.array([group for _, _, _, group, _ in found], dtype=np.int64),
    )


def near_duplicate_groups(
    images: npt.NDArray[np.uint8], *, correlation: float = 0.98
) -> npt.NDArray[np.int64]:
    """Return ``(n,)`` group numbers: images that look the same, mirrored or not, share one.

    Two images look the same where their 12×12 thumbnails correlate at least this much.

    Args:
        images: ``(n, side, side, channels)`` uint8.
    """
    import torch
    import torch.nn.functional as F
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    grey = torch.from_numpy(images).float().mean(3)[:, None]  # (n, 1, side, side)
    small = F.adaptive_avg_pool2d(grey, 12)
    small = small - small.mean((1, 2, 3), keepdim=True)
    plain = F.normalize(small.flatten(1))
    mirrored = F.normalize(small.flip(3).flatten(1))
    rows, columns = [], []
    for start in range(0, len(images), 1024):
        block = plain[start : start + 1024]
        alike = torch.maximum(block @ plain.T, block @ mirrored.T) >= correlation
        found = alike.nonzero()
        rows.append(found[:, 0] + start)
        columns.append(found[:, 1])
    row, column = torch.cat(rows).numpy(), torch.cat(columns).numpy()
    edges = coo_matrix((np.ones(len(row)), (row, column)), shape=(len(images), len(images)))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


def _pictures(source: Path, split: str | None) -> Iterator[tuple[str, str, bytes]]:
    """Yield (name, folder of the label, bytes) of every image, in any order."""
    n_parts = 3 if split else 2
    if source.is_dir():
        for path in source.rglob("*"):
            parts = path.relative_to(source).parts
            if _is_wanted(parts, n_parts, split) and path.is_file():
                yield str(path), parts[-2], path.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                parts = tuple(name.split("/"))
                if _is_wanted(parts, n_parts, split):
                    yield name, parts[-2], archive.read(name)
    else:
        raise ManifestError(f"{source}: neither a folder nor a zip file of labelled faces")


def _is_wanted(parts: tuple[str, ...], n_parts: int, split: str | None) -> bool:
    is_placed = len(parts) == n_parts and (split is None or parts[0] == split)
    return is_placed and parts[-1].lower().endswith(PICTURES)


def _fingerprint(pixels: npt.NDArray[np.uint8], label: str) -> str:
    return hashlib.sha256(pixels.tobytes() + label.encode()).hexdigest()


def _as_pixels(picture: Image, side: int, channels: int) -> npt.NDArray[np.uint8]:
    from PIL import Image

    converted = picture.convert("L" if channels == 1 else "RGB")
    if converted.size != (side, side):
        converted = converted.resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(converted, dtype=np.uint8).reshape(side, side, channels)
