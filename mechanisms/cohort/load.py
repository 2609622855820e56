"""From a matrix and a sample sheet to one validated AnnData; every decision is said."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from mechanisms.cohort.collapse import check_rule, collapse, describe
from mechanisms.cohort.files import Source, open_source
from mechanisms.cohort.identifiers import SUMMARY_ROWS, RowGenes, name_rows
from mechanisms.cohort.layout import Raw, arrange
from mechanisms.cohort.readers import read
from mechanisms.cohort.scale import Scale, detect, to_log2
from mechanisms.cohort.sheet import choose, match, read_sheet, tidy_sheet
from mechanisms.cohort.stores import raw_of
from mechanisms.cohort.tables import grid_of
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError
from mechanisms.vocabulary import COLLAPSE_RULES, SPECIES, TISSUES, nearest

if TYPE_CHECKING:
    from anndata import AnnData

Matrix: TypeAlias = "Path | str | pd.DataFrame | AnnData"
Samples: TypeAlias = "Path | str | pd.DataFrame | None"

LATIN = {"homo sapiens": "human", "mus musculus": "mouse", "rattus norvegicus": "rat"}


@dataclass(slots=True)
class Cohort:
    """A matrix with its chosen samples, before genes are named: what `load` and `init` share."""

    raw: Raw  # genes x samples, columns in the order of `obs`
    obs: pd.DataFrame
    sources: list[Source]
    notices: list[str] = field(default_factory=list)


def load(
    matrix: Matrix,
    samples: Samples = None,
    *,
    sample_id: str | None = None,
    subset: Mapping[str, Sequence[str]] | None = None,
    gene_column: str = "auto",
    platform: Path | str | None = None,
    collapse: str = "max_mean",
    species: str = "human",
    tissue: str = "other",
    scale: str = "auto",
) -> AnnData:
    """Read a cohort.

    Parameters
    ----------
    matrix : a file (TSV, CSV, Excel, GEO series matrix, h5ad; text may be gz, bz2 or xz), a data
        frame or an AnnData. Genes may be in rows or in columns of a table.
    samples : the sample sheet; None takes the `obs` of an AnnData or GEO's characteristics. Samples
        of the matrix that the sheet does not list are left out.
    sample_id : the sheet's column of sample ids; None is the first.
    subset : column of the sheet -> values to keep.
    gene_column : the column (of the matrix, or of the platform) that names genes.
    platform : table from probes to genes.
    collapse : what becomes of several rows of one gene: max_mean, median or sum.
    scale : auto, counts, linear or log.

    Returns
    -------
    AnnData, samples x genes: `X` float64 log2 values (NaN where missing), `layers["values"]` the
    values before the logarithm (counts and linear), `obs` the sheet, `var` the genes,
    `uns["mechanisms"]` the decisions in words.

    Raises
    ------
    DataError
        Anything that cannot be read or used as it is; the message says where and what to do.
    """
    _check_words(collapse, species)
    _check_tissue(tissue)
    cohort = read_cohort(matrix, samples, sample_id=sample_id, subset=subset)
    raw = cohort.raw
    platform_source = None
    if platform is not None:
        platform_source = open_source(platform, "platform table", "data.genes.platform")
        cohort.sources.append(platform_source)
    refuse_bad_values(raw)
    rows = name_rows(raw, gene_column, platform_source)
    _check_species(species, raw, rows)
    found = detect(raw.values, scale, rows.row_names, raw.samples, raw.name)
    check_rule(collapse, found.word)
    return _assemble(cohort, rows, found, collapse, species, tissue)


def read_cohort(
    matrix: Matrix,
    samples: Samples,
    *,
    sample_id: str | None = None,
    subset: Mapping[str, Sequence[str]] | None = None,
) -> Cohort:
    """Read sheet and matrix, match their samples and drop the rows that are no genes."""
    sources: list[Source] = []
    sheet: pd.DataFrame | None = None
    notices: list[str] = []
    sheet_name = "the sample sheet"
    if isinstance(samples, pd.DataFrame):
        sheet, notices = tidy_sheet(samples, sample_id, sheet_name)
    elif samples is not None:
        source = open_source(samples, "sample sheet", "data.samples")
        sheet, notices = read_sheet(source, sample_id)
        sheet_name = source.name
    if sheet is None:
        raw = _read_matrix(matrix, (), None, sources)
        if raw.obs is None:
            obs = pd.DataFrame(index=pd.Index(raw.samples, name="sample", dtype=object))
        else:
            obs, notices = tidy_sheet(raw.obs, sample_id, raw.name)
        raw.samples = list(obs.index)
        chosen, said = choose(obs, subset, raw.name)
    else:
        chosen, said = choose(sheet, subset, sheet_name)
        raw = _read_matrix(matrix, list(sheet.index), set(chosen.index), sources)
        said += match(sheet, chosen, raw.available, sheet_name, raw.name)
        if samples is not None and not isinstance(samples, pd.DataFrame):
            sources.append(source)
    _take(raw, list(chosen.index))
    _drop_rows_without_genes(raw)
    return Cohort(raw, chosen, sources, [*raw.notices, *notices, *said])


def refuse_bad_values(raw: Raw) -> None:
    """Refuse infinite values and samples without any value, by name."""
    if np.isinf(raw.values).any():
        i, j = np.argwhere(np.isinf(raw.values))[0]
        raise DataError(
            f"{raw.name}: the value of gene {str(raw.identifiers.iloc[i, 0])!r} in sample "
            f"{raw.samples[j]!r} is infinite. Infinities come from log(0) or from a division by "
            f"zero: give the values before that step, or write NA."
        )
    measured = np.isfinite(raw.values).any(axis=0)
    empty = [s for s, any_value in zip(raw.samples, measured, strict=True) if not any_value]
    if empty:
        raise DataError(
            f"{raw.name}: {counted(len(empty), 'sample has', 'samples have')} no value "
            f"at all: {some(empty)}. Delete them from the sample sheet, or give their values."
        )


def _read_matrix(
    matrix: Matrix, known: Collection[str], wanted: Collection[str] | None, sources: list[Source]
) -> Raw:
    if isinstance(matrix, (str, Path)):
        source = open_source(matrix, "matrix", "data.matrix")
        sources.append(source)
        return read(source, known, wanted)
    if isinstance(matrix, pd.DataFrame):
        return arrange(grid_of(matrix), "data frame", known, wanted)
    if hasattr(matrix, "obs_names"):
        return raw_of(matrix, "the AnnData", wanted)
    raise DataError(
        f"data.matrix is a {type(matrix).__name__}; allowed are a path, a data frame (genes x "
        f"samples or its transpose) and an AnnData."
    )


def _take(raw: Raw, samples: list[str]) -> None:
    """Order the columns by the sheet."""
    position = {s: j for j, s in enumerate(raw.samples)}
    if samples != raw.samples:
        raw.values = raw.values[:, [position[s] for s in samples]]
        raw.samples = samples


def _drop_rows_without_genes(raw: Raw) -> None:
    """Drop the summary rows of HTSeq and STAR, and rows without a value in any chosen sample."""
    names = raw.identifiers.iloc[:, 0].astype(str)
    summary = names.map(lambda x: SUMMARY_ROWS.fullmatch(x) is not None).to_numpy()
    if summary.any():
        raw.notices.append(
            f"{raw.name}: {counted(int(summary.sum()), 'summary row')} left out: "
            f"{some(list(names[summary]))}."
        )
    # With an empty sample the complaint is about the sample, not about its genes.
    empty = np.isnan(raw.values).all(axis=1) & ~summary
    if empty.all():
        empty[:] = False
    if empty.any():
        raw.notices.append(
            f"{raw.name}: {counted(int(empty.sum()), 'row')} without a value in any chosen "
            f"sample left out."
        )
    if (drop := summary | empty).any():
        raw.values = raw.values[~drop]
        raw.identifiers = raw.identifiers[~drop].reset_index(drop=True)


def _assemble(
    cohort: Cohort, rows: RowGenes, scale: Scale, rule: str, species: str, tissue: str
) -> AnnData:
    import anndata as ad

    raw = cohort.raw
    depths = np.nansum(raw.values, axis=0)  # of all rows: the reads that were counted
    values, ids, chosen, several = collapse(raw.values, rows.ids, rows.row_names, raw.samples, rule)
    if not ids:
        raise DataError(
            f"{raw.name}: no row is left with a gene (rows without gene: {rows.without:,}; rows of "
            f"several genes: {rows.several:,}). Name another column as data.genes.column, or "
            f"another platform."
        )
    left = {"without gene": rows.without, "of several genes": rows.several}
    detail = describe(len(rows.ids), len(ids), rows.row_word, left, several, rule)
    X = to_log2(values, scale.word, depths, raw.log_base)
    notices = [*cohort.notices, *rows.notices, *scale.notices]
    if missing := int(np.isnan(X).sum()):
        notices.append(
            f"{raw.name}: {missing / X.size:.1%} of the values are missing; they stay missing."
        )
    if scale.word == "linear" and scale.evidence.startswith("min") and not raw.platforms:
        notices.append(
            f"{raw.name}: the values were taken as linear (TPM, FPKM, intensities); if they are "
            f"estimated counts with fractions (salmon, kallisto, RSEM), declare data.scale: counts."
        )
    if scale.word == "log" and raw.log_base is not None:
        notices.append(f"{raw.name}: logarithms to base {raw.log_base:.4g} were changed to log2.")
    var = rows.annotation.iloc[chosen].fillna("").astype(object)
    var.insert(0, "row", [rows.row_names[i] for i in chosen])
    var.index = pd.Index(ids, dtype=object, name=None)
    adata = ad.AnnData(X=np.ascontiguousarray(X.T), obs=_writable(cohort.obs), var=var)
    if scale.word != "log":
        adata.layers["values"] = np.ascontiguousarray(values.T)
    adata.uns["mechanisms"] = {
        "scale": scale.word,
        "scale_evidence": scale.evidence,
        "identifiers": rows.space,
        "identifier_evidence": rows.evidence,
        "species": species,
        "tissue": tissue,
        "kind": raw.kind,
        "platforms": list(raw.platforms),
        "collapse": rule,
        "collapse_detail": detail,
        "sources": [s.name for s in cohort.sources],
        "sha256": [s.sha256 for s in cohort.sources],
        "notices": notices,
    }
    return adata


def _writable(obs: pd.DataFrame) -> pd.DataFrame:
    """String columns as objects: nullable strings of every pandas reach the disk alike."""
    obs = obs.copy()
    obs.index = pd.Index([str(i) for i in obs.index], dtype=object, name=obs.index.name)
    for column in obs:
        if not pd.api.types.is_numeric_dtype(obs[column]):
            obs[column] = obs[column].astype(object).where(obs[column].notna(), None)
    if obs.index.name in obs.columns:
        obs.index.name = None
    return obs


def _check_words(collapse: str, species: str) -> None:
    for key, word, allowed in (
        ("data.genes.collapse", collapse, COLLAPSE_RULES),
        ("data.species", species, SPECIES),
    ):
        if word not in allowed:
            raise DataError(
                f"{key} is {word!r}; allowed are {', '.join(allowed)}{nearest(word, allowed)}."
            )


def _check_tissue(tissue: str) -> None:
    """A tissue of the user's own is fine, unless it is a known one misspelt."""
    close = difflib.get_close_matches(tissue.lower(), TISSUES, n=1, cutoff=0.85)
    if close and close[0] != tissue:
        raise DataError(
            f"data.tissue is {tissue!r}; did you mean {close[0]!r}? Known are {', '.join(TISSUES)}."
        )


def _check_species(species: str, raw: Raw, rows: RowGenes) -> None:
    named = {LATIN.get(o.lower(), o) for o in raw.organisms}
    if named and species not in named:
        raise DataError(
            f"{raw.name}: GEO says that the samples are {', '.join(sorted(raw.organisms))}, but "
            f"data.species is {species!r}. Set data.species to the animal that was measured."
        )
    rodents = SPECIES[1:]
    if rows.species not in SPECIES or rows.species == species:
        return
    if rows.space == "symbol" and rows.species in rodents and species in rodents:
        return  # mouse and rat share most symbols
    raise DataError(
        f"{raw.name}: the genes are named as those of {rows.species} are ({rows.evidence}), but "
        f"data.species is {species!r}. Set data.species: {rows.species}."
    )
