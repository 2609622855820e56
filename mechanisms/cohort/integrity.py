"""Whether a file arrived whole, and archives unpacked without leaving their folder."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import zlib
from pathlib import Path

from mechanisms.cohort.wording import plain
from mechanisms.errors import DataError

_CHUNK = 2**18
# A gzip of expression text unpacks to a tenth to a fiftieth; nobody's data unpack further.
_BOMB_RATIO, _BOMB_BYTES = 400, 2**28


def whole(path: Path, name: str) -> bool:
    """Refuse a file that does not read to its own end: a cut gzip, an endless one, a cut tar.

    Returns whether the file has an end of its own.
    """
    with path.open("rb") as handle:
        head = handle.read(512)
    if not head:
        raise DataError(f"{name}: an empty file arrived, and was not kept. Try again later.")
    if head.startswith(b"\x1f\x8b"):
        _whole_gzip(path, name)
        return True
    if head[257:262] == b"ustar":
        try:
            with tarfile.open(path, "r:") as archive:
                last = max((m.offset_data + m.size for m in archive if m.isreg()), default=0)
        except tarfile.TarError as problem:
            raise _cut(name, problem) from problem
        if last > path.stat().st_size:
            raise _cut(name, "a member goes beyond its end")
        return True
    return False


def _whole_gzip(path: Path, name: str) -> None:
    most, size = max(_BOMB_BYTES, path.stat().st_size * _BOMB_RATIO), 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(_CHUNK * 16):
                size += len(chunk)
                if size > most:
                    raise DataError(
                        f"{name}: the gzip unpacks to more than {_BOMB_RATIO} times its size, as "
                        f"no data do; it was not kept."
                    )
    except (EOFError, OSError, zlib.error) as problem:
        raise _cut(name, problem) from problem


def _cut(name: str, problem: object) -> DataError:
    return DataError(
        f"{name}: the file that arrived is cut or damaged "
        f"({plain(problem)}), although the server called "
        f"it complete. It was not kept; try again later."
    )


def unpack_tar(path: Path, folder: Path) -> list[Path]:
    """Unpack the regular files of a tar into a folder, all of them or none.

    Raises
    ------
    DataError
        A member would be written outside the folder, or is a link or a device.
    """
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with tarfile.open(path, "r:") as archive:
            for info in archive:
                if info.isdir():
                    continue
                target = (part / info.name).resolve()
                inside = target.is_relative_to(part.resolve()) and target != part.resolve()
                if not info.isreg() or not inside or info.name.startswith("/"):
                    kind = "is a link or device" if not info.isreg() else "lies outside its folder"
                    raise DataError(
                        f"{path.name}: the member {info.name!r} {kind}; an archive of data has no "
                        f"such members, so nothing of it was unpacked. Look at it by hand."
                    )
                stream = archive.extractfile(info) or io.BytesIO()
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    shutil.copyfileobj(stream, out, _CHUNK)
    except (tarfile.TarError, OSError) as problem:
        shutil.rmtree(part, ignore_errors=True)
        raise DataError(
            f"{path.name}: the archive cannot be unpacked ({plain(problem)}). Fetch it again."
        ) from problem
    except DataError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return sorted(p for p in folder.rglob("*") if p.is_file())
