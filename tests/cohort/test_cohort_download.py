"""Downloads from a local server that misbehaves in every way that was thought of."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mechanisms.cohort.download import cache_folder, download
from mechanisms.cohort.integrity import unpack_tar
from mechanisms.errors import DataError

TEXT = b"".join(b"gene%d\t%d\t%d\n" % (i, i * i, i) for i in range(30_000))
GZ = gzip.compress(TEXT, mtime=0)
SHA = hashlib.sha256(GZ).hexdigest()
HTML = b"<!DOCTYPE html><html><body>502 Bad gateway</body></html>"


def bomb() -> bytes:
    """A gzip of zeros, made of one packed block many times: 320 MB from 0.3 MB."""
    return gzip.compress(bytes(2**20), mtime=0) * 320


class Server(ThreadingHTTPServer):
    """Answers as its `behaviour` says; counts requests and remembers their ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: Any = None
        self.ranges: list[str | None] = []

    def url(self, name: str = "data.txt.gz") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, *_: object) -> None:
        """Cut connections are what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        self.server.behaviour(self, len(self.server.ranges))

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def send(self, body: bytes, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        plain = {"Content-Length": len(body), "ETag": '"v1"', "Content-Type": "application/gzip"}
        for key, value in {**plain, **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
            if value is not None:
                self.send_header(key, str(value))
        self.end_headers()
        self.wfile.write(body)

    def send_rest(self, body: bytes, **headers: object) -> None:
        """Answer a Range request as servers do."""
        start = int((self.headers["Range"] or "bytes=0-").split("=")[1].rstrip("-"))
        content = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.send(body[start:], 206, Content_Range=content, **headers)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server: Server, folder: Path, name: str = "data.txt.gz", **options: Any) -> Any:
    return download(server.url(name), folder, name, wait=0, **options)


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_whole_file_is_kept_with_its_hash(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda h, n: h.send(GZ)
    seen = []
    done = get(server, tmp_path, progress=lambda *a: seen.append(a))
    assert done.path.read_bytes() == GZ
    assert (done.sha256, done.verified, done.fresh) == (SHA, False, True)
    assert left(tmp_path) == ["data.txt.gz", "data.txt.gz.sha256"]
    assert seen[-1] == ("data.txt.gz", len(GZ), len(GZ))
    again = get(server, tmp_path)
    assert not again.fresh
    assert len(server.ranges) == 1


def test_a_file_that_changed_in_the_cache_is_fetched_again(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda h, n: h.send(GZ)
    done = get(server, tmp_path)
    done.path.write_bytes(GZ[:-9])
    assert get(server, tmp_path).path.read_bytes() == GZ
    assert len(server.ranges) == 2


def test_a_file_of_unknown_origin_in_the_cache_is_not_trusted(
    server: Server, tmp_path: Path
) -> None:
    server.behaviour = lambda h, n: h.send(GZ)
    (tmp_path / "data.txt.gz").write_bytes(b"half of something")
    assert get(server, tmp_path).path.read_bytes() == GZ


# --- cuts -------------------------------------------------------------------------------------


def cut_once(handler: Handler, n: int) -> None:
    if n == 1:
        handler.send(GZ[: len(GZ) // 2], Content_Length=len(GZ))
    else:
        handler.send_rest(GZ)


def test_a_cut_download_goes_on_where_it_ended(server: Server, tmp_path: Path) -> None:
    server.behaviour = cut_once
    assert get(server, tmp_path, sha256=SHA).path.read_bytes() == GZ
    assert server.ranges == [None, f"bytes={len(GZ) // 2}-"]
    assert left(tmp_path) == ["data.txt.gz", "data.txt.gz.sha256"]


def test_a_refusal_after_a_cut_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda h, n: (
        h.send(GZ[:5000], Content_Length=len(GZ)) if n == 1 else h.send(b"", 503)
    )
    with pytest.raises(DataError, match="answers 503"):
        get(server, tmp_path)
    assert left(tmp_path) == []


def test_a_connection_that_always_breaks_leaves_nothing_that_looks_whole(
    server: Server, tmp_path: Path
) -> None:
    def drop(handler: Handler, n: int) -> None:
        if n == 1:
            handler.send(GZ[:5000], Content_Length=len(GZ))
        else:
            handler.connection.close()

    server.behaviour = drop
    with pytest.raises(DataError, match=r"failed 5 times, .* 5,000 bytes are kept, and the same"):
        get(server, tmp_path)
    assert left(tmp_path) == ["data.txt.gz.part", "data.txt.gz.part.json"]
    server.behaviour = lambda h, n: h.send_rest(GZ)
    assert get(server, tmp_path).path.read_bytes() == GZ
    assert server.ranges[-1] == "bytes=5000-"


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda h, n: h.send(GZ if n > 1 else GZ[:7000], Content_Length=len(GZ))
    assert get(server, tmp_path).path.read_bytes() == GZ


def test_a_file_that_changes_in_between_starts_again(server: Server, tmp_path: Path) -> None:
    other = gzip.compress(TEXT[::-1], mtime=0)

    def changed(handler: Handler, n: int) -> None:
        if n == 1:
            handler.send(GZ[:7000], Content_Length=len(GZ))
        else:
            assert handler.headers["If-Range"] == '"v1"'
            handler.send(other, ETag='"v2"')

    server.behaviour = changed
    assert get(server, tmp_path).path.read_bytes() == other


def test_a_rest_from_another_place_is_not_glued_on(server: Server, tmp_path: Path) -> None:
    def wrong_place(handler: Handler, n: int) -> None:
        if n == 1:
            handler.send(GZ[:7000], Content_Length=len(GZ))
        elif n == 2:
            handler.send(GZ[9:], 206, Content_Range=f"bytes 9-{len(GZ) - 1}/{len(GZ)}")
        else:
            handler.send(GZ)

    server.behaviour = wrong_place
    assert get(server, tmp_path).path.read_bytes() == GZ


def test_a_beginning_without_a_mark_is_not_continued(server: Server, tmp_path: Path) -> None:
    server.behaviour = lambda h, n: h.send(
        GZ if n > 1 else GZ[:7000], Content_Length=len(GZ), ETag=None
    )
    assert get(server, tmp_path).path.read_bytes() == GZ
    assert server.ranges == [None, None]


# --- lies -------------------------------------------------------------------------------------

LIES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "announces more than it sends": (
        lambda h, n: h.send(GZ, Content_Length=len(GZ) + 10, ETag=None),
        {},
        "failed 5 times, at last because: it ended after",
    ),
    "announces less than it has": (
        lambda h, n: h.send(GZ, Content_Length=len(GZ) - 10),
        {},
        "cut or damaged .* although the server called it complete",
    ),
    "no length, cut": (
        lambda h, n: h.send(GZ[:9000], Content_Length=None),
        {},
        "cut or damaged",
    ),
    "no length, text": (
        lambda h, n: h.send(TEXT, Content_Length=None, Content_Type="text/plain"),
        {},
        "does not say how long the file is",
    ),
    "another size than is known": (
        lambda h, n: h.send(GZ),
        {"size": 17},
        rf"announces {len(GZ):,} bytes where 17 are known",
    ),
    "more than is known": (
        lambda h, n: h.send(GZ, Content_Length=None),
        {"size": 17},
        "more than the 17 bytes",
    ),
    "less than is known": (
        lambda h, n: h.send(GZ, Content_Length=None),
        {"size": 10**9},
        "bytes arrived where 1,000,000,000 are known",
    ),
    "another hash": (lambda h, n: h.send(GZ), {"sha256": "0" * 64}, "has another hash"),
    "a page as text": (
        lambda h, n: h.send(HTML, Content_Type="text/html; charset=utf-8"),
        {},
        "announces a web page",
    ),
    "a page that calls itself data": (lambda h, n: h.send(HTML), {}, "page of text for people"),
    "an empty file": (lambda h, n: h.send(b""), {}, "an empty file arrived"),
    "a gzip bomb": (lambda h, n: h.send(bomb()), {}, "unpacks to more than 400 times"),
    "no such file": (lambda h, n: h.send(HTML, 404), {}, r"answers 404 .* no such file"),
    "forbidden": (lambda h, n: h.send(HTML, 403), {}, "answers 403"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_leave_nothing_behind(server: Server, tmp_path: Path, name: str) -> None:
    server.behaviour, options, message = LIES[name]
    with pytest.raises(DataError, match=f"(?s){message}") as refusal:
        get(server, tmp_path, **options)
    assert "\n" not in str(refusal.value)
    assert [n for n in left(tmp_path) if not n.endswith((".part", ".json"))] == []


def test_a_redirect_is_followed_to_http_only(server: Server, tmp_path: Path) -> None:
    def moved(handler: Handler, n: int) -> None:
        if handler.path == "/data.txt.gz":
            handler.send(b"", 302, Location="/elsewhere")
        else:
            handler.send(GZ)

    server.behaviour = moved
    assert get(server, tmp_path).path.read_bytes() == GZ
    server.behaviour = lambda h, n: h.send(b"", 302, Location="file:///etc/hostname")
    with pytest.raises(DataError, match=r"x\.gz: the server answers 302"):
        get(server, tmp_path, "x.gz")


def test_other_schemes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="by https, http or ftp"):
        download("file:///etc/hostname", tmp_path, "x")


def test_no_server_at_all(tmp_path: Path, server: Server) -> None:
    url = server.url()
    server.behaviour = lambda h, n: h.connection.close()
    with pytest.raises(DataError, match=r"failed 5 times, .* Nothing was kept"):
        download(url, tmp_path, "x.gz", wait=0)
    assert left(tmp_path) == []


# --- archives ---------------------------------------------------------------------------------


def archive(path: Path, *members: tuple[str, bytes | None, bytes]) -> Path:
    """A tar of (name, content or None, kind)."""
    with tarfile.open(path, "w") as out:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(content or b"")
            info.linkname = "../../outside"
            out.addfile(info, io.BytesIO(content or b""))
    return path


GOOD = ("inside/a.txt", b"1", tarfile.REGTYPE)
EVIL = {
    "parent": ("../evil.txt", b"x", tarfile.REGTYPE),
    "deep parent": ("a/b/../../../evil.txt", b"x", tarfile.REGTYPE),
    "absolute": ("/evil.txt", b"x", tarfile.REGTYPE),
    "symbolic link": ("link", None, tarfile.SYMTYPE),
    "hard link": ("link", None, tarfile.LNKTYPE),
    "device": ("null", None, tarfile.CHRTYPE),
    "pipe": ("pipe", None, tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("name", EVIL)
def test_nothing_of_an_evil_archive_is_unpacked(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "x.tar", GOOD, EVIL[name])
    inside = tmp_path / "cache" / "GSE1"
    with pytest.raises(DataError, match="so nothing of it was unpacked"):
        unpack_tar(path, inside / "x_files")
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "x.tar"]


def test_a_good_archive_is_unpacked_whole(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.tar", GOOD, ("b.txt", b"22", tarfile.REGTYPE))
    folder = tmp_path / "GSE1" / "x_files"
    assert [p.relative_to(folder).as_posix() for p in unpack_tar(path, folder)] == [
        "b.txt",
        "inside/a.txt",
    ]
    unpack_tar(archive(tmp_path / "x.tar", GOOD), folder)
    assert [p.name for p in folder.iterdir()] == ["inside"]


def test_a_cut_archive_is_refused_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.tar", GOOD, ("b.txt", bytes(9000), tarfile.REGTYPE))
    folder = tmp_path / "x_files"
    unpack_tar(path, folder)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_tar(path, folder)
    assert (folder / "b.txt").stat().st_size == 9000


# --- the cache --------------------------------------------------------------------------------


def test_the_cache_is_the_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MECHANISMS_CACHE", str(tmp_path / "a"))
    assert cache_folder() == tmp_path / "a"
    assert cache_folder(tmp_path / "b") == tmp_path / "b"
    monkeypatch.delenv("MECHANISMS_CACHE")
    assert "ldh-mechanisms" in str(cache_folder())
