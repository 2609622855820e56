"""A platform's annotation: from probes to genes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mechanisms.cohort.files import ZIP, Source, decode
from mechanisms.cohort.soft import platform_table
from mechanisms.cohort.tables import read_grid, split_line
from mechanisms.cohort.wording import plain, some
from mechanisms.errors import DataError

_ID = ("id", "id_ref", "probe", "probe_id", "probe_set_id", "probeset_id", "probeset", "probeid")
_SYMBOL = (
    "gene_symbol",
    "genesymbol",
    "symbol",
    "gene_symbols",
    "gene_name",
    "ilmn_gene",
    "orf",
    "gene",
    "gene_assignment",
)
_ENTREZ = ("entrez_gene_id", "gene_id", "entrez_gene", "entrez", "entrezid", "entrez_id", "geneid")
_ENSEMBL = ("ensembl_gene_id", "ensembl_id", "ensembl", "ensembl_gene")
_NOTHING = ("", "---", "--", "-", "NA", "null", "None")
_SEPARATOR = re.compile(r"\s*(?:///|//|[;,|])\s*")
_PROBE = re.compile(
    r"\d+(_[a-z])?_at|\d+_[a-z]+_at|AFFX-.+|ILMN_\d+|A_\d+_P\d+|(GPL|TC|cg)\d{6,}.*|\d{7,8}(_st)?"
    r"|[A-Za-z]+\.\d+(\.\d+)*(_[a-z])?_at",
)


@dataclass(frozen=True, slots=True)
class Annotation:
    """Genes of each row of a matrix: '' where a probe has none, 'A /// B' where it has several."""

    name: str
    columns: pd.DataFrame  # one column for each way to name genes, in the matrix's row order


def look_like_probes(ids: Sequence[str]) -> bool:
    """Whether most ids have the form of Affymetrix, Illumina or Agilent probes."""
    sample = sorted(set(ids))[:: max(1, len(set(ids)) // 1000)]
    return sum(bool(_PROBE.fullmatch(i)) for i in sample) > len(sample) / 2


def annotate(
    source: Source,
    probes: Sequence[str],
    matrix: str,
    column: str,
    platforms: Sequence[str] = (),
) -> Annotation:
    """Look the probes up in a platform table (TSV, CSV, Excel, GEO annot, GPL or family file).

    `column` chooses the gene column of the table; `auto` returns all that are known.
    """
    header, body, delimiter = _open(source, platforms)
    plain = [re.sub(r"\W+", "_", h.lower()).strip("_") for h in header]
    key = next((plain.index(k) for k in _ID if k in plain), None)
    if key is None:
        raise DataError(
            f"{source.name}: no column holds the probes' ids (columns: {some(header)}). Expected "
            f"one called ID, ID_REF or probe: rename it."
        )
    wanted = _gene_columns(header, plain, column, source.name)
    cells = _parse(body, delimiter, len(header), [key, *wanted.values()], source.name)
    cells = cells.set_axis(["probe", *wanted], axis=1)
    cells["probe"] = cells["probe"].str.strip()
    cells = cells[cells["probe"] != ""].drop_duplicates("probe").set_index("probe")
    known = pd.Index(probes).isin(cells.index)
    if known.mean() < 0.5:
        strangers = [p for p, k in zip(probes, known, strict=True) if not k]
        raise DataError(
            f"{source.name}: only {int(known.sum()):,} of the {len(known):,} rows of {matrix} are "
            f"probes of this platform (not in it: {some(strangers)}; it has "
            f"{some(list(cells.index))}). Name the annotation of the right platform as "
            f"data.genes.platform."
        )
    found = cells.reindex(pd.Index(probes)).fillna("")
    return Annotation(
        source.name,
        pd.DataFrame({c: _one_form(found[c], header[j]) for c, j in wanted.items()}).reset_index(
            drop=True
        ),
    )


def _one_form(cells: pd.Series, header: str) -> pd.Series:
    """Each distinct cell is split once: sorted distinct genes, joined by ' /// '."""
    split = _assigned if "assignment" in header.lower() else _split
    forms = {cell: " /// ".join(sorted(set(split(cell)))) for cell in cells.unique()}
    return cells.map(forms)


def _split(cell: str) -> list[str]:
    return [g for g in _SEPARATOR.split(cell.strip()) if g not in _NOTHING]


def _assigned(cell: str) -> list[str]:
    """Affymetrix: 'accession // symbol // title // band // Entrez' records, split by ' /// '."""
    records = [r.split("//") for r in cell.split("///")]
    return [r[1].strip() for r in records if len(r) > 1 and r[1].strip() not in _NOTHING]


def _gene_columns(
    header: Sequence[str], plain: Sequence[str], column: str, name: str
) -> dict[str, int]:
    if column != "auto":
        if column not in header:
            raise DataError(
                f"{name}: data.genes.column is {column!r}, which is no column of the platform "
                f"table. Its columns are {some(header, 12)}."
            )
        return {column: header.index(column)}
    found = {}
    for word, names in (("symbol", _SYMBOL), ("entrez", _ENTREZ), ("ensembl", _ENSEMBL)):
        hit = next((plain.index(n) for n in names if n in plain), None)
        if hit is not None:
            found[word] = hit
    if not found:
        raise DataError(
            f"{name}: no column of the platform table names genes (columns: {some(header, 12)}). "
            f"Expected Gene Symbol or ENTREZ_GENE_ID; name another one as data.genes.column."
        )
    return found


def _open(source: Source, platforms: Sequence[str]) -> tuple[list[str], bytes | pd.DataFrame, str]:
    """Find the table between GEO's metadata lines (^, ! and #): header, rows, delimiter."""
    if source.data.startswith(ZIP) or source.is_store:
        grid = read_grid(source, as_text=True)
        return grid.header, grid.frame, ""
    data, _ = decode(source)
    if b"\n^PLATFORM" in data or data.startswith(b"^PLATFORM"):
        data = platform_table(source, platforms) or data
    position = 0
    while data[position : position + 1] in (b"^", b"!", b"#", b"\n", b"\r"):
        position = data.find(b"\n", position) + 1
        if position == 0:
            break
    first, _, body = data[position:].partition(b"\n")
    if not body.strip() or first[:1] in (b"^", b"!", b"#"):
        raise DataError(
            f"{source.name}: the platform table has no rows, only metadata. Download the full "
            f"table of the platform from GEO."
        )
    line = first.decode("utf-8").rstrip("\r")
    delimiter = "\t" if "\t" in line else ";" if line.count(";") > line.count(",") else ","
    end = body.find(b"!platform_table_end")
    return split_line(line, delimiter), body if end < 0 else body[:end], delimiter


def _parse(
    body: bytes | pd.DataFrame, delimiter: str, width: int, columns: Sequence[int], name: str
) -> pd.DataFrame:
    """Read only the columns that are needed, as text."""
    if isinstance(body, pd.DataFrame):
        return body[list(columns)].fillna("")
    try:
        frame = pd.read_csv(
            io.BytesIO(body),
            sep=delimiter,
            header=None,
            names=range(width),
            usecols=sorted(columns),
            dtype=str,
            keep_default_na=False,
            # GEO leaves stray quotation marks in gene titles.
            quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        )
    except (pd.errors.ParserError, ValueError) as problem:
        raise DataError(
            f"{name}: the platform table cannot be parsed "
            f"({plain(problem)}). Download it again, or save "
            f"its ID and gene columns as TSV."
        ) from problem
    return frame[list(columns)].fillna("").apply(lambda c: c.str.strip('"'))
