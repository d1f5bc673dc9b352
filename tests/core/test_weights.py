"""Weights cards: the right bytes or an error, and nothing fetched unless somebody asks."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import (
    WeightsCard,
    card_names,
    fetch,
    fingerprint,
    locate,
    read_card,
    verify,
)
from tests.download_server import serving

BYTES = b"not really weights"
DIGEST = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "net.pt").write_bytes(BYTES)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def card_of(source: object, sha256: str = "") -> WeightsCard:
    entries = {"name": "net", "backbone": "x", "size": 48, "embedding": 4}
    return WeightsCard.model_validate({**entries, "source": source, "sha256": sha256})


def test_every_bundled_card_is_valid_and_says_its_terms() -> None:
    assert card_names()
    for name in card_names():
        card = read_card(name)
        assert card.name == name
        assert card.licence
        assert len(card.mean) == len(card.std) == (1 if card.colour == "grey" else 3)


def test_weights_inside_an_installed_package_are_found() -> None:
    card = card_of({"package": "facenet_pytorch", "path": "data/onet.pt"})
    assert locate(card).stat().st_size > 1_000_000
    assert verify(card).known_from == "nobody"


def test_a_network_that_is_shown_something_else_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"weights")
    card = card_of({"file": tmp_path / "net.pt"})
    plain = fingerprint(card)
    assert fingerprint(card, verify(card)) == plain
    for change in ({"window": (0.1, 0.1, 0.9, 0.9)}, {"mirrored": True}, {"sharpen": 0.5}):
        assert fingerprint(card.model_copy(update=change)) != plain
    for change in ({"notes": {"told": "later"}}, {"name": "other"}, {"licence": "another"}):
        assert fingerprint(card.model_copy(update=change)) == plain
    (tmp_path / "net.pt").write_bytes(b"others")
    assert fingerprint(card) != plain


def test_locating_never_fetches(cache: Path, site: tuple[str, Path]) -> None:
    card = card_of({"url": f"{site[0]}/net.pt"}, DIGEST)
    with pytest.raises(WeightsError, match="emotiw weights fetch net"):
        locate(card)
    assert not cache.exists()


def test_a_fetched_file_is_verified_and_kept(cache: Path, site: tuple[str, Path]) -> None:
    card = card_of({"url": f"{site[0]}/net.pt"}, DIGEST)
    seen: list[tuple[str, int, int | None]] = []
    found = fetch(card, progress=lambda *step: seen.append(step))
    assert found.known_from == "card"
    assert seen[-1] == ("net.pt", len(BYTES), len(BYTES))
    (site[1] / "net.pt").unlink()
    assert fetch(card) == found  # the second time nothing is asked of the site
    assert locate(card).read_bytes() == BYTES


def test_wrong_bytes_are_refused_and_not_kept(cache: Path, site: tuple[str, Path]) -> None:
    card = card_of({"url": f"{site[0]}/net.pt"}, "0" * 64)
    with pytest.raises(WeightsError, match=DIGEST):
        fetch(card)
    assert not list(cache.rglob("*.pt"))


def test_an_unknown_hash_is_recorded_at_the_first_fetch(
    cache: Path, site: tuple[str, Path]
) -> None:
    card = card_of({"url": f"{site[0]}/net.pt"})
    assert fetch(card).known_from == "nobody"
    assert verify(card).known_from == "first fetch"
    locate(card).write_bytes(b"other")
    with pytest.raises(WeightsError, match="first fetch"):
        verify(card)


def test_a_file_from_another_address_is_not_taken_for_the_cards(
    cache: Path, site: tuple[str, Path]
) -> None:
    fetch(card_of({"url": f"{site[0]}/net.pt"}))
    moved = card_of({"url": f"{site[0]}/v2/net.pt"})
    for ask in (verify, fetch):
        with pytest.raises(
            WeightsError, match=r"fetched from .*/net\.pt, and the card says .*/v2/"
        ):
            ask(moved)


def test_a_fetch_goes_on_where_it_stopped(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    (cache / "net").mkdir(parents=True)
    (cache / "net/net.pt.part").write_bytes(BYTES[:7])
    with serving() as server:
        server.files["/net.pt"] = BYTES
        card = card_of({"url": f"{server.url}/net.pt?download=true"}, DIGEST)
        server.files["/net.pt?download=true"] = BYTES
        assert fetch(card).known_from == "card"
    assert server.requests == [("/net.pt?download=true", "bytes=7-")]
    assert [path.name for path in (cache / "net").iterdir()] == ["net.pt"]


def test_a_server_that_talks_nonsense_is_told_without_a_traceback(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        server.odd["/net.pt"] = (200, {"Content-Length": "abc"}, b"hi")
        server.files["/page.pt"] = b"<html>please log in</html>"
        for name, says in (("net", "Content-Length: 'abc'"), ("page", "an HTML page")):
            with pytest.raises(WeightsError, match=says):
                fetch(card_of({"url": f"{server.url}/{name}.pt"}))
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_record_that_was_damaged_is_told(cache: Path, site: tuple[str, Path]) -> None:
    card = card_of({"url": f"{site[0]}/net.pt"})
    fetch(card)
    locate(card).with_name("net.pt.sha256").write_text("oops")
    with pytest.raises(WeightsError, match="expected a sha256, got 'oops'; remove it"):
        verify(card)


def test_without_a_network_it_is_said_where_the_file_belongs(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    card = card_of({"url": "http://127.0.0.1:9/net.pt"}, DIGEST)
    with pytest.raises(WeightsError, match="or get it elsewhere, and put it at ") as caught:
        fetch(card)
    place = Path(str(caught.value).rpartition("put it at ")[2])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(BYTES)
    assert fetch(card).path == place


def test_a_site_that_has_nothing_is_named(cache: Path, site: tuple[str, Path]) -> None:
    card = card_of({"url": f"{site[0]}/nothing.pt"})
    with pytest.raises(WeightsError, match=r"nothing\.pt"):
        fetch(card)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "names no source"),
        ({"package": "no_such_package", "path": "a.pt"}, "not installed"),
        ({"file": "a.pkl"}, "none of"),
        ({"file": "/nowhere/a.pt"}, "no file"),
    ],
)
def test_a_source_that_is_not_there_is_named(source: object, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        locate(card_of(source))


def test_unknown_card_and_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'mtcnn_onet'"):
        read_card("mtcnn_one")
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nbackbone: x\nsize: 48\nembedding: 4\nlicense: MIT\n")
    with pytest.raises(ConfigError, match="did you mean 'licence'"):
        read_card(path)


def test_a_file_is_relative_to_its_card(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"")
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nbackbone: x\nsize: 8\nembedding: 4\nsource: {file: w.safetensors}\n"
    )
    assert locate(read_card(path)) == tmp_path / "w.safetensors"


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_state_dicts_load_and_pickled_objects_never_run(tmp_path: Path) -> None:
    state = {"a.weight": torch.arange(3.0)}
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pt")
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "b.pt")
    for name in ("a.safetensors", "a.pt", "b.pt"):
        assert torch.equal(load_state(tmp_path / name)["a.weight"], state["a.weight"])

    marker = tmp_path / "ran"
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil(marker)))
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-4])
    for name in ("evil.pt", "module.pt", "list.pt", "cut.safetensors", "missing.pt"):
        with pytest.raises(WeightsError, match=name):
            load_state(tmp_path / name)
    assert not marker.exists()


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.marker,))
