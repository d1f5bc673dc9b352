"""Zips: written so that the same answers give the same bytes, read without trusting them."""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from submissions.check_report import CheckReport

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
MAX_MEMBERS = 200_000
MAX_BYTES = 256 * 2**20
COPY_MARK = re.compile(r"(^|/)(\._[^/]*|(__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini)(/.*)?)$")
# absolute, upwards, a drive, or a backslash, which is a separator on Windows
UNSAFE = re.compile(r"^/|(^|/)\.\.(/|$)|^.:|\\")
READ_EVERYWHERE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip with fixed times, order and permissions; nothing is compressed.

    Examples:
        >>> zip_bytes({"b.txt": b"Sad", "a.txt": b"Happy"}) == zip_bytes(
        ...     {"a.txt": b"Happy", "b.txt": b"Sad"})
        True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, FIRST_DAY)
            info.create_system = 3  # Unix, wherever it is written
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, members[name])
    return buffer.getvalue()


def colliding(names: Collection[str]) -> list[str]:
    """Return the names that are one and the same on some file systems.

    Examples:
        >>> colliding(["IMG_1.txt", "img_1.txt", "b.txt"])
        ['IMG_1.txt, img_1.txt']
    """
    same: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        same[folded(name)].append(name)
    return [", ".join(twins) for twins in same.values() if len(twins) > 1]


def folded(name: str) -> str:
    """Return a name as file systems compare it that tell neither cases nor accents apart."""
    # a Mac writes an accent as a character of its own; some systems don't tell cases apart
    return unicodedata.normalize("NFC", name).casefold()


def wrapper_of(names: Collection[str]) -> str:
    """Return the one folder that all files of a zip lie in; nothing where there is none.

    Platforms of CodaLab's kind look for files at the top of a zip, and give such a one zero, or
    only "no such file": the folder was zipped instead of the files in it.

    Examples:
        >>> wrapper_of(["team/a.txt", "team/b.txt"]), wrapper_of(["a.txt", "b/c.txt"])
        ('team', '')
    """
    tops = {name.split("/", 1)[0] for name in names}
    return tops.pop() if len(tops) == 1 and all("/" in name for name in names) else ""


def read_zip(path: Path, report: CheckReport, *, max_member: int) -> dict[str, bytes]:
    """Return the files of a zip by name, without ever unpacking it to disk.

    Names that leave the zip, links, encrypted or oversized members are reported and not read; no
    more than ``max_member`` bytes of any member and 256 MiB in all are ever decompressed.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        report.add("not a zip", [f"{path.name}: {error}"])
        return {}
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            report.add("zip bomb", [f"{len(infos)} members"], advice="refused")
            return {}
        if not infos:
            report.add("empty zip", [path.name])
        elif n_before := min(info.header_offset for info in infos):
            told = [f"{path.name}: {n_before} bytes stand before the zip (a program that unpacks?)"]
            report.add("not a plain zip", told, advice="refused: it has to begin with its files")
            return {}
        readable = _sort_out(infos, report)
        return _read_all(archive, readable, report, max_member)


def _sort_out(infos: list[zipfile.ZipInfo], report: CheckReport) -> list[zipfile.ZipInfo]:
    # ZipInfo cuts names at a NUL and turns backslashes round on Windows: look at the original
    names = [info.orig_filename for info in infos]
    unsafe = {name for name in names if UNSAFE.search(name) or not name.isprintable()}
    copies = {name for name in names if COPY_MARK.search(name)}
    links = {i.orig_filename for i in infos if stat.S_ISLNK(i.external_attr >> 16)}
    locked = {i.orig_filename for i in infos if i.flag_bits & 0x1}
    packed = {
        i.orig_filename: METHODS.get(i.compress_type, f"method {i.compress_type}")
        for i in infos
        if i.compress_type not in READ_EVERYWHERE
    }
    report.add("unsafe name", sorted(map(repr, unsafe)), advice="refused: it leaves the zip")
    report.add("hidden file", sorted(copies - unsafe), advice="left by an operating system")
    report.add("link", sorted(links - unsafe), advice="refused: only plain files are allowed")
    told = "many programs read none but stored and deflated files"
    how = [f"{name}: {method}" for name, method in sorted(packed.items()) if name not in unsafe]
    report.add("unusual compression", how, advice=told)
    report.add("encrypted", sorted(locked - unsafe), advice="organisers have no password")
    twice = [f"{name} × {count}" for name, count in Counter(names).items() if count > 1]
    report.add("duplicate", twice, advice="one file per clip")
    out = unsafe | copies | links | locked | packed.keys()
    return [info for info in infos if info.orig_filename not in out]


def _read_all(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], report: CheckReport, max_member: int
) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    large: list[str] = []
    damaged: list[str] = []
    left = MAX_BYTES
    for info in infos:
        if info.is_dir():
            members[info.filename] = b""
            continue
        try:
            with archive.open(info) as file:
                data = file.read(min(max_member, left) + 1)
        except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, EOFError) as error:
            damaged.append(f"{info.filename}: {error}")
            continue
        except Exception as error:  # zlib.error, lzma.LZMAError and the like share no base class
            damaged.append(f"{info.filename}: {type(error).__name__}: {error}")
            continue
        left -= len(data)
        if len(data) > max_member or left < 0:
            large.append(f"{info.filename}: more than {min(max_member, left + len(data))} bytes")
            if left < 0:
                break
            continue
        members[info.filename] = data
    report.add("damaged", damaged)
    report.add("zip bomb", large, advice="refused: far too large for an answer")
    return members
