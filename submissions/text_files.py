"""One text per clip, holding its answer and nothing else."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.challenges.submission_format import TextFiles
from emotiw.core.errors import suggest
from submissions.answers import Wrong, number_text, read_label, read_number
from submissions.check_report import CheckReport

MAX_BYTES = 4096
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
FEW = 2000


def text_members(
    spec: ChallengeSpec, style: TextFiles, answers: Mapping[str, Answer]
) -> dict[str, bytes]:
    """Return the content of every text, by name.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> text_members(load_spec("afew2017"), TextFiles(format="text_files"), {"01": "Sad"})
        {'01.txt': b'Sad'}
    """
    return {
        clip_id + style.suffix: _text(answer, style).encode() for clip_id, answer in answers.items()
    }


def check_texts(
    spec: ChallengeSpec,
    style: TextFiles,
    members: Mapping[str, bytes],
    expected_ids: Collection[str],
    report: CheckReport,
) -> None:
    """Note everything that is wrong with the names and contents of the texts."""
    expected = set(expected_ids)
    nested = sorted(name for name in members if "/" in name)
    report.add("folder in the zip", nested, advice="texts belong at the top of the zip")
    wrong: dict[str, list[str]] = defaultdict(list)
    extra: list[str] = []
    for name, data in members.items():
        base = name.rsplit("/", 1)[-1]
        if not base:
            continue
        clip_id = base.removesuffix(style.suffix)
        if not base.endswith(style.suffix) or clip_id not in expected:
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
        report.add(kind, sorted(items), advice=_advice(kind))
    present = {name.rsplit("/", 1)[-1] for name in members}
    missing = {clip_id for clip_id in expected if clip_id + style.suffix not in present}
    report.add("missing", [clip_id + style.suffix for clip_id in sorted(missing)])
    report.add("unexpected", _explained(sorted(extra), missing, style.suffix))
    report.add("name collision", colliding(present | {i + style.suffix for i in expected}))


def colliding(names: Collection[str]) -> list[str]:
    """Return the names that are one and the same on some file systems.

    Examples:
        >>> colliding(["IMG_1.txt", "img_1.txt", "b.txt"])
        ['IMG_1.txt, img_1.txt']
    """
    same: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        same[_folded(name)].append(name)
    return [", ".join(twins) for twins in same.values() if len(twins) > 1]


def _folded(name: str) -> str:
    # a Mac writes an accent as a character of its own; some systems don't tell cases apart
    return unicodedata.normalize("NFC", name).casefold()


def _text(answer: Answer, style: TextFiles) -> str:
    if isinstance(answer, str):
        return answer
    assert not isinstance(answer, tuple)  # the spec refuses several answers in one text
    return number_text(answer, style.decimals)


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


def _advice(kind: str) -> str:
    return {
        "stray newline": "the bare answer, no line end",
        "byte-order mark": "save as UTF-8 without a mark",
        "wrong case": "labels are compared letter by letter",
    }.get(kind, "")


def _explained(extra: list[str], missing: set[str], suffix: str) -> list[str]:
    folded = {_folded(clip_id): clip_id for clip_id in missing}
    explained = []
    for name in extra:
        stem = name.rsplit("/", 1)[-1].rpartition(".")[0] or name
        wanted = folded.get(_folded(stem)) or folded.get(_folded(stem.rpartition(".")[0]))
        if wanted is not None:
            explained.append(f"{name} (is it {wanted + suffix!r}?)")
        else:
            hint = suggest(stem, missing) if len(missing) * len(extra) <= FEW else ""
            explained.append(name + hint)
    return explained
