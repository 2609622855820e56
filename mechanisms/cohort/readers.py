"""The registry of formats: each is detected from content, and reads to genes x samples.

A new format of one file is one `Reader`: `detect` looks at the unpacked file, `read` takes what is
asked for. Folders and archives are sorted out in `folders`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd

from mechanisms.cohort.bundle import Bundle, Member, is_bundle
from mechanisms.cohort.files import ZIP, Source
from mechanisms.cohort.geo import is_series_matrix, read_characteristics, read_series_matrix
from mechanisms.cohort.layout import Ask, Raw, arrange
from mechanisms.cohort.libraries import read_libraries
from mechanisms.cohort.quantified import QUANTIFIERS, STRANDS, kind_of, read_quantified
from mechanisms.cohort.soft import describe_soft, is_soft, read_soft
from mechanisms.cohort.stores import read_h5ad, store_kind
from mechanisms.cohort.tables import Grid, read_grid
from mechanisms.cohort.tenx import Library, read_store
from mechanisms.cohort.wording import closest
from mechanisms.errors import DataError

_HEAD = 4096
_FEATURE_COUNTS = re.compile(
    rb"#\s*Program:\s*featureCounts|Geneid\tChr\tStart\tEnd\tStrand\tLength"
)
_ALIGNED = re.compile(r"([._-]?Aligned(\.\w+)*|[._-]sorted(\.\w+)*)?(\.(bam|sam|cram))?$", re.I)

Described = tuple[pd.DataFrame, list[str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One format; `describe` reads the samples' description alone, where the file has one."""

    name: str
    title: str
    detect: Callable[[Source], bool]
    read: Callable[[Source, Ask], Raw]
    describe: Callable[[Source], Described] | None = None


def _text(test: Callable[[bytes], bool]) -> Callable[[Source], bool]:
    return lambda s: not s.is_store and not is_bundle(s) and test(s.data[:_HEAD])


def _read_table(source: Source, ask: Ask) -> Raw:
    kind = "Excel table" if source.data.startswith(ZIP) else "text table"
    return arrange(read_grid(source), kind, ask)


def _read_feature_counts(source: Source, ask: Ask) -> Raw:
    """The columns are named by the paths of the alignments, unless the sheet does so too."""
    grid = read_grid(source)
    _shorten(grid, ask)
    raw = arrange(grid, "featureCounts table", ask)
    raw.scale = ("counts", "featureCounts writes counts")
    return raw


def _shorten(grid: Grid, ask: Ask) -> None:
    if set(grid.header) & set(ask.known):
        return
    bare = [_ALIGNED.sub("", PurePosixPath(h).name) for h in grid.header[6:]]
    new = [*grid.header[:6], *bare]
    if len(set(new)) == len(new) and all(bare) and new != grid.header:
        grid.notices.append(
            f"{grid.name}: samples were named after their alignment files: {grid.header[6]} -> "
            f"{new[6]}."
        )
        grid.header[:] = new


def _read_quantified(kind: str) -> Callable[[Source, Ask], Raw]:
    def read(source: Source, ask: Ask) -> Raw:
        member = Member(source.name, source.data[:_HEAD], lambda: source)
        raw = read_quantified(Bundle(source.name, [member]), [member], kind, ask)
        raw.members = []
        return raw

    return read


def _read_10x_store(source: Source, ask: Ask) -> Raw:
    library = Library(source.name, lambda: (read_store(source, ask), []))
    return read_libraries(source.name, [library], ask)


def _written_by(program: str) -> Callable[[Source], bool]:
    def detect(source: Source) -> bool:
        if source.is_store:
            return store_kind(source) == program
        return _is_table(source) and kind_of(source.data[:_HEAD]) == program

    return detect


def _never(_: Source) -> bool:
    """For formats that are read only when asked for."""
    return False


def _is_table(source: Source) -> bool:
    return not source.is_store and not is_bundle(source)


READERS = {
    r.name: r
    for r in (  # the first that recognises the content reads it
        Reader(
            "series_matrix",
            "GEO series matrix",
            _text(is_series_matrix),
            read_series_matrix,
            read_characteristics,
        ),
        Reader("soft", "GEO SOFT file", _text(is_soft), read_soft, describe_soft),
        Reader("h5ad", ".h5ad", lambda s: store_kind(s) == "h5ad", read_h5ad),
        Reader("10x_h5", "10x HDF5", lambda s: store_kind(s) == "10x_h5", _read_10x_store),
        Reader(
            "featurecounts",
            "featureCounts table",
            _text(lambda h: bool(_FEATURE_COUNTS.match(h))),
            _read_feature_counts,
        ),
        *(
            Reader(
                q.name,
                f"{q.title} file",
                _written_by(q.name),
                _read_quantified(q.name),
            )
            for q in QUANTIFIERS.values()
        ),
        *(Reader(s, "STAR file", _never, _read_quantified(s)) for s in STRANDS),
        Reader("table", "TSV, CSV or Excel table", _is_table, _read_table),
    )
}
# Formats of folders and archives, sorted out in `folders`.
FOLDERS = ("10x", "zarr")
FORMATS = ("auto", *READERS, *FOLDERS)


def reader_of(source: Source, wanted: str = "auto") -> Reader:
    """Choose the reader of one file by its content, or by name."""
    if wanted != "auto":
        return READERS[wanted]
    for reader in READERS.values():
        if reader.detect(source):
            return reader
    raise DataError(
        f"{source.name}: this HDF5 store is no .h5ad (it has no obs and var) and no matrix of 10x "
        f"or kallisto. Read it with the program that wrote it and write it as .h5ad or as a table."
    )


def check_format(wanted: str) -> None:
    """Refuse an unknown format."""
    if wanted not in FORMATS:
        raise DataError(
            f"data.format is {wanted!r}; allowed are {', '.join(FORMATS)}{closest(wanted, FORMATS)}"
        )
