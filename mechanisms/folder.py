"""The output folder: written beside its place and renamed at the end."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mechanisms.errors import StudyError

MANIFEST = "manifest.json"
LOG = "run.log"


class RunLog:
    """Passes each step on and writes it down with the time; the log is no part of the result.

    Clock, host and folders stand here and nowhere else, so that two runs can be compared.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self.path, self.say = path, say
        self.lines = [
            f"host {platform.node()}, {platform.platform()}",
            f"python {platform.python_version()} at {sys.executable}",
            f"working folder {Path.cwd()}",
            f"command {' '.join(sys.argv)}",
        ]

    def __call__(self, step: str) -> None:
        self.say(step)
        self.lines.append(f"{_now()} {step}")

    def finish(self) -> None:
        """Write the log."""
        self.lines.append(f"{_now()} done")
        self.path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class NewFolder:
    """A folder under way: write to `path`; it becomes `final` when the work is done."""

    path: Path
    final: Path


@contextmanager
def new_folder(out: str | Path, *, overwrite: bool) -> Iterator[NewFolder]:
    """Give a hidden folder beside `out`, and rename it to `out` when the block ends well.

    Raises
    ------
    StudyError
        `out` exists and may not be replaced, or cannot be written.
    """
    final = Path(out) if Path(out).name not in ("", "..") else Path(out).resolve()
    refuse_existing(final, overwrite=overwrite)
    made = [p for p in (final.parent, *final.parent.parents) if not p.exists()]
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f".{final.name}.unfinished-", dir=final.parent))
    except OSError as error:
        raise StudyError(
            f"the results cannot be written to {final}: {error.strerror}. Choose another folder "
            "with --out"
        ) from None
    try:
        yield NewFolder(path, final)
        path.chmod(0o777 & ~_umask())
        _put(path, final, overwrite=overwrite)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        for parent in made:  # innermost first; one that holds anything stays
            with suppress(OSError):
                parent.rmdir()


def refuse_existing(final: Path, *, overwrite: bool) -> None:
    """Refuse a place that holds anything but a result of ours that may be replaced (StudyError)."""
    if not (final.exists() or final.is_symlink()):
        return
    if not overwrite:
        raise StudyError(
            f"the output folder {final} already exists; choose another with --out, or replace it "
            "with --overwrite"
        )
    if not final.is_dir() or final.is_symlink() or (any(final.iterdir()) and not _is_ours(final)):
        raise StudyError(
            f"{final} holds no earlier result ({MANIFEST} of mechanisms is not in it), so "
            "--overwrite does not replace it; choose another folder with --out"
        )


def _is_ours(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("name") == "mechanisms"


def _put(path: Path, final: Path, *, overwrite: bool) -> None:
    """Move the finished folder to its place; an older result goes only when the new one stands."""
    refuse_existing(final, overwrite=overwrite)
    if not final.exists():
        path.rename(final)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{final.name}.replaced-", dir=final.parent))
    final.rename(old / "old")
    try:
        path.rename(final)
    except OSError:
        (old / "old").rename(final)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
