"""Artifacts kept by what they were made from: same clip, same options, same bytes.

Any number of processes, of any number of machines, may work in one store: nothing is locked, and
nothing is changed once it has its name. What is being made is a loose file per artifact; a stage
that is through puts its own into packs of thousands. What is found in neither is made anew, and
what is found in both, or twice, is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Any, TypeVar

from emotiw.core.errors import ArtifactError, DamagedArtifactError
from emotiw.core.files import sweep
from emotiw.core.pack_index import PackIndex
from emotiw.core.packing import put_together
from emotiw.core.packs import Arrays, Pack, Tensors, entry_of, open_loose, write_pack

T = TypeVar("T")
LOOSE, PACKS = "loose", "packs"
ARTIFACTS = ("faces", "features")
STAGES = (*ARTIFACTS, "models", "scores")  # the latter two are folders and tables of their own


def artifact_key(
    stage: str,
    *,
    version: str,
    content: str,
    options: Mapping[str, Any],
    weights: str = "",
) -> str:
    """Return the name of an artifact: a hash of everything that its bytes depend on.

    Args:
        stage: the stage or extractor.
        version: raised by an extractor whenever its results change.
        content: the sha256 of what goes in: a clip's bytes, or the key of an earlier artifact.
        options: the options that affect the result; workers, batch size and device stay out.
            Anything JSON can hold, paths and sets.
        weights: the sha256 of the network's weights, where there is a network.

    Examples:
        >>> a = artifact_key("faces", version="1", content="00", options={"x": 1, "y": 2})
        >>> b = artifact_key("faces", version="1", content="00", options={"y": 2, "x": 1})
        >>> c = artifact_key("faces", version="1", content="00", options={"x": 1, "y": 3})
        >>> a == b, a == c, len(a)
        (True, False, 64)
    """
    text = json.dumps(options, sort_keys=True, default=_plain)
    parts = [stage, version, content, weights, text]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _plain(value: object) -> object:
    # nothing whose text may differ from run to run: the order of a set, the address of an object
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"an option of {type(value).__name__} can't be part of an artifact's key")


class Store:
    """A folder of artifacts named by :func:`artifact_key`, safe to share between runs.

    Attributes:
        root: the folder; below it one for every stage.
        damaged: keys of artifacts that were found damaged, by this object or before, and have not
            been made anew.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: set[str] = set()
        self._home = str(root.absolute())

    def path(self, stage: str, key: str) -> Path:
        """Return where an artifact of that key is put when it is made."""
        return self.root / stage / LOOSE / f"{key}.safetensors"

    def has(self, stage: str, key: str) -> bool:
        """Return whether an artifact of that key is there; one known to be damaged is not.

        Of those in packs only what was noted is checked; their data were when they were packed,
        and are again when they are read. Loose ones are read whole.
        """
        try:
            self._ask(stage, key, _look)
        except ArtifactError:
            return False
        return True

    def write(self, stage: str, key: str, tensors: Tensors, metadata: Mapping[str, Any]) -> Path:
        """Write an artifact whole or not at all; same input, same bytes.

        Args:
            metadata: anything JSON can hold that is the same on every run (no clock, no host).
        """
        path = self.path(stage, key)
        # not flushed: what a power cut spoils is found by its check, and made anew
        write_pack(path, [entry_of(key, tensors, metadata)], durable=False)
        self.damaged.discard(key)
        return path

    def read(self, stage: str, key: str) -> Arrays:
        """Return the arrays of an artifact, which are as they were written.

        Raises:
            DamagedArtifactError: if they aren't; from now on they count as absent.
            ArtifactError: if there is no such artifact.
        """
        return self._ask(stage, key, Pack.arrays)

    def metadata(self, stage: str, key: str) -> dict[str, Any]:
        """Return what was noted when the artifact was written, without reading its arrays.

        Raises:
            DamagedArtifactError: if that isn't as it was written.
            ArtifactError: if there is no such artifact.
        """
        return self._ask(stage, key, Pack.noted)

    def pack(self, stage: str, keys: Iterable[str]) -> None:
        """Put loose artifacts into few large files, once all of them are made.

        Damaged ones are left out. It may be cut at any instant, and any number of processes may
        do it at once.
        """
        packs, wanted = self.packs(stage), set(keys)
        is_done = False
        while not is_done:
            packs.refresh()
            loose = {key: path for key, path in self.loose(stage).items() if key in wanted}
            is_packed = {key: packs.find(key) is not None for key in loose}
            for key in [key for key in loose if is_packed[key]]:
                loose.pop(key).unlink(missing_ok=True)
            try:
                put_together(packs, loose.values())
                is_done = True
            except FileNotFoundError:  # another process has packed some of them
                continue
        for folder in (packs.folder, packs.folder.with_name(LOOSE)):
            sweep(folder)

    def packs(self, stage: str) -> PackIndex:
        """Return the packs of a stage, their keys read once per process."""
        return _index_of(self._home, stage)

    def loose(self, stage: str) -> dict[str, Path]:
        """Return the loose files of a stage by key, those of earlier versions among them."""
        folder = self.root / stage
        places = [folder / LOOSE, *(p for p in _entries(folder) if len(p.name) == 2)]
        files = (path for place in places for path in _entries(place))
        return {p.stem: p for p in files if p.suffix == ".safetensors" and p.name[0] != "."}

    def loose_paths(self, stage: str, key: str) -> list[Path]:
        """Return where a loose artifact may be, now and where earlier versions wrote it."""
        return [self.path(stage, key), self.root / stage / key[:2] / f"{key}.safetensors"]

    def _ask(self, stage: str, key: str, ask: Callable[[Pack, int], T]) -> T:
        packs, damage = self.packs(stage), None
        packs.has_changed()
        for _ in range(2):
            while (place := packs.find(key)) is not None:
                try:
                    return ask(*place)
                except FileNotFoundError:  # it is in another pack now
                    packs.drop(place[0])
                except DamagedArtifactError as error:
                    damage = error
                    packs.mark_bad(place[0], key)
            for path in self.loose_paths(stage, key):
                try:
                    return ask(open_loose(path), 0)
                except FileNotFoundError:
                    continue
                except DamagedArtifactError as error:
                    damage = error
            if not packs.has_changed(is_recent=True):  # it may have been packed between two looks
                break
        if damage is not None or packs.knows_as_bad(key):
            self.damaged.add(key)
        raise damage or ArtifactError(f"{self.path(stage, key)}: artifact is missing")


def _look(pack: Pack, row: int) -> None:
    pack.check_note(row)
    if pack.path.parent.name != PACKS and not pack.is_whole(row):
        raise DamagedArtifactError(f"{pack.path}: artifact is damaged")


@cache
def _index_of(home: str, stage: str) -> PackIndex:
    return PackIndex(Path(home, stage, PACKS))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
