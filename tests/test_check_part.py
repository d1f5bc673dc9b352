"""``check_part`` sees what a part breaks, of every kind, and says what was expected."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from torch import nn

from emotiw import check_part
from emotiw.challenges.folder import Folder
from emotiw.core.config import Strict
from emotiw.core.errors import PartError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.evaluation.single_metrics import ACCURACY
from emotiw.models.aggregation.mean import Mean
from emotiw.models.model import Examples, Model
from features.backbones.network import FaceNetwork
from features.extractor import ClipSource, Extraction, Extractor
from features.faces.detect import Detector, Faces
from fusion.calibration import NoCalibration
from fusion.combiners import WeightedPool
from submissions.text_files import TextFiles


class OneOption(Strict):
    size: int = 2


class Sized(Extractor):
    """The number of frames with a face, and a constant."""

    Options = OneOption
    needs: ClassVar[Any] = "faces"

    def __init__(self, name: str, options: Any) -> None:
        super().__init__(name, options)
        self.spec = FeatureSpec(name, (2,), "clip")

    def extract(self, source: ClipSource) -> Extraction:
        assert source.faces is not None
        row = np.array([[len(source.faces), 1]], np.float32)
        has_face = len(source.faces) > 0
        return Extraction(FeatureArray(row * has_face, np.array([has_face])))


class Sure(Model):
    """The share of each label among the training clips."""

    shares: Any = None

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        assert examples.targets is not None
        self.shares = self.task.prior_scores(examples.targets)

    def predict(self, examples: Examples) -> Any:
        return np.repeat(self.shares[None], len(examples), axis=0)

    def save(self, folder: Path) -> None:
        np.save(folder / "shares.npy", self.shares)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls.__new__(cls)
        model.shares = np.load(folder / "shares.npy")
        return model


class Blind(Detector):
    """Sees no face."""

    min_face_px = 20.0

    def detect(self, pictures: Any, smallest_px: float) -> list[Faces]:
        return [Faces.none() for _ in pictures]


class Flat(FaceNetwork):
    """One linear layer."""

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.layer = nn.Linear(3 * 32 * 32, 16)
        self.head = nn.Linear(16, n_labels) if n_labels else None

    def embed(self, faces: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = self.layer(faces.flatten(1))
        return embedding


def flat(card: Any) -> Flat:
    return Flat(len(card.labels))


GOOD = [Sized, Sure, WeightedPool, NoCalibration, Mean, Blind, Folder, TextFiles, ACCURACY, flat]


@pytest.mark.parametrize("part", GOOD, ids=lambda part: getattr(part, "__name__", "metric"))
def test_what_keeps_its_contract_passes(part: Any) -> None:
    assert check_part(part) is None  # type: ignore[func-returns-value]


# common to all


class Lenient(BaseModel):
    size: int = 2


class Loose(Sized):
    Options = Lenient


class Unversioned(Sized):
    version = ""


class Misspelt(Sized):
    speed_options = frozenset({"sise"})


class Needy(Sized):
    class Options(Strict):
        size: int


class WithoutOptions(Sized):
    Options = None  # type: ignore[assignment]


# extractors


class Named(Sized):
    def extract(self, source: ClipSource) -> Extraction:
        found = super().extract(source)
        return replace(
            found, array=replace(found.array, values=found.array.values + len(source.clip_id))
        )


class Counting(Sized):
    n = 0

    def extract(self, source: ClipSource) -> Extraction:
        self.n += 1
        found = super().extract(source)
        return replace(found, array=replace(found.array, values=found.array.values * self.n))


class Wide(Sized):
    def extract(self, source: ClipSource) -> Extraction:
        return Extraction(FeatureArray.all_present(np.ones((1, 3), np.float32)))


class AlwaysThere(Sized):
    def extract(self, source: ClipSource) -> Extraction:
        return Extraction(FeatureArray.all_present(np.ones((1, 2), np.float32)))


class Unreadable(Sized):
    needs = "media"

    def extract(self, source: ClipSource) -> Extraction:
        if source.path.stat().st_size < 100:
            raise ValueError("no such clip")
        return Extraction(FeatureArray.all_present(np.ones((1, 2), np.float32)))


class Undeclared(Sized):
    def __init__(self, name: str, options: Any) -> None:
        Extractor.__init__(self, name, options)


class Slow(Sized):
    def __init__(self, name: str, options: Any) -> None:
        super().__init__(name, options)
        from time import process_time

        begin = process_time()
        while process_time() - begin < 1.2:
            pass


# models


class Logits(Sure):
    def predict(self, examples: Examples) -> Any:
        return 2 * super().predict(examples)


class Company(Sure):
    def predict(self, examples: Examples) -> Any:
        odds = super().predict(examples) + np.array([len(examples), 0, 0])
        return odds / odds.sum(axis=1, keepdims=True)


class ByName(Sure):
    def predict(self, examples: Examples) -> Any:
        odds = super().predict(examples)
        odds[[clip_id.startswith("z") for clip_id in examples.clip_ids]] = [1, 0, 0]
        return odds


class Pickled(Sure):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "model.bin").write_bytes(pickle.dumps(self.shares))


class Forgetful(Sure):
    @classmethod
    def load(cls, folder: Path) -> Self:
        model = super().load(folder)
        model.shares = model.shares[::-1] + np.array([0.1, 0, -0.1])
        return model


class Lucky(Sure):
    fits: ClassVar[int] = 0

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        Lucky.fits += 1
        self.shares = np.array([0.5, 0.5, 0]) if Lucky.fits % 2 else np.array([0, 0.5, 0.5])


# fusion


class Crowd(WeightedPool):
    def combine(self, scores: Any) -> Any:
        fused = super().combine(scores) + len(scores)
        return fused / fused.sum(axis=1, keepdims=True)


class Amnesiac(WeightedPool):
    def load_dict(self, state: Any) -> Self:
        return self


class Boxed(WeightedPool):
    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "array": self.weights}


class Guessing(WeightedPool):
    def combine(self, scores: Any) -> Any:
        return np.nan_to_num(super().combine(scores), nan=0.5)


class Eager(NoCalibration):
    def apply(self, probabilities: Any) -> Any:
        squared = probabilities**2
        return squared / squared.sum(axis=1, keepdims=True)


class Relative(NoCalibration):
    def apply(self, probabilities: Any) -> Any:
        mixed = probabilities + probabilities.sum(axis=0)
        return mixed / mixed.sum(axis=1, keepdims=True)


# the others


class First(Mean):
    def pool(self, dim: int) -> Any:
        return lambda faces, mask, places: faces[:, 0]


class Padded(Mean):
    def pool(self, dim: int) -> Any:
        return lambda faces, mask, places: faces.mean(1)


class Broad(Mean):
    def width(self, dim: int) -> int:
        return 2 * dim


class Doubled(Blind):
    def detect(self, pictures: Any, smallest_px: float) -> list[Faces]:
        box = np.array([[0, 0, 9 * len(pictures), 9]], np.float64)
        faces = Faces(box, np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32))  # type: ignore[arg-type]
        return [faces for _ in pictures]


class Untidy(Folder):
    def read(self, builder: Any) -> None:
        super().read(builder)
        (builder.root / "index.txt").write_text("read")


class Rooted(Folder):
    def read(self, builder: Any) -> None:
        super().read(builder)
        builder.clips[:] = [replace(c, clip_id=str(builder.root)) for c in builder.clips]


class Trusting(TextFiles):
    def check(self, spec: Any, path: Path, expected_ids: Any, report: Any) -> None:
        report.answers |= dict.fromkeys(expected_ids, spec.labels[0])


class Narrow(Flat):
    def embed(self, faces: torch.Tensor) -> torch.Tensor:
        return super().embed(faces)[:, :8]


def narrow(card: Any) -> Narrow:
    return Narrow(0)


BROKEN: list[tuple[Any, str]] = [
    (Loose, r"derive Lenient from emotiw\.core\.config\.Strict"),
    (Unversioned, "version should be a text that isn't empty"),
    (Misspelt, "OneOption has no 'sise'; did you mean 'size'"),
    (Needy, r"size: Field required: call check_part"),
    (WithoutOptions, "Options should be a pydantic model, got None"),
    (Named, "the same clip, of another name, should have the same rows"),
    (Counting, "the same clip, asked again, should have the same rows"),
    (Wide, r"expected rows of \(2,\) float32, got \(3,\) float32"),
    (AlwaysThere, "without a face no row should be present"),
    (Unreadable, "damaged file, should raise MediaError: ValueError: no such clip"),
    (Undeclared, "constructor: AttributeError"),
    (Slow, "constructor should be quick, it took 1"),
    (Logits, "should be at least 0 and sum to 1"),
    (Company, "a clip alone should have the same scores"),
    (ByName, "names of clips should change no score"),
    (Pickled, r"model\.bin should not be a pickle"),
    (Forgetful, "loaded, it should say the same"),
    (Lucky, "fitted again, it should give the same scores"),
    (Crowd, "a row's result should depend on that row alone"),
    (Amnesiac, "load_dict: should take over what to_dict says"),
    (Boxed, "to_dict: should hold plain numbers, texts and lists"),
    (Guessing, "a row without any modality should be NaN"),
    (Eager, "fit, on no clips: should change nothing"),
    (Relative, "a row's result should depend on that row alone"),
    (First, "the order of the faces should mean nothing"),
    (Padded, "padding should mean nothing"),
    (Broad, r"pool should return \(3, 8\), as width says, got \(3, 4\)"),
    (Doubled, r"box should be \(1, 4\) float32, got \(1, 4\) float64"),
    (Doubled, "an image alone should have the same faces"),
    (Untidy, "read should leave the folder as it is"),
    (Rooted, "should be the same wherever the folder lies"),
    (Trusting, "should see that '000143240' is missing"),
    (replace(ACCURACY, limits=(0.0, 0.1)), "outside 0 to 0.1"),
    (replace(ACCURACY, is_higher_better=False), "all right should be better"),
    (replace(ACCURACY, parts=None), "give function, and say why in no_interval"),
    (narrow, r"embed should return \(3, 16\), as the card says, got \(3, 8\)"),
    (narrow, "head should score the 2 labels of the card, it scores 0"),
]


@pytest.mark.parametrize(
    ("part", "told"), BROKEN, ids=[f"{n} {told[:40]}" for n, (_, told) in enumerate(BROKEN)]
)
def test_what_breaks_its_contract_is_told(part: Any, told: str) -> None:
    with pytest.raises(PartError, match=told):
        check_part(part)


@pytest.mark.parametrize("part", [dict, 3])
def test_what_is_no_part_is_told(part: Any) -> None:
    with pytest.raises(PartError, match=r"no part: expected a class derived from one of Extractor"):
        check_part(part)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(PartError) as told:
        check_part(Doubled)
    assert "Doubled keeps not all that a detector promises" in str(told.value)
    assert len(str(told.value).splitlines()) >= 3
