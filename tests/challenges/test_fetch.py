from __future__ import annotations

import hashlib
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emotiw.challenges.download import DownloadError, download
from emotiw.challenges.downloads import Download, Listing, RemoteFile
from emotiw.challenges.fetch import fetch, fetchable
from emotiw.challenges.spec import ChallengeSpec, load_spec
from emotiw.challenges.unpack import unpack
from emotiw.core.errors import ConfigError

BYTES = bytes(range(256)) * 5000


@dataclass
class Server:
    """A server of this test alone, which can be told to misbehave."""

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range")
            state.requests.append((self.path, span))
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = 0
            if span is not None and state.knows_ranges:
                match = re.fullmatch(r"bytes=(\d+)-", span)
                assert match
                start = int(match[1])
                if start >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(data)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            rest = data[start:]
            self.wfile.write(rest[: state.break_after.pop(0)] if state.break_after else rest)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    engine = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{engine.server_port}"
    thread = threading.Thread(target=engine.serve_forever, daemon=True)
    thread.start()
    yield state
    engine.shutdown()
    engine.server_close()


def remote(server: Server, name: str = "/a.bin", data: bytes = BYTES) -> RemoteFile:
    server.files[name] = data
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return RemoteFile(url=server.url + name, size=len(data), md5=digest)


def test_a_file_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    file, target = remote(server), tmp_path / "a.bin"
    assert download(file, target, progress=lambda *step: seen.append(step))
    assert target.read_bytes() == BYTES
    assert seen[-1] == ("a.bin", len(BYTES), len(BYTES))
    assert not download(file, target)
    assert len(server.requests) == 1


def test_a_broken_connection_is_resumed(server: Server, tmp_path: Path) -> None:
    server.break_after = [300_000, 400_000]
    assert download(remote(server), tmp_path / "a.bin", pause_sec=0)
    assert (tmp_path / "a.bin").read_bytes() == BYTES
    assert [span for _, span in server.requests] == [None, "bytes=300000-", "bytes=700000-"]


def test_an_interrupted_run_is_taken_up_by_the_next(server: Server, tmp_path: Path) -> None:
    file = remote(server)
    server.break_after = [1000]
    with pytest.raises(DownloadError, match="run it again to go on"):
        download(file, tmp_path / "a.bin", attempts=1)
    assert not (tmp_path / "a.bin").exists()
    assert download(file, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BYTES
    assert server.requests[-1][1] == "bytes=1000-"


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.break_after = [1000]
    seen: list[tuple[str, int, int | None]] = []
    file, target = remote(server), tmp_path / "a.bin"
    assert download(file, target, pause_sec=0, progress=lambda *step: seen.append(step))
    assert target.read_bytes() == BYTES
    assert seen[-1] == ("a.bin", len(BYTES), len(BYTES))


def test_a_whole_part_of_unknown_size_is_recognised(server: Server, tmp_path: Path) -> None:
    server.files["/a.bin"] = BYTES
    (tmp_path / "a.bin.part").write_bytes(BYTES)
    assert download(RemoteFile(url=server.url + "/a.bin"), tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == BYTES


def test_a_file_that_changed_meanwhile_starts_again(server: Server, tmp_path: Path) -> None:
    server.files["/a.bin"] = b"short"
    (tmp_path / "a.bin.part").write_bytes(BYTES)
    assert download(RemoteFile(url=server.url + "/a.bin"), tmp_path / "a.bin", pause_sec=0)
    assert (tmp_path / "a.bin").read_bytes() == b"short"


def test_another_file_than_expected_is_refused(server: Server, tmp_path: Path) -> None:
    file = remote(server)
    server.files["/a.bin"] = BYTES[:-1] + b"x"
    with pytest.raises(DownloadError, match="checksum"):
        download(file, tmp_path / "a.bin")
    server.files["/a.bin"] = BYTES + b"more"
    with pytest.raises(DownloadError, match="bytes, expected"):
        download(file, tmp_path / "a.bin")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(DownloadError, match="4 bytes, expected"):
        download(file, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"mine"


def test_what_is_not_there_or_not_http_is_an_error_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="404"):
        download(RemoteFile(url=server.url + "/none"), tmp_path / "x")
    assert len(server.requests) == 1
    with pytest.raises(DownloadError, match="only http"):
        download(RemoteFile(url="file:///etc/passwd"), tmp_path / "x")


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def corpus(**parts: Download) -> ChallengeSpec:
    return load_spec("ravdess").model_copy(update={"downloads": parts})


def test_a_corpus_is_fetched_unpacked_and_fetched_no_more(server: Server, tmp_path: Path) -> None:
    archive = remote(server, "/Actors.zip", zip_of(Actor_01__a=b"1", Actor_02__b=b"2"))
    gone = RemoteFile(url=server.url + "/gone.zip")
    spec = corpus(audio=Download(licence="free", files=(archive, gone)))
    first = fetch(spec, tmp_path)
    assert (first.n_files, first.n_downloaded, first.n_unpacked) == (2, 1, 2)
    assert "404" in first.failures[gone.url]
    assert (tmp_path / "Actor_02/b").read_bytes() == b"2"
    (tmp_path / "Actor_01/a").unlink()
    again = fetch(spec, tmp_path)
    assert (again.n_downloaded, again.n_unpacked) == (0, 1)


def test_a_listed_corpus_is_fetched_file_by_file(server: Server, tmp_path: Path) -> None:
    server.files["/list.csv"] = b'"","FileName","x"\n1,"1001_A",0\n2,"1002_B",0\n3,"1001_A",0\n'
    server.files |= {"/wav/1001_A.wav": b"a", "/wav/1002_B.wav": b"b"}
    listing = Listing(
        url=server.url + "/list.csv", column="FileName", template=server.url + "/wav/{name}.wav"
    )
    spec = corpus(audio=Download(licence="free", listing=listing, folder="AudioWAV"))
    assert fetch(spec, tmp_path).n_downloaded == 2
    assert (tmp_path / "AudioWAV/1002_B.wav").read_bytes() == b"b"
    assert fetch(spec, tmp_path).n_downloaded == 0


def test_what_cannot_be_fetched_is_said() -> None:
    with pytest.raises(ConfigError, match="on request"):
        fetchable(load_spec("afew2017"))
    with pytest.raises(ConfigError, match="did you mean 'audio'"):
        fetchable(load_spec("ravdess"), ["adio"])
    assert [*fetchable(load_spec("crema_d"))] == ["audio", "video"]
    assert len(load_spec("ravdess").downloads["video"].files) == 24


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:/evil", "a\\..\\..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_are_refused(name: str, kind: str, tmp_path: Path) -> None:
    archive = tmp_path / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("good", b"1")
            opened.writestr(name, b"2")
    else:
        with tarfile.open(archive, "w") as tar:
            for each in ("good", name):
                tar.addfile(tarfile.TarInfo(each), io.BytesIO())
    with pytest.raises(DownloadError, match="leads out of the folder"):
        unpack(archive, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_links_and_damaged_archives_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(DownloadError, match="is a link"):
        unpack(archive, tmp_path / "home")
    broken = tmp_path / "b.zip"
    broken.write_bytes(zip_of(a=b"1" * 100)[:-30])
    with pytest.raises(DownloadError, match="can't be unpacked"):
        unpack(broken, tmp_path / "home")
