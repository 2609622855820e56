"""GEO series matrix: samples, their characteristics by name, and the table of values.

Format: https://www.ncbi.nlm.nih.gov/geo/info/soft.html (the series matrix is its tab-delimited
sibling: `!Series_` and `!Sample_` lines, then one table between two marks).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from mechanisms.cohort.files import Source, decode
from mechanisms.cohort.layout import Ask, Raw, arrange
from mechanisms.cohort.tables import Grid, parse_text, split_line
from mechanisms.cohort.wording import counted
from mechanisms.errors import DataError

_BEGIN, _END = b"!series_matrix_table_begin", b"!series_matrix_table_end"
_PLAIN = ("title", "geo_accession", "source_name_ch1", "platform_id")


def is_series_matrix(head: bytes) -> bool:
    """Whether unpacked content is a series matrix."""
    return (
        head.lstrip(b"\xef\xbb\xbf\r\n ").startswith((b"!Series_", b"!Sample_")) or _BEGIN in head
    )


def read_series_matrix(source: Source, ask: Ask) -> Raw:
    """Read the values and the samples' description (`obs`, one row a sample)."""
    data, notices = decode(source)
    head, grid = _split(data, source.name)
    obs, said = describe(head, source.name)
    raw = arrange_samples(grid, "GEO series matrix", grid.header[1:], ask.wanted)
    if missing := [s for s in raw.available if s not in obs.index]:
        raise DataError(
            f"{source.name}: the table has samples that the !Sample lines do not describe "
            f"({', '.join(missing[:5])}). The file may have been edited or cut: download it again."
        )
    raw.obs = obs.loc[raw.samples]
    if "platform_id" in obs:
        refuse_several_platforms(raw.obs["platform_id"].dropna().to_dict(), source.name)
    raw.platforms = tuple(sorted(set(raw.obs.get("platform_id", pd.Series(dtype=object)).dropna())))
    raw.organisms = tuple(sorted({c for row in head.get("organism_ch1", []) for c in row if c}))
    raw.notices[:0] = [*notices, *said]
    return raw


def read_characteristics(source: Source) -> tuple[pd.DataFrame, list[str]]:
    """Read only the samples' description, for a series whose values are in another file."""
    data, notices = decode(source)
    end = data.find(_BEGIN)
    head = _sample_lines(data if end < 0 else data[:end])
    obs, said = describe(head, source.name)
    return obs, [*notices, *said]


def arrange_samples(
    grid: Grid, kind: str, samples: Collection[str], wanted: Collection[str] | None
) -> Raw:
    """The columns that the file calls samples are samples, whatever they hold."""
    return arrange(grid, kind, Ask(known=samples, wanted=wanted))


def refuse_several_platforms(platforms: Mapping[Any, str], name: str) -> None:
    """Samples of two platforms have different probes: one must be chosen (sample -> platform)."""
    counts = pd.Series(platforms, dtype=object).value_counts()
    if len(counts) > 1:
        found = [f"{p} ({counted(int(n), 'sample')})" for p, n in counts.items()]
        raise DataError(
            f"{name}: the samples were measured on {len(counts)} platforms: {', '.join(found)}. "
            f"Probes of two platforms cannot share a matrix: choose one with data.subset: "
            f"{{platform_id: [{sorted(counts.index)[0]}]}}, and run the other one as a study of "
            f"its own."
        )


def _split(data: bytes, name: str) -> tuple[dict[str, list[list[str]]], Grid]:
    begin = data.find(_BEGIN)
    if begin < 0:
        raise DataError(
            f"{name}: this series matrix has no table (no line !series_matrix_table_begin), so it "
            f"was cut or edited. Download it again from GEO."
        )
    end = data.find(_END, begin)
    if end < 0:
        raise DataError(
            f"{name}: the table of this series matrix does not end (no line "
            f"!series_matrix_table_end), so the file is cut. Download it again from GEO."
        )
    start = data.find(b"\n", begin) + 1
    below = data.find(b"\n", start, end) + 1
    header = split_line(data[start : below or end].decode("utf-8"), "\t")
    if not below or not data[below : min(below + 4096, end)].strip() or below >= end:
        raise DataError(
            f"{name}: this series matrix describes its samples but holds no values, as is usual "
            f"for sequencing series. Download the count table from the series' supplementary "
            f"files on GEO, name it as data.matrix, and name this file as data.samples."
        )
    grid = parse_text(memoryview(data)[start:end], skip=1, header=header, delimiter="\t", name=name)
    return _sample_lines(data[:begin]), grid


def _sample_lines(head: bytes) -> dict[str, list[list[str]]]:
    """Map each `!Sample_` key to its rows; a key may come several times."""
    rows: dict[str, list[list[str]]] = {}
    for line in head.decode("utf-8").splitlines():
        if line.startswith("!Sample_"):
            key, *cells = split_line(line, "\t")
            rows.setdefault(key.removeprefix("!Sample_"), []).append(cells)
    return rows


def describe(head: dict[str, list[list[str]]], name: str) -> tuple[pd.DataFrame, list[str]]:
    """Turn the `!Sample_` rows into one row a sample; characteristics become columns by name."""
    if "geo_accession" not in head:
        raise DataError(
            f"{name}: the series matrix has no !Sample_geo_accession line, so its samples have no "
            f"ids. Download the file again from GEO."
        )
    ids = head["geo_accession"][0]
    columns: dict[str, list[object]] = {}
    for key in _PLAIN:
        if key in head:
            columns[key] = _padded(head[key][0], len(ids))
    said = []
    for channel in ("characteristics_ch1", "characteristics_ch2"):
        found = _characteristics(head.get(channel, []), len(ids))
        taken = {key: _plain_name(key, channel, columns) for key in found}
        columns.update({taken[key]: cells for key, cells in found.items()})
        said += [f"'{key}' -> {column}" for key, column in taken.items()]
    obs = pd.DataFrame(columns, index=pd.Index(ids, name="sample"), dtype=object)
    mapping = f"{name}: GEO characteristics became columns: {', '.join(said)}."
    return obs, [mapping] if said else []


def _characteristics(rows: Sequence[Sequence[str]], n: int) -> dict[str, list[object]]:
    """Key 'name: value' cells by name: GEO drops empty cells, so positions do not line up."""
    found: dict[str, list[object]] = {}
    for row in rows:
        for i, cell in enumerate(row[:n]):
            if not cell:
                continue
            key, colon, value = cell.partition(":")
            if not colon:
                key, value = "characteristics", cell
            cells = found.setdefault(key.strip(), [None] * n)
            value = value.strip()
            cells[i] = value if cells[i] in (None, value) else f"{cells[i]}; {value}"
    return found


def _plain_name(key: str, channel: str, taken: Collection[str]) -> str:
    name = re.sub(r"\W+", "_", key.strip().lower()).strip("_") or "characteristics"
    if channel.endswith("ch2"):
        name += "_ch2"
    while name in taken:
        name += "_2"
    return name


def _padded(cells: Sequence[str], n: int) -> list[object]:
    return [*(c or None for c in cells[:n]), *[None] * (n - len(cells))]
