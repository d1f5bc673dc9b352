"""One text per clip, holding its answer and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import ClassVar

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.errors import ConfigError, suggest
from submissions.answers import Wrong, number_text, read_label, read_number
from submissions.archive import colliding, folded, wrapper_of
from submissions.check_report import CheckReport
from submissions.submission_format import ZipFormat

MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
FEW = 2000
ADVICE = {
    "stray newline": "the bare answer, no line end",
    "byte-order mark": "save as UTF-8 without a mark",
    "wrong case": "labels are compared letter by letter",
}


class TextFiles(ZipFormat):
    """A flat zip with one text per clip, named after the clip, holding its answer and no more.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> TextFiles().members(load_spec("afew2017"), {"01": "Sad"})
        {'01.txt': b'Sad'}
    """

    suffix: str = ".txt"
    max_member: ClassVar[int] = 4096

    def require_suited(self, spec: ChallengeSpec) -> None:
        """Refuse challenges that ask for several answers."""
        if len(spec.labels[:1]) + len(spec.targets) > 1:
            raise ConfigError(
                f"submission of {spec.name}: a text per clip holds one answer; this challenge "
                "asks for several"
            )

    def members(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> dict[str, bytes]:
        """Return the content of every text, by name."""
        return {
            clip_id + self.suffix: _text(answer, self.decimals).encode()
            for clip_id, answer in predictions.items()
        }

    def check_members(
        self,
        spec: ChallengeSpec,
        members: Mapping[str, bytes],
        expected_ids: Collection[str],
        report: CheckReport,
    ) -> None:
        """Note everything that is wrong with the names and contents of the texts."""
        expected = set(expected_ids)
        nested = sorted(name for name in members if "/" in name)
        wrapper = wrapper_of(members)
        advice = f"zip the texts, not the folder {wrapper!r}: " if wrapper else ""
        advice += "texts belong at the top of the zip"
        report.add("folder in the zip", nested, advice=advice)
        wrong: dict[str, list[str]] = defaultdict(list)
        extra: list[str] = []
        for name, data in members.items():
            base = name.rsplit("/", 1)[-1]
            if not base:
                continue
            clip_id = base.removesuffix(self.suffix)
            if not base.endswith(self.suffix) or clip_id not in expected:
                extra.append(name)
                continue
            try:
                answer = _read(spec, data)
            except Wrong as mistake:
                wrong[mistake.kind].append(f"{name}: {mistake}")
                continue
            if clip_id not in report.answers:
                report.answers[clip_id] = answer
        for kind, items in wrong.items():
            report.add(kind, sorted(items), advice=ADVICE.get(kind, ""))
        present = {name.rsplit("/", 1)[-1] for name in members}
        missing = {clip_id for clip_id in expected if clip_id + self.suffix not in present}
        report.add("missing", [clip_id + self.suffix for clip_id in sorted(missing)])
        report.add("unexpected", _explained(sorted(extra), missing, self.suffix))
        report.add("name collision", colliding(present | {i + self.suffix for i in expected}))


def _text(answer: Answer, decimals: int | None) -> str:
    if isinstance(answer, str):
        return answer
    assert not isinstance(answer, tuple)  # require_suited refuses several answers in one text
    return number_text(answer, decimals)


def _read(spec: ChallengeSpec, data: bytes) -> Answer:
    if any(data.startswith(mark) for mark in MARKS):
        raise Wrong("byte-order mark", "starts with invisible bytes")
    if not data.strip():
        raise Wrong("empty", "no answer in it")
    if data.endswith((b"\n", b"\r")):
        raise Wrong("stray newline", f"ends with {data[len(data.rstrip()) :]!r}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Wrong("not text", str(error)) from error
    if spec.labels:
        return read_label(text, spec)
    return read_number(text, spec.targets[0])


def _explained(extra: list[str], missing: set[str], suffix: str) -> list[str]:
    by_folded = {folded(clip_id): clip_id for clip_id in missing}
    explained = []
    for name in extra:
        stem = name.rsplit("/", 1)[-1].rpartition(".")[0] or name
        wanted = by_folded.get(folded(stem)) or by_folded.get(folded(stem.rpartition(".")[0]))
        if wanted is not None:
            explained.append(f"{name} (is it {wanted + suffix!r}?)")
        else:
            hint = suggest(stem, missing) if len(missing) * len(extra) <= FEW else ""
            explained.append(name + hint)
    return explained
