"""Open a user's file: find it, unpack it, decode it, hash it. Nothing here knows about genes."""

from __future__ import annotations

import bz2
import difflib
import gzip
import hashlib
import io
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mechanisms.cohort.wording import plain
from mechanisms.errors import DataError

_GZIP, _BZ2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# Numbers as text pack to a tenth or so; beyond this it is no table that somebody measured.
_BOMB_RATIO, _BOMB_BYTES = 400, 256 * 2**20
_CHUNK = 2**24


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a folder: its name for messages, its hash, and its unpacked bytes.

    `data` is empty for HDF5 stores on disk, which are read in place, and for folders, whose hash
    is that of their members' hashes once these have been read.
    """

    path: Path
    name: str
    sha256: str
    data: bytes

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder."""
        return not self.data and self.path.is_dir()

    @property
    def is_store(self) -> bool:
        """Whether this is an HDF5 store, on disk or unpacked in memory."""
        return self.data.startswith(HDF5) or (not self.data and not self.path.is_dir())

    @property
    def is_tar(self) -> bool:
        """Whether the content is a tar archive."""
        return self.data[257:262] == b"ustar"

    @property
    def is_zip(self) -> bool:
        """Whether the content is a zip archive that is no Excel file."""
        return self.data.startswith(ZIP) and b"xl/workbook" not in self.data

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a path with the unpacked content, for libraries that read files only."""
        if not self.data:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "content"
            path.write_bytes(self.data)
            yield path

    def handle(self) -> Path | IO[bytes]:
        """Return what h5py opens."""
        return io.BytesIO(self.data) if self.data else self.path


def source_of(data: bytes, name: str, path: Path, what: str = "matrix") -> Source:
    """Wrap (and unpack) the bytes of a member of a folder or archive."""
    return Source(path, name, hashlib.sha256(data).hexdigest(), _unpack(data, name, what))


def combined_hash(members: list[Source]) -> str:
    """Hash names and hashes of the members that were read, in the order of their names."""
    lines = sorted(f"{m.name}\t{m.sha256}\n" for m in members)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def open_source(path: str | Path, what: str, key: str, *, folders: bool = False) -> Source:
    """Read and unpack a file (gz, bz2 and xz are recognised by content, not by name).

    Parameters
    ----------
    what : for messages, such as "matrix".
    key : the entry of the study file that names it, such as "data.matrix".
    folders : whether a folder or an archive of several files will do.

    Raises
    ------
    DataError
        The file is missing, a folder, empty, truncated, an archive or a web page.
    """
    path = Path(path)
    if folders and path.is_dir():
        return Source(path, path.resolve().name, "", b"")
    path = _existing(path, what, key)
    try:
        with path.open("rb") as handle:
            if handle.read(len(HDF5)) == HDF5:
                handle.seek(0)
                return Source(
                    path, path.name, hashlib.file_digest(handle, "sha256").hexdigest(), b""
                )
        packed = path.read_bytes()
    except OSError as problem:
        raise DataError(
            f"{path.name}: the {what} cannot be opened ({problem.strerror}). Check that you may "
            f"read the file."
        ) from problem
    if not packed:
        raise DataError(
            f"{path.name}: the {what} is empty (0 bytes), probably a broken download or copy. "
            f"Fetch the file again."
        )
    data = _unpack(packed, path.name, what)
    source = Source(path, path.name, hashlib.sha256(packed).hexdigest(), data)
    _refuse_what_is_no_table(source, what, folders=folders)
    return source


def decode(source: Source) -> tuple[bytes, list[str]]:
    """Return the text as UTF-8 bytes without byte-order mark and in lines."""
    data, notices = source.data, []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = _recode(data, "utf-16", source.name)
        notices.append(f"{source.name}: read as UTF-16 text.")
    elif data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if b"\x00" in data:
        raise DataError(
            f"{source.name}: this is not a text table (it holds binary data). Allowed are TSV, CSV "
            f"(plain or gz, bz2, xz), Excel .xlsx, .h5ad and GEO series matrices. Save the table "
            f"in one of these forms."
        )
    try:
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        data = data.decode("latin-1").encode("utf-8")
        notices.append(
            f"{source.name}: the text is not UTF-8 (first at line {line}) and was read as Latin-1; "
            f"check letters with accents, or save the file as UTF-8."
        )
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    if not data.strip():
        raise DataError(
            f"{source.name}: the file holds no text. Write one header row and one row a gene "
            f"(or, for a sample sheet, one row a sample)."
        )
    return data, notices


def _recode(data: bytes, encoding: str, name: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as problem:
        raise DataError(
            f"{name}: the text begins as {encoding.upper()} but is broken further on. Save the "
            f"file again as UTF-8."
        ) from problem


def _existing(path: Path, what: str, key: str) -> Path:
    if path.is_file():
        return path
    if path.is_dir():
        files = sorted(p.name for p in path.iterdir() if p.is_file())[:5]
        held = f" It holds {', '.join(files)}." if files else " It holds no files."
        raise DataError(
            f"{path.name or path}: {key} names a folder, but the {what} must be one file.{held} "
            f"Name the file itself."
        )
    if not path.parent.is_dir():
        raise DataError(
            f"{path.name}: the {what} was not found, and neither was its folder "
            f"{path.parent.name!r}. Correct the path in {key}; paths are relative to the study "
            f"file."
        )
    names = {p.name.lower(): p.name for p in sorted(path.parent.iterdir())}
    near = difflib.get_close_matches(path.name.lower(), list(names), n=1, cutoff=0.6)
    guess = f"; did you mean {names[near[0]]!r}?" if near else "."
    raise DataError(
        f"{path.name}: the {what} was not found in the folder {path.parent.name!r}{guess} Correct "
        f"{key}; paths are relative to the study file."
    )


def _unpack(packed: bytes, name: str, what: str) -> bytes:
    kinds: tuple[tuple[bytes, str, Callable[[IO[bytes]], Any]], ...] = (
        (_GZIP, "gzip", lambda f: gzip.GzipFile(fileobj=f)),
        (_BZ2, "bz2", bz2.BZ2File),
        (_XZ, "xz", lzma.LZMAFile),
    )
    packing = next((k for k in kinds if packed.startswith(k[0])), None)
    if packing is None:
        return packed
    _, kind, unpacked = packing
    try:
        with unpacked(io.BytesIO(packed)) as stream:
            data = _bounded(stream, len(packed), f"{name}: the {kind} file of the {what}")
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as problem:
        raise DataError(
            f"{name}: the {kind} file of the {what} is truncated or damaged "
            f"({plain(problem)}). It cannot "
            f"be read to its end: copy or download it again."
        ) from problem
    if not data:
        raise DataError(
            f"{name}: the {kind} file of the {what} is empty once unpacked. Fetch it again."
        )
    return data


def _bounded(stream: IO[bytes], packed: int, words: str) -> bytes:
    """Read to the end, but stop at what only a file made to fill the memory unpacks to."""
    most = max(_BOMB_BYTES, packed * _BOMB_RATIO)
    whole, size = io.BytesIO(), 0
    while chunk := stream.read(_CHUNK):
        size += whole.write(chunk)
        if size > most:
            raise DataError(
                f"{words} unpacks to more than {_BOMB_RATIO} times its size (over "
                f"{size / 2**20:,.0f} MB): no table of measurements does, so it was not read. "
                f"Unpack and look at it yourself, and name the unpacked file if it is sound."
            )
    return whole.getvalue()


def _refuse_what_is_no_table(source: Source, what: str, *, folders: bool) -> None:
    name, data = source.name, source.data
    if data.startswith(_OLD_EXCEL):
        raise DataError(
            f"{name}: this is an old Excel file (.xls). Save it in Excel as .xlsx or as text (TSV)."
        )
    if source.is_zip and not folders:
        raise DataError(f"{name}: this is a zip archive. Unpack it and name the {what} inside.")
    if source.is_tar and not folders:
        raise DataError(f"{name}: this is a tar archive. Unpack it and name the {what} inside.")
    if data[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise DataError(
            f"{name}: this is a web page, not a table; a download has probably failed and its "
            f"error page was saved. Download the {what} again."
        )
