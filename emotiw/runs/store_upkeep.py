"""What lies in a store, whether it is whole, and taking it out."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emotiw.core.checksums import are_intact
from emotiw.core.errors import DamagedArtifactError
from emotiw.core.files import PARTIAL, is_leftover
from emotiw.core.packing import take_out
from emotiw.core.packs import Pack, open_loose
from emotiw.core.store import ARTIFACTS, Store
from emotiw.models.out_of_fold import is_damaged

DAY_SEC = 24 * 3600.0


@dataclass(frozen=True)
class Item:
    """One artifact where it lies: a loose file, a row of a pack, a trained model, kept scores.

    Attributes:
        stage: ``faces``, ``features``, ``models`` or ``scores``.
        key: its name.
        path: the file or folder that it is, or is in.
        size: bytes.
        made_at: seconds since 1970; of a pack, when the youngest in it was made.
        pack: the pack and the row, where it is in one.
    """

    stage: str
    key: str
    path: Path
    size: int
    made_at: float
    pack: tuple[Pack, int] | None = None

    @property
    def age_sec(self) -> float:
        """How long ago it was made."""
        return time.time() - self.made_at

    @property
    def is_young(self) -> bool:
        """Whether it was made within a day, so that a run that is at work may need it."""
        return self.age_sec < DAY_SEC

    def is_whole(self) -> bool:
        """Return whether it is as it was written; all of it is read."""
        if self.pack is not None:
            return self.pack[0].is_whole(self.pack[1])
        if self.stage == "models":
            return not is_damaged(self.path)
        if self.stage == "scores":
            return are_intact(self.path.with_suffix(".sha256"))
        try:
            return open_loose(self.path).is_whole(0)
        except DamagedArtifactError:
            return False


def items_of(store: Store) -> list[Item]:
    """Return every artifact of a store, by stage."""
    found = [item for stage in ARTIFACTS for item in _artifacts(store, stage)]
    for folder in (store.root / "models").glob("??/*"):
        files = [path.stat() for path in folder.rglob("*") if path.is_file()]
        made_at = max((stat.st_mtime for stat in files), default=folder.stat().st_mtime)
        size = sum(stat.st_size for stat in files)
        found.append(Item("models", folder.name, folder, size, made_at))
    for path in (store.root / "scores").glob("??/*.csv"):
        stats = [file.stat() for file in path.parent.glob(f"{path.stem}.*")]
        size, made_at = sum(s.st_size for s in stats), max(s.st_mtime for s in stats)
        found.append(Item("scores", path.stem, path, size, made_at))
    return found


def unreadable_packs(store: Store) -> list[Path]:
    """Return the packs in which nothing can be found."""
    found: list[Path] = []
    for stage in ARTIFACTS:
        packs = store.packs(stage)
        packs.all()
        found += sorted(packs.unreadable)
    return found


def leftovers(store: Store) -> list[Path]:
    """Return what killed writers left in a store."""
    return [path for path in store.root.rglob(f"{PARTIAL}*") if is_leftover(path)]


def remove(store: Store, items: Iterable[Item]) -> None:
    """Take artifacts out of a store; packs that hold others too are written anew without them."""
    of_pack: dict[Path, list[Item]] = defaultdict(list)
    for item in items:
        if item.pack is not None:
            of_pack[item.path].append(item)
        elif item.path.is_dir():
            shutil.rmtree(item.path)
        elif item.stage == "scores":
            for path in item.path.parent.glob(f"{item.key}.*"):
                path.unlink(missing_ok=True)
        else:
            item.path.unlink(missing_ok=True)
    for group in of_pack.values():
        assert group[0].pack is not None
        take_out(store.packs(group[0].stage), group[0].pack[0], {item.key for item in group})


def _artifacts(store: Store, stage: str) -> Iterator[Item]:
    for pack in store.packs(stage).all():
        made_at = pack.path.stat().st_mtime
        for row, key in enumerate(pack.keys):
            name = key.decode(errors="replace")
            yield Item(stage, name, pack.path, pack.size_of(row), made_at, (pack, row))
    loose = {}
    for name, path in store.loose(stage).items():
        with suppress(FileNotFoundError):  # it has just been packed
            loose[name] = (path, path.stat())
    # a stage that is at work may have begun long ago
    made_at = max((stat.st_mtime for _, stat in loose.values()), default=0.0)
    for name, (path, stat) in loose.items():
        yield Item(stage, name, path, stat.st_size, made_at)
