"""From transcripts to genes: a table, or the gene that GENCODE writes into each name."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from mechanisms.cohort.files import Source
from mechanisms.cohort.layout import Raw
from mechanisms.cohort.tables import read_grid
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

_TRANSCRIPT = re.compile(r"(ENS[A-Z]*T\d{11}|[NX][MR]_\d+)(\.\d+)?(\|.*)?")
_GENCODE = re.compile(r"ENS[A-Z]*T[\d.]+(?:_\w+)?\|(ENS[A-Z]*G[\d.]+)(?:_\w+)?\|")
_VERSION = re.compile(r"\.\d+$")


def sum_transcripts(raw: Raw, table: Source | None) -> None:
    """Sum the transcripts of each gene, in place; rows that are genes already stay.

    Raises
    ------
    DataError
        Transcripts without a table; a table that does not know them; values that are logarithms.
    """
    names = [str(x) for x in raw.identifiers.iloc[:, 0]]
    given = table is not None
    table = table or raw.transcripts
    share = sum(bool(_TRANSCRIPT.fullmatch(n)) for n in names) / max(len(names), 1)
    if share < 0.5 and not given and not (raw.rows_are == "transcript" and table is not None):
        raw.rows_are = "row"
        return
    inside = [_GENCODE.match(n) for n in names]
    if table is not None:
        genes = _looked_up(names, table, raw.name, given=given)
        if genes is None:  # a table that lies in the folder, but the rows are genes
            raw.rows_are = "row"
            return
        origin = table.name
        if given or table is raw.transcripts:
            raw.members.append(table)
    elif all(inside):
        genes, origin = [m.group(1) if m else "" for m in inside], "the names themselves"
    else:
        raise DataError(
            f"{raw.name}: the rows are transcripts ({some(names, 3)}), and signatures consist of "
            f"genes. Name a table from transcripts to genes as data.genes.transcripts: a TSV with "
            f"the transcript and its gene in two columns, as tximport and nf-core use it (tx2gene)."
        )
    if np.nanmin(raw.values) < 0 or (np.nanmax(raw.values) < 40 and raw.scale is None):
        raise DataError(
            f"{raw.name}: the transcripts' values look like logarithms (largest "
            f"{np.nanmax(raw.values):.3g}), which must not be summed to genes. Give counts or TPM."
        )
    _sum(raw, np.array(genes, dtype=object), origin)


def _looked_up(names: list[str], table: Source, matrix: str, *, given: bool) -> list[str] | None:
    grid = read_grid(table, as_text=True)
    cells = grid.frame.set_axis(range(grid.frame.shape[1]), axis=1).fillna("").astype(str)
    if cells.shape[1] < 2:
        raise DataError(
            f"{table.name}: the table from transcripts to genes has one column. Expected two: the "
            f"transcript and its gene."
        )
    # A table without a header lost its first row to one.
    cells = pd.concat([pd.DataFrame([grid.header[: cells.shape[1]]]), cells], ignore_index=True)
    known = set(names)
    hits = [sum(x in known for x in cells[j]) for j in cells]
    cut = False
    if max(hits) < 0.5 * len(names):
        bare = {_VERSION.sub("", n.split("|")[0]) for n in names}
        hits = [sum(_VERSION.sub("", x) in bare for x in cells[j]) for j in cells]
        cut = True
    key = int(np.argmax(hits))
    if hits[key] < 0.5 * len(names):
        if not given:
            return None
        raise DataError(
            f"{table.name}: only {hits[key]:,} of the {len(names):,} rows of {matrix} "
            f"({some(names, 2)}) are transcripts of this table ({some(list(cells[0][1:4]), 2)}). "
            f"It belongs to another annotation: give the one that was used for counting."
        )
    gene = _gene_column(cells, key)
    form = (lambda x: _VERSION.sub("", x.split("|")[0])) if cut else (lambda x: x)
    lookup = dict(zip(cells[key].map(form), cells[gene], strict=True))
    return [lookup.get(form(n), "") for n in names]


def _gene_column(cells: pd.DataFrame, key: int) -> int:
    """The column of Ensembl gene ids, else the first one beside the transcripts."""
    others = [j for j in range(cells.shape[1]) if j != key]
    for j in others:
        if cells[j].str.match(r"ENS[A-Z]*G\d{11}").mean() > 0.5:
            return j
    return others[0]


def _sum(raw: Raw, genes: np.ndarray, origin: str) -> None:
    named = genes != ""
    codes, unique = pd.factorize(pd.Series(genes[named], dtype=object), sort=True)
    sums = np.zeros((len(unique), raw.values.shape[1]))
    np.add.at(sums, codes, raw.values[named])
    lost = int((~named).sum())
    share = float(raw.values[~named].sum() / max(raw.values.sum(), 1e-300)) if lost else 0.0
    raw.notices.append(
        f"{raw.name}: {counted(len(genes), 'transcript')} were summed to {len(unique):,} genes by "
        f"{origin}"
        + (
            f"; {lost:,} have no gene there and were left out ({share:.1%} of the sum)"
            if lost
            else ""
        )
        + "."
    )
    raw.values = sums
    raw.identifiers = pd.DataFrame({"gene": [str(u) for u in unique]}, dtype=object)
    raw.rows_are = "row"
