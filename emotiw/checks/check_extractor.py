"""What an extractor promises: its rows before it runs, the same rows for the same clip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, get_args

from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from emotiw.checks.small_clips import small_source
from emotiw.core.errors import MediaError
from emotiw.core.feature_table import FeatureSpec
from features.extractor import ClipSource, Extraction, Extractor, Needs

QUICK_SEC = 1.0  # of the processor, the second time
LACKED = {"faces": "a face", "text": "words"}  # by the empty clip, whose file is not read for them


def check_extractor(
    part: type[Extractor], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of an extractor."""
    made = made_options(part, options, findings)
    known = get_args(Needs)
    findings.expect(part.needs in known, f"needs should be one of {known}, got {part.needs!r}")
    if made is None or findings.lines:
        return
    if part.needs == "table":
        with findings.during("table"):
            table = part("checked", made).table(sample or Path())
            findings.expect(len(table) > 0, "table: should have the rows of at least one clip")
            findings.expect(table.spec.name == "checked", "table: should have the feature's name")
            for _ in table.items():  # each is checked on the way
                pass
        return
    with findings.during("the constructor"):
        part("checked", made)  # whatever is imported for it is there now
        before = process_time()
        spec = part("checked", made).spec
        took = process_time() - before
        findings.expect(
            took < QUICK_SEC,
            f"the constructor should be quick, it took {took:.1f} s: load at the first clip",
        )
        if not isinstance(spec, FeatureSpec):
            findings.add(f"spec should be a FeatureSpec before any clip is read, got {spec!r}")
        else:
            name = spec.name
            findings.expect(name == "checked", f"spec: the name should be the given, got {name!r}")
    if findings.lines:
        return
    with TemporaryDirectory() as folder:
        _check_rows(part, made, sample or small_source(Path(folder)), Path(folder), findings)


def _check_rows(
    part: type[Extractor], options: Any, source: ClipSource, folder: Path, findings: Findings
) -> None:
    extractor = part("checked", options)

    def rows(given: ClipSource, by: Extractor = extractor) -> Any:
        found = by.extract(replace(given, shared={}))
        if not isinstance(found, Extraction):
            raise TypeError(f"expected an Extraction, got {type(found).__name__}")
        found.array.check(extractor.spec, given.clip_id)
        return found

    with findings.during("extract"):
        first = rows(source)
        findings.expect(bool(first.array.present.any()), "extract: of the sample no row is present")
        json.dumps(dict(first.quality), allow_nan=False)
        asked: list[tuple[str, Extraction]] = [
            ("asked again", rows(source)),
            ("asked of a new extractor", rows(source, part("checked", options))),
        ]
        rows(small_source(folder, seed=1))
        asked.append(("asked after another clip", rows(source)))
        (folder / "elsewhere").mkdir()
        copy = folder / "elsewhere" / f"other name{source.path.suffix}"
        shutil.copy(source.path, copy)
        asked.append(("of another name", rows(replace(source, clip_id="another clip", path=copy))))
        for how, other in asked:
            told = f"extract: the same clip, {how}, should have the same rows"
            findings.expect_same(other.array.values, first.array.values, told)
            findings.expect_same(other.array.present, first.array.present, told)
    with findings.during("extract, of a clip without sound and faces"):
        nothing = rows(small_source(folder, seed=2, is_empty=True)).array
        if part.needs in LACKED:
            told = f"extract: without {LACKED[part.needs]} no row should be present"
            findings.expect(not nothing.present.any(), told)
        findings.expect(
            not nothing.values[~nothing.present].any(),
            "extract: rows that are not present should hold zeros",
        )
    if part.needs not in LACKED:
        damaged = folder / "damaged.mkv"
        damaged.write_bytes(b"no clip")
        with findings.during("extract, of a damaged file, should raise MediaError"):
            try:
                rows(ClipSource("damaged", damaged))
            except MediaError:
                pass
            else:
                findings.add("extract: a file that can't be read should raise MediaError")
