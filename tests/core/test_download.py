"""One downloader: whole or absent, whatever the server says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from emotiw.core.download import download
from emotiw.core.remote_file import DownloadError, RemoteFile
from tests.download_server import BYTES, Server, remote, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as state:
        yield state


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
    with pytest.raises(DownloadError, match="md5"):
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


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (200, {"Content-Length": "abc"}, "header says Content-Length: 'abc'"),
        (200, {"Content-Length": "-5"}, "header says Content-Length: '-5'"),
        (200, {"Content-Length": str(2**60)}, "are offered, at most"),
        (204, {}, "status 204"),
        (206, {"Content-Length": "2"}, "status 206"),
        (302, {"Location": "file:///etc/passwd"}, "not allowed"),
        (302, {"Location": "ftp://127.0.0.1/x"}, "unknown url type"),
        (302, {"Location": "/odd"}, "infinite loop"),
        (302, {"Location": "http://[x"}, "Invalid IPv6"),
        (403, {"Content-Length": "0"}, "403"),
    ],
)
def test_what_a_server_must_not_say_is_one_clear_error_at_once(
    server: Server, tmp_path: Path, status: int, headers: dict[str, str], says: str
) -> None:
    server.odd["/odd"] = (status, headers, b"hi")
    with pytest.raises(DownloadError, match=says) as caught:
        download(RemoteFile(url=server.url + "/odd"), tmp_path / "x", pause_sec=99)
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_file_without_end_is_stopped_at_the_limit(server: Server, tmp_path: Path) -> None:
    server.odd["/endless"] = (200, {}, bytes(5_000_000))
    with pytest.raises(DownloadError, match="stopped after 100 bytes"):
        download(RemoteFile(url=server.url + "/endless"), tmp_path / "x", limit=100)
    file = RemoteFile(url=server.url + "/endless", size=100)
    with pytest.raises(DownloadError, match="bytes, expected 100"):
        download(file, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_part_that_was_not_asked_for_is_never_joined_on(server: Server, tmp_path: Path) -> None:
    """A server that answers every request for a part with a part from the start."""
    (tmp_path / "a.bin.part").write_bytes(BYTES[:100])
    server.odd["/a.bin"] = (206, {"Content-Range": "bytes 0-9/10"}, b"0123456789")
    with pytest.raises(DownloadError, match="status 206"):
        download(RemoteFile(url=server.url + "/a.bin"), tmp_path / "a.bin", pause_sec=0)
    assert not list(tmp_path.iterdir())


def test_a_page_in_place_of_a_file_leaves_what_is_there(server: Server, tmp_path: Path) -> None:
    """Half of the file is here; the next answer is a page: it doesn't cost that half."""
    file = remote(server)
    (tmp_path / "a.bin.part").write_bytes(BYTES[:1000])
    page = b"<!DOCTYPE html><html>please log in</html>"
    server.odd["/a.bin"] = (200, {"Content-Length": str(len(page))}, page)
    with pytest.raises(DownloadError, match=f"{len(page)} bytes, expected {len(BYTES)}"):
        download(file, tmp_path / "a.bin")
    server.odd.clear()
    assert download(file, tmp_path / "a.bin")
    assert server.requests[-1][1] == "bytes=1000-"
    bare = RemoteFile(url=file.url)
    server.odd["/a.bin"] = (200, {}, b"\n" + page)
    with pytest.raises(DownloadError, match="an HTML page \\(a login page\\?\\) came"):
        download(bare, tmp_path / "b.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_checksums_of_both_kinds_count_in_any_case(
    server: Server, tmp_path: Path, algorithm: str
) -> None:
    url = remote(server).url
    right = hashlib.new(algorithm, BYTES).hexdigest()
    assert download(RemoteFile(url=url, **{algorithm: right.upper()}), tmp_path / "right")
    wrong = hashlib.new(algorithm, b"").hexdigest()
    with pytest.raises(DownloadError, match=f"{algorithm} {right}, expected {wrong}"):
        download(RemoteFile(url=url, **{algorithm: wrong}), tmp_path / "wrong")
    assert [path.name for path in tmp_path.iterdir()] == ["right"]
    with pytest.raises(ValidationError, match="pattern"):
        RemoteFile(url=url, **{algorithm: "12"})


def test_a_folder_that_cannot_be_written_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="file"):
        download(remote(server), tmp_path / "file" / "a.bin", pause_sec=99)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DownloadError, match="expected a file, and it is none"):
        download(remote(server), tmp_path / "folder")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b.zip?x=1/../evil.bin", "b.zip"),
        ("/..%2f..%2fb.zip", "b.zip"),
        ("/%2e%2e", ""),
        ("/", ""),
        ("/a%5C..%5Cb", ""),
        ("/a%0Ab", ""),
    ],
)
def test_names_never_lead_anywhere(path: str, name: str) -> None:
    assert RemoteFile(url="https://example.org" + path).name == name
