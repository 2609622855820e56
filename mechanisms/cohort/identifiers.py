"""Name each row of a matrix by one gene: choose the column, look probes up, clean the ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mechanisms import genes
from mechanisms.cohort import excel
from mechanisms.cohort.files import Source
from mechanisms.cohort.known import count_known, known_among
from mechanisms.cohort.layout import Raw
from mechanisms.cohort.probes import annotate, look_like_probes
from mechanisms.cohort.wording import closest, counted, some
from mechanisms.errors import DataError

_VERSION = re.compile(r"(ENS[A-Z]*G\d{11})\.\d+(?:_PAR_Y)?$")
# Ids with the symbol attached: ENSG00000000003(TSPAN6), ENSG00000000003_TSPAN6, ...|TSPAN6.
_WITH_SYMBOL = re.compile(r"(ENS[A-Z]*G\d{11})(?:\.\d+)?[(|_][^;/]*")
_SEVERAL = re.compile(r"///|;")
# Rows that HTSeq and STAR write beside the genes.
SUMMARY_ROWS = re.compile(
    r"__(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
    r"|N_(unmapped|multimapping|noFeature|ambiguous)"
)
# A length or a position is no Entrez id, though it looks like one.
_NUMBERS_THAT_NAME = re.compile(r"entrez|gene_?id|ncbi", re.I)
# Fewer known genes than this are chance.
_ENOUGH = 5
_MISSING = {"", "nan", "NaN", "NA", "None", "null", "---", "-"}


@dataclass(slots=True)
class RowGenes:
    """The gene of each row ('' where there is none or several), and how that was decided."""

    ids: np.ndarray
    space: str
    evidence: str
    species: str
    row_names: list[str]
    row_word: str  # what a row is: "row" or "probe"
    without: int
    several: int
    annotation: pd.DataFrame
    lost: list[str]  # genes of the collection that only rows of several genes measure
    notices: list[str] = field(default_factory=list)


def name_rows(raw: Raw, gene_column: str, platform: Source | None) -> RowGenes:
    """Decide which identifiers name the genes.

    With `platform` the rows are probes. Else each column of identifiers is tried and the one whose
    distinct, known genes cover most rows is taken.

    Raises
    ------
    DataError
        Unknown column; probes without a platform; rows that name no known gene.
    """
    row_names = _text(raw.identifiers.iloc[:, 0])
    platform = platform or raw.annotation
    if platform is not None:
        columns = annotate(platform, row_names, raw.name, gene_column, raw.platforms).columns
        origin, word = platform.name, "probe"
    else:
        columns = _candidates(raw, gene_column)
        origin, word = raw.name, "row"
    tried = [_clean(str(c), columns[c]) for c in columns]
    best = _best(tried)
    if best.found is None or best.found.space == "unknown":
        raise DataError(_unknown(raw, row_names, best))
    notices = []
    if best.known == 0:
        rows = counted(len(row_names), "row")
        notices.append(
            f"{origin}: none of the collection's genes is among the {rows} ({some(row_names, 3)}), "
            f"although their names have the form of genes. Unless the signatures are your own, "
            f"look at data.species and data.genes.column."
        )
    if platform is not None or len(tried) > 1:
        notices.append(
            f"{origin}: genes are named by the column {best.column!r} ({best.found.evidence})"
            + _others(best, tried)
            + "."
        )
    if best.versioned:
        notices.append(
            f"{origin}: the versions of {best.versioned:,} Ensembl ids were cut off (ENSG... .12)."
        )
    if best.dates:
        notices.append(excel.describe(best.dates, genes.known_genes(), origin))
    annotation = pd.DataFrame(
        {t.column: t.ids for t in tried if t is not best}, index=range(len(row_names))
    )
    return RowGenes(
        best.ids,
        best.found.space,
        best.found.evidence,
        best.found.species,
        row_names,
        word,
        best.without,
        best.several,
        annotation,
        _lost(best.shared, best.ids),
        notices,
    )


@dataclass(slots=True)
class _Tried:
    column: str
    ids: np.ndarray
    found: genes.Identified | None  # None: no row has a name
    known: int  # distinct genes of the collection
    distinct: float  # names of the right form for each row, duplicates counted once
    without: int
    several: int
    shared: list[str]  # the cells that name several genes
    versioned: int
    dates: dict[str, str]  # what Excel has changed -> what it was

    @property
    def space(self) -> str:
        return self.found.space if self.found else "unknown"


def _best(tried: Sequence[_Tried]) -> _Tried:
    """Most genes of the collection (within 5 %); then distinct names; then ids that never change.

    Old symbols may by now be the approved symbol of another gene; Entrez and Ensembl ids are not
    given away.
    """
    most = max(t.known for t in tried)
    fit = [t for t in tried if t.found is not None and t.found.space != "unknown"]
    if most >= _ENOUGH:
        fit = [t for t in fit if t.known >= 0.95 * most]
    elif fit:
        fit = fit[:1]  # nothing tells them apart: the order of the columns
    if not fit:
        return tried[0]
    return max(fit, key=lambda t: (round(t.distinct, 2), t.space != "symbol"))


def _clean(column: str, cells: pd.Series) -> _Tried:
    ids = pd.Series(_text(cells), dtype=object)
    missing = ids.isin(_MISSING)
    several = ids.map(lambda x: _SEVERAL.search(x) is not None) & ~missing
    shared = sorted(set(ids[several]))
    ids[missing | several] = ""
    ids = ids.map(lambda x: m.group(1) if (m := _WITH_SYMBOL.fullmatch(x)) else x)
    bare = ids.map(lambda x: _VERSION.sub(r"\1", x))
    versioned = int((bare != ids).sum())
    unique = sorted(set(bare) - {""})
    found = genes.identify(unique) if unique else None
    fits = found.fraction if found is not None and found.space != "unknown" else 0.0
    return _Tried(
        column,
        bare.to_numpy(dtype=object),
        found,
        count_known(unique),
        round(fits * len(unique) / len(ids), 4),
        int(missing.sum()),
        int(several.sum()),
        shared,
        versioned,
        excel.damaged(unique),
    )


def _lost(shared: Sequence[str], ids: np.ndarray) -> list[str]:
    """Return the collection's genes that are named only beside others."""
    names = {g.strip() for cell in shared for g in _SEVERAL.split(cell)}
    return known_among(names - set(ids))


def _candidates(raw: Raw, gene_column: str) -> pd.DataFrame:
    if gene_column == "auto":
        names = raw.identifiers
        numeric = [pd.api.types.is_numeric_dtype(names.iloc[:, j]) for j in range(names.shape[1])]
        keep = [
            j == 0 or not number or _NUMBERS_THAT_NAME.search(str(names.columns[j])) is not None
            for j, number in enumerate(numeric)
        ]
        return names.loc[:, keep]
    if gene_column not in raw.identifiers.columns:
        columns = list(raw.identifiers.columns)
        raise DataError(
            f"{raw.name}: data.genes.column is {gene_column!r}, which is no column of the matrix"
            f"{closest(gene_column, columns)} Columns that can name genes are {some(columns)}."
        )
    return raw.identifiers[[gene_column]]


def _text(cells: pd.Series) -> list[str]:
    if pd.api.types.is_float_dtype(cells):
        cells = cells.map(lambda x: int(x) if x == x and float(x).is_integer() else x)
        cells = cells.astype(object).map(lambda x: f"{x:.0f}" if isinstance(x, float) else x)
    text = cells.astype(object).where(cells.notna(), "").map(lambda x: str(x).strip())
    return [re.sub(r"^(\d+)\.0$", r"\1", x) for x in text]


def _others(best: _Tried, tried: Sequence[_Tried]) -> str:
    rest = [f"{t.column!r} {t.known:,}" for t in tried if t is not best and t.known]
    if not rest:
        return ""
    return f"; genes of the collection found by it: {best.known:,}, by {', '.join(rest)}"


def _unknown(raw: Raw, row_names: Sequence[str], best: _Tried) -> str:
    if raw.platforms or look_like_probes(row_names):
        accession = " or ".join(raw.platforms) or "the platform"
        option = f"--platform {raw.platforms[0] if raw.platforms else 'GPL...'}"
        return (
            f"{raw.name}: the rows are probes ({some(row_names, 3)}), not genes, and no annotation "
            f"says which gene each one measures. Set data.genes.platform to the probe table of "
            f"{accession}: `mechanisms init` downloads it with {option}, or take the annotation "
            f"from its page on GEO; a TSV with the columns ID and Gene Symbol serves as well."
        )
    evidence = f"; {best.found.evidence}" if best.found else ""
    return (
        f"{raw.name}: the rows ({some(row_names, 3)}) are not known as genes{evidence}. Allowed "
        f"are gene symbols, Ensembl gene ids and Entrez ids. Name the column that holds them as "
        f"data.genes.column, or a table from these ids to genes (columns ID and Gene Symbol) as "
        f"data.genes.platform."
    )
