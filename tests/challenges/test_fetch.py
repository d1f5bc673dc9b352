from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from emotiw.challenges.certainty import unproved
from emotiw.challenges.downloads import Download, Listing
from emotiw.challenges.fetch import fetch, fetchable
from emotiw.challenges.spec import ChallengeSpec, load_spec, spec_names
from emotiw.challenges.unpack import DamagedArchive, unpack
from emotiw.core.errors import ConfigError
from emotiw.core.remote_file import DownloadError, RemoteFile
from tests.download_server import Server, remote, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as state:
        yield state


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


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (b"<html>please log in</html>", "an HTML page (a login page?) came in place of the"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error>AccessDenied</Error>", "an XML document (an e"),
        (b'{"error": "quota"}', "JSON (an error message?) came in place of the archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid x", "a pointer of Git LFS came"),
        (b"PK\x03\x04 cut off", "something else, or a part of it came in place of the archive"),
        (b"", "something else"),
    ],
)
@pytest.mark.parametrize("name", ["Actors.zip", "Actors.tar.gz"])
def test_what_is_no_archive_is_refused_and_asked_for_again(
    server: Server, tmp_path: Path, name: str, first: bytes, says: str
) -> None:
    """Nobody knows its checksum."""
    file = RemoteFile(url=f"{server.url}/{name}")
    spec = corpus(audio=Download(licence="free", files=(file,)))
    server.files[f"/{name}"] = first
    assert says in fetch(spec, tmp_path).failures[file.url]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("folder", ["../out", "a/../../out", "/out", "C:/out", "..\\out"])
def test_no_part_leaves_the_folder_of_the_corpus(folder: str) -> None:
    with pytest.raises(ValidationError, match="expected a folder below the corpus"):
        Download(licence="free", folder=folder)


def test_an_archive_that_is_cut_off_is_refused(server: Server, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "whole.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("a")
        member.size = 5000
        tar.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(5000)))
    whole = (tmp_path / "whole.tar.gz").read_bytes()
    for size in (20, 300, len(whole) - 30):
        file = RemoteFile(url=f"{server.url}/{size}.tar.gz")
        server.files[f"/{size}.tar.gz"] = whole[:size]
        done = fetch(corpus(audio=Download(licence="free", files=(file,))), tmp_path / "to")
        assert "the next run asks again" in done.failures[file.url]
    assert not [path for path in (tmp_path / "to").rglob("*") if path.is_file()]


def test_a_page_that_an_earlier_run_kept_is_replaced(server: Server, tmp_path: Path) -> None:
    file = RemoteFile(url=server.url + "/Actors.zip")
    spec = corpus(audio=Download(licence="free", files=(file,)))
    (tmp_path / ".archives").mkdir()
    (tmp_path / ".archives/Actors.zip").write_bytes(b"<html>please log in</html>")
    server.files["/Actors.zip"] = zip_of(Actor_01__a=b"1")
    again = fetch(spec, tmp_path)
    assert (again.n_downloaded, again.n_unpacked, again.failures) == (1, 1, {})
    assert fetch(spec, tmp_path).n_downloaded == 0


def test_an_archive_that_only_could_not_be_written_is_kept(server: Server, tmp_path: Path) -> None:
    file = RemoteFile(url=server.url + "/Actors.zip")
    server.files["/Actors.zip"] = zip_of(Actor_01__a=b"1")
    (tmp_path / "Actor_01").write_bytes(b"in the way")
    done = fetch(corpus(audio=Download(licence="free", files=(file,))), tmp_path)
    assert "can't be unpacked" in done.failures[file.url]
    assert (tmp_path / ".archives/Actors.zip").is_file()


def test_a_list_that_is_none_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    listing = Listing(
        url=server.url + "/list.csv", column="name", template=server.url + "/{name}.wav"
    )
    spec = corpus(audio=Download(licence="free", listing=listing))
    server.files |= {"/list.csv": b"please,log\nin\n", "/a.wav": b"a"}
    with pytest.raises(DownloadError, match=r"line 1: no column 'name'"):
        fetch(spec, tmp_path)
    server.files["/list.csv"] = b"name\na\n"
    assert fetch(spec, tmp_path).n_downloaded == 1


def test_an_address_without_a_name_fails_alone(server: Server, tmp_path: Path) -> None:
    server.files["/a.wav"] = b"a"
    files = (RemoteFile(url=server.url + "/%2e%2e"), RemoteFile(url=server.url + "/a.wav"))
    done = fetch(corpus(audio=Download(licence="free", files=files)), tmp_path)
    assert done.n_downloaded == 1
    assert "names no file" in done.failures[files[0].url]


def test_a_part_with_too_few_files_is_told(server: Server, tmp_path: Path) -> None:
    archive = remote(server, "/Actors.zip", zip_of(**{"a.wav": b"1", "b.wav": b"2", "c.txt": b""}))
    spec = corpus(audio=Download(licence="free", files=(archive,), n_files=3))
    assert fetch(spec, tmp_path).odd == ("audio: 2 files of sound or video, 3 were published",)
    whole = corpus(audio=Download(licence="free", files=(archive,), n_files=2))
    assert fetch(whole, tmp_path).odd == ()


@pytest.mark.parametrize("name", spec_names())
def test_every_corpus_is_fetched_or_tells_where_to_ask(name: str) -> None:
    spec = load_spec(name)
    if spec.downloads:
        assert all(part.n_files for part in spec.downloads.values())
        return
    with pytest.raises(ConfigError) as caught:
        fetchable(spec)
    for word in ("ask:", "unpack:", "layout:"):
        assert word in str(caught.value)
    for doubt in unproved(spec, "layout"):
        assert f"assumed: {doubt.says}" in str(caught.value)


def test_what_cannot_be_fetched_is_said() -> None:
    with pytest.raises(ConfigError, match=r"MERChallenge/MER2026(.|\n)*track1_train.csv"):
        fetchable(load_spec("mer2026"))
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
    with pytest.raises(DamagedArchive, match="can't be unpacked"):
        unpack(broken, tmp_path / "home")


def spec_with(path: Path, **parts: dict[str, str]) -> Path:
    path.write_text(yaml.safe_dump({"extends": "ravdess", "name": "mine", "downloads": parts}))
    return path


@pytest.mark.parametrize("folder", ["../out", "a/../../out", "/out", "C:\\out", "a\\..\\..", "C:"])
def test_a_spec_cannot_write_outside_the_data_folder(tmp_path: Path, folder: str) -> None:
    spec = spec_with(tmp_path / "mine.yaml", a={"licence": "free", "folder": folder})
    with pytest.raises(
        ConfigError, match=r"mine.yaml:\d+: downloads.a.folder: .* below the corpus"
    ):
        load_spec(spec)


def test_the_list_of_a_part_stays_in_the_data_folder(tmp_path: Path) -> None:
    spec = spec_with(tmp_path / "mine.yaml", **{"../../out": {"licence": "free"}})
    with pytest.raises(ConfigError, match=r"downloads.*should match pattern"):
        load_spec(spec)


def test_folders_below_the_data_folder_are_welcome() -> None:
    for folder in (".", "AudioWAV", "a/b", "..hidden"):
        assert Download(licence="free", folder=folder).folder == folder
