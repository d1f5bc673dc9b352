"""A server on this machine alone that sends what a test wants, well-behaved or not."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emotiw.core.remote_file import RemoteFile

BYTES = bytes(range(256)) * 5000


@dataclass
class Server:
    """A server of one test alone, which can be told to misbehave.

    ``odd`` holds status, headers and body of what is sent as it is, by path.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    odd: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    url: str = ""


@contextmanager
def serving() -> Iterator[Server]:
    """Yield a server on this machine."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range")
            state.requests.append((self.path, span))
            if self.path in state.odd:
                status, headers, data = state.odd[self.path]
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(data)
                return
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
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            rest = data[start:]
            self.wfile.write(rest[: state.break_after.pop(0)] if state.break_after else rest)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    engine = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{engine.server_port}"
    thread = threading.Thread(target=engine.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        engine.shutdown()
        engine.server_close()


def remote(server: Server, name: str = "/a.bin", data: bytes = BYTES) -> RemoteFile:
    server.files[name] = data
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return RemoteFile(url=server.url + name, size=len(data), md5=digest)
