"""Layouts whose file names say it all: ``03-01-05-01-02-01-24.wav``."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from pydantic import Field, field_validator

from emotiw.challenges.manifest_builder import ManifestBuilder, media_files
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.clip import Split, id_problem

Form = tuple[tuple[int, ...], Path, dict[str, str]]  # its rank, the best first; file; fields


class FileNames(Reader):
    """Clips anywhere below the root, described by their names.

    The same recording in several forms (sound alone, image alone, both) is one clip.

    Attributes:
        pattern: regular expression for the end of a clip's path below the root, without its
            extension; its named groups are the fields.
        id: template of the clip id; the file's stem where empty.
        label: the field that holds the code of the label.
        group: the field that is kept together in cross-validation.
        extra: column of the manifest by field that fills it.
        keep: per field, the only values that belong to the challenge.
        prefer: per field, its values from best to worst: of clips that differ in these fields
            alone, the best is taken. The order of ``extensions`` decides between the rest.
        split: of all clips.
        beware: clips that are known to be damaged, by id, with the reason.
    """

    pattern: str
    id: str = ""
    label: str
    group: str
    extra: dict[str, str] = Field(default_factory=dict)
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    prefer: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    split: Split = "train"
    beware: dict[str, str] = Field(default_factory=dict)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return clips anywhere, whose names say what they are."""
        fields = ", ".join(re.compile(self.pattern).groupindex)
        return {f"**/{self.a_clip}": f"clips; their names say {fields}"}

    def read(self, builder: ManifestBuilder) -> None:
        """Note the best form of every clip; a name that doesn't fit is a problem."""
        pattern = re.compile(f"(?:^|/)(?:{self.pattern})$")
        left_out: Counter[str] = Counter()
        forms: dict[tuple[str, ...], list[Form]] = {}
        for path in media_files(builder.root, self.extensions):
            match = pattern.search(builder.name(path).removesuffix(path.suffix))
            if match is None and id_problem(path.stem):
                builder.add(path.stem, path, self.split)  # which tells of it in its own words
                continue
            if match is None:
                builder.problems.add(f"{builder.name(path)}: the name doesn't fit {self.pattern}")
                continue
            fields = {name: value or "" for name, value in match.groupdict().items()}
            unkept = next((n for n, kept in self.keep.items() if fields[n] not in kept), None)
            if unkept is not None:
                left_out[f"{unkept} {fields[unkept]!r}"] += 1
                continue
            same = tuple(value for name, value in fields.items() if name not in self.prefer)
            forms.setdefault(same, []).append((self._rank(path, fields), path, fields))
        for what, count in sorted(left_out.items()):
            builder.warnings.append(f"{count} files left out: {what}")
        n_spare = sum(self._add_best(builder, candidates) for candidates in forms.values())
        if n_spare:
            builder.warnings.append(f"{n_spare} files left out: other forms of the same clips")

    def _rank(self, path: Path, fields: dict[str, str]) -> tuple[int, ...]:
        by_field = [
            values.index(fields[name]) if fields[name] in values else len(values)
            for name, values in self.prefer.items()
        ]
        return (*by_field, self.rank_of(path))

    def _add_best(self, builder: ManifestBuilder, candidates: list[Form]) -> int:
        best = min(rank for rank, _, _ in candidates)
        chosen = [(path, fields) for rank, path, fields in candidates if rank == best]
        for path, fields in chosen:  # more than one: copies, sorted out by id later
            clip_id = self.id.format(**fields) if self.id else path.stem
            if clip_id in self.beware:
                builder.warnings.append(f"clip {clip_id!r} is known to be {self.beware[clip_id]}")
            builder.add(
                clip_id,
                path,
                self.split,
                code=fields[self.label],
                group=fields[self.group],
                extra={column: fields[name] for column, name in self.extra.items()},
            )
        return len(candidates) - len(chosen)
