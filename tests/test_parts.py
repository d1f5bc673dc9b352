"""One contract for all parts: every name of every registry goes through ``check_part``.

And one digest for each: a part that gives another result than before has another version, and the
file says so. Both are here so that one process loads and compiles what a part needs, once.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import emotiw
import features
import fusion
import submissions
from emotiw.challenges.reading import READERS
from emotiw.challenges.spec import load_spec, spec_names
from emotiw.checks.check_part import CONTRACTS, check_part
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.registry import Registry
from emotiw.core.task import Classification
from emotiw.evaluation.metrics import METRICS
from emotiw.models.aggregation.registry import AGGREGATIONS
from emotiw.models.registry import MODELS
from features.backbones.registry import BACKBONES
from features.faces.detect import DETECTORS
from features.registry import EXTRACTORS
from fusion.registry import CALIBRATIONS, COMBINERS, POST_STEPS
from submissions.registry import FORMATS, format_of
from tests.challenges.corpora import make_corpus, random_answers
from tests.golden_parts import PATH, REWRITE, digest, is_close, parts, version_of
from tests.small_parts import (
    BACKBONE_CARDS,
    MODEL_OPTIONS,
    detector_options,
    extractor_options,
    extractor_source,
    portrait,
    write_onnx,
)

pytestmark = pytest.mark.slow
NOTED: dict[str, Any] = json.loads(PATH.read_text())


def _extractor(name: str, folder: Path) -> None:
    options = extractor_options(name, folder)
    sample = folder if name == "imported" else extractor_source(name, folder)
    check_part(EXTRACTORS.resolve(name), options, sample=sample)


def _model(name: str, folder: Path) -> None:
    sample = None
    if name == "imported":
        (folder / "scores.csv").write_text("clip_id,Happy,Sad\na,0.9,0.1\nb,0.2,0.8\n")
        clips = [Clip(clip_id, Path(clip_id), "train", label="Sad") for clip_id in "ab"]
        sample = Cohort(clips, task=Classification(("Happy", "Sad"))), folder
    check_part(MODELS.resolve(name), MODEL_OPTIONS.get(name, {}), sample=sample)


def _combiner(name: str, folder: Path) -> None:
    weights = {"face": 0.5, "text": 0.2, "voice": 0.3} if name == "fixed" else None
    check_part(COMBINERS.resolve(name), {"method": name, "weights": weights})


def _plain(registry: Registry[Any]) -> Callable[[str, Path], None]:
    return lambda name, folder: check_part(registry.resolve(name))


def _detector(name: str, folder: Path) -> None:
    options = detector_options(name, folder)
    check_part(DETECTORS.resolve(name), options, sample=[portrait(), portrait()[:, ::-1].copy()])


def _reader(name: str, folder: Path) -> None:
    specs = [spec for spec in map(load_spec, spec_names()) if spec.layout.reader == name]
    assert specs
    for spec in specs:
        make_corpus(spec, folder / spec.name)
        check_part(READERS.resolve(name), spec.layout.options, sample=(spec, folder / spec.name))


def _format(name: str, folder: Path) -> None:
    specs = [spec for spec in map(load_spec, spec_names()) if spec.submission.format == name]
    assert specs
    for spec in specs:
        rows = make_corpus(spec, folder / spec.name).rows
        options = format_of(spec).model_dump(exclude_defaults=True)
        check_part(FORMATS.resolve(name), options, sample=(spec, random_answers(spec, rows)))


def _backbone(name: str, folder: Path) -> None:
    card = dict(BACKBONE_CARDS[name])
    if name == "onnx":
        write_onnx(folder / "small.onnx")
        card["source"] = {"file": folder / "small.onnx"}
    check_part(BACKBONES.resolve(name), card)


KINDS: dict[str, tuple[Registry[Any], Callable[[str, Path], None]]] = {
    "extractor": (EXTRACTORS, _extractor),
    "model": (MODELS, _model),
    "fusion method": (COMBINERS, _combiner),
    "calibration": (CALIBRATIONS, _plain(CALIBRATIONS)),
    "post-processing step": (POST_STEPS, _plain(POST_STEPS)),
    "aggregation": (AGGREGATIONS, _plain(AGGREGATIONS)),
    "face detector": (DETECTORS, _detector),
    "layout reader": (READERS, _reader),
    "submission format": (FORMATS, _format),
    "backbone": (BACKBONES, _backbone),
    "metric": (METRICS, _plain(METRICS)),
}
PARTS = [(kind, name) for kind, (registry, _) in KINDS.items() for name in registry.names()]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_part_keeps_the_contract_of_its_kind(kind: str, name: str, tmp_path: Path) -> None:
    KINDS[kind][1](name, tmp_path)


def registries() -> dict[str, Registry[Any]]:
    """Every registry of parts that any module has."""
    found = {}
    for package in (emotiw, features, fusion, submissions):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith("emotiw.demo") or module.name.endswith("__main__"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Registry):
                    found[value.kind] = value
    return found


def test_a_registry_that_is_not_held_to_a_contract_is_seen() -> None:
    found = registries()
    assert found.pop(CONTRACTS.kind) is CONTRACTS
    assert found == {kind: registry for kind, (registry, _) in KINDS.items()}
    assert len(CONTRACTS.names()) == len(KINDS)


@pytest.mark.parametrize(("kind", "name"), list(parts()))
def test_a_result_changes_with_its_version(kind: str, name: str, tmp_path: Path) -> None:
    noted = NOTED.get(kind, {}).get(name)
    assert noted is not None, f"{kind} {name} is new: {REWRITE}"
    version = version_of(kind, name)
    assert noted["version"] == version, f"{kind} {name} has another version: {REWRITE}"
    found = digest(kind, name, tmp_path)
    assert is_close(found, noted["digest"]), (
        f"{kind} {name}: version {version} gave {noted['digest']}, now {found}: raise the version "
        f"where the change is meant, then {REWRITE}"
    )


def test_nothing_is_noted_that_is_gone() -> None:
    noted = [(kind, name) for kind, names in NOTED.items() for name in names if kind != "left out"]
    assert sorted(noted) == sorted(parts())


def test_a_change_is_seen_and_rounding_is_not() -> None:
    noted = [30.0, 0.3333, 0.2, 0.1, -0.2, 0.05, 0.01]
    assert is_close([noted[0], *(x * (1 + 1e-4) for x in noted[1:])], noted)
    assert not is_close([*noted[:3], 0.11, *noted[4:]], noted)
    assert not is_close([30.01, *noted[1:]], noted)
    assert not is_close("3f", "3e")
