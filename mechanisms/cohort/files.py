"""Open a user's file: find it, unpack it, decode it, hash it. Nothing here knows about genes."""

from __future__ import annotations

import bz2
import difflib
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mechanisms.errors import DataError

_GZIP, _BZ2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Source:
    """A file on disk: its name for messages, its hash, and its unpacked bytes.

    `data` is empty for HDF5 stores, which are read in place.
    """

    path: Path
    name: str
    sha256: str
    data: bytes

    @property
    def is_store(self) -> bool:
        """Whether the file is an HDF5 store."""
        return not self.data


def open_source(path: str | Path, what: str, key: str) -> Source:
    """Read and unpack a file (gz, bz2 and xz are recognised by content, not by name).

    Parameters
    ----------
    what : for messages, such as "matrix".
    key : the entry of the study file that names it, such as "data.matrix".

    Raises
    ------
    DataError
        The file is missing, a folder, empty, truncated, an archive or a web page.
    """
    path = _existing(Path(path), what, key)
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
    _refuse_what_is_no_table(data, path.name, what)
    return Source(path, path.name, hashlib.sha256(packed).hexdigest(), data)


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
    kinds: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
        (_GZIP, "gzip", gzip.decompress),
        (_BZ2, "bz2", bz2.decompress),
        (_XZ, "xz", lzma.decompress),
    )
    packing = next((k for k in kinds if packed.startswith(k[0])), None)
    if packing is None:
        return packed
    _, kind, unpack = packing
    try:
        data = unpack(packed)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as problem:
        raise DataError(
            f"{name}: the {kind} file of the {what} is truncated or damaged ({problem}). It cannot "
            f"be read to its end: copy or download it again."
        ) from problem
    if not data:
        raise DataError(
            f"{name}: the {kind} file of the {what} is empty once unpacked. Fetch it again."
        )
    return data


def _refuse_what_is_no_table(data: bytes, name: str, what: str) -> None:
    if data.startswith(HDF5):
        raise DataError(
            f"{name}: this is a packed HDF5 store. Unpack it first (gunzip) and name the result."
        )
    if data.startswith(_OLD_EXCEL):
        raise DataError(
            f"{name}: this is an old Excel file (.xls). Save it in Excel as .xlsx or as text (TSV)."
        )
    if data.startswith(ZIP) and b"xl/workbook" not in data:
        raise DataError(f"{name}: this is a zip archive. Unpack it and name the {what} inside.")
    if data[257:262] == b"ustar":
        raise DataError(f"{name}: this is a tar archive. Unpack it and name the {what} inside.")
    if data[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise DataError(
            f"{name}: this is a web page, not a table; a download has probably failed and its "
            f"error page was saved. Download the {what} again."
        )
