"""Everything that a check has found, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from emotiw.challenges.spec import Answer
from emotiw.core.notebook_views import AsTable

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["error", "warning", "note"]
SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found, with all the places where it was.

    Attributes:
        severity: an ``error`` would cost the attempt, a ``warning`` is worth a look.
        kind: one word or two, the same in every report: ``missing``, ``unknown label``, …
        items: where, or what exactly.
        advice: what is expected instead.
    """

    severity: Severity
    kind: str
    items: tuple[str, ...]
    advice: str = ""

    def __str__(self) -> str:
        shown = "; ".join(self.items[:SHOWN])
        more = f"; … and {len(self.items) - SHOWN} more" if len(self.items) > SHOWN else ""
        count = f" ({len(self.items)})" if len(self.items) > 1 else ""
        advice = f" – {self.advice}" if self.advice else ""
        return f"{self.severity}: {self.kind}{count}: {shown}{more}{advice}"


@dataclass(repr=False)
class CheckReport(AsTable):
    """What a check has found in a submission.

    Attributes:
        path: of the submission.
        findings: errors first.
        answers: what could be read from it, by clip, frame or segment; empty in a report that
            was kept.
        n_kept: how many there were, in a report that was kept.
        assumed: what nobody has proved of the format that was asked for; empty where all of it is.
    """

    path: Path
    findings: list[Finding] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    n_kept: int = 0
    assumed: str = ""

    @property
    def n_answers(self) -> int:
        """How many answers could be read."""
        return len(self.answers) or self.n_kept

    @property
    def is_ok(self) -> bool:
        """Whether nothing was found that would cost the attempt."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def kinds(self) -> set[str]:
        """The kinds of all findings."""
        return {finding.kind for finding in self.findings}

    def add(
        self, kind: str, items: Iterable[str], *, advice: str = "", severity: Severity = "error"
    ) -> None:
        """Note a finding; nothing happens where there are no items."""
        listed = tuple(items)
        if listed:
            self.findings.append(Finding(severity, kind, listed, advice))

    def sort(self) -> None:
        """Put errors before warnings before notes."""
        order = ("error", "warning", "note")
        self.findings.sort(key=lambda finding: order.index(finding.severity))

    def __repr__(self) -> str:
        """Return the verdict in one line."""
        return f"<CheckReport of {str(self).splitlines()[0]}>"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per finding in pandas."""
        import pandas as pd

        rows = [{**asdict(one), "items": ", ".join(one.items[:3])} for one in self.findings]
        columns = [each.name for each in fields(Finding)]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        n_errors = sum(finding.severity == "error" for finding in self.findings)
        verdict = "ok" if self.is_ok else f"would not be accepted, errors: {n_errors}"
        doubt = f"; {self.assumed}" if self.assumed else ""
        lines = [f"{self.path.name}: {verdict}; {self.n_answers} answers read{doubt}"]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON, without the answers."""
        return {
            "path": str(self.path),
            "is_ok": self.is_ok,
            "n_answers": self.n_answers,
            "assumed": self.assumed,
            "findings": [asdict(finding) for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> CheckReport:
        """Return the report that :meth:`to_dict` told of."""
        findings = [Finding(**{**one, "items": tuple(one["items"])}) for one in told["findings"]]
        assumed = told.get("assumed", "")  # earlier versions have none
        return cls(Path(told["path"]), findings, n_kept=told["n_answers"], assumed=assumed)
