"""What a detector promises: the faces of an image, whichever images are beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from emotiw.checks.findings import Findings
from features.faces.detect import Detector, Faces

SIDES = (96, 128)


def check_detector(
    part: type[Detector], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a detector; ``options`` are what its constructor is given."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, *SIDES, 3), dtype=np.uint8)
    pictures = list(sample) if sample is not None else [*noise, np.full_like(noise[0], 90)]
    with findings.during("detect"):
        detector = part(**options)
        smallest = detector.min_face_px
        is_size = isinstance(smallest, int | float) and smallest > 0
        findings.expect(is_size, f"min_face_px should be a number above 0, got {smallest!r}")
        kept = [picture.copy() for picture in pictures]
        found = detector.detect(pictures, smallest)
        if len(found) != len(pictures) or not all(isinstance(each, Faces) for each in found):
            findings.add(f"detect should return Faces for each of {len(pictures)} images")
            return
        for before, after in zip(kept, pictures, strict=True):
            findings.expect_same(after, before, "detect should leave images as they are")
        for faces in found:
            _check_faces(faces, findings)
        again = [detector.detect([picture], smallest)[0] for picture in pictures]
        for alone, together in zip(again, found, strict=True):
            for values, others in zip(alone, together, strict=True):
                told = "detect: an image alone should have the same faces"
                findings.expect_same(values, others, told, atol=1e-2)
        findings.expect(detector.detect([], smallest) == [], "detect: of no image, no faces")


def _check_faces(faces: Faces, findings: Findings) -> None:
    n = len(faces.box)
    for name, shape in (("box", (n, 4)), ("landmarks", (n, 5, 2)), ("confidence", (n,))):
        values = getattr(faces, name)
        findings.expect(
            values.shape == shape and values.dtype == np.float32,
            f"{name} should be {shape} float32, got {values.shape} {values.dtype}",
        )
    is_box = bool((faces.box[:, 2:] > faces.box[:, :2]).all())
    findings.expect(is_box, "box should be x_min, y_min, x_max, y_max, the smaller ones first")
    is_sure = bool(((faces.confidence >= 0) & (faces.confidence <= 1)).all())
    findings.expect(is_sure, "confidence should lie between 0 and 1")
