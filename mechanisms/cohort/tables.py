"""Delimited text and Excel, read into a grid: a header and one typed column for each name."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd

from mechanisms.cohort.files import ZIP, Source, decode
from mechanisms.cohort.wording import plain
from mechanisms.errors import DataError

MISSING = ("", "NA", "NaN", "nan", "null", "NULL", "N/A", "n/a", "#N/A")
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_SNIFFED_LINES = 20
_LARGE, _CELLS_AT_ONCE = 2**24, 2**20
# numpy's kinds of dtypes that may follow each other in the pieces of one column.
_KINDS = {"i": "number", "u": "number", "f": "number", "b": "bool"} | dict.fromkeys("OTSU", "text")


@dataclass(slots=True)
class Grid:
    """A table as it stands in the file; `frame` has columns 0..n-1, named by `header`."""

    name: str
    header: list[str]
    frame: pd.DataFrame
    notices: list[str] = field(default_factory=list)


def read_grid(source: Source, *, as_text: bool = False) -> Grid:
    """Read a delimited text or an Excel file; `as_text` keeps every cell a string."""
    if source.is_store:
        raise DataError(
            f"{source.name}: this is an HDF5 store, not a table. Save the table as TSV, CSV or "
            f".xlsx."
        )
    if source.data.startswith(ZIP):
        return _read_excel(source, as_text=as_text)
    data, notices = decode(source)
    skip, header, delimiter = _find_header(data, source.name, notices)
    grid = parse_text(
        data, skip=skip, header=header, delimiter=delimiter, name=source.name, as_text=as_text
    )
    grid.notices[:0] = notices
    return grid


def parse_text(
    data: bytes | memoryview,
    *,
    skip: int,
    header: list[str],
    delimiter: str,
    name: str,
    as_text: bool = False,
) -> Grid:
    """Parse the rows after line `skip`; rows of another length than the header are refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows all too long
            frame = _parsed(data, skip, len(header), delimiter, as_text=as_text)
    except pd.errors.EmptyDataError as problem:
        raise _header_only(name) from problem
    except (pd.errors.ParserError, pd.errors.ParserWarning) as problem:
        _refuse_ragged(data, skip, header, delimiter, name)
        raise DataError(
            f"{name}: the table cannot be parsed "
            f"({plain(problem)}). Look for an unclosed quotation mark, "
            f"or save the table again as TSV."
        ) from problem
    if frame.empty:
        raise _header_only(name)
    # The parser fills short rows with NA; only a gap in the last column can hide one.
    if len(header) > 1 and frame.iloc[:, -1].isna().any():
        _refuse_ragged(data, skip, header, delimiter, name)
    return Grid(name, header, frame)


def _parsed(
    data: bytes | memoryview, skip: int, width: int, delimiter: str, *, as_text: bool
) -> pd.DataFrame:
    """Parse a large text in pieces: the parser's own copies would be several times its size."""

    def opened(rows: int | None = None) -> Any:
        return pd.read_csv(
            io.BufferedReader(_View(data)) if isinstance(data, memoryview) else io.BytesIO(data),
            sep=delimiter,
            header=None,
            names=range(width),
            index_col=False,
            skiprows=skip,
            dtype=str if as_text else None,
            na_values=list(MISSING),
            keep_default_na=False,
            low_memory=False,
            encoding="utf-8",
            chunksize=rows,
        )

    if len(data) > _LARGE:
        with opened(max(_CELLS_AT_ONCE // width, 1)) as pieces:
            parts = list(pieces)
        if all(len({_KINDS[p.dtypes[j].kind] for p in parts}) == 1 for j in range(width)):
            return pd.concat(parts, ignore_index=True)
    # A column with text in some pieces only must be text in all of them.
    return cast(pd.DataFrame, opened())


class _View(io.RawIOBase):
    """Read a part of a large text without copying it."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._position = data, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._data[self._position : self._position + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def grid_of(frame: pd.DataFrame, name: str = "the data frame") -> Grid:
    """Wrap a frame of the user; a meaningful index becomes the first column."""
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=str(frame.index.name or "id"), allow_duplicates=True)
    header = [str(c).strip() for c in frame.columns]
    return Grid(name, header, frame.set_axis(range(len(header)), axis=1))


def split_line(line: str, delimiter: str) -> list[str]:
    """Split one line into stripped cells, quotation marks respected."""
    line = line.replace("\r", " ")
    cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=delimiter == " "), [])
    return [c.strip() for c in cells]


def _header_only(name: str) -> DataError:
    return DataError(
        f"{name}: the table has a header but no rows below it, so there are no values. Check "
        f"that the export finished."
    )


def _find_header(data: bytes, name: str, notices: list[str]) -> tuple[int, list[str], str]:
    """Return the number of lines before the first data row, the header and the delimiter."""
    lines: list[str] = []
    position = 0
    content = 0
    while position < len(data) and content <= _SNIFFED_LINES:
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        lines.append(data[position:end].decode("utf-8").rstrip("\r"))
        position = end + 1
        content += bool(lines[-1].strip()) and not lines[-1].startswith("#")
    start = next(
        (i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), None
    )
    if start is None:
        raise DataError(
            f"{name}: every line is a comment (#) or blank. Write a header row and data rows."
        )
    body = [line for line in lines[start:] if line.strip()]
    delimiter = _sniff(body, name)
    header = split_line(body[0], delimiter)
    comment = lines[start - 1] if start else ""
    if comment.startswith("#") and _is_header_above(comment, body, delimiter):
        header = split_line(comment.lstrip("# "), delimiter)
        start -= 1
        notices.append(f"{name}: the header is the line that begins with '#' (line {start + 1}).")
    elif start:
        notices.append(f"{name}: {start} lines before the header were skipped (# or blank).")
    if len(body) > 1:
        header = _fit_header(header, [split_line(line, delimiter) for line in body[1:]])
    return start + 1, header, delimiter


def _sniff(body: Sequence[str], name: str) -> str:
    """Choose the delimiter that splits the most lines alike (R may leave the corner cell out)."""
    best, best_score = "", (0.0, 0, 0)
    for order, delimiter in enumerate(_DELIMITERS):
        first, *rest = [len(split_line(line, delimiter)) for line in body]
        rest = rest or [first]
        usual = max(set(rest), key=rest.count)
        if usual < 2 or first not in (usual - 1, usual):
            continue
        share = rest.count(usual) / len(rest)
        if (score := (round(share, 2), usual, -order)) > best_score:
            best, best_score = delimiter, score
    if not best:
        counted = ", ".join(
            f"{word} {len(split_line(body[0], d))}" for d, word in _DELIMITERS.items()
        )
        raise DataError(
            f"{name}: no delimiter splits the header and the rows alike (columns in the header by "
            f"delimiter: {counted}). Allowed are tab, comma, semicolon, bar and space, one for the "
            f"whole file. Save the table as TSV."
        )
    return best


def _is_header_above(comment: str, body: Sequence[str], delimiter: str) -> bool:
    """A line such as '#gene<tab>S1<tab>S2' above a row that already holds numbers."""
    cells, first = split_line(comment.lstrip("# "), delimiter), split_line(body[0], delimiter)
    numbers = [bool(_NUMBER.fullmatch(c)) or c in MISSING for c in first[1:]]
    return (
        len(cells) == len(first) > 1
        and any(numbers)
        and not any(_NUMBER.fullmatch(c) for c in cells[1:])
    )


def _fit_header(header: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Allow for R's missing corner cell and for a delimiter at the end of every row."""
    width = max(set(map(len, rows)), key=list(map(len, rows)).count)
    if width == len(header) + 1:
        trailing = all(row[-1] == "" for row in rows if len(row) == width)
        return [*header, ""] if trailing else ["", *header]
    return header


def _refuse_ragged(
    data: bytes | memoryview, skip: int, header: Sequence[str], delimiter: str, name: str
) -> None:
    text = io.StringIO(bytes(data).decode("utf-8"), newline="")
    for _ in range(skip):
        text.readline()
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for cells in reader:
            if cells and len(cells) != len(header):
                if any("\n" in c for c in cells):
                    start = cells[0].split("\n")[0].split(delimiter)[0].strip()
                    raise DataError(
                        f'{name}: a quotation mark (") opens in or before the row {start!r} and '
                        f"does not close in its cell. Delete it, or save the table again as TSV."
                    )
                raise DataError(
                    f"{name}: line {skip + reader.line_num} (row {cells[0].strip()!r}) has "
                    f"{len(cells)} columns where the header has {len(header)}. The file may be cut "
                    f"or a cell may hold the delimiter ({_DELIMITERS[delimiter]}): repair that "
                    f"line or export the table again."
                )
    except csv.Error as problem:
        raise DataError(
            f"{name}: line {skip + reader.line_num} cannot be parsed "
            f"({plain(problem)}). Look for an "
            f"unclosed quotation mark, or save the table again as TSV."
        ) from problem


def _read_excel(source: Source, *, as_text: bool) -> Grid:
    try:
        with pd.ExcelFile(io.BytesIO(source.data), engine="openpyxl") as book:
            sheets = [str(s) for s in book.sheet_names]
            raw = pd.read_excel(book, header=None, dtype=object, na_values=list(MISSING))
    except Exception as problem:  # openpyxl raises whatever the broken XML happens to trigger
        raise DataError(
            f"{source.name}: the Excel file cannot be read "
            f"({plain(problem)}). Open it in Excel and save "
            f"it again, or save the sheet as TSV."
        ) from problem
    notices = []
    if len(sheets) > 1:
        left = ", ".join(sheets[1:6])
        notices.append(f"{source.name}: the first sheet ({sheets[0]}) was read; left out: {left}.")
    raw = raw.dropna(how="all")
    comments = raw.iloc[:, 0].astype(str).str.startswith("#") if len(raw) else pd.Series(dtype=bool)
    raw = raw[~comments]
    if len(raw) < 2:
        raise _header_only(source.name)
    header = ["" if pd.isna(c) else str(c).strip() for c in raw.iloc[0]]
    body = raw.iloc[1:].reset_index(drop=True)
    body = body.set_axis(range(len(header)), axis=1)
    body = body.map(_excel_text) if as_text else body.infer_objects()
    return Grid(source.name, header, body, notices)


def _excel_text(cell: object) -> object:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return float("nan")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
