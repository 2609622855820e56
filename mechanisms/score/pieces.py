"""Pieces of scores on disk: each whole or absent, kept when a run is killed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanisms.errors import DataError

SUFFIX = ".partial"


@dataclass(frozen=True)
class Pieces:
    """The folder beside the output that holds finished pieces until all are there.

    Attributes
    ----------
    out
        The store that is to be written.
    spans
        The rows of each piece.
    """

    out: Path
    spans: tuple[slice, ...]

    @property
    def folder(self) -> Path:
        """`<out>.partial`: a name that no finished store has."""
        return self.out.with_name(self.out.name + SUFFIX)

    def begin(self, order: dict[str, Any]) -> None:
        """Make the folder, or find that it holds pieces of the same order (DataError if not)."""
        told = self.folder / "order.json"
        text = json.dumps(order, indent=1, sort_keys=True)
        if told.is_file():
            before = told.read_text(encoding="utf-8")
            if before != text:
                kept = json.loads(before)
                changed = [k for k in order if kept.get(k) != order[k]]
                raise DataError(
                    f"{self.folder} holds pieces of another run (other {', '.join(changed)}); "
                    "remove that folder, repeat the command that began it, or give another --out"
                )
            return
        with guarded(self):
            self.folder.mkdir(parents=True, exist_ok=True)
            whole(told, text.encode())

    def path(self, index: int) -> Path:
        """Return the file of a piece."""
        return self.folder / f"{index:06d}.npy"

    def missing(self) -> list[int]:
        """Return the pieces that are still to be scored."""
        return [i for i in range(len(self.spans)) if not self.path(i).is_file()]

    def keep(self, index: int, scores: np.ndarray) -> None:
        """Write a piece so that it is there whole or not at all."""
        from io import BytesIO

        buffer = BytesIO()
        np.save(buffer, scores)
        with guarded(self):
            whole(self.path(index), buffer.getvalue())

    def piece(self, index: int) -> np.ndarray:
        """Read a finished piece."""
        scores: np.ndarray = np.load(self.path(index))
        return scores

    def finish(self, built: Path) -> None:
        """Put the finished store into its place and remove the pieces."""
        if self.out.is_dir():  # a folder is not replaced in one step, so it is moved away first
            os.replace(self.out, self.folder / "replaced")
        os.replace(built, self.out)
        shutil.rmtree(self.folder)


class guarded:  # noqa: N801
    """Says in one paragraph what a full or unwritable disk means for the pieces."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        if not isinstance(error, OSError):
            return
        done = len(self.pieces.spans) - len(self.pieces.missing())
        why = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise DataError(
            f"{self.pieces.out} cannot be written: {why}. {done} of {len(self.pieces.spans)} "
            f"pieces are kept in {self.pieces.folder}, which is partial; make room and repeat the "
            "command: it goes on from there"
        ) from None


def whole(path: Path, content: bytes) -> None:
    """Write a file under another name, push it to the disk, then give it its name."""
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def fingerprint(values: np.ndarray) -> str:
    """Return a hash of names."""
    return hashlib.sha256("\n".join(values.tolist()).encode()).hexdigest()
