"""One JSON with a list of emotions and their salience per clip, as BLEMORE takes it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.steps import Numbers
from emotiw.evaluation.blend_metrics import nearest_blend
from submissions.answers import Wrong, check_range, parts_of
from submissions.check_report import CheckReport
from submissions.submission_format import SubmissionFormat
from submissions.text_files import MARKS

MAX_BYTES = 64 * 2**20
MOST = 2  # emotions of a blend
WHOLE = 100.0  # percent


class SalienceLists(SubmissionFormat):
    """A JSON object: by clip, the emotions that are present, each with its share in percent.

    The targets of the challenge are the emotions; one of 0 is left out.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> answer = {"A102_x": (0.0, 0.0, 0.0, 70.0, 30.0, 0.0)}
        >>> SalienceLists().to_bytes(load_spec("blemore"), answer).decode().split()[:4]
        ['{', '"A102_x":', '[{"emotion":', '"hap",']
    """

    version = "2"

    suffix: str = ".json"

    def name_for(self, team: str) -> str:
        """Return the team's name for it."""
        return team + self.suffix

    def require_suited(self, spec: ChallengeSpec) -> None:
        """Refuse challenges that ask for a label, or for one number."""
        if spec.labels or len(spec.targets) < 2:
            raise ConfigError(f"submission of {spec.name}: a list of saliences needs several")

    def settled(self, numbers: Numbers) -> Numbers:
        """Return the closest blends that there are."""
        return nearest_blend(numbers)

    def to_bytes(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> bytes:
        """Return the JSON, a clip per line, the most salient emotion first."""
        names = [target.name for target in spec.targets]
        lines = []
        for clip_id, answer in predictions.items():
            shares = zip(names, map(float, parts_of(answer)), strict=True)
            present = sorted((pair for pair in shares if pair[1] > 0), key=lambda pair: -pair[1])
            told = [{"emotion": name, "salience": share} for name, share in present]
            lines.append(f"{json.dumps(clip_id)}: {json.dumps(told)}")
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    def check(
        self, spec: ChallengeSpec, path: Path, expected_ids: Collection[str], report: CheckReport
    ) -> None:
        """Note everything that is wrong with the clips and their lists."""
        if path.suffix != self.suffix:
            report.add("wrong name", [path.name], advice="a .json")
        if path.stat().st_size > MAX_BYTES:
            report.add("too large", [f"{path.stat().st_size} bytes"])
            return
        twice: list[str] = []
        data = path.read_bytes()
        if data.startswith(MARKS):
            report.add("byte-order mark", [path.name], advice="save as UTF-8 without a mark")
        try:
            told = json.loads(data, object_pairs_hook=lambda p: _once(p, twice))
        except (ValueError, RecursionError) as error:
            report.add("not JSON", [f"{path.name}: {error}"])
            return
        report.add("duplicate", twice)
        if not isinstance(told, dict):
            report.add("wrong form", ["expected an object with a list per clip"])
            return
        expected = set(expected_ids)
        wrong: dict[str, list[str]] = defaultdict(list)
        for clip_id in told.keys() & expected:
            try:
                shares = _shares(spec, told[clip_id])
            except Wrong as mistake:
                wrong[mistake.kind].append(f"{clip_id}: {mistake}")
                continue
            report.answers[clip_id] = tuple(shares.get(t.name, 0.0) for t in spec.targets)
        for kind, items in wrong.items():
            report.add(kind, sorted(items))
        missing = sorted(expected - told.keys())
        report.add("missing", missing)
        extra = sorted(told.keys() - expected)
        report.add("unexpected", [name + suggest(name, missing[:200]) for name in extra])
        for kind, items in _odd(report.answers):
            report.add(kind, items, severity="warning")


def _once(pairs: list[tuple[str, object]], twice: list[str]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice += sorted({name for name in names if names.count(name) > 1})
    return found


def _shares(spec: ChallengeSpec, listed: object) -> dict[str, float]:
    if not isinstance(listed, list) or not listed:
        raise Wrong("wrong form", f"expected a list of emotions, got {listed!r:.80}")
    targets = {target.name: target for target in spec.targets}
    shares: dict[str, float] = {}
    for one in listed:
        if not isinstance(one, dict) or one.keys() != {"emotion", "salience"}:
            raise Wrong("wrong form", f"expected an emotion and its salience, got {one!r:.80}")
        name, share = one["emotion"], one["salience"]
        if name not in targets:
            raise Wrong("unknown label", f"{name!r}{suggest(str(name), targets)}")
        if name in shares:
            raise Wrong("duplicate", f"{name!r} comes twice")
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise Wrong("not a number", f"salience of {name} is {share!r}")
        check_range(float(share), targets[name])
        shares[name] = float(share)
    return shares


def _odd(answers: Mapping[str, Answer]) -> Iterator[tuple[str, list[str]]]:
    shares = {clip_id: [float(s) for s in parts_of(a)] for clip_id, a in answers.items()}
    yield "not 100 in all", sorted(c for c, s in shares.items() if abs(sum(s) - WHOLE) > 0.5)
    blends = {clip_id: sum(share > 0 for share in all_) for clip_id, all_ in shares.items()}
    yield f"more than {MOST} emotions", sorted(c for c, count in blends.items() if count > MOST)
