"""What every layout reader is: its options as fields, and a way to read a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from re import Pattern
from typing import ClassVar

from emotiw.challenges.duplicate_ids import SameId
from emotiw.challenges.manifest_builder import ManifestBuilder, media_files
from emotiw.challenges.spec import ChallengeSpec, FoldProtocol
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.media.file_kinds import MEDIA
from emotiw.core.part import DataPart


class Reader(DataPart):
    """A layout and its options; readers of one's own derive from it.

    Attributes:
        inside: names that the corpus folder may have below the root that the user gives.
        extensions: of the clips, lower case, the preferred one first.
        same_id: what becomes of different files whose names give one id: ``refuse`` them, or
            ``qualify`` their ids.
        protocol: which published protocol of cross-validation; the challenge's first where None,
            ``none`` for none of them.
        group_pattern: regular expression that finds the speaker or source video in the path of a
            clip below the root, where the challenge's own files name none: its first group, or all
            of it.
        tells_of_others: whether files below the root that are no clip are worth a warning.
    """

    tells_of_others: ClassVar[bool] = True

    inside: tuple[str, ...] = ()
    extensions: tuple[str, ...] = MEDIA
    same_id: SameId = "refuse"
    protocol: str | None = None
    group_pattern: Pattern[str] | None = None

    def read(self, builder: ManifestBuilder) -> None:
        """Note every clip, problem and warning of ``builder.root``."""
        raise NotImplementedError

    def rows(self, builder: ManifestBuilder) -> Iterable[str] | None:
        """Return what a submission answers for, where that isn't simply the test clips."""
        return None

    def rank_of(self, path: Path) -> int:
        """Return how far back a file's extension stands in the list; unknown ones come last."""
        suffix = path.suffix.lower()
        return self.extensions.index(suffix) if suffix in self.extensions else len(self.extensions)

    def media_by_stem(self, builder: ManifestBuilder) -> dict[str, list[Path]]:
        """Return the files of every stem below the root, as far as they have its best extension."""
        found: dict[str, list[Path]] = {}
        for path in sorted(media_files(builder.root, self.extensions), key=self.rank_of):
            same = found.setdefault(path.stem, [])
            if not same or self.rank_of(same[0]) == self.rank_of(path):
                same.append(path)
        return found

    def media_of(
        self, builder: ManifestBuilder, files: Mapping[str, list[Path]], clip_id: str, stem: str
    ) -> tuple[Path, bool]:
        """Return the one file of a clip, or where it should be, and whether it is there."""
        own = files.get(stem, [])
        if len(own) > 1:
            names = ", ".join(map(builder.name, own))
            builder.problems.add(f"clip {clip_id!r} has {len(own)} files: {names}")
        return (own[0] if own else builder.root / (stem + self.extensions[0])), bool(own)

    def expects(self) -> str:
        """Say what the folder should hold, for the message that there is nothing in it."""
        if self.extensions == MEDIA:
            return "videos, photographs or recordings"
        return f"files ending in {', '.join(self.extensions)}"

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return what lies where below the root, and what it is for: for people, not for reading.

        ``*`` is as in a shell, and ``**`` stands for any folders or none.
        """
        return {f"**/{self.a_clip}": "clips"}

    @property
    def a_clip(self) -> str:
        """The names of clips, in short."""
        if self.extensions == MEDIA:
            return "any video, photograph or recording"
        return ", ".join(f"*{extension}" for extension in self.extensions)

    def protocol_of(self, spec: ChallengeSpec) -> FoldProtocol | None:
        """Return the protocol that the options name.

        Raises:
            ConfigError: if the challenge has no such protocol.
        """
        if self.protocol == "none":
            return None
        if self.protocol is None:
            return next(iter(spec.folds.values()), None)
        if self.protocol not in spec.folds:
            raise ConfigError(
                f"{spec.name} has no protocol {self.protocol!r}"
                f"{suggest(self.protocol, spec.folds)} (known: {', '.join(spec.folds)})"
            )
        return spec.folds[self.protocol]
