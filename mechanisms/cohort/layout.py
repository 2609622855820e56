"""Which cells of a grid are values, which name genes and which name samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mechanisms.cohort.files import Source
from mechanisms.cohort.known import count_known
from mechanisms.cohort.tables import MISSING, Grid
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

# Numeric columns that describe a gene. Anything else that is numeric is taken for a sample.
_ANNOTATION = re.compile(
    r"(eff(ective)?_?)?length|start|end|chr(omosome)?|strand|width|gc(_?content)?|entrez.*|"
    r"gene_?id|geneid|ncbi.*|hgnc_?id|exon_?count|bio_?type",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reader is asked for.

    known : all ids of the sample sheet; they decide where the samples are.
    wanted : the ids whose values are needed (None: all); other samples are not even parsed.
    species : decides between the genomes of one file.
    genome : the genome, where a file holds several and the species does not decide.
    """

    known: Collection[str] = ()
    wanted: Collection[str] | None = None
    species: str = "human"
    genome: str | None = None


@dataclass(slots=True)
class Raw:
    """What a reader returns: genes x samples as they stand in the file.

    `identifiers` has one column for each way in which the file names its rows; `available` lists
    every sample of the file, `samples` those whose values were read. `organisms` holds Latin
    names, `log_base` the base of the logarithm where the file states one other than 2. `scale`
    is the scale that the format itself fixes, with its reason. `annotation` is the platform's
    table where the file brings it, `transcripts` a table from transcripts to genes; `rows_are`
    is what a row is before genes are named. `members` are the files of a folder that were read.
    """

    kind: str
    name: str
    values: np.ndarray
    samples: list[str]
    available: list[str]
    identifiers: pd.DataFrame
    obs: pd.DataFrame | None = None
    platforms: tuple[str, ...] = ()
    organisms: tuple[str, ...] = ()
    log_base: float | None = None
    scale: tuple[str, str] | None = None
    annotation: Source | None = None
    transcripts: Source | None = None
    rows_are: str = "row"
    members: list[Source] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def no_sample(kind: str, name: str, available: Sequence[str]) -> Raw:
    """None of the samples is wanted: their names are all that the refusal needs."""
    empty = pd.DataFrame({"id": pd.Series(dtype=object)})
    return Raw(kind, name, np.empty((0, 0)), [], list(available), empty)


def arrange(grid: Grid, kind: str, ask: Ask) -> Raw:
    """Turn a grid into genes x samples."""
    known = set(ask.known)
    holder, in_rows = _sample_holder(grid, known)
    if in_rows:
        return _samples_in_rows(grid, kind, holder, ask.wanted)
    return _samples_in_columns(grid, kind, known, ask.wanted)


def _sample_holder(grid: Grid, known: Collection[str]) -> tuple[int, bool]:
    """Return the column that names the rows, and whether these rows are samples."""
    text = [j for j in range(len(grid.header)) if j == 0 or _is_text(grid.frame[j])]
    if known:
        in_header = sum(h in known for h in grid.header)
        in_column = {j: int(_names(grid.frame[j]).isin(list(known)).sum()) for j in text}
        best = max(in_column, key=lambda j: (in_column[j], -j))
        if max(in_header, in_column[best]) > 0:
            return best, in_column[best] > in_header
    found_rows = count_known(_bare(grid.frame[0].dropna()))
    found_columns = count_known(_bare(pd.Series(grid.header[1:], dtype=object)))
    transposed = found_columns > found_rows
    if (
        found_columns == found_rows
    ):  # neither names a gene we know: there are more genes than samples
        transposed = len(grid.header) > len(grid.frame) + 1
    if transposed:
        grid.notices.append(
            f"{grid.name}: samples were taken to be in rows ({found_columns:,} of the column names "
            f"are known genes, {found_rows:,} of the row names)."
        )
    return 0, transposed


def _samples_in_columns(
    grid: Grid, kind: str, known: Collection[str], wanted: Collection[str] | None
) -> Raw:
    positions: list[int] = []
    annotation = [0]
    for j in range(1, len(grid.header)):
        if grid.header[j] == "" and grid.frame[j].isna().all():
            continue  # a delimiter at the end of every row
        is_sample = grid.header[j] in known or not _is_annotation(grid.header[j], grid.frame[j])
        (positions if is_sample else annotation).append(j)
    if not positions:
        raise DataError(
            f"{grid.name}: no column holds numbers, so there are no samples (columns: "
            f"{some(grid.header)}). Expected one row a gene and one column a sample, or the "
            f"transpose; check the delimiter and the decimal sign."
        )
    available = [grid.header[j] for j in positions]
    chosen = [j for j in positions if wanted is None or grid.header[j] in wanted]
    samples = [grid.header[j] for j in chosen]
    _refuse_bad_names(samples, positions, grid)
    identifiers = pd.concat([grid.frame[j] for j in annotation], axis=1)
    identifiers.columns = [grid.header[j] or "the first column" for j in annotation]
    identifiers = identifiers.loc[:, ~identifiers.columns.duplicated()]
    rows = _names(grid.frame[0])
    values = _numbers(grid.frame, chosen, rows, samples, grid.name)
    notices = list(grid.notices)
    if len(annotation) > 1:
        left = some([grid.header[j] for j in annotation[1:]])
        notices.append(
            f"{grid.name}: {counted(len(annotation) - 1, 'column')} beside the first one "
            f"not taken for samples, because of what they hold: {left}."
        )
    return Raw(kind, grid.name, values, samples, available, identifiers, notices=notices)


def _samples_in_rows(grid: Grid, kind: str, holder: int, wanted: Collection[str] | None) -> Raw:
    names = _names(grid.frame[holder])
    keep = names.notna() if wanted is None else names.isin(list(wanted))
    frame, samples = grid.frame[keep.to_numpy()], [str(s) for s in names[keep]]
    left = [
        j
        for j in range(len(grid.header))
        if j == holder or (j == 0 and holder) or _is_annotation("", grid.frame[j])
    ]
    positions = [j for j in range(len(grid.header)) if j not in set(left)]
    if not positions:
        raise DataError(
            f"{grid.name}: the samples are in rows, but no column holds numbers (columns: "
            f"{some(grid.header)}). Check the delimiter and the decimal sign."
        )
    _refuse_bad_names(samples, range(len(samples)), grid)
    columns = pd.Series([grid.header[j] for j in positions])
    values = _numbers(frame, positions, pd.Series(samples), list(columns), grid.name, in_rows=True)
    notices = list(grid.notices)
    if others := [grid.header[j] for j in left if j != holder]:
        notices.append(f"{grid.name}: columns that are no genes were left out: {some(others)}.")
    return Raw(
        kind,
        grid.name,
        values.T,
        samples,
        [str(s) for s in names.dropna()],
        pd.DataFrame({"the header": columns}),
        notices=notices,
    )


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def _is_annotation(header: str, column: pd.Series) -> bool:
    """Text (a column of numbers with a few bad cells is no annotation), or a number by its name."""
    if not _is_text(column):
        return _ANNOTATION.fullmatch(header) is not None
    cells = column.dropna().astype(str)
    numbers = _to_numbers(cells).notna() | cells.str.fullmatch(_DECIMAL_COMMA)
    return float(numbers.mean()) < 0.5 if len(cells) else False


def _names(column: pd.Series) -> pd.Series:
    """Ids as stripped strings; whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("object").map(lambda x: str(x).strip(), na_action="ignore")


def _bare(ids: pd.Series) -> list[str]:
    """Ids without Ensembl versions, as genes are looked up."""
    return [re.sub(r"^(ENS\w+)\.\d+$", r"\1", str(i)) for i in _names(ids)]


def _to_numbers(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells.astype(str).str.strip(), errors="coerce")


def _numbers(
    frame: pd.DataFrame,
    positions: Sequence[int],
    rows: pd.Series,
    columns: Sequence[str],
    name: str,
    *,
    in_rows: bool = False,
) -> np.ndarray:
    """Return the cells as float64; the first cell that is no number is refused by name."""
    chosen = frame[list(positions)]
    text = [k for k, j in enumerate(positions) if _is_text(chosen[j])]
    if not text:
        return chosen.to_numpy(dtype=np.float64)
    chosen = chosen.copy()
    worst: tuple[int, int, str] | None = None
    for k in text:
        cells = chosen[positions[k]]
        present = cells.notna() & ~cells.astype(str).str.strip().isin(MISSING)
        numbers = _to_numbers(cells.where(present)).astype(np.float64)
        if pd.api.types.is_bool_dtype(cells) or cells.map(lambda x: isinstance(x, bool)).any():
            numbers[:] = np.nan
        bad = np.flatnonzero((present & numbers.isna()).to_numpy())
        if len(bad) and (worst is None or (bad[0], k) < worst[:2]):
            worst = (int(bad[0]), k, str(cells.iloc[bad[0]]))
        chosen[positions[k]] = numbers
    if worst is not None:
        gene, sample = str(rows.iloc[worst[0]]), columns[worst[1]]
        if in_rows:
            gene, sample = sample, gene
        raise DataError(_bad_cell(name, gene, sample, worst[2]))
    return chosen.to_numpy(dtype=np.float64)


def _bad_cell(name: str, gene: str, sample: str, cell: str) -> str:
    where = f"{name}: the value of gene {gene!r} in sample {sample!r} is {cell!r}"
    if _DECIMAL_COMMA.fullmatch(cell.strip()):
        return (
            f"{where}: a decimal comma (or a thousands separator). Numbers must be written with a "
            f"decimal point and without separators: export the table again that way."
        )
    return (
        f"{where}, which is not a number. Allowed are numbers with a decimal point, and NA, NaN, "
        f"null or an empty cell for a missing value. Correct that cell."
    )


def _refuse_bad_names(samples: Sequence[str], positions: Sequence[int], grid: Grid) -> None:
    if "" in samples:
        raise DataError(
            f"{grid.name}: a column of numbers (column {positions[samples.index('')] + 1}) has no "
            f"name in the header. Name the sample, or delete the column."
        )
    seen = pd.Series(samples, dtype=object)
    if len(twice := sorted(set(seen[seen.duplicated()]))):
        raise DataError(
            f"{grid.name}: sample ids occur more than once in the matrix: {some(twice)}. "
            f"Every sample needs an id of its own: rename or delete the copies."
        )
