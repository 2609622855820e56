"""The registry of formats: each is detected from content, and reads to genes x samples.

A new format is one `Reader`: `detect` looks at the unpacked file, `read` takes the ids of the
sample sheet (`known`: they decide the orientation) and those whose values are needed (`wanted`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from mechanisms.cohort.files import ZIP, Source
from mechanisms.cohort.geo import is_series_matrix, read_series_matrix
from mechanisms.cohort.layout import Raw, arrange
from mechanisms.cohort.stores import is_h5ad, read_h5ad
from mechanisms.cohort.tables import read_grid
from mechanisms.errors import DataError

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Reader:
    """One format."""

    name: str
    detect: Callable[[Source], bool]
    read: Callable[[Source, Collection[str], Collection[str] | None], Raw]


def _read_table(source: Source, known: Collection[str], wanted: Collection[str] | None) -> Raw:
    kind = "Excel table" if source.data.startswith(ZIP) else "text table"
    return arrange(read_grid(source), kind, known, wanted)


READERS = {
    r.name: r
    for r in (  # the first that recognises the content reads it
        Reader("series_matrix", lambda s: is_series_matrix(s.data[:_HEAD]), read_series_matrix),
        Reader("h5ad", is_h5ad, read_h5ad),
        Reader("table", lambda s: not s.is_store and not _is_soft(s.data), _read_table),
    )
}


def read(source: Source, known: Collection[str] = (), wanted: Collection[str] | None = None) -> Raw:
    """Read a matrix in whichever registered format its content shows."""
    for reader in READERS.values():
        if reader.detect(source):
            return reader.read(source, known, wanted)
    if source.is_store:
        raise DataError(
            f"{source.name}: this HDF5 store is not an .h5ad (it has no obs and var). Allowed are "
            f"{_allowed()}. Read it with scanpy and write it as .h5ad."
        )
    raise DataError(
        f"{source.name}: this is a GEO SOFT file, which is not read as a matrix. Allowed are "
        f"{_allowed()}. Download the series matrix of the same series."
    )


def _is_soft(data: bytes) -> bool:
    return data[:_HEAD].lstrip().startswith((b"^DATABASE", b"^SERIES", b"^DATASET", b"^SAMPLE"))


def _allowed() -> str:
    return "TSV, CSV and Excel tables, GEO series matrices and .h5ad"
