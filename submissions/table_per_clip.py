"""A zip with one table per clip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from emotiw.challenges.spec import Answer, ChallengeSpec
from submissions.archive import wrapper_of
from submissions.check_report import CheckReport
from submissions.submission_format import ZipFormat
from submissions.table_files import Column, Table


class TablePerClip(ZipFormat):
    """Tables in a folder; the first part of a row's id names its table.

    Attributes:
        columns: as in :class:`~submissions.table_files.Table`; the ``id`` columns hold the rest of
            the id.
        folder: inside the zip; the top where empty.
        separator: between fields.
    """

    suffix: str = ".csv"
    columns: tuple[Column, ...]
    folder: str = ""
    separator: str = ","

    def members(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> dict[str, bytes]:
        """Return one table per clip, by its name inside the zip."""
        return {
            self._member(clip_id): self._table.to_bytes(
                spec, {rest: predictions[_join(clip_id, rest)] for rest in rests}
            )
            for clip_id, rests in _by_clip(predictions).items()
        }

    def check_members(
        self,
        spec: ChallengeSpec,
        members: Mapping[str, bytes],
        expected_ids: Collection[str],
        report: CheckReport,
    ) -> None:
        """Note everything that is wrong with the names and rows of the tables."""
        by_clip = _by_clip(expected_ids)
        wanted = {self._member(clip_id): clip_id for clip_id in by_clip}
        files = {name: data for name, data in members.items() if not name.endswith("/")}
        wrapper = wrapper_of(files)
        if wrapper and wrapper != self.folder.split("/")[0]:
            inside = self.folder or "the tables"
            advice = f"zip {inside}, not the folder around it: platforms look at the top of the zip"
            report.add("folder in the zip", [f"{wrapper}/"], advice=advice)
        report.add("missing", sorted(wanted.keys() - files.keys()))
        extra = sorted(files.keys() - wanted.keys())
        bare = {name.rsplit("/", 1)[-1].casefold(): name for name in wanted}
        report.add(
            "unexpected",
            [
                f"{name} (is it {bare[base]!r}?)"
                if (base := name.rsplit("/", 1)[-1].casefold()) in bare
                else name
                for name in extra
            ],
        )
        together: dict[str, list[str]] = defaultdict(list)
        for name in sorted(files.keys() & wanted.keys()):
            clip_id, single = wanted[name], CheckReport(report.path)
            self._table.check_rows(spec, files[name], by_clip[clip_id], single, where=name)
            report.answers |= {_join(clip_id, rest): a for rest, a in single.answers.items()}
            for finding in single.findings:
                together[finding.kind] += finding.items
        for kind, items in together.items():
            report.add(kind, items)

    @property
    def _table(self) -> Table:
        shared = ("columns", "separator", "suffix", "decimals")
        return Table(**{name: getattr(self, name) for name in shared})

    def _member(self, clip_id: str) -> str:
        return f"{self.folder}/{clip_id}{self.suffix}" if self.folder else clip_id + self.suffix


def _by_clip(row_ids: Iterable[str]) -> dict[str, list[str]]:
    rests: dict[str, list[str]] = defaultdict(list)
    for row_id in row_ids:
        clip_id, _, rest = row_id.partition("/")
        rests[clip_id].append(rest)
    return rests


def _join(clip_id: str, rest: str) -> str:
    return f"{clip_id}/{rest}"
