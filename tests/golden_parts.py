"""What every part makes of a fixed small input: ``python -m tests.golden_parts`` writes it down.

Results of arithmetic are kept as a few sums, and compared with a tolerance: another processor
rounds otherwise. Texts are kept as hashes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.reading import READERS, reader_of
from emotiw.challenges.spec import load_spec
from emotiw.checks.check_fusion import NAMES, TASKS, small_rows
from emotiw.checks.check_model import accepted, specs_for
from emotiw.checks.check_post import ANSWERS, small_traces
from emotiw.checks.findings import Findings
from emotiw.checks.small_examples import small_examples
from emotiw.core.errors import Problems
from emotiw.core.weights import WeightsCard
from emotiw.models.aggregation.registry import AGGREGATIONS
from emotiw.models.model import Unlabelled
from emotiw.models.registry import MODELS
from features.backbones.registry import BACKBONES
from features.faces.detect import DETECTORS
from features.faces.find_faces import VERSION
from features.frames.frame_embeddings import FrameEmbeddings
from features.registry import EXTRACTORS
from fusion.combiner import Setting
from fusion.registry import CALIBRATIONS, COMBINERS, POST_STEPS
from submissions.registry import FORMATS, format_of
from tests.challenges.corpora import make_corpus, random_answers
from tests.small_parts import (
    BACKBONE_CARDS,
    LABELS,
    MODEL_OPTIONS,
    detector_options,
    extractor_options,
    extractor_source,
    portrait,
    write_onnx,
)

PATH = Path(__file__).parent / "golden" / "parts.json"
REWRITE = "python -m tests.golden_parts"
SAMPLES = (  # of every reader and format; not all challenges, whose number grows
    "abaw6_va", "afew2017", "blemore", "crema_d", "eat_food", "fer2013", "folder", "iemocap",
    "meld", "mer2023", "mer2025", "muse2021_arousal", "muse2023_personalisation_valence", "ravdess",
    "vgaf",
)  # fmt: skip
LEFT_OUT = {
    "extractor imported": "rows of another tool: nothing is computed",
    "model imported": "scores of another tool: nothing is computed",
    "every metric": "has no version, since no result is kept under its name; "
    "tests/evaluation compares them with other programs",
}
REGISTRIES: dict[str, Any] = {
    "extractor": EXTRACTORS,
    "model": MODELS,
    "fusion method": COMBINERS,
    "calibration": CALIBRATIONS,
    "post-processing step": POST_STEPS,
    "aggregation": AGGREGATIONS,
    "face detector": DETECTORS,
    "layout reader": READERS,
    "submission format": FORMATS,
    "backbone": BACKBONES,
}


def parts() -> Iterator[tuple[str, str]]:
    """Yield kind and name of every part that has a digest."""
    for kind, registry in REGISTRIES.items():
        yield from ((kind, name) for name in registry.names() if f"{kind} {name}" not in LEFT_OUT)


def version_of(kind: str, name: str) -> str:
    """The version under which a part's results are kept: its own, or that of what asks it."""
    if kind == "face detector":
        return VERSION
    if kind == "backbone":
        return FrameEmbeddings.version
    return str(REGISTRIES[kind].resolve(name).version)


def digest(kind: str, name: str, folder: Path) -> list[float] | str:
    """Return what a part makes of a small input."""
    torch.manual_seed(0)
    part = REGISTRIES[kind].resolve(name)
    found = {
        "extractor": _rows,
        "model": _scores,
        "fusion method": _fused,
        "calibration": _calibrated,
        "post-processing step": _finished,
        "aggregation": _pooled,
        "face detector": _faces,
        "layout reader": _clips,
        "submission format": _files,
        "backbone": _embedding,
    }[kind](part, name, folder)
    if isinstance(found, bytes):
        return hashlib.sha256(found).hexdigest()[:16]
    return summary(np.asarray(found, dtype=np.float64))


def summary(values: Any) -> list[float]:
    """Return the size, mean and deviation of an array, and four sums that know its order.

    Of arsinh(10 x), so that large values don't drown the small ones.
    """
    flat = np.arcsinh(10 * values.ravel())
    waves = [np.cos(k * np.arange(len(flat)) + k) for k in (0.5, 1.7, 2.3, 2.9)]
    sums = [float(flat @ wave) / max(len(flat), 1) ** 0.5 for wave in waves]
    return [float(f"{x:.5g}") for x in (len(flat), flat.mean(), flat.std(), *sums)]


def is_close(found: list[float] | str, noted: list[float] | str) -> bool:
    """Whether two digests are the same but for rounding."""
    if isinstance(found, str) or isinstance(noted, str):
        return found == noted
    scale = abs(noted[1]) + noted[2]
    is_as_large = found[0] == noted[0]
    return is_as_large and np.allclose(found, noted, rtol=1e-3, atol=1e-3 * scale)


def _rows(part: Any, name: str, folder: Path) -> Any:
    told = extractor_options(name, folder)
    if name == "librosa":  # the others, and skewness, hang on the last bit of small numbers
        told = {"descriptors": ("mfcc", "log_mel", "rms"), "statistics": ("mean", "std")}
    options = part.Options.model_validate(told)
    return part("golden", options).extract(extractor_source(name, folder)).array.values


def _scores(part: Any, name: str, folder: Path) -> Any:
    options = part.Options.model_validate(MODEL_OPTIONS.get(name, {}))
    spec, task, make = next(accepted(part, options, specs_for(part, options), Findings(name)))
    model = make()
    learnt = small_examples(spec, task)
    if part.reads_unlabelled(options):
        clips = replace(small_examples(spec, task, 24, seed=2), targets=None)
        learnt = replace(learnt, unlabelled=Unlabelled(clips))
    model.fit(learnt)
    return model.predict(small_examples(spec, task, 7, seed=1))


def _fused(part: Any, name: str, folder: Path) -> Any:
    weights = dict(zip(NAMES, (0.5, 0.2, 0.3), strict=True)) if name == "fixed" else None
    setting = Setting(NAMES, TASKS[0], name, "geometric", weights, candidates=("mean", "weighted"))
    return part(setting).fit(small_rows(TASKS[0])).combine(small_rows(TASKS[0], 12, seed=1).scores)


def _calibrated(part: Any, name: str, folder: Path) -> Any:
    rows = small_rows(TASKS[0])
    there = ~np.isnan(rows.scores[:, 1, 0])
    scores = rows.scores[there, 1]
    return part.fit(scores, rows.targets[there]).apply(scores)


def _finished(part: Any, name: str, folder: Path) -> Any:
    task = next(task for task in ANSWERS if task.kind in part.kinds)
    step = part(task, part.Options()).fit(small_traces(task))
    rows = small_traces(task, seed=1)
    return step.apply(rows.scores, rows.traces)


def _pooled(part: Any, name: str, folder: Path) -> Any:
    chance = torch.Generator().manual_seed(0)
    faces, places = (torch.rand(2, 5, n, generator=chance) for n in (4, 3))
    mask = torch.arange(5) < torch.tensor([5, 3])[:, None]
    with torch.no_grad():
        return part().pool(4)(faces, mask, places)


def _faces(part: Any, name: str, folder: Path) -> Any:
    detector = part(**detector_options(name, folder))
    faces = detector.detect([portrait()], 40.0)[0]
    return np.concatenate([faces.box.ravel(), faces.landmarks.ravel(), faces.confidence])


def _clips(part: Any, name: str, folder: Path) -> bytes:
    told = []
    for spec in map(load_spec, SAMPLES):
        if spec.layout.reader == name:
            root = folder / spec.name
            make_corpus(spec, root)
            builder = ManifestBuilder(spec, root, Problems(""))
            reader_of(spec).read(builder)
            for c in builder.clips:
                told.append((c.clip_id, c.split, c.label, c.target, c.group))
                told += [c.answers] if c.answers else []
                steps = builder.steps.get(c.clip_id)
                told += [(steps.names, steps.time_sec.round(6).tolist())] if steps else []
                told += [str(steps.answers.round(6).tolist())] if steps else []
    return json.dumps(told).encode()


def _files(part: Any, name: str, folder: Path) -> bytes:
    written = b""
    for spec in map(load_spec, SAMPLES):
        if spec.submission.format == name:
            rows = make_corpus(spec, folder / spec.name).rows
            written += format_of(spec).to_bytes(spec, random_answers(spec, rows))
    return written


def _embedding(part: Any, name: str, folder: Path) -> Any:
    entries = {"name": "golden", "backbone": name, "labels": LABELS, **BACKBONE_CARDS[name]}
    if name == "onnx":
        write_onnx(folder / "small.onnx")
        entries["source"] = {"file": folder / "small.onnx"}
    card = WeightsCard.model_validate(entries)
    network, chance = part(card).eval(), torch.Generator().manual_seed(0)
    channels = 1 if card.colour == "grey" else 3
    with torch.no_grad():
        return network.embed(torch.rand(2, channels, card.size, card.size, generator=chance))


def main() -> None:
    """Write the file; a digest that changes needs a version that does."""
    noted = json.loads(PATH.read_text()) if PATH.is_file() else {}
    kept: dict[str, Any] = {"left out": LEFT_OUT}
    for kind, name in parts():
        with TemporaryDirectory() as folder:
            found = {"version": version_of(kind, name), "digest": digest(kind, name, Path(folder))}
        before = noted.get(kind, {}).get(name, found)
        is_same = is_close(found["digest"], before["digest"])
        is_old = found["version"] == before["version"]
        if is_old and not is_same:
            sys.exit(f"{kind} {name}: another result than before; raise its version first")
        kept.setdefault(kind, {})[name] = before if is_old else found
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
