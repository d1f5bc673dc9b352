"""What a layout reader promises: the same clips wherever the folder is, and no file touched."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.core.clip import Clip
from emotiw.core.errors import ManifestError, Problems


def check_reader(
    part: type[Reader], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a reader; without a sample, no clips are asked for."""
    reader = made_options(part, options, findings)
    if not isinstance(reader, Reader):
        return
    with TemporaryDirectory() as made:
        spec, folder = sample if sample is not None else (load_spec("folder"), Path(made) / "small")
        if sample is None:
            (folder / spec.labels[0]).mkdir(parents=True)
            (folder / spec.labels[0] / "a.mp4").touch()
        with findings.during("read"):
            before = _files(folder)
            builder = _read(reader, spec, folder)
            findings.expect(_files(folder) == before, "read should leave the folder as it is")
            if sample is not None:
                findings.expect(bool(builder.clips), "read: should find the clips of the sample")
                for problem in builder.problems.lines:
                    findings.add(f"read: should read the sample, it says {problem}")
            elsewhere = Path(made) / "elsewhere" / folder.name
            shutil.copytree(folder, elsewhere, symlinks=True)
            told = "read: clips should be the same wherever the folder lies"
            for there in (folder, elsewhere):
                again = _facts(_read(reader, spec, there))
                findings.expect(again == _facts(builder), told)
        with findings.during("read, of an empty folder"):
            empty = Path(made) / "empty"
            empty.mkdir()
            try:
                builder = _read(reader, spec, empty)
            except ManifestError:
                pass
            else:
                findings.expect(not builder.clips, "read: an empty folder has no clips")
            expects = reader.expects()
            is_text = isinstance(expects, str) and bool(expects)
            findings.expect(is_text, f"expects should say what is missing, got {expects!r}")


def _read(reader: Reader, spec: ChallengeSpec, folder: Path) -> ManifestBuilder:
    builder = ManifestBuilder(spec, folder, Problems(str(folder)))
    reader.read(builder)
    return builder


def _facts(builder: ManifestBuilder) -> list[tuple[Any, ...]]:
    def told(clip: Clip) -> tuple[Any, ...]:
        path = clip.path.relative_to(builder.root).as_posix()
        return clip.clip_id, path, clip.split, clip.label, clip.target, clip.group

    return [told(clip) for clip in builder.clips]


def _files(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p), p.stat().st_size) for p in folder.rglob("*") if p.is_file())
