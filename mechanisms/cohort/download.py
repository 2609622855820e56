"""Download one file so that nothing partial is ever taken for whole.

pooch keeps the cache, verifies the hash and moves a finished file into place; what it leaves to
its downloader is here: resuming, sizes, and pages of errors that call themselves data.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from mechanisms.cohort.integrity import whole
from mechanisms.errors import DataError

_SCHEMES = ("https://", "http://", "ftp://")
_CHUNK = 2**18
_ATTEMPTS = 5
_TIMEOUT = 30.0
_ERROR_PAGE = (b"<!doctype html", b"<html", b"<?xml version")

Progress = Callable[[str, int, int | None], None]


def silent(name: str, done: int, total: int | None) -> None:
    """Report no progress."""
    return None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file in the cache, its hash, and whether the hash was known before."""

    path: Path
    sha256: str
    verified: bool
    fresh: bool  # downloaded now


class _IncompleteError(Exception):
    """The transfer ended early; what has arrived is kept, to go on from."""


def cache_folder(chosen: Path | str | None = None) -> Path:
    """Return the cache: the one chosen, MECHANISMS_CACHE, or the user's cache folder."""
    if chosen is not None:
        return Path(chosen)
    named = os.environ.get("MECHANISMS_CACHE")
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("ldh-mechanisms"))


def download(
    url: str,
    folder: Path,
    name: str,
    *,
    sha256: str | None = None,
    size: int | None = None,
    progress: Progress = silent,
    wait: float = 1.0,
) -> Fetched:
    """Fetch a file into a folder, or find it there whole.

    Parameters
    ----------
    sha256, size : what is known of the file; a hash that is not known is recorded beside it, and
        the file is checked against that record whenever it is used again.
    progress : called with the name, the bytes so far and the total.
    wait : seconds before the second attempt, doubled each time.

    Raises
    ------
    DataError
        The file cannot be had, or is not what was expected; nothing is then left in its place.
    """
    import pooch

    if not url.startswith(_SCHEMES):
        raise DataError(f"{url}: files are fetched by https, http or ftp, and this is neither.")
    folder.mkdir(parents=True, exist_ok=True)
    target, record = folder / name, folder / f"{name}.sha256"
    expected = sha256 or (record.read_text().split()[0] if record.is_file() else None)
    if target.is_file() and expected is not None:
        if _hash(target) == expected:
            return Fetched(target, expected, sha256 is not None, False)
        target.unlink()
    elif target.is_file():
        target.unlink()  # nobody knows what it is: fetched again
    part = folder / f"{name}.part"
    job = _Job(url, name, part, size, sha256 is not None, progress, wait)
    pooch.get_logger().setLevel(logging.ERROR)  # it would tell the hash on the standard error
    try:
        pooch.retrieve(
            url, known_hash=sha256, fname=name, path=folder, downloader=job, progressbar=False
        )
    except ValueError as problem:  # pooch: the hash differs; it has left nothing behind
        got = _hash(part) if part.is_file() else "unknown"
        job.forget()
        raise DataError(
            f"{name}: the file that arrived has another hash ({got[:12]}...) than the one that is "
            f"known ({(sha256 or '')[:12]}...). It was changed at its origin or on the way, and "
            f"was not kept. Try again; if that does not help, look at the file on GEO by hand."
        ) from problem
    job.forget()
    found = sha256 or _hash(target)
    record.write_text(f"{found}  {name}\n")
    return Fetched(target, found, sha256 is not None, True)


class _Job:
    """What pooch calls to put a whole file into its place."""

    def __init__(
        self,
        url: str,
        name: str,
        part: Path,
        size: int | None,
        hashed: bool,
        progress: Progress,
        wait: float,
    ) -> None:
        self.url, self.name, self.part, self.size = url, name, part, size
        self.sure = hashed or size is not None  # whether a short file would be noticed
        self.progress, self.wait = progress, wait
        self.state = part.with_suffix(part.suffix + ".json")

    def __call__(self, url: str, output_file: str | IO[bytes], pooch: Any) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                self._attempt()
                break
            except (_IncompleteError, OSError, http.client.HTTPException) as problem:
                if isinstance(problem, urllib.error.HTTPError):
                    problem.close()
                    raise self._refused(problem) from problem
                if attempt == _ATTEMPTS - 1:
                    raise self._broken(problem) from problem
                time.sleep(self.wait * 2**attempt)
        try:
            if not whole(self.part, self.name) and not self.sure:
                raise DataError(
                    f"{self.name}: the server does not say how long the file is, and nothing else "
                    f"tells whether it arrived whole. It was not kept: fetch {self.url} by hand."
                )
        except DataError:
            self.forget()
            raise
        with self.part.open("rb") as source:
            if isinstance(output_file, str | os.PathLike):
                with open(output_file, "wb") as out:
                    shutil.copyfileobj(source, out, _CHUNK)
            else:
                shutil.copyfileobj(source, output_file, _CHUNK)

    def forget(self) -> None:
        """Remove what was kept to go on from."""
        self.part.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)

    def _there(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _attempt(self) -> None:
        start = self._there()
        mark = self._mark()
        if start and mark is None:
            start = 0  # without a mark nobody can tell whether the rest belongs to this beginning
        request = urllib.request.Request(self.url, headers={"Accept-Encoding": "identity"})
        if start:
            request.add_header("Range", f"bytes={start}-")
            request.add_header("If-Range", str(mark))
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            headers: Message = answer.headers
            if start and getattr(answer, "status", None) != 206:
                start = 0
            if start and not _continues(headers.get("Content-Range", ""), start):
                start = 0
                self.part.unlink(missing_ok=True)
                raise _IncompleteError("the server went on from another place")
            total = _length(headers, start)
            chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
            self.sure = self.sure or total is not None or chunked
            if not start:
                self._refuse(headers, total)
                self._remember(headers)
            self._take(answer, start, total)

    def _take(self, answer: IO[bytes], start: int, total: int | None) -> None:
        done = start
        most = self.size or total
        with self.part.open("ab" if start else "wb") as out:
            while chunk := answer.read(_CHUNK):
                if not done and chunk[:200].lstrip().lower().startswith(_ERROR_PAGE):
                    self._forget_page(out)
                out.write(chunk)
                done += len(chunk)
                if most is not None and done > most:
                    out.close()
                    self.forget()
                    raise DataError(
                        f"{self.name}: more than the {most:,} bytes that were announced arrived. "
                        f"The server or the address is wrong; nothing was kept."
                    )
                self.progress(self.name, done, total)
        if total is not None and done < total:
            raise _IncompleteError(f"it ended after {done:,} of {total:,} bytes")
        if self.size is not None and done != self.size:
            self.forget()
            raise DataError(
                f"{self.name}: {done:,} bytes arrived where {self.size:,} are known to be right. "
                f"The file was changed at its origin; nothing was kept."
            )

    def _forget_page(self, out: IO[bytes]) -> None:
        out.close()
        self.forget()
        raise DataError(
            f"{self.name}: the server sent a page of text for people (HTML or XML) instead of the "
            f"file, as it does for errors and busy hours. Nothing was kept; try again later, or "
            f"open {self.url} in a browser."
        )

    def _refuse(self, headers: Message, total: int | None) -> None:
        if self.size is not None and total is not None and total != self.size:
            self.forget()
            raise DataError(
                f"{self.name}: the server announces {total:,} bytes where {self.size:,} are known "
                f"to be right. The file was changed at its origin; nothing was fetched."
            )
        if headers.get_content_type() == "text/html":
            self.forget()
            raise DataError(
                f"{self.name}: the server announces a web page instead of the file. Nothing was "
                f"kept; try again later, or open {self.url} in a browser."
            )

    def _remember(self, headers: Message) -> None:
        """Keep what tells this version of the file from another one."""
        mark = headers.get("ETag") or headers.get("Last-Modified")
        if mark and not mark.startswith("W/"):
            self.state.write_text(json.dumps({"url": self.url, "mark": mark}))
        else:
            self.state.unlink(missing_ok=True)

    def _mark(self) -> str | None:
        try:
            state = json.loads(self.state.read_text())
        except (OSError, ValueError):
            return None
        return state["mark"] if isinstance(state, dict) and state.get("url") == self.url else None

    def _refused(self, problem: urllib.error.HTTPError) -> DataError:
        self.forget()
        return DataError(
            f"{self.name}: the server answers {problem.code} ({problem.reason}) for {self.url}. "
            + (
                "There is no such file: look at the series' page on GEO for its name."
                if problem.code in (404, 410)
                else "Try again later."
            )
        )

    def _broken(self, problem: Exception) -> DataError:
        kept = self._there()
        reason = getattr(problem, "reason", None) or problem or type(problem).__name__
        return DataError(
            f"{self.name}: the download failed {_ATTEMPTS} times, at last because: {reason}. "
            + (
                f"{kept:,} bytes are kept, and the same command goes on from there where the "
                f"server allows it."
                if kept
                else "Nothing was kept. Look at the network and the proxy (HTTPS_PROXY), or fetch "
                f"{self.url} by hand and name the file itself."
            )
        )


def _length(headers: Message, start: int) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) + start if text.isdigit() else None


def _continues(content_range: str, start: int) -> bool:
    return content_range.replace(" ", "").startswith(f"bytes{start}-") or content_range.startswith(
        f"bytes {start}-"
    )


def _hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
