"""Layouts whose folder names are the labels: ``Train_AFEW/Happy/011145880.avi``."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from emotiw.challenges.manifest_builder import ManifestBuilder, first_folder, media_files
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.clip import NO_LABEL, Split
from emotiw.core.errors import suggest


class ClassFolders(Reader):
    """One folder per split; in it one per label, or the clips themselves where none is known.

    Attributes:
        splits: per split, the names its folder may have (``*`` as in a shell).
        beside: other folders that may lie among those of the labels (organisers' faces,
            landmarks and features); they are not read.
    """

    splits: dict[Split, tuple[str, ...]]
    beside: tuple[str, ...] = ()

    def read(self, builder: ManifestBuilder) -> None:
        """Note every clip; a clip that is not in a label's folder has no label."""
        folders = {name: first_folder(builder.root, names) for name, names in self.splits.items()}
        if not any(folders.values()):
            builder.problems.add(f"none of the folders of {builder.spec.title}: {self.expects()}")
        for split, folder in folders.items():
            if folder is None:
                builder.warnings.append(f"{split}: no folder {' or '.join(self.splits[split])}")
                continue
            unlabelled = media_files(folder, self.extensions, deep=False)
            if unlabelled and split not in NO_LABEL:
                builder.problems.add(
                    f"{builder.name(folder)}: {len(unlabelled)} clips outside any label's folder, "
                    f"e.g. {unlabelled[0].name}"
                )
            for path in unlabelled:
                builder.add(path.stem, path, split)
            for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
                self._read_label(builder, inner, split)

    def expects(self) -> str:
        """Say which folders there should be."""
        return "; ".join(f"{split}: {' or '.join(names)}" for split, names in self.splits.items())

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return a folder per split, and in it one per label; of test clips nobody knows any."""
        found = {}
        for split, (name, *others) in self.splits.items():
            told = f"{split} clips" + (f" (or {', '.join(others)})" if others else "")
            found[f"{name}/{'' if split in NO_LABEL else '<label>/'}{self.a_clip}"] = told
        return found

    def _read_label(self, builder: ManifestBuilder, folder: Path, split: Split) -> None:
        name = folder.name
        if name.startswith((".", "__")) or any(fnmatch(name, known) for known in self.beside):
            return
        clips = media_files(folder, self.extensions)
        if builder.spec.label_of(name) is None and name not in builder.spec.ignored_codes:
            if clips:
                builder.problems.add(
                    f"{builder.name(folder)}: unknown label {name!r}"
                    f"{suggest(name, builder.spec.labels)} with {len(clips)} clips "
                    f"(expected one of {', '.join(builder.spec.labels)})"
                )
            return
        for path in clips:
            builder.add(path.stem, path, split, code=name)
